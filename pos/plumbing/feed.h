#pragma once
// The change feed: what every write adds to its batch.
//
//     auto batch = db.batch();
//     batch.add(product_rows.replace, product, old_version);
//     record_changes(batch, {change_of(product_rows, product)}, caller.device_id);
//     co_await batch.commit();
//
// The counter's row lock makes commit order = number order inside a tenant, so a reader misses nothing. It is taken by the
// last statement of a batch, to be held for as short a time as can be.

#include <optional>
#include <string_view>
#include <vector>

#include "db/db.h"
#include "pos/plumbing/collection.h"
#include "pos/plumbing/tables.h"

namespace pos {

class Change;
template <class Rows>
[[nodiscard]] Change change_of(const Rows& rows, const typename Rows::Row& row, ChangeKind kind = ChangeKind::updated);
// Of a row that was not read.
template <class Rows>
[[nodiscard]] Change change_of(const Rows& rows, typename Rows::Id id, ChangeKind kind = ChangeKind::updated);
template <class Rows>
[[nodiscard]] Change change_of(const Rows& rows, typename Rows::Id id, LocationId at,
                               ChangeKind kind = ChangeKind::updated);

// An entry of the feed. change_of() alone makes one: of a collection, with the location where the collection says that its rows
// have one.
class Change {
public:
    [[nodiscard]] std::string_view collection() const { return collection_; }  // the table's name
    [[nodiscard]] base::Uuid row_id() const { return row_id_; }
    [[nodiscard]] ChangeKind kind() const { return kind_; }
    [[nodiscard]] const std::optional<LocationId>& location() const { return location_; }

private:
    template <class Rows>
    friend Change change_of(const Rows& rows, const typename Rows::Row& row, ChangeKind kind);
    template <class Rows>
    friend Change change_of(const Rows& rows, typename Rows::Id id, ChangeKind kind);
    template <class Rows>
    friend Change change_of(const Rows& rows, typename Rows::Id id, LocationId at, ChangeKind kind);

    Change(std::string_view collection, base::Uuid row_id, ChangeKind kind, std::optional<LocationId> location)
        : collection_(collection), row_id_(row_id), kind_(kind), location_(location) {}

    std::string_view collection_;
    base::Uuid row_id_;
    ChangeKind kind_;
    std::optional<LocationId> location_;
};

template <class Rows>
Change change_of(const Rows& rows, const typename Rows::Row& row, ChangeKind kind) {
    return {Rows::name, row.id.uuid(), kind, rows.location(row)};
}
template <class Rows>
Change change_of(const Rows& /*rows*/, typename Rows::Id id, ChangeKind kind) {
    static_assert(!has_location<Rows>, "change_of: rows of a location: give the row, or the id and the location");
    return {Rows::name, id.uuid(), kind, std::nullopt};
}
template <class Rows>
Change change_of(const Rows& /*rows*/, typename Rows::Id id, LocationId at, ChangeKind kind) {
    static_assert(has_location<Rows>, "change_of: these rows have no location");
    return {Rows::name, id.uuid(), kind, at};
}

// The last thing added to a batch. A row that is named twice counts once.
void record_changes(db::Batch& batch, const std::vector<Change>& changes, std::optional<base::Uuid> origin_device);

[[nodiscard]] std::vector<db::StatementView> feed_statements();

}  // namespace pos
