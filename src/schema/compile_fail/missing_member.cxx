// Expected: describe\(\) must list every member of the struct exactly once
#include "schema/schema.h"

struct NewVariant {
    std::string sku;
    base::Money price;

    friend constexpr auto describe(NewVariant*) {
        return schema::object<NewVariant>("NewVariant", schema::field<&NewVariant::sku>("sku"));
    }
};

std::string text(const NewVariant& variant) { return schema::to_json(variant); }
