#pragma once
// What is on the shelf: a level per location and variant, and the append-only ledger of movements that it is the sum of.

#include "db/error.h"
#include "pos/modules/catalogue/tables.h"
#include "pos/modules/devices/tables.h"

namespace pos {

using StockLevelId = base::Id<struct StockLevelTag>;
using MovementId = base::Id<struct MovementTag>;

namespace errors {
inline constexpr auto movement_repeated =
    base::conflict("stock.movement_repeated", "This document has moved this stock already");
inline constexpr auto movement_zero = base::invalid("stock.movement_zero", "A movement moves something");
}  // namespace errors

enum class MovementReason : std::uint8_t {
    sale,
    sale_return,
    voided,
    purchase,
    purchase_return,
    adjust,
    waste,
    transfer_out,
    transfer_in,
    count,
    opening
};
constexpr auto describe(MovementReason*) {
    return schema::enumeration<MovementReason>("MovementReason", {{MovementReason::sale, "sale"},
                                                                  {MovementReason::sale_return, "sale_return"},
                                                                  {MovementReason::voided, "void"},
                                                                  {MovementReason::purchase, "purchase"},
                                                                  {MovementReason::purchase_return, "purchase_return"},
                                                                  {MovementReason::adjust, "adjust"},
                                                                  {MovementReason::waste, "waste"},
                                                                  {MovementReason::transfer_out, "transfer_out"},
                                                                  {MovementReason::transfer_in, "transfer_in"},
                                                                  {MovementReason::count, "count"},
                                                                  {MovementReason::opening, "opening"}});
}

// `id` is made of location and variant (stock_level_id), so that a feed pointer can name the row without reading it.
struct StockLevel {
    LocationId location_id;
    VariantId variant_id;
    StockLevelId id;
    base::Quantity on_hand;
    base::Quantity reserved;
    base::Money average_cost;
    std::int32_t version = 1;
    base::Timestamp updated_at;

    friend constexpr auto describe(StockLevel*) {
        return schema::object<StockLevel>(
            "StockLevel", schema::field<&StockLevel::location_id>("locationId"),
            schema::field<&StockLevel::variant_id>("variantId"), schema::field<&StockLevel::id>("id"),
            schema::field<&StockLevel::on_hand>("onHand"), schema::field<&StockLevel::reserved>("reserved"),
            schema::field<&StockLevel::average_cost>("averageCost", {.internal = true}),
            schema::field<&StockLevel::version>("version"), schema::field<&StockLevel::updated_at>("updatedAt"));
    }
};

struct StockMovement {
    MovementId id;
    LocationId location_id;
    VariantId variant_id;
    base::Quantity quantity_delta;
    MovementReason reason = MovementReason::adjust;
    std::optional<base::Money> unit_cost;
    std::string source_type;
    base::Uuid source_id;
    std::int32_t source_line = 0;
    base::Timestamp occurred_at;
    base::Timestamp recorded_at;
    base::Quantity balance_after;
    std::optional<DeviceId> device_id;
    std::optional<std::string> note;

    friend constexpr auto describe(StockMovement*) {
        return schema::object<StockMovement>(
            "StockMovement", schema::field<&StockMovement::id>("id"),
            schema::field<&StockMovement::location_id>("locationId"),
            schema::field<&StockMovement::variant_id>("variantId"),
            schema::field<&StockMovement::quantity_delta>("quantityDelta"),
            schema::field<&StockMovement::reason>("reason"),
            schema::field<&StockMovement::unit_cost>("unitCost", {.permission = "costs.read"}),
            schema::field<&StockMovement::source_type>("sourceType", {.max_length = 40, .text = schema::Text::raw}),
            schema::field<&StockMovement::source_id>("sourceId"),
            schema::field<&StockMovement::source_line>("sourceLine"),
            schema::field<&StockMovement::occurred_at>("occurredAt"),
            schema::field<&StockMovement::recorded_at>("recordedAt"),
            schema::field<&StockMovement::balance_after>("balanceAfter"),
            schema::field<&StockMovement::device_id>("deviceId"),
            schema::field<&StockMovement::note>("note", {.max_length = 500}));
    }
};

namespace tables {
inline constexpr auto stock_levels = db::tenant_table<StockLevel>(
    "stock_levels", db::primary_key<&StockLevel::location_id, &StockLevel::variant_id>(),
    db::references<&StockLevel::location_id>("stock_levels_location", locations, errors::unknown_location),
    db::references<&StockLevel::variant_id>("stock_levels_variant", variants, errors::unknown_variant),
    db::index<&StockLevel::variant_id, &StockLevel::location_id>("stock_levels_of_variant"),
    db::check("stock_levels_numbers", "on_hand <> 'NaN' and reserved <> 'NaN'", db::errors::value_refused),
    db::unique<&StockLevel::id>("stock_levels_id", base::ErrorCode{}));
inline constexpr auto stock_movements = db::tenant_table<StockMovement>(
    "stock_movements", db::primary_key<&StockMovement::id>(errors::id_taken), db::append_only(),
    db::unique<&StockMovement::source_type, &StockMovement::source_id, &StockMovement::source_line,
               &StockMovement::reason>("stock_movements_source", errors::movement_repeated),
    db::references<&StockMovement::location_id>("stock_movements_location", locations, errors::unknown_location)
        .proven_on_insert(),
    db::references<&StockMovement::variant_id>("stock_movements_variant", variants, errors::unknown_variant)
        .proven_on_insert(),
    db::references<&StockMovement::device_id>("stock_movements_device", devices, errors::unknown_device)
        .proven_on_insert(),
    db::check("stock_movements_not_zero", "quantity_delta <> 0", errors::movement_zero),
    db::index<&StockMovement::variant_id, &StockMovement::recorded_at, &StockMovement::id>(
        "stock_movements_of_variant"),
    db::index<&StockMovement::recorded_at, &StockMovement::id>("stock_movements_recorded"));
}  // namespace tables

}  // namespace pos
