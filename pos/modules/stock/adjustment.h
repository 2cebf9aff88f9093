#pragma once
// Stock adjustments: what a person says came, went or was miscounted. An adjustment is its movements; it has no table of its
// own. Values; any thread.
//
//     const Adjustment adjustment = make_adjustment(input, runtime.now());
//     add_movements(batch, outbox, movements_of(adjustment, ids, caller.device_id));
//     const auto stored = adjustment_of(co_await db.all(movements_of_adjustment, id));

#include "pos/modules/stock/movements.h"

namespace pos {

inline constexpr std::string_view adjustment_source = "stock_adjustment";
// More than this of one thing is a barcode typed as a quantity.
inline constexpr std::int64_t max_adjustment = 1'000'000'000;

enum class AdjustmentReason : std::uint8_t { adjust, waste, opening, purchase };
constexpr auto describe(AdjustmentReason*) {
    return schema::enumeration<AdjustmentReason>("AdjustmentReason", {{AdjustmentReason::adjust, "adjust"},
                                                                      {AdjustmentReason::waste, "waste"},
                                                                      {AdjustmentReason::opening, "opening"},
                                                                      {AdjustmentReason::purchase, "purchase"}});
}

struct AdjustmentLine {
    VariantId variant_id;
    base::Quantity quantity_delta;
    std::optional<base::Money> unit_cost;
    std::optional<std::string> note;

    friend constexpr auto describe(AdjustmentLine*) {
        return schema::object<AdjustmentLine>(
            "AdjustmentLine", schema::field<&AdjustmentLine::variant_id>("variantId"),
            schema::field<&AdjustmentLine::quantity_delta>("quantityDelta",
                                                           {.min = -max_adjustment,
                                                            .max = max_adjustment,
                                                            .not_zero = true,
                                                            .doc = "What is added; negative: taken away."}),
            schema::field<&AdjustmentLine::unit_cost>("unitCost",
                                                      {.min = 0, .max = 1'000'000'000'000, .permission = "costs.read"}),
            schema::field<&AdjustmentLine::note>("note", {.max_length = 500, .text = schema::Text::free}));
    }
};

struct NewAdjustment;
void check_signs(const NewAdjustment& adjustment, schema::Issues& issues);

struct NewAdjustment {
    std::optional<base::Uuid> client_request_id;
    LocationId location_id;
    AdjustmentReason reason = AdjustmentReason::adjust;
    std::vector<AdjustmentLine> lines;
    std::optional<base::Timestamp> occurred_at;

    friend constexpr auto describe(NewAdjustment*) {
        return schema::object<NewAdjustment>(
            "NewAdjustment",
            schema::field<&NewAdjustment::client_request_id>(
                "clientRequestId",
                {.doc =
                     "Made once by the client and sent with every attempt; the adjustment's id. An Idempotency-Key may "
                     "stand for it."}),
            schema::field<&NewAdjustment::location_id>("locationId"),
            schema::field<&NewAdjustment::reason>("reason", {.doc = "waste takes away, purchase and opening add."}),
            schema::field<&NewAdjustment::lines>("lines", {.min_items = 1, .max_items = 500}),
            schema::field<&NewAdjustment::occurred_at>("occurredAt",
                                                       {.doc = "Now when it is missing, or in the future."}),
            schema::refine<&check_signs>());
    }
};

struct Adjustment {
    base::Uuid id;
    LocationId location_id;
    AdjustmentReason reason = AdjustmentReason::adjust;
    std::vector<AdjustmentLine> lines;
    base::Timestamp occurred_at;
    base::Timestamp recorded_at;

    friend constexpr auto describe(Adjustment*) {
        return schema::object<Adjustment>(
            "Adjustment", schema::field<&Adjustment::id>("id"), schema::field<&Adjustment::location_id>("locationId"),
            schema::field<&Adjustment::reason>("reason"), schema::field<&Adjustment::lines>("lines"),
            schema::field<&Adjustment::occurred_at>("occurredAt"),
            schema::field<&Adjustment::recorded_at>("recordedAt"));
    }
};

// The id that a repeated request finds its first effect by, as long as the ledger is kept: the key itself when it is a
// UUID, else one made of it.
[[nodiscard]] base::Uuid adjustment_id(std::string_view key);
[[nodiscard]] Adjustment make_adjustment(const NewAdjustment& input, base::Uuid id, base::Timestamp now);
// Whether they move the same, whenever that was asked for.
[[nodiscard]] bool is_same(const Adjustment& left, const Adjustment& right);
// Ids of the movements are the caller's to fill in.
[[nodiscard]] MovementBatch movements_of(const Adjustment& adjustment, std::optional<base::Uuid> device);
// The other way round; the movements are those of one adjustment, by line.
[[nodiscard]] std::optional<Adjustment> adjustment_of(const std::vector<StockMovement>& movements);

}  // namespace pos
