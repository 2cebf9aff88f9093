#include "pos/modules/stock/movements.h"

#include <algorithm>
#include <map>

#include "base/hash.h"

namespace pos {

namespace {

// `level` gives the levels as they are after all lines.
constexpr db::Query<void(MovementSource, std::vector<StockDelta>, std::vector<LineMovement>)> move{{"stock.move",
    "with level as ("
    "  insert into stock_levels (tenant_id, location_id, variant_id, id, on_hand, reserved, average_cost, version, updated_at) "
    "  select $1, $2::uuid, delta.variant_id, delta.level_id, delta.quantity, 0, 0, 1, $7::timestamptz "
    "  from unnest($9::uuid[], $10::uuid[], $11::numeric[]) as delta (variant_id, level_id, quantity) "
    "  order by delta.variant_id "
    "  on conflict (tenant_id, location_id, variant_id) do update "
    "  set on_hand = stock_levels.on_hand + excluded.on_hand, version = stock_levels.version + 1, updated_at = excluded.updated_at "
    "  returning variant_id, on_hand) "
    "insert into stock_movements (tenant_id, id, location_id, variant_id, quantity_delta, reason, unit_cost, source_type, "
    "  source_id, source_line, occurred_at, recorded_at, balance_after, device_id, note) "
    "select $1, line.id, $2::uuid, line.variant_id, line.quantity, $3::text, line.unit_cost, $4::text, "
    "  $5::uuid, line.line_number, $6::timestamptz, $7::timestamptz, level.on_hand - line.later, $8::uuid, line.note "
    "from unnest($12::uuid[], $13::uuid[], $14::numeric[], $15::bigint[], $16::integer[], $17::numeric[], $18::text[]) "
    "  as line (id, variant_id, quantity, unit_cost, line_number, later, note) "
    "join level on level.variant_id = line.variant_id",
    db::Kind::write}};

}  // namespace

StockLevelId stock_level_id(LocationId location, VariantId variant) {
    const auto digest = base::sha256(location.to_string() + variant.to_string());
    base::Uuid::Bytes bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x80U);  // version 8, RFC 9562 §5.8
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    return StockLevelId(base::Uuid(bytes));
}

MovementBatch make_movements(MovementSource source, std::vector<LineMovement> lines) {
    std::map<base::Uuid, base::Quantity> sums;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        auto& sum = sums[line->variant_id.uuid()];
        line->later = sum;
        sum = sum + line->quantity;
    }
    MovementBatch movements{std::move(source), {}, std::move(lines)};
    for (const auto& [variant, quantity] : sums) {
        movements.levels.push_back({VariantId(variant), stock_level_id(movements.source.location_id, VariantId(variant)), quantity});
    }
    return movements;
}

void add_movements(db::Batch& batch, const MovementBatch& movements) {
    if (!movements.lines.empty()) batch.add(move, movements.source, movements.levels, movements.lines);
}

std::vector<Change> level_changes(const MovementBatch& movements) {
    std::vector<Change> changes;
    for (const auto& level : movements.levels) {
        changes.push_back({tables::stock_levels.name, level.level_id.uuid(), ChangeKind::updated, movements.source.location_id});
    }
    return changes;
}

std::vector<db::StatementView> movement_statements() { return db::statements(move); }

}  // namespace pos
