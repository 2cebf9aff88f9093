// Expected: cannot convert initializer list argument to .*IntegerRules
#include "schema/schema.h"

struct NewVariant {
    std::int32_t pieces = 0;

    friend constexpr auto describe(NewVariant*) {
        return schema::object<NewVariant>("NewVariant",
                                          schema::field<&NewVariant::pieces>("pieces", {.max_length = 3}));
    }
};

std::string text(const NewVariant& variant) { return schema::to_json(variant); }
