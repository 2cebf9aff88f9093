#pragma once
// Lists that people read: in the list's own order, or with `?updatedSince=` the earliest change first. Each order has keyset
// statements of its own, so that an index serves it. Constants; any thread.
//
//     constexpr auto living = db::select<tables::locations>().where<&RowMeta::deleted_at, db::Compare::is_null>();
//     constexpr List all{
//         living.order_by<&LocationFields::name, &Location::id>().page("locations.page", "locations.page_after"),
//         updated_since<&Location::id>(living).page("locations.page_updated", "locations.page_updated_after")};
//
//     async::Task<db::Page<Location>> list(auth::PermittedSomewhere<"locations.read">, http::Query<ListFilter> filter, db::Db db) {
//         return all.page(db, *filter);
//     }
//
// The table has `db::index<&RowMeta::updated_at, &Location::id>`. Deleted rows are not shown: tills follow the change feed.

#include "db/db.h"
#include "pos/row_meta.h"

namespace pos {

struct ListFilter {
    db::PageRequest page;
    std::optional<base::Timestamp> updated_since;

    // For rows that never change, which keep the order of their recording: a bound that is always there.
    [[nodiscard]] base::Timestamp since() const { return updated_since.value_or(base::Timestamp{}); }

    friend constexpr auto describe(ListFilter*) {
        return schema::object<ListFilter>(
            "ListFilter", schema::flatten<&ListFilter::page>(),
            schema::field<&ListFilter::updated_since>(
                "updatedSince", {.doc = "Rows that changed then or later. For people; tills follow the change feed, "
                                        "which misses nothing."}));
    }
};

// `rows` (a db::select) with one more argument, in the order of changes.
template <auto Id>
[[nodiscard]] constexpr auto updated_since(const auto& rows) {
    return rows.template where<&RowMeta::updated_at, db::Compare::at_least>()
        .template order_by<&RowMeta::updated_at, Id>();
}

template <class Own, class Updated>
struct List {
    Own own;
    Updated updated;

    // `arguments`: of both, in front.
    template <class... Arguments>
    auto page(db::Db db, const ListFilter& filter, const Arguments&... arguments) const {
        return filter.updated_since ? db.page(updated, filter.page, arguments..., *filter.updated_since)
                                    : db.page(own, filter.page, arguments...);
    }
};

}  // namespace pos
