// Expected: two fields have the same name
#include "schema/schema.h"

struct NewVariant {
    std::string sku;
    std::string barcode;

    friend constexpr auto describe(NewVariant*) {
        return schema::object<NewVariant>("NewVariant", schema::field<&NewVariant::sku>("sku"),
                                          schema::field<&NewVariant::barcode>("sku"));
    }
};

std::string text(const NewVariant& variant) { return schema::to_json(variant); }
