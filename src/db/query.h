#pragma once
// Statements, typed by the C++ row and argument types. Two ways to write one, one way to run it (db/db.h):
//
//     // SQL text: $1 is always the tenant, your arguments start at $2.
//     inline constexpr db::Query<StockLevel(LocationId, VariantId)> level{"stock.level",
//         "select location_id, variant_id, on_hand from stock_levels "
//         "where tenant_id = $1 and location_id = $2 and variant_id = $3", db::Kind::point};
//
//     // The builder, for one table: text from the member pointers.
//     inline constexpr auto by_id = db::find<products>("products.by_id");                   // Query<Product(ProductId)>
//     inline constexpr auto add   = db::insert<products>("products.add");                   // Query<void(Product)>
//     inline constexpr auto of_category = db::select<products>()
//         .where<&ProductFields::category_id>().order_by<&ProductFields::name, &Product::id>().page("products.of_category", "products.of_category_after");
//
// Every statement has a name (log field, metric, timeout) and is listed by its module (app::Module::statements); one that is
// not listed refuses to run, and `backend-api db check` prepares each listed one against the migrated schema and compares
// parameter and column types and nullability with the C++ declaration.
//
// A Query that reads system tables too (names of users) runs on SystemDb::as_tenant() and says `.as_system = true`.
// SystemQuery is the same without a tenant: only SystemDb runs it, and $1 is your first argument.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "db/kind.h"
#include "db/table.h"

namespace db {

enum class Verb : std::uint8_t { text, select, insert, insert_all, upsert, update, replace, remove, count };

enum class Compare : std::uint8_t { equal, not_equal, less, at_most, greater, at_least, any, is_null, is_not_null };

// `change` conflicts with other changes alone: rows that refer to this one come in meanwhile. `remove` keeps these out as well.
enum class RowLock : std::uint8_t { none, change, remove };

// The text of a statement as a module writes it. What begins, ends or undoes a transaction, and what sets its tenant, belongs
// to the driver (db.transaction(), as_tenant()): a statement that did would undo it under everybody's feet, so it does not compile.
class SqlText {
public:
    constexpr SqlText() = default;
    consteval SqlText(const char* text) : text_(text) {
        if (controls_transaction(text_)) a_statement_may_not_control_its_transaction();
    }
    consteval SqlText(std::string_view text) : text_(text) {
        if (controls_transaction(text_)) a_statement_may_not_control_its_transaction();
    }
    constexpr operator std::string_view() const { return text_; }

    [[nodiscard]] static constexpr bool controls_transaction(std::string_view text) {
        constexpr std::string_view verbs[] = {"begin",     "start",   "commit", "end",   "rollback", "abort",
                                              "savepoint", "release", "set",    "reset", "discard",  "prepare"};
        const auto start = text.find_first_not_of(" \n\t(;");
        if (start == std::string_view::npos) return false;
        const auto verb = text.substr(start, text.find_first_of(" \n\t(;", start) - start);
        for (const auto forbidden : verbs) {
            if (is_same_word(verb, forbidden)) return true;
        }
        return text.contains("set_config");
    }

private:
    static void a_statement_may_not_control_its_transaction() {}  // not constexpr: the compiler's message names it
    static constexpr bool is_same_word(std::string_view word, std::string_view lower_case) {
        return std::ranges::equal(word, lower_case,
                                  [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
    }
    std::string_view text_;
};

struct Condition {
    schema::Accessor column = nullptr;
    Compare compare = Compare::equal;
};

// What the builder was told; the text is rendered once, when the statement is registered.
struct Plan {
    Verb verb = Verb::text;
    TableView (*table)() = nullptr;
    std::array<Condition, 8> conditions{};
    std::size_t condition_count = 0;
    std::array<schema::Accessor, 4> order{};
    std::size_t order_count = 0;
    std::array<schema::Accessor, 24> set{};
    std::size_t set_count = 0;
    bool descending = false;
    bool paged = false;  // limit is the last argument
    bool after = false;  // … and the order columns' values stand before it: the page after that row
    RowLock lock = RowLock::none;
    bool returning = false;
    TableView (*joined)() = nullptr;
    schema::Accessor joined_by = nullptr;  // the member whose foreign key leads to `joined`
};

// The type-erased statement: what registration, db check and the driver read.
struct StatementView {
    std::string_view name;
    std::string_view sql;  // empty for the builder's
    Plan plan;
    Kind kind = Kind::point;
    bool system = false;
    std::int32_t timeout_ms = 0;        // 0: the pool's default
    const schema::Type* row = nullptr;  // nullptr: no columns
    std::span<const schema::Type* const> arguments;
    const void* identity = nullptr;  // address of the Query
    bool as_system = false;          // with a tenant, but as app_system (SystemDb::as_tenant)
    bool counts = false;             // the rows that the statement would give, instead of giving them

    // As registered: that of a count is its list's with "_count", that of a lock for removal its other's with "_to_remove".
    [[nodiscard]] std::string full_name() const {
        return std::string(name) + (counts ? "_count" : plan.lock == RowLock::remove ? "_to_remove" : "");
    }
};

// The text of a statement: `sql`, or what its plan says.
[[nodiscard]] std::string render(const StatementView& statement);

namespace detail {

template <class T>
constexpr const schema::Type* row_type() {
    if constexpr (std::is_void_v<T>) {
        return nullptr;
    } else {
        return &schema::type_of<T>;
    }
}
template <class... Args>
inline constexpr std::array<const schema::Type*, sizeof...(Args)> argument_types{&schema::type_of<Args>...};

template <bool System, class R, class... Args>
struct BasicQuery {
    using Row = R;
    using Arguments = std::tuple<Args...>;

    std::string_view name;
    SqlText sql;
    Kind kind = Kind::point;
    std::int32_t timeout_ms = 0;
    Plan plan{};
    bool as_system = false;

    [[nodiscard]] constexpr StatementView view() const {
        return {name, sql, plan, kind, System, timeout_ms, row_type<R>(), argument_types<Args...>, this, as_system};
    }
};

}  // namespace detail

template <bool System, class Signature>
struct TypedQuery;
template <bool System, class R, class... Args>
struct TypedQuery<System, R(Args...)> : detail::BasicQuery<System, R, Args...> {};

template <class Signature>
using Query = TypedQuery<false, Signature>;
template <class Signature>
using SystemQuery = TypedQuery<true, Signature>;

// A keyset list: the first page and the page after a row are two statements, since one with an optional bound cannot use
// the index. `Key` are the order columns.
template <class R, class Key, class... Args>
struct PageQuery;
template <class R, class... Key, class... Args>
struct PageQuery<R, std::tuple<Key...>, Args...> {
    using Row = R;
    using KeyTuple = std::tuple<Key...>;

    Query<R(Args..., std::int32_t)> first;
    Query<R(Args..., Key..., std::int32_t)> after;
    KeyTuple (*key_of)(const R& row) = nullptr;

    // The first page's statement, counted instead of read, with the most that is counted as its limit: so every list can be
    // counted, and by its own conditions. `identity` is that of no Query.
    [[nodiscard]] constexpr StatementView count_view() const {
        auto view = first.view();
        view.counts = true;
        view.kind = Kind::read;
        view.row = &schema::type_of<std::int64_t>;
        view.identity = count_identity();
        return view;
    }
    [[nodiscard]] constexpr const void* count_identity() const { return static_cast<const void*>(&key_of); }
};

namespace detail {

template <const auto& T>
constexpr TableView view_of() {
    return T.view();
}

template <class Tuple, class... More>
struct Append;
template <class... Have, class... More>
struct Append<std::tuple<Have...>, More...> {
    using type = std::tuple<Have..., More...>;
};

template <bool System, class R, class Arguments>
struct QueryOf;
template <class R, class... Args>
struct QueryOf<false, R, std::tuple<Args...>> {
    using type = Query<R(Args...)>;
};
template <class R, class... Args>
struct QueryOf<true, R, std::tuple<Args...>> {
    using type = SystemQuery<R(Args...)>;
};

template <class R, class Key, class Arguments>
struct PageOf;
template <class R, class Key, class... Args>
struct PageOf<R, Key, std::tuple<Args...>> {
    using type = PageQuery<R, Key, Args...>;
};

template <class Row, auto... M>
std::tuple<schema::detail::MemberOf<M>...> key_of_row(const Row& row) {
    return {*static_cast<const schema::detail::MemberOf<M>*>(schema::field_of<Row, M>().get(&row))...};
}

template <class Row, auto... M>
constexpr void require_columns() {
    // Each names the mistake: "schema::field_of: this member is not among the fields of T".
    ((void)schema::field_of<Row, M>(), ...);
}

template <const auto& T, class R, class Arguments, class Key = std::tuple<>, auto... OrderMembers>
class Builder {
    using Row = typename std::remove_cvref_t<decltype(T)>::RowType;
    static constexpr bool is_system = T.wall == Wall::system;

public:
    constexpr explicit Builder(Plan plan) : plan_(plan) {}

    // One more argument, compared with the column.
    template <auto M, Compare C = Compare::equal>
    [[nodiscard]] constexpr auto where() const {
        require_columns<Row, M>();
        using Plain = typename WithoutOptional<schema::detail::MemberOf<M>>::type;
        auto plan = plan_;
        plan.conditions[plan.condition_count++] = {&schema::detail::access_member<M>, C};
        if constexpr (C == Compare::is_null || C == Compare::is_not_null) {
            return Builder<T, R, Arguments, Key, OrderMembers...>(plan);
        } else if constexpr (C == Compare::any) {
            return Builder<T, R, typename Append<Arguments, std::vector<Plain>>::type, Key, OrderMembers...>(plan);
        } else {
            return Builder<T, R, typename Append<Arguments, Plain>::type, Key, OrderMembers...>(plan);
        }
    }

    // Members last in the order must make it total (end with the id).
    template <auto... M>
    [[nodiscard]] constexpr auto order_by() const {
        require_columns<Row, M...>();
        auto plan = plan_;
        plan.order = {&schema::detail::access_member<M>...};
        plan.order_count = sizeof...(M);
        return Builder<T, R, Arguments, std::tuple<schema::detail::MemberOf<M>...>, M...>(plan);
    }
    template <auto... M>
    [[nodiscard]] constexpr auto order_by_descending() const {
        auto plan = order_by<M...>().plan_;
        plan.descending = true;
        return Builder<T, R, Arguments, std::tuple<schema::detail::MemberOf<M>...>, M...>(plan);
    }

    // `for no key update`: the key stays, so rows that refer to it may come and go meanwhile.
    [[nodiscard]] constexpr auto for_update() const {
        auto plan = plan_;
        plan.lock = RowLock::change;
        return Builder(plan);
    }
    // `for update`: before a row goes, or its key changes.
    [[nodiscard]] constexpr auto to_remove() const {
        auto plan = plan_;
        plan.lock = RowLock::remove;
        return Builder(plan);
    }

    // insert, update, replace, remove: gives the rows as they are afterwards.
    [[nodiscard]] constexpr auto returning() const {
        auto plan = plan_;
        plan.returning = true;
        return Builder<T, Row, Arguments, Key, OrderMembers...>(plan);
    }

    [[nodiscard]] constexpr auto named(std::string_view name, Kind kind = Kind::point) const {
        using Result = typename QueryOf<is_system, R, Arguments>::type;
        const auto writes = plan_.verb != Verb::select && plan_.verb != Verb::count;
        return Result{{name, {}, writes || plan_.lock != RowLock::none ? Kind::write : kind, 0, plan_}};
    }

    // Two statements, `name` and `name_after`: see PageQuery.
    [[nodiscard]] constexpr auto page(std::string_view name, std::string_view name_after,
                                      Kind kind = Kind::point) const {
        static_assert(sizeof...(OrderMembers) > 0, "db: a page needs order_by<>() first");
        using Result = typename PageOf<R, Key, Arguments>::type;
        auto first = plan_;
        first.paged = true;
        auto after = first;
        after.after = true;
        return Result{
            {{name, {}, kind, 0, first}}, {{name_after, {}, kind, 0, after}}, &key_of_row<R, OrderMembers...>};
    }

private:
    template <const auto&, class, class, class, auto...>
    friend class Builder;
    Plan plan_;
};

template <const auto& T>
using RowOf = typename std::remove_cvref_t<decltype(T)>::RowType;
template <const auto& T>
using KeyOf = typename std::remove_cvref_t<decltype(T)>::KeyType;

template <const auto& T>
constexpr Plan plan_for(Verb verb) {
    Plan plan;
    plan.verb = verb;
    plan.table = &view_of<T>;
    return plan;
}

template <const auto& T>
constexpr Plan plan_by_key(Verb verb) {
    auto plan = plan_for<T>(verb);
    const auto& key = T.constraints[0];
    for (std::size_t i = 0; i < key.column_count; ++i)
        plan.conditions[plan.condition_count++] = {key.columns[i], Compare::equal};
    return plan;
}

}  // namespace detail

// Rows of a table: .where<…>() … .named("module.what").
template <const auto& T>
constexpr auto select() {
    return detail::Builder<T, detail::RowOf<T>, std::tuple<>>(detail::plan_for<T>(Verb::select));
}
// One row by its primary key.
template <const auto& T>
constexpr auto find(std::string_view name) {
    return detail::Builder<T, detail::RowOf<T>, detail::KeyOf<T>>(detail::plan_by_key<T>(Verb::select)).named(name);
}
// One row by its primary key, locked for a change of it; `.to_remove` is the same ahead of its removal, as "<name>_to_remove".
template <class Statement>
struct RowLocks : Statement {
    Statement to_remove;
};
template <const auto& T>
constexpr auto find_for_update(std::string_view name) {
    const detail::Builder<T, detail::RowOf<T>, detail::KeyOf<T>> row(detail::plan_by_key<T>(Verb::select));
    const auto change = row.for_update().named(name);
    return RowLocks<std::remove_const_t<decltype(change)>>{change, row.to_remove().named(name)};
}
// Columns of the table `By` leads to are read instead: rows of Joined whose key is in T's member M, conditions on T.
template <const auto& T, const auto& Joined, auto M>
constexpr auto select_joined() {
    detail::require_columns<detail::RowOf<T>, M>();
    auto plan = detail::plan_for<T>(Verb::select);
    plan.joined = &detail::view_of<Joined>;
    plan.joined_by = &schema::detail::access_member<M>;
    return detail::Builder<T, detail::RowOf<Joined>, std::tuple<>>(plan);
}
template <const auto& T>
constexpr auto insert(std::string_view name) {
    return detail::Builder<T, void, std::tuple<detail::RowOf<T>>>(detail::plan_for<T>(Verb::insert)).named(name);
}
// Any number of rows in one statement (arrays and unnest): the text does not depend on their number.
template <const auto& T>
constexpr auto insert_all(std::string_view name) {
    return detail::Builder<T, void, std::tuple<std::vector<detail::RowOf<T>>>>(detail::plan_for<T>(Verb::insert_all))
        .named(name);
}
// insert … on conflict (primary key) do update of every other column.
template <const auto& T>
constexpr auto upsert(std::string_view name) {
    return detail::Builder<T, void, std::tuple<detail::RowOf<T>>>(detail::plan_for<T>(Verb::upsert)).named(name);
}
// The named columns, by further conditions: arguments are the values in order, then the conditions'.
template <const auto& T, auto... M>
constexpr auto update() {
    detail::require_columns<detail::RowOf<T>, M...>();
    auto plan = detail::plan_for<T>(Verb::update);
    plan.set = {&schema::detail::access_member<M>...};
    plan.set_count = sizeof...(M);
    return detail::Builder<T, void, std::tuple<schema::detail::MemberOf<M>...>>(plan);
}
// The whole row by its primary key, if the stored version is the given one; zero rows otherwise. Version is a member of
// the row named "version" and must have been counted up by the caller.
template <const auto& T>
constexpr auto replace(std::string_view name) {
    return detail::Builder<T, void, std::tuple<detail::RowOf<T>, std::int32_t>>(detail::plan_for<T>(Verb::replace))
        .named(name);
}
template <const auto& T>
constexpr auto remove() {
    return detail::Builder<T, void, std::tuple<>>(detail::plan_for<T>(Verb::remove));
}
// select count(*): .where<…>() … .named(…).
template <const auto& T>
constexpr auto count() {
    return detail::Builder<T, std::int64_t, std::tuple<>>(detail::plan_for<T>(Verb::count));
}

}  // namespace db
