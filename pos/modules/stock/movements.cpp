#include "pos/modules/stock/movements.h"

#include <algorithm>
#include <map>
#include <ranges>

#include "base/hash.h"
#include "pos/modules/stock/events.h"

namespace pos {

namespace {

// What all movements of a document share, as arguments $2 to $8.
struct Document {
    LocationId location_id;
    MovementReason reason{};
    std::string source_type;
    base::Uuid source_id;
    base::Timestamp occurred_at;
    base::Timestamp recorded_at;
    std::optional<DeviceId> device_id;

    friend constexpr auto describe(Document*) {
        return schema::object<Document>(
            "Document", schema::field<&Document::location_id>("locationId"), schema::field<&Document::reason>("reason"),
            schema::field<&Document::source_type>("sourceType"), schema::field<&Document::source_id>("sourceId"),
            schema::field<&Document::occurred_at>("occurredAt"), schema::field<&Document::recorded_at>("recordedAt"),
            schema::field<&Document::device_id>("deviceId"));
    }
};

// `level` gives the levels as they are after all lines. A level at its edge stays there: the goods have left, whatever the number
// can say. `low` are those that this document has brought down to their reorder level, each with the job that tells of it; looked up
// one by one, as a plan for an unknown number of levels reads all variants.
constexpr db::Query<void(Document, std::vector<StockDelta>, std::vector<LineMovement>, std::string, std::string,
                         schema::Json)>
    move{{"stock.move",
          "with level as ("
          "  insert into stock_levels (tenant_id, location_id, variant_id, id, on_hand, reserved, average_cost, "
          "version, "
          "    updated_at) "
          "  select $1, $2::uuid, delta.variant_id, delta.level_id, delta.quantity, 0, 0, 1, $7::timestamptz "
          "  from unnest($9::uuid[], $10::uuid[], $11::numeric[]) as delta (variant_id, level_id, quantity) "
          "  order by delta.variant_id "
          "  on conflict (tenant_id, location_id, variant_id) do update "
          "  set on_hand = least(greatest(stock_levels.on_hand + excluded.on_hand, -99999999999999.9999), "
          "      99999999999999.9999), "
          "    version = " POS_NEXT_VERSION(
              "stock_levels.version") ", "
                                      "    updated_at = excluded.updated_at "
                                      "  returning variant_id, on_hand), "
                                      "low as materialized ("
                                      "  select gen_random_uuid() as id, level.on_hand, v.id as variant_id, "
                                      "v.product_id, v.name, v.sku, v.reorder_level "
                                      "  from level join unnest($9::uuid[], $11::numeric[]) as delta (variant_id, "
                                      "quantity) "
                                      "    on delta.variant_id = level.variant_id and delta.quantity < 0 "
                                      "  cross join lateral (select id, product_id, name, sku, reorder_level from "
                                      "variants "
                                      "    where tenant_id = $1 and id = level.variant_id and deleted_at is null limit "
                                      "1) v "
                                      "  where level.on_hand <= v.reorder_level and level.on_hand - delta.quantity > "
                                      "v.reorder_level), "
                                      "told as ("
                                      "  insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, "
                                      "created_at) "
                                      "  select $1::uuid, low.id, nextval('outbox_position'), $19::text, $20::text, "
                                      "jsonb_build_object("
                                      "    'tenantId', $1::uuid, 'id', low.id, 'locationId', $2::uuid, 'productId', "
                                      "low.product_id, "
                                      "    'variantId', low.variant_id, 'name', low.name, 'sku', low.sku, "
                                      "    'onHand', trim_scale(low.on_hand)::text, 'reorderLevel', "
                                      "trim_scale(low.reorder_level)::text), "
                                      "    $21::jsonb, now() from low) "
                                      "insert into stock_movements (tenant_id, id, location_id, variant_id, "
                                      "quantity_delta, reason, unit_cost, "
                                      "  source_type, source_id, source_line, occurred_at, recorded_at, balance_after, "
                                      "device_id, note) "
                                      "select $1, line.id, $2::uuid, line.variant_id, line.quantity, $3::text, "
                                      "line.unit_cost, $4::text, "
                                      "  $5::uuid, line.line_number, $6::timestamptz, $7::timestamptz, "
                                      "  least(greatest(level.on_hand - line.later, -99999999999999.9999), "
                                      "99999999999999.9999), $8::uuid, line.note "
                                      "from unnest($12::uuid[], $13::uuid[], $14::numeric[], $15::bigint[], "
                                      "$16::integer[], $17::numeric[], "
                                      "  $18::text[]) "
                                      "  as line (id, variant_id, quantity, unit_cost, line_number, later, note) "
                                      "join level on level.variant_id = line.variant_id",
          db::Kind::write}};

}  // namespace

base::Uuid named_uuid(std::string_view name) {
    const auto digest = base::sha256(name);
    base::Uuid::Bytes bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x80U);  // version 8, RFC 9562 §5.8
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    return base::Uuid(bytes);
}

StockLevelId stock_level_id(LocationId location, VariantId variant) {
    return StockLevelId(named_uuid(location.to_string() + variant.to_string()));
}

void sum_up(MovementBatch& batch) {
    std::map<base::Uuid, base::Quantity> sums;
    for (auto& movement : std::views::reverse(batch.movements)) {
        auto& sum = sums[movement.variant_id.uuid()];
        movement.later = sum;
        sum = sum + movement.quantity;
    }
    batch.levels.clear();
    for (const auto& [variant, quantity] : sums) {
        batch.levels.push_back({VariantId(variant), stock_level_id(batch.location_id, VariantId(variant)), quantity});
    }
}

void add_movements(db::Batch& batch, jobs::Outbox& outbox, const MovementBatch& of) {
    if (of.movements.empty()) return;
    static const auto options = jobs::stored_options(jobs::with_defaults({}, tell_low_stock.defaults));
    const Document document{of.location_id, of.reason,      of.source_type, of.source_id,
                            of.occurred_at, of.recorded_at, of.device_id};
    batch.add(move, document, of.levels, of.movements, std::string(std::string_view(tell_low_stock.queue)),
              std::string(tell_low_stock.name), options);
    batch.after_commit([&outbox] { outbox.wake(); });
}

std::vector<Change> level_changes(const MovementBatch& movements) {
    std::vector<Change> changes;
    for (const auto& level : movements.levels)
        changes.push_back(change_of(level_rows, level.level_id, movements.location_id));
    return changes;
}

std::vector<db::StatementView> movement_statements() { return db::statements(level_rows, move); }

}  // namespace pos
