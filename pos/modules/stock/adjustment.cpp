#include "pos/modules/stock/adjustment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pos {

namespace {

constexpr std::array<std::pair<AdjustmentReason, MovementReason>, 4> reasons{
    {{AdjustmentReason::adjust, MovementReason::adjust},
     {AdjustmentReason::waste, MovementReason::waste},
     {AdjustmentReason::opening, MovementReason::opening},
     {AdjustmentReason::purchase, MovementReason::purchase}}};

MovementReason movement_reason(AdjustmentReason reason) {
    return std::ranges::find(reasons, reason, &std::pair<AdjustmentReason, MovementReason>::first)->second;
}

AdjustmentReason adjustment_reason(MovementReason reason) {
    const auto* found = std::ranges::find(reasons, reason, &std::pair<AdjustmentReason, MovementReason>::second);
    if (found == reasons.end())
        throw std::logic_error("a stock adjustment has a movement of another document's reason");
    return found->first;
}

bool fits(AdjustmentReason reason, base::Quantity quantity) {
    const bool negative = quantity < base::Quantity{};
    switch (reason) {
        case AdjustmentReason::adjust: return true;
        case AdjustmentReason::waste: return negative;
        case AdjustmentReason::opening:
        case AdjustmentReason::purchase: return !negative;
    }
    return false;
}

}  // namespace

void check_signs(const NewAdjustment& adjustment, schema::Issues& issues) {
    for (std::size_t i = 0; i < adjustment.lines.size(); ++i) {
        if (fits(adjustment.reason, adjustment.lines[i].quantity_delta)) continue;
        issues.add(fmt::format("/lines/{}/quantityDelta", i), "sign", "waste takes away, purchase and opening add");
    }
}

base::Uuid adjustment_id(std::string_view key) { return base::Uuid::from_string(key).value_or(named_uuid(key)); }

Adjustment make_adjustment(const NewAdjustment& input, base::Uuid id, base::Timestamp now) {
    return {id, input.location_id, input.reason, input.lines, std::min(input.occurred_at.value_or(now), now), now};
}

bool is_same(const Adjustment& left, const Adjustment& right) {
    return left.location_id == right.location_id && left.reason == right.reason &&
           schema::to_json(left.lines) == schema::to_json(right.lines);
}

MovementBatch movements_of(const Adjustment& adjustment, std::optional<base::Uuid> device) {
    MovementBatch movements{.location_id = adjustment.location_id,
                            .reason = movement_reason(adjustment.reason),
                            .source_type = std::string(adjustment_source),
                            .source_id = adjustment.id,
                            .occurred_at = adjustment.occurred_at,
                            .recorded_at = adjustment.recorded_at};
    if (device) movements.device_id = DeviceId(*device);
    std::int32_t number = 0;
    for (const auto& line : adjustment.lines) {
        movements.movements.push_back({.variant_id = line.variant_id,
                                       .quantity = line.quantity_delta,
                                       .unit_cost = line.unit_cost,
                                       .line_number = ++number,
                                       .note = line.note});
    }
    sum_up(movements);
    return movements;
}

std::optional<Adjustment> adjustment_of(const std::vector<StockMovement>& movements) {
    if (movements.empty()) return std::nullopt;
    const auto& first = movements.front();
    Adjustment adjustment{first.source_id,   first.location_id, adjustment_reason(first.reason), {},
                          first.occurred_at, first.recorded_at};
    for (const auto& movement : movements)
        adjustment.lines.push_back({movement.variant_id, movement.quantity_delta, movement.unit_cost, movement.note});
    return adjustment;
}

}  // namespace pos
