// Expected: is not a member of the described struct
#include "schema/schema.h"

struct Other {
    std::string name;
};
struct NewVariant {
    std::string sku;

    friend constexpr auto describe(NewVariant*) {
        return schema::object<NewVariant>("NewVariant", schema::field<&Other::name>("sku"));
    }
};

std::string text(const NewVariant& variant) { return schema::to_json(variant); }
