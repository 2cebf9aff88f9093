#pragma once
// What the catalogue tells of products and variants, with the write that changes them. Costs are told to nobody.

#include "jobs/event.h"
#include "pos/modules/catalogue/tables.h"
#include "pos/plumbing/runtime.h"

namespace pos {

inline constexpr jobs::Event<Product> product_created{"product.created"};
inline constexpr jobs::Event<Product> product_changed{"product.changed"};
// As it was, with the version of its deletion: the last one that is told of it.
inline constexpr jobs::Event<Product> product_deleted{"product.deleted"};

struct VariantTold {
    VariantId id;
    ProductId product_id;
    std::string name;
    std::optional<std::string> sku;
    std::string unit;
    base::Money price;
    bool active = true;
    std::int32_t version = 0;

    static VariantTold of(const Variant& row) {
        const auto& fields = row.fields;
        return {row.id,      row.product_id, fields.name,   fields.sku,
                fields.unit, fields.price,   fields.active, static_cast<std::int32_t>(row.meta.version)};
    }
    // … within its edit or its deletion, as it is behind it.
    static VariantTold edited(Variant row) {
        row.meta.version = next_version(row.meta.version);
        return of(row);
    }
    friend constexpr auto describe(VariantTold*) {
        using schema::field;
        return schema::object<VariantTold>(
            "VariantTold", field<&VariantTold::id>("id"), field<&VariantTold::product_id>("productId"),
            field<&VariantTold::name>("name"), field<&VariantTold::sku>("sku"), field<&VariantTold::unit>("unit"),
            field<&VariantTold::price>("price"), field<&VariantTold::active>("active"),
            field<&VariantTold::version>("version"));
    }
};
inline constexpr jobs::Event<VariantTold> variant_created{"variant.created"};
inline constexpr jobs::Event<VariantTold> variant_changed{"variant.changed"};
// Also of each that goes with its product.
inline constexpr jobs::Event<VariantTold> variant_deleted{"variant.deleted"};

// A row within its edit, as it is behind it.
[[nodiscard]] inline Product edited(Product row, base::Timestamp now) {
    row.meta.version = next_version(row.meta.version);
    row.meta.updated_at = now;
    return row;
}

}  // namespace pos
