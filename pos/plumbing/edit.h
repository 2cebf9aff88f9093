#pragma once
// Changing and deleting a row by PATCH and DELETE: one transaction that locks the row, compares its version with If-Match,
// changes it, counts the version up, and ends with the change feed.
//
//     inline constexpr auto table = editable<tables::categories>("categories.lock", "categories.replace");
//
//     async::Task<Category> change(auth::PermittedSomewhere<"products.write"> caller, http::Path<"id", CategoryId> id, IfMatch if_match,
//                                  http::Body<schema::Patch<CategoryFields>> patch, db::Db db, http::Use<Runtime> runtime) {
//         co_return co_await edit<table>(db, *id, {caller, *if_match, runtime->now()}, [&](Category& row, Writes&) { apply(*patch, row.fields); });
//     }
//
// 404 for a row that is not there or deleted, 412 with the present row for another version, 422 for what apply() refuses. The
// function may run again after a deadlock: it changes nothing but its arguments.
//
// edit() locks `for no key update`: rows that refer to this one are written meanwhile. remove() locks `for update`, which waits
// for them, and the guards of pos/plumbing/guard.h for it; so a row is deleted by remove() alone.

#include <limits>

#include "http/errors.h"
#include "http/middleware/conditional.h"
#include "pos/permissions.h"
#include "pos/plumbing/feed.h"
#include "pos/row_meta.h"

namespace pos {

// The If-Match header, which is required.
struct IfMatch {
    http::VersionMatch version;
    const http::VersionMatch& operator*() const { return version; }

    static IfMatch read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);
};
inline const http::VersionMatch any_version{.any = true};

// A row of the API: 404 when it is missing or deleted.
template <class Row>
[[nodiscard]] Row live(std::optional<Row> row) {
    if (!row || row->meta.deleted_at) throw base::Failure(http::errors::not_found);
    return std::move(*row);
}

// A patch on the fields of a row; 422 when the whole is not valid then.
template <class Fields>
void apply(const schema::Patch<Fields>& patch, Fields& fields) {
    patch.apply_to(fields);
    auto issues = schema::check(fields);
    if (!issues.empty()) throw base::Failure(http::errors::invalid, std::move(issues));
}

template <class Row, class Id>
struct Editable {
    std::string_view collection;
    db::RowLocks<db::Query<Row(Id)>> lock;
    db::Query<void(Row, std::int32_t)> replace;
    // Rows of a location: only who has the permission there may change them, and the feed names the location.
    LocationId (*location_of)(const Row& row) = nullptr;
};

template <const auto& Table>
[[nodiscard]] constexpr auto editable(std::string_view lock, std::string_view replace,
                                      LocationId (*location_of)(const db::detail::RowOf<Table>&) = nullptr) {
    using Id = std::tuple_element_t<0, db::detail::KeyOf<Table>>;
    return Editable<db::detail::RowOf<Table>, Id>{Table.name, db::find_for_update<Table>(lock),
                                                  db::replace<Table>(replace), location_of};
}

struct EditRequest {
    auth::Caller caller;
    http::VersionMatch expected;
    base::Timestamp now;
    std::string_view permission{};  // asked for at the row's location, where the table has one
    // Takes the entries, when they are recorded for several rows together. Then `db` is in a savepoint of its own already.
    std::vector<Change>* feed = nullptr;
};

// What else the change writes: statements before the row's own, and further entries of the feed.
struct Writes {
    db::Db tx;
    db::Batch batch;
    std::vector<Change> changes;
};

namespace detail {

// 403, or 404 for who may not read there either: a row of another shop is not there.
void require_at(const EditRequest& request, LocationId location);
[[noreturn]] void throw_deleted_by_edit(std::string_view table);

template <const auto& Table, bool removes, class Row, class Id, class Function>
async::Task<Row> edit_locked(db::Db tx, Id id, EditRequest request, Function function) {
    const auto& lock = removes ? Table.lock.to_remove : Table.lock;
    auto row = live(co_await tx.one(lock, id));
    const auto before = row.meta.version;
    if (Table.location_of != nullptr) require_at(request, Table.location_of(row));
    if (!request.expected.matches(before)) throw http::version_conflict(schema::to_json(row, request.caller.view()));

    Writes writes{tx, tx.batch(), {}};
    if (removes) row.meta.deleted_at = request.now;
    if constexpr (std::is_void_v<decltype(function(row, writes))>) {
        function(row, writes);
    } else {
        co_await function(row, writes);
    }
    if (!removes && row.meta.deleted_at) throw_deleted_by_edit(Table.collection);
    // Round to the first: what matters is that it differs from the one before.
    row.meta.version = before == std::numeric_limits<std::int32_t>::max() ? RowMeta{}.version : before + 1;
    row.meta.updated_at = request.now;
    Change change{Table.collection, id.uuid(), row.meta.deleted_at ? ChangeKind::deleted : ChangeKind::updated};
    if (Table.location_of != nullptr) change.location_id = Table.location_of(row);
    writes.batch.add(Table.replace, row, before);
    writes.changes.insert(writes.changes.begin(), change);
    if (request.feed != nullptr) {
        request.feed->insert(request.feed->end(), writes.changes.begin(), writes.changes.end());
    } else {
        record_changes(writes.batch, writes.changes, request.caller.device_id);
    }
    co_await writes.batch.commit();
    co_return row;
}

// The savepoint of an item of a bulk is enough: another one inside it would double what PostgreSQL has to keep track of.
template <const auto& Table, bool removes, class Row, class Id, class Function>
async::Task<Row> edit_in_transaction(db::Db db, Id id, EditRequest request, Function function) {
    if (request.feed != nullptr)
        co_return co_await edit_locked<Table, removes, Row>(db, id, request, std::move(function));
    co_return co_await db.transaction(
        [&](db::Db tx) { return edit_locked<Table, removes, Row>(tx, id, request, function); });
}

}  // namespace detail

// `function(row, writes)` changes the row; it may return a Task (of a named coroutine) to read with writes.tx first.
template <const auto& Table, class Id, class Function, class Row = typename decltype(Table.lock)::Row>
async::Task<Row> edit(db::Db db, Id id, EditRequest request, Function function) {
    return detail::edit_in_transaction<Table, false, Row>(db, id, std::move(request), std::move(function));
}

// Marks the row deleted; it stays for the feed and for what refers to it. The function is edit()'s, and finds it marked.
template <const auto& Table, class Id, class Function, class Row = typename decltype(Table.lock)::Row>
async::Task<http::NoContent> remove(db::Db db, Id id, EditRequest request, Function function) {
    co_await detail::edit_in_transaction<Table, true, Row>(db, id, std::move(request), std::move(function));
    co_return http::NoContent{};
}
template <const auto& Table, class Id>
async::Task<http::NoContent> remove(db::Db db, Id id, EditRequest request) {
    return pos::remove<Table>(db, id, std::move(request), [](auto&, Writes&) {});
}

}  // namespace pos
