#pragma once
// Rows of a collection by their ids, as one reader may see them: what the change feed and sync send. pos/collections.h has the
// collections by name. Any thread.
//
//     const SyncedCollection* products = find_collection("products");
//     const auto rows = co_await load_rows(db, caller, products, ids);     // in the order of the ids, one each
//     for (const auto& row : rows) row.json ? put(row.id, *row.json) : remove(row.id);
//
// A row that is deleted, another tenant's, never was, stands where the reader may not read, or is of a collection that they may not
// read is a deletion: to a device that had it, all of these are the same. Members that are hidden from the reader are left out.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/caller.h"
#include "db/db.h"
#include "pos/plumbing/collection.h"

namespace pos {

struct LoadedRow {
    base::Uuid id;
    std::optional<std::string> json = std::nullopt;  // without it: a deletion
    std::optional<std::int32_t> version = std::nullopt;
    std::optional<LocationId> location = std::nullopt;  // where it belongs now
};

// Some of all rows of a collection, in the order of their ids: those that the reader may see.
struct WalkedRows {
    std::vector<LoadedRow> rows;
    std::optional<base::Uuid> last;  // of what was read, seen or not; none: the end
};

// A collection without its types.
struct SyncedCollection {
    std::string_view name;  // the table's
    std::string_view read;  // the permission that its readers need, at the row's location where it has one
    bool has_location = false;
    const schema::ObjectType* row = nullptr;
    async::Task<std::vector<LoadedRow>> (*load)(db::Db db, auth::Caller caller, std::vector<base::Uuid> ids) = nullptr;
    async::Task<WalkedRows> (*walk)(db::Db db, auth::Caller caller, base::Uuid after, std::int32_t limit) = nullptr;
};

namespace detail {

template <class Rows>
bool is_readable(const Rows& rows, const typename Rows::Row& row, const auth::Caller& caller) {
    if constexpr (requires { row.meta.deleted_at; }) {
        if (row.meta.deleted_at) return false;
    }
    const auto location = rows.location(row);
    return location ? caller.may_at(rows.read, location->uuid()) : caller.may(rows.read);
}

template <class Row>
std::optional<std::int32_t> version_of(const Row& row) {
    if constexpr (requires { row.meta.version; }) {
        return row.meta.version;
    } else if constexpr (requires { row.version; }) {
        return row.version;
    } else {
        return std::nullopt;
    }
}

template <class Rows>
LoadedRow shown(const Rows& rows, const typename Rows::Row& row, const auth::Caller& caller) {
    return {row.id.uuid(), schema::to_json(row, caller.view()), version_of(row), rows.location(row)};
}

template <const auto& rows>
async::Task<std::vector<LoadedRow>> load(db::Db db, auth::Caller caller, std::vector<base::Uuid> ids) {
    using Id = typename std::remove_cvref_t<decltype(rows)>::Id;
    std::unordered_map<base::Uuid, LoadedRow> readable;
    if (!ids.empty() && caller.may(rows.read)) {
        const std::vector<Id> wanted(ids.begin(), ids.end());
        for (const auto& row : co_await db.all(rows.by_ids, wanted)) {
            if (is_readable(rows, row, caller)) readable.emplace(row.id.uuid(), shown(rows, row, caller));
        }
    }
    std::vector<LoadedRow> loaded;
    for (const auto& id : ids) {
        const auto found = readable.find(id);
        loaded.push_back(found == readable.end() ? LoadedRow{id} : found->second);
    }
    co_return loaded;
}

template <const auto& rows>
async::Task<WalkedRows> walk(db::Db db, auth::Caller caller, base::Uuid after, std::int32_t limit) {
    using Id = typename std::remove_cvref_t<decltype(rows)>::Id;
    WalkedRows walked;
    if (!caller.may(rows.read)) co_return walked;
    const auto all = co_await db.all(rows.after_id, Id(after), limit);
    for (const auto& row : all) {
        if (is_readable(rows, row, caller)) walked.rows.push_back(shown(rows, row, caller));
    }
    if (all.size() == static_cast<std::size_t>(limit)) walked.last = all.back().id.uuid();
    co_return walked;
}

}  // namespace detail

template <const auto& rows>
[[nodiscard]] constexpr SyncedCollection synced() {
    using Rows = std::remove_cvref_t<decltype(rows)>;
    return {Rows::name,          rows.read,          has_location<Rows>, &schema::object_of<typename Rows::Row>,
            &detail::load<rows>, &detail::walk<rows>};
}

// `db` is the caller's tenant's. One statement, for as many ids as a page of the feed has.
[[nodiscard]] inline async::Task<std::vector<LoadedRow>> load_rows(db::Db db, auth::Caller caller,
                                                                   const SyncedCollection* collection,
                                                                   std::vector<base::Uuid> ids) {
    return collection->load(std::move(db), std::move(caller), std::move(ids));
}

}  // namespace pos
