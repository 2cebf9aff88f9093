// Expected: this type is no schema type and has no `friend constexpr auto describe\(T\*\)`
#include "schema/schema.h"

struct Price {
    long double amount = 0;
};
struct NewVariant {
    Price price;

    friend constexpr auto describe(NewVariant*) {
        return schema::object<NewVariant>("NewVariant", schema::field<&NewVariant::price>("price"));
    }
};

std::string text(const NewVariant& variant) { return schema::to_json(variant); }
