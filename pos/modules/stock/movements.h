#pragma once
// The one way in which stock moves: a document's lines become movements of the ledger and the levels follow, in one statement
// of the document's batch. Values; any thread.
//
//     MovementBatch movements{.location_id = shop, .movements = lines, .reason = MovementReason::waste,
//                             .source_type = "stock_adjustment", .source_id = id, .occurred_at = now, .recorded_at = now};
//     sum_up(movements);                          // fills in the levels
//     add_movements(batch, runtime.outbox(), movements);
//     record_changes(batch, level_changes(movements), caller.device_id);
//
// Levels are locked in the order of their variants, so that two documents never wait for each other. A document that moved the
// same stock before is refused by the ledger's unique key, whatever the caller does.

#include <vector>

#include "db/db.h"
#include "jobs/outbox.h"
#include "pos/modules/stock/tables.h"
#include "pos/plumbing/feed.h"

namespace pos {

// What a document adds to a variant's level, all its lines together.
struct StockDelta {
    VariantId variant_id;
    StockLevelId level_id;
    base::Quantity quantity;  // negative: taken

    friend constexpr auto describe(StockDelta*) {
        return schema::object<StockDelta>("StockDelta", schema::field<&StockDelta::variant_id>("variantId"),
                                          schema::field<&StockDelta::level_id>("levelId"),
                                          schema::field<&StockDelta::quantity>("quantity"));
    }
};

// One movement of the ledger: a line of the document. `later`: what the lines after it add to the same level, so that each
// line's balance can be told from the level after all of them.
struct LineMovement {
    MovementId id;
    VariantId variant_id;
    base::Quantity quantity;
    std::optional<base::Money> unit_cost;
    std::int32_t line_number = 0;
    base::Quantity later;
    std::optional<std::string> note;

    friend constexpr auto describe(LineMovement*) {
        return schema::object<LineMovement>(
            "LineMovement", schema::field<&LineMovement::id>("id"),
            schema::field<&LineMovement::variant_id>("variantId"), schema::field<&LineMovement::quantity>("quantity"),
            schema::field<&LineMovement::unit_cost>("unitCost"),
            schema::field<&LineMovement::line_number>("lineNumber"), schema::field<&LineMovement::later>("later"),
            schema::field<&LineMovement::note>("note"));
    }
};

// A document's movements.
struct MovementBatch {
    LocationId location_id;
    std::vector<StockDelta> levels;       // one a variant, in the order of the variants
    std::vector<LineMovement> movements;  // in the order of the lines
    MovementReason reason = MovementReason::adjust;
    std::string source_type;  // "sale", "stock_adjustment"
    base::Uuid source_id;
    base::Timestamp occurred_at;
    base::Timestamp recorded_at;
    std::optional<DeviceId> device_id;
};

// Makes `levels` and each movement's `later` out of the movements.
void sum_up(MovementBatch& batch);

// One statement, with the jobs that tell of levels which are low now (events.h); none when nothing moves.
void add_movements(db::Batch& batch, jobs::Outbox& outbox, const MovementBatch& movements);

inline constexpr SyncedRows<tables::stock_levels, OfLocation<&StockLevel::location_id>> level_rows{"stock.read"};
// The levels' entries in the change feed.
[[nodiscard]] std::vector<Change> level_changes(const MovementBatch& movements);

// A UUID made of a name: the same for the same name, for ever.
[[nodiscard]] base::Uuid named_uuid(std::string_view name);
// The row id of a stock level: made of its key, so that nobody has to read it.
[[nodiscard]] StockLevelId stock_level_id(LocationId location, VariantId variant);

[[nodiscard]] std::vector<db::StatementView> movement_statements();

}  // namespace pos
