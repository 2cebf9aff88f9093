// Expected: a text of a key says what it is
#include "db/table.h"

struct Variant {
    base::Uuid id;
    std::optional<std::string> sku;

    friend constexpr auto describe(Variant*) {
        return schema::object<Variant>("Variant", schema::field<&Variant::id>("id"),
                                       schema::field<&Variant::sku>("sku", {.min_length = 1, .max_length = 64}));
    }
};

constexpr base::ErrorCode sku_taken{"variant.sku_taken", 409, false, base::Action::fix, "Another variant has this SKU"};
constexpr auto key = db::unique<&Variant::sku>("variants_sku", sku_taken);
