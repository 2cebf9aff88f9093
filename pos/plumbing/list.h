#pragma once
// Lists that people read: a table's rows, but the deleted ones, in one order, with filters that may be left out. Constants of a module,
// which lists them among its statements; any thread.
//
//     constexpr List<tables::locations, By<&LocationFields::name>> all;
//     async::Task<db::Page<Location>> list(auth::PermittedSomewhere<"locations.read">, http::Query<ListFilter> filter, db::Db db) {
//         return all.page(db, *filter);
//     }
//
//     constexpr List<tables::variants, By<&VariantFields::name>, Where<&Variant::product_id>> variants;
//     return variants.page(db, filter->list, filter->product_id);                          // std::optional<ProductId>
//
//     constexpr List<tables::devices, By<&DeviceFields::name>, AnyOf<&DeviceFields::location_id>> devices;
//     return devices.page(db, *filter, locations_with<"devices.read">(caller));
//
// With `?updatedSince=` the earliest change comes first. Each combination of filters has statements of its own, "devices.page_location"
// and "devices.page_location_after", so that an index serves it: the table has one for each order, and
// `db::index<&RowMeta::updated_at, &Device::id>`. Rows that never change have no `meta`: their list takes a db::PageRequest.
// Deleted rows are not shown: tills follow the change feed. A list that is searched has a `Search` among its filters
// (pos/plumbing/search.h).

#include <array>

#include "auth/caller.h"
#include "db/db.h"
#include "pos/row_meta.h"

namespace pos {

struct ListFilter {
    db::PageRequest page;
    std::optional<base::Timestamp> updated_since;

    friend constexpr auto describe(ListFilter*) {
        return schema::object<ListFilter>(
            "ListFilter", schema::flatten<&ListFilter::page>(),
            schema::field<&ListFilter::updated_since>(
                "updatedSince", {.doc = "Rows that changed then or later. For people; tills follow the change feed, "
                                        "which misses nothing."}));
    }
};

// Where the caller may do this, for AnyOf; nullopt: everywhere.
template <http::FixedString Permission>
[[nodiscard]] std::optional<std::vector<LocationId>> locations_with(const auth::Caller& caller) {
    const auto allowed = caller.places_with(Permission.view());
    if (!allowed) return std::nullopt;
    return std::vector<LocationId>(allowed->begin(), allowed->end());
}

// ---- Filters: an argument each, in their order ---------------------------------------------------------------------------

template <auto Member>
struct Where {
    static constexpr auto member = Member;
    static constexpr auto compare = db::Compare::equal;
    using Argument = typename db::detail::WithoutOptional<schema::detail::MemberOf<Member>>::type;
    static constexpr auto add(const auto& rows) { return rows.template where<Member>(); }
};
template <auto Member>
struct AnyOf {
    static constexpr auto member = Member;
    static constexpr auto compare = db::Compare::any;
    using Argument = std::vector<typename Where<Member>::Argument>;
    static constexpr auto add(const auto& rows) { return rows.template where<Member, compare>(); }
};
template <auto Member>
struct AtLeast {
    static constexpr auto member = Member;
    static constexpr auto compare = db::Compare::at_least;
    using Argument = typename Where<Member>::Argument;
    static constexpr auto add(const auto& rows) { return rows.template where<Member, compare>(); }
};

// ---- Orders: of these members, and of the id where they leave rows equal --------------------------------------------------

template <auto... Members>
struct By {
    template <auto... Id>
    static constexpr auto add(const auto& rows) {
        return rows.template order_by<Members..., Id...>();
    }
    static constexpr std::array columns{&schema::detail::access_member<Members>...};
};
template <auto... Members>
struct Newest {
    template <auto... Id>
    static constexpr auto add(const auto& rows) {
        return rows.template order_by_descending<Members..., Id...>();
    }
    static constexpr std::array columns{&schema::detail::access_member<Members>...};
};

namespace detail {

// "devices.page_updated_location", at most the 56 characters of a statement's name.
struct PageName {
    std::array<char, 56> text{};
    std::size_t size = 0;

    constexpr void append(std::string_view part) {
        for (const char c : part) text.at(size++) = c;
    }
    // "locationId": "_location".
    constexpr void append_column(std::string_view json) {
        append("_");
        if (json.ends_with("Id")) json.remove_suffix(2);
        for (const char c : json) {
            if (c >= 'A' && c <= 'Z') append("_");
            const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            append({&lower, 1});
        }
    }
    [[nodiscard]] constexpr std::string_view view() const { return {text.data(), size}; }
};

// Whether no two rows are equal in these columns: then the id need not end the order.
template <const auto& Table>
consteval bool is_total(std::span<const schema::Accessor> columns) {
    for (const auto& key : Table.constraints) {
        const bool is_key = key.kind == db::ConstraintKind::primary_key || key.kind == db::ConstraintKind::unique;
        if (!is_key || !key.predicate.empty() || key.column_count == 0) continue;
        bool covered = true;
        for (std::size_t i = 0; i < key.column_count; ++i)
            covered = covered && std::ranges::find(columns, key.columns[i]) != columns.end();
        if (covered) return true;
    }
    return false;
}

}  // namespace detail

template <const auto& Table, class Order, class... Filters>
class List {
    using Row = db::detail::RowOf<Table>;
    static constexpr std::size_t combinations = std::size_t{1} << sizeof...(Filters);
    static constexpr bool has_versions = requires(Row row) { row.meta.updated_at; };

public:
    // An argument for each filter; an empty one leaves it out.
    template <class... Arguments>
        requires(sizeof...(Arguments) == sizeof...(Filters) && has_versions)
    [[nodiscard]] async::Task<db::Page<Row>> page(const db::Db& db, const ListFilter& filter,
                                                  const std::optional<Arguments>&... arguments) const {
        return choose<0, 0>(db, filter.page, filter.updated_since, std::tuple<>(), std::tie(arguments...));
    }
    template <class... Arguments>
        requires(sizeof...(Arguments) == sizeof...(Filters) && !has_versions)
    [[nodiscard]] async::Task<db::Page<Row>> page(const db::Db& db, const db::PageRequest& request,
                                                  const std::optional<Arguments>&... arguments) const {
        return choose<0, 0>(db, request, std::nullopt, std::tuple<>(), std::tie(arguments...));
    }

    [[nodiscard]] std::vector<db::StatementView> statements() const {
        return std::apply([](const auto&... page) { return db::statements(page...); }, pages_);
    }

private:
    static constexpr auto rows() {
        if constexpr (has_versions) {
            return db::select<Table>().template where<&RowMeta::deleted_at, db::Compare::is_null>();
        } else {
            return db::select<Table>();
        }
    }
    template <std::size_t Chosen, class Filter, class... Rest>
    static constexpr auto add_filters(const auto& rows) {
        if constexpr ((Chosen & 1U) != 0) {
            return add_filters<(Chosen >> 1U), Rest...>(Filter::add(rows));
        } else {
            return add_filters<(Chosen >> 1U), Rest...>(rows);
        }
    }
    template <std::size_t Chosen>
    static constexpr auto add_filters(const auto& rows) {
        return rows;
    }

    template <std::size_t Chosen, bool updated, bool after>
    static constexpr detail::PageName name = [] {
        detail::PageName text;
        text.append(Table.name);
        text.append(".page");
        if (updated) text.append("_updated");
        std::size_t bits = Chosen;
        (((bits & 1U) != 0 ? text.append_column(schema::field_of<Row, Filters::member>().name) : void(), bits >>= 1U),
         ...);
        if (after) text.append("_after");
        return text;
    }();

    // Index: the filters that are chosen, a bit each; beyond all of them the same by the time of the change.
    template <std::size_t Index>
    static constexpr auto page_of() {
        constexpr auto chosen = Index % combinations;
        constexpr bool updated = Index >= combinations;
        const auto filtered = add_filters<chosen, Filters...>(rows());
        constexpr auto first = name<chosen, updated, false>.view();
        constexpr auto after = name<chosen, updated, true>.view();
        if constexpr (updated) {
            return filtered.template where<&RowMeta::updated_at, db::Compare::at_least>()
                .template order_by<&RowMeta::updated_at, &Row::id>()
                .page(first, after);
        } else if constexpr (detail::is_total<Table>(Order::columns)) {
            return Order::template add<>(filtered).page(first, after);
        } else {
            return Order::template add<&Row::id>(filtered).page(first, after);
        }
    }
    template <std::size_t... Index>
    static constexpr auto all_pages(std::index_sequence<Index...>) {
        return std::tuple{page_of<Index>()...};
    }

    template <std::size_t Next, std::size_t Chosen, class Given, class Arguments>
    async::Task<db::Page<Row>> choose(const db::Db& db, const db::PageRequest& request,
                                      const std::optional<base::Timestamp>& since, const Given& given,
                                      const Arguments& arguments) const {
        if constexpr (Next < sizeof...(Filters)) {
            const auto& argument = std::get<Next>(arguments);
            if (!argument) return choose<Next + 1, Chosen>(db, request, since, given, arguments);
            return choose<Next + 1, (Chosen | (std::size_t{1} << Next))>(
                db, request, since, std::tuple_cat(given, std::tie(*argument)), arguments);
        } else {
            return std::apply(
                [&](const auto&... chosen) {
                    if constexpr (has_versions) {
                        if (since) return db.page(std::get<combinations + Chosen>(pages_), request, chosen..., *since);
                    }
                    return db.page(std::get<Chosen>(pages_), request, chosen...);
                },
                given);
        }
    }

    decltype(all_pages(std::make_index_sequence<has_versions ? 2 * combinations : combinations>{})) pages_ =
        all_pages(std::make_index_sequence<has_versions ? 2 * combinations : combinations>{});
};

// The same of hand-written SQL: in the list's own order, and with `?updatedSince=` by the time of the last change.
template <class Own, class Updated>
struct SqlList {
    Own own;
    Updated updated;

    // `arguments`: of both, in front.
    template <class... Arguments>
    auto page(const db::Db& db, const ListFilter& filter, const Arguments&... arguments) const {
        return filter.updated_since ? db.page(updated, filter.page, arguments..., *filter.updated_since)
                                    : db.page(own, filter.page, arguments...);
    }
    [[nodiscard]] std::vector<db::StatementView> statements() const { return db::statements(own, updated); }
};

}  // namespace pos
