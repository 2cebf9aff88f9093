#pragma once
// A collection: the rows of one table as the API and the change feed know them, with the statements that every collection needs.
// A constant of its module, which lists it among its statements. Any thread.
//
//     constexpr Collection<tables::suppliers> suppliers;                      // suppliers.by_id, .add, .lock, .replace
//     constexpr Collection<tables::devices> devices{.location_of = &location_of};
//
//     co_return live(co_await db.one(suppliers.by_id, *id));

#include "db/db.h"
#include "http/handler.h"
#include "pos/plumbing/row.h"

namespace pos {

namespace detail {

// "suppliers" and ".by_id": a statement's name, as a constant.
template <const auto& Table, http::FixedString Suffix>
struct StatementName {
    static constexpr auto text = [] {
        std::array<char, Table.name.size() + Suffix.view().size()> name{};
        std::ranges::copy(Suffix.view(), std::ranges::copy(Table.name, name.begin()).out);
        return name;
    }();
    static constexpr std::string_view value{text.data(), text.size()};
};

}  // namespace detail

template <const auto& Table>
struct Collection {
    using Row = db::detail::RowOf<Table>;
    using Id = std::tuple_element_t<0, db::detail::KeyOf<Table>>;

    // Rows of a location: only who has the permission there may write them, and the feed names the location.
    LocationId (*location_of)(const Row& row) = nullptr;

    db::Query<Row(Id)> by_id = db::find<Table>(detail::StatementName<Table, ".by_id">::value);
    db::Query<void(Row)> add = db::insert<Table>(detail::StatementName<Table, ".add">::value);
    db::RowLocks<db::Query<Row(Id)>> lock = db::find_for_update<Table>(detail::StatementName<Table, ".lock">::value);
    db::Query<void(Row, std::int32_t)> replace = db::replace<Table>(detail::StatementName<Table, ".replace">::value);

    static constexpr std::string_view name = Table.name;

    [[nodiscard]] std::vector<db::StatementView> statements() const {
        return db::statements(by_id, add, lock, replace);
    }
    [[nodiscard]] std::optional<LocationId> location(const Row& row) const {
        return location_of == nullptr ? std::nullopt : std::optional(location_of(row));
    }
};

}  // namespace pos
