#pragma once
// The change feed: what every write adds to its batch.
//
//     auto batch = db.batch();
//     batch.add(product_replace, product, old_version);
//     record_changes(batch, {{"products", product.id.uuid()}}, caller);
//     co_await batch.commit();
//
// The counter's row lock makes commit order = number order inside a tenant, so a reader misses nothing. It is taken by the
// last statement of a batch, to be held for as short a time as can be.

#include <optional>
#include <string_view>
#include <vector>

#include "db/db.h"
#include "pos/plumbing/tables.h"

namespace pos {

struct Change {
    std::string_view collection;  // the table's name
    base::Uuid row_id;
    ChangeKind op = ChangeKind::updated;
    std::optional<LocationId> location_id{};
};

// The last thing added to a batch. A row that is named twice counts once.
void record_changes(db::Batch& batch, const std::vector<Change>& changes, std::optional<base::Uuid> origin_device);

[[nodiscard]] std::vector<db::StatementView> feed_statements();

}  // namespace pos
