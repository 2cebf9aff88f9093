#pragma once
// Text search: rows of which one text holds what was typed, in any letter case. The table says which texts, and `Search` stands first
// among the filters of its list; the module lists the database's objects, too.
//
//     inline constexpr auto suppliers = db::tenant_table<Supplier>("suppliers", …,
//         db::text_index<&SupplierFields::name, &SupplierFields::phone>("suppliers_search"));
//
//     constexpr List<tables::suppliers, By<&SupplierFields::name>, Search> supplier_list;
//     async::Task<db::Page<Supplier>> list(auth::PermittedSomewhere<"suppliers.read">, http::Query<SearchFilter> filter, db::Db db) {
//         return supplier_list.page(db, *filter);
//     }
//     app::Module{…, .database_objects = supplier_list.objects(), .statements = db::statements(supplier_list)};
//
// Pages, counting and the other filters are those of any list; what is found stands in the list's own order, also with `?updatedSince=`.
// Words of three letters and more are found anywhere, shorter ones at the beginning of a text or of a word in it, which is what
// trigrams can tell; several words are found in their order. Letters are what Unicode says (C.UTF-8): "ÉCOLE" finds "école",
// "ecole" does not. Constants of a module; any thread.

#include "db/sql_object.h"
#include "pos/plumbing/list.h"

namespace pos {

struct SearchFilter {
    ListFilter list;
    std::optional<std::string> search;

    friend constexpr auto describe(SearchFilter*) {
        return schema::object<SearchFilter>(
            "SearchFilter", schema::flatten<&SearchFilter::list>(),
            schema::field<&SearchFilter::search>(
                "search", {.min_length = 1,
                           .max_length = 100,
                           .text = schema::Text::name,
                           .doc = "Part of a text of the row, in any letter case; words in this order. "
                                  "One or two characters are the beginning of a word."}));
    }
};

// Of a List: by the table's db::text_index.
struct Search {};

namespace detail {

// What a search function is made of; the accessors are those of the table's columns.
struct SearchedRows {
    db::TableView table;
    std::span<const schema::Accessor> texts;
    std::span<const db::Condition> filters;
    std::span<const schema::Accessor> order;  // the id last
};
struct SearchFunctionSql {
    std::string name, create, drop;
};
[[nodiscard]] SearchFunctionSql search_function(const SearchedRows& rows);

// A text that grows while it is compiled.
struct StatementText {
    std::array<char, 2048> text{};
    std::size_t size = 0;

    constexpr StatementText& operator<<(std::string_view part) {
        for (const char c : part) text.at(size++) = c;
        return *this;
    }
    constexpr StatementText& operator<<(std::size_t number) {
        if (number >= 10) *this << number / 10;
        text.at(size++) = static_cast<char>('0' + number % 10);
        return *this;
    }
    // "createdAt": "created_at", quoted, as it may be a key word.
    constexpr StatementText& column(std::string_view json) {
        *this << "\"";
        for (const char c : json) {
            const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            if (lower != c) *this << "_";
            *this << std::string_view(&lower, 1);
        }
        return *this << "\"";
    }
    [[nodiscard]] constexpr std::string_view view() const { return {text.data(), size}; }
};

template <const auto& Table>
consteval std::size_t text_index_of() {
    for (std::size_t i = 0; i < Table.constraints.size(); ++i) {
        if (Table.constraints[i].method == "gin" && Table.constraints[i].column_count > 0) return i;
    }
    return Table.constraints.size();
}

}  // namespace detail

// ---- The search ----------------------------------------------------------------------------------------------------------

template <const auto& Table, class Order, class... Filters>
class TextSearch;

template <const auto& Table, auto... Members, class... Filters>
class TextSearch<Table, By<Members...>, Filters...> {
    using Row = db::detail::RowOf<Table>;
    static constexpr auto index = detail::text_index_of<Table>();
    static_assert(index < Table.constraints.size(), "Search: the table has no db::text_index");
    static_assert(requires(Row row) { row.meta.deleted_at; }, "Search: rows without RowMeta");

    // term, the filters, the time of the last change, the last row of the page before, the most rows.
    static constexpr std::size_t conditions = sizeof...(Filters) + 2;
    static constexpr std::size_t keys = sizeof...(Members) + 1;
    static constexpr std::array<db::Condition, sizeof...(Filters)> filters{
        db::Condition{&schema::detail::access_member<Filters::member>, Filters::compare}...};
    static constexpr std::array<schema::Accessor, keys> order{&schema::detail::access_member<Members>...,
                                                              &schema::detail::access_member<&Row::id>};

public:
    using Query = db::PageQuery<Row, std::tuple<schema::detail::MemberOf<Members>..., decltype(Row::id)>, std::string,
                                std::optional<typename Filters::Argument>..., std::optional<base::Timestamp>>;

    // An argument for each filter; an empty one leaves it out.
    [[nodiscard]] async::Task<db::Page<Row>> page(const db::Db& db, const ListFilter& filter, const std::string& term,
                                                  const std::optional<typename Filters::Argument>&... arguments) const {
        return db.page(query_, filter.page, term, arguments..., filter.updated_since);
    }

    [[nodiscard]] std::vector<db::StatementView> statements() const { return db::statements(query_); }
    // The extension of trigrams, and the function "search_suppliers".
    [[nodiscard]] std::vector<db::SqlObject> objects() const {
        static constexpr auto& texts = Table.constraints[index];
        static const auto sql =
            detail::search_function({Table.view(), std::span(texts.columns).first(texts.column_count), filters, order});
        return {{"pg_trgm", "create extension if not exists pg_trgm", "drop extension pg_trgm",
                 db::SqlObject::Stage::before_tables},
                {sql.name, sql.create, sql.drop}};
    }

private:
    // The function gives the ids of one page; the rows are read under row level security as ever.
    template <bool after>
    static constexpr detail::StatementText text = [] {
        detail::StatementText sql;
        const auto columns = [&](auto separator, const auto& of) {
            bool first = true;
            for (const auto& field : of) {
                if (!first) sql << separator;
                first = false;
                sql.column(field);
            }
        };
        constexpr auto names = [] {
            std::array<std::string_view, schema::object_of<Row>.fields.size()> names{};
            std::ranges::transform(schema::object_of<Row>.fields, names.begin(), &schema::Field::name);
            return names;
        }();
        constexpr std::array<std::string_view, keys> by{schema::field_of<Row, Members>().name..., "id"};
        constexpr auto most = conditions + (after ? keys : 0) + 2;
        sql << "select ";
        columns(", ", names);
        sql << " from " << Table.name << " where tenant_id = $1 and id = any(array(select search_" << Table.name << "(";
        for (std::size_t i = 0; i < conditions; ++i) sql << "$" << i + 2 << ", ";
        for (std::size_t i = 0; i < keys; ++i) {
            if (after) {
                sql << "$" << conditions + i + 2 << ", ";
            } else {
                sql << "null, ";
            }
        }
        sql << "$" << most << "))) order by ";
        columns(", ", by);
        sql << " limit $" << most << "::integer";
        return sql;
    }();
    template <bool after>
    static constexpr detail::PageName name = [] {
        detail::PageName text;
        text.append(Table.name);
        text.append(after ? ".page_search_after" : ".page_search");
        return text;
    }();

    Query query_{{{name<false>.view(), text<false>.view(), db::Kind::read}},
                 {{name<true>.view(), text<true>.view(), db::Kind::read}},
                 &db::detail::key_of_row<Row, Members..., &Row::id>};
};

template <const auto& Table, class Order, class... Filters>
class List<Table, Order, Search, Filters...> {
    using Row = db::detail::RowOf<Table>;

public:
    [[nodiscard]] async::Task<db::Page<Row>> page(const db::Db& db, const SearchFilter& filter,
                                                  const std::optional<typename Filters::Argument>&... arguments) const {
        if (filter.search) return search_.page(db, filter.list, *filter.search, arguments...);
        return all_.page(db, filter.list, arguments...);
    }

    [[nodiscard]] std::vector<db::StatementView> statements() const { return db::statements(all_, search_); }
    [[nodiscard]] std::vector<db::SqlObject> objects() const { return search_.objects(); }

private:
    List<Table, Order, Filters...> all_;
    TextSearch<Table, Order, Filters...> search_;
};

}  // namespace pos
