#pragma once
// Collections: the rows of a table as the API and the change feed know them, each with the permission to read them and the place
// where they belong. A constant of its module, which lists it among its statements and pos/collections.cpp among all. Any thread.
//
//     inline constexpr Collection<tables::suppliers> supplier_rows;                            // "suppliers.read"; of the tenant
//     inline constexpr Collection<tables::tax_rates> tax_rate_rows{"taxes.read"};
//     inline constexpr Collection<tables::devices, OfLocation<&DeviceFields::location_id>> device_rows;
//     inline constexpr Collection<tables::products, OfAllLocations> product_rows;              // shared by all shops on purpose
//
//     co_return live(co_await db.one(supplier_rows.by_id, *id));                               // .by_id, .add, .lock, .replace
//
// SyncedRows is the same for a table whose rows no Create or Edit writes (sales, stock levels): it has `by_ids` and `after_id` alone.

#include "base/fixed_string.h"
#include "db/db.h"
#include "pos/plumbing/row.h"

namespace pos {

// ---- Where rows belong -------------------------------------------------------------------------------------------------
// Permissions that count at single locations (auth::acts_at_places) write rows of a location, where they are asked for, and what
// all locations share; never what belongs to the tenant as a whole.

struct OfTenant {
    static constexpr bool is_written_at_locations = false;
};
struct OfAllLocations {
    static constexpr bool is_written_at_locations = true;
};
// The member that names the location: only who has the permission there reads or writes the row, and the feed names the location.
template <auto Member>
struct OfLocation {
    static constexpr bool is_written_at_locations = true;

    template <class Row>
    static LocationId of(const Row& row) {
        static_assert(std::same_as<schema::detail::MemberOf<Member>, LocationId>,
                      "OfLocation: this member is no LocationId");
        return *static_cast<const LocationId*>(schema::field_of<Row, Member>().get(&row));
    }
};

namespace detail {

// "suppliers" and ".by_id": a statement's or a permission's name, as a constant.
template <const auto& Table, base::FixedString Suffix>
struct NameWith {
    static constexpr auto text = [] {
        std::array<char, Table.name.size() + Suffix.view().size()> name{};
        std::ranges::copy(Suffix.view(), std::ranges::copy(Table.name, name.begin()).out);
        return name;
    }();
    static constexpr std::string_view value{text.data(), text.size()};
};

template <class Place, class Row>
constexpr auto location_rule() -> LocationId (*)(const Row&) {
    if constexpr (requires { &Place::template of<Row>; }) {
        return &Place::template of<Row>;
    } else {
        return nullptr;
    }
}

}  // namespace detail

// ---- What the feed knows ---------------------------------------------------------------------------------------------------

template <const auto& Table, class RowPlace = OfTenant>
struct SyncedRows;

template <const auto& Table>
struct SyncedRows<Table, OfTenant> {
    using Row = db::detail::RowOf<Table>;
    using Id = decltype(Row::id);
    using Place = OfTenant;
    static constexpr std::string_view name = Table.name;

    std::string_view read;  // the permission
    LocationId (*location_of)(const Row& row) = nullptr;
    bool is_written_at_locations = false;
    db::Query<Row(std::vector<Id>)> by_ids = db::select<Table>().template where<&Row::id, db::Compare::any>().named(
        detail::NameWith<Table, ".by_ids">::value, db::Kind::read);
    // All rows, from the nil id on, so many at once.
    db::Query<Row(Id, std::int32_t)> after_id = db::select<Table>()
                                                    .template order_by<&Row::id>()
                                                    .page(detail::NameWith<Table, ".from_start">::value,
                                                          detail::NameWith<Table, ".after_id">::value, db::Kind::read)
                                                    .after;

    constexpr explicit SyncedRows(std::string_view permission = detail::NameWith<Table, ".read">::value)
        : read(permission) {}

    [[nodiscard]] std::vector<db::StatementView> statements() const { return db::statements(by_ids, after_id); }
    [[nodiscard]] std::optional<LocationId> location(const Row& row) const {
        return location_of == nullptr ? std::nullopt : std::optional(location_of(row));
    }
};

template <const auto& Table, class RowPlace>
struct SyncedRows : SyncedRows<Table> {
    using Place = RowPlace;

    constexpr explicit SyncedRows(std::string_view permission = detail::NameWith<Table, ".read">::value)
        : SyncedRows<Table>(permission) {
        this->location_of = detail::location_rule<RowPlace, typename SyncedRows<Table>::Row>();
        this->is_written_at_locations = RowPlace::is_written_at_locations;
    }
};

// Whether the feed names a location for each row.
template <class Rows>
inline constexpr bool has_location = detail::location_rule<typename Rows::Place, typename Rows::Row>() != nullptr;

// ---- … and is written by Create and Edit -----------------------------------------------------------------------------------

template <const auto& Table, class RowPlace = OfTenant>
struct Collection;

template <const auto& Table>
struct Collection<Table, OfTenant> : SyncedRows<Table> {
    using Row = typename SyncedRows<Table>::Row;
    using Id = typename SyncedRows<Table>::Id;

    db::Query<Row(Id)> by_id = db::find<Table>(detail::NameWith<Table, ".by_id">::value);
    db::Query<void(Row)> add = db::insert<Table>(detail::NameWith<Table, ".add">::value);
    db::RowLocks<db::Query<Row(Id)>> lock = db::find_for_update<Table>(detail::NameWith<Table, ".lock">::value);
    db::Query<void(Row, std::int32_t)> replace = db::replace<Table>(detail::NameWith<Table, ".replace">::value);

    using SyncedRows<Table>::SyncedRows;

    [[nodiscard]] std::vector<db::StatementView> statements() const {
        return db::statements(this->by_ids, this->after_id, by_id, add, lock, replace);
    }
};

// Collection<Table, …> is a Collection<Table> for whoever need not know the place.
template <const auto& Table, class RowPlace>
struct Collection : Collection<Table> {
    using Place = RowPlace;

    constexpr explicit Collection(std::string_view permission = detail::NameWith<Table, ".read">::value)
        : Collection<Table>(permission) {
        this->location_of = detail::location_rule<RowPlace, typename SyncedRows<Table>::Row>();
        this->is_written_at_locations = RowPlace::is_written_at_locations;
    }
};

}  // namespace pos
