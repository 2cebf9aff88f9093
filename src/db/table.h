#pragma once
// Tables out of the structs' field lists: the counterpart of Drizzle's schema. A table is a described struct plus keys and
// constraints; each constraint names the error that its violation means. Columns are the JSON names in snake_case, in
// the order of the list; std::optional and schema::Maybe are nullable.
//
//     inline constexpr auto products = db::tenant_table<Product>("products",
//         db::primary_key<&Product::id>(),
//         db::unique<&ProductFields::sku>("products_sku", errors::sku_taken).where("deleted_at is null"),
//         db::references<&ProductFields::category_id>(categories, errors::unknown_category),
//         db::index<&ProductFields::name, &Product::id>("products_name"));
//
// tenant_table adds what no author may forget: the column tenant_id, first in the primary key, in every unique key, index
// and foreign key, and the row level security policies. Lifetime: constexpr; any thread.

#include <array>
#include <span>
#include <string_view>

#include "base/failure.h"
#include "schema/schema.h"

namespace db {

enum class ConstraintKind : std::uint8_t { primary_key, unique, references, index, check };

// What may be done to the rows by the app role; the owner's migrations may do all.
enum class Access : std::uint8_t {
    read_write,   // select, insert, update, delete
    no_delete,    // select, insert, update of all but the key, for the system role too: a row that was there stays
    append_only,  // select, insert; update of the columns named by updatable<>() alone. No role deletes
};

// Who sees the rows (docs/security.md, Tenants are walls).
enum class Wall : std::uint8_t {
    tenant,       // tenant_id column; forced row level security
    tenant_root,  // the tenants table itself: its id is the tenant
    system,       // no tenant: only the app_system role
};

inline constexpr std::size_t max_key_columns = 6;

// Columns are named by the accessor of their member pointer (schema::Field::key).
struct Constraint {
    ConstraintKind kind{};
    std::string_view name;
    std::array<schema::Accessor, max_key_columns> columns{};
    std::size_t column_count = 0;
    base::ErrorCode error{};      // unique, references, check
    std::string_view predicate;   // of a partial index, or the expression of a check
    std::string_view target;      // referenced table; its primary key is meant
    std::string_view method;      // index: "" = btree, else e.g. "gin"
    std::string_view expression;  // index over an expression instead of columns
    bool deferred = false;        // checked at commit
    bool without_case = false;    // unique: texts that differ by letter case alone are one
    bool cross_tenant = false;    // references: the target is no tenant table
    bool on_insert = false;       // references: proven when the row is inserted, by a policy

    [[nodiscard]] constexpr Constraint where(std::string_view sql) const {
        auto copy = *this;
        copy.predicate = sql;
        return copy;
    }
    // A unique index over lower(text), by the locale of the database (C.UTF-8 knows all of Unicode's letters).
    [[nodiscard]] constexpr Constraint ignoring_case() const {
        auto copy = *this;
        copy.without_case = true;
        return copy;
    }
    [[nodiscard]] constexpr Constraint at_commit() const {
        auto copy = *this;
        copy.deferred = true;
        return copy;
    }
    // A reference of an append_only table to one whose rows no role deletes: a policy of the insert looks for the row, and there is
    // no foreign key, which would look, lock it and log the lock. `db check --audit` looks for rows without one.
    [[nodiscard]] constexpr Constraint proven_on_insert() const {
        auto copy = *this;
        copy.on_insert = true;
        return copy;
    }
};

// The type-erased table: what migrations, db check and the SQL writer read.
struct TableView {
    std::string_view name;
    const schema::ObjectType* row = nullptr;
    std::span<const Constraint> constraints;
    Wall wall = Wall::tenant;
    Access access = Access::read_write;
    std::span<const schema::Accessor> updatable;  // append_only: columns that the app role may update
    std::span<const struct ColumnDefault> defaults;
    std::string_view renamed_from;
    std::span<const struct RenamedColumn> renamed_columns;

    [[nodiscard]] const Constraint& primary_key() const;
};

struct ColumnDefault {
    schema::Accessor column;
    std::string_view sql;
};

struct RenamedColumn {
    schema::Accessor column;
    std::string_view from;  // the SQL name that it had
};

// "createdAt" → "created_at".
[[nodiscard]] std::string column_name(std::string_view json_name);
// The field that a member pointer's accessor means; nullptr when it is not of this row.
[[nodiscard]] const schema::Field* find_field(const schema::ObjectType& row, schema::Accessor key);
// The constraint's name in PostgreSQL: as declared, and "products_pkey" for the primary key.
[[nodiscard]] inline std::string constraint_name(const TableView& table, const Constraint& constraint) {
    return constraint.kind == ConstraintKind::primary_key ? std::string(table.name) + "_pkey"
                                                          : std::string(constraint.name);
}

namespace detail {

struct Option {
    std::optional<Access> access;
    schema::Accessor updatable = nullptr;
    std::optional<ColumnDefault> column_default;
    std::string_view renamed_from;
    std::optional<RenamedColumn> renamed_column;
};

template <auto... M>
constexpr Constraint make_constraint(ConstraintKind kind, std::string_view name) {
    static_assert(sizeof...(M) <= max_key_columns, "db: a key has at most six columns besides tenant_id");
    Constraint constraint{.kind = kind, .name = name};
    constraint.columns = {&schema::detail::access_member<M>...};
    constraint.column_count = sizeof...(M);
    return constraint;
}

// A text that a key compares says what it is, so that two which look the same are one.
template <auto M>
consteval bool says_its_text() {
    using Owner = schema::detail::OwnerOf<M>;
    using Member = typename schema::detail::MemberOf<M>;
    if constexpr (std::same_as<Member, std::string> || std::same_as<Member, std::optional<std::string>>) {
        for (const auto& field : schema::detail::spec_of<Owner>.fields) {
            if (field.key == &schema::detail::access_member<M>) return field.rules.text != schema::Text::unsaid;
        }
    }
    return true;
}

template <auto First, auto...>
struct FirstOf {
    static constexpr auto value = First;
};

template <class T>
struct WithoutOptional {
    using type = T;
};
template <class T>
struct WithoutOptional<std::optional<T>> {
    using type = T;
};
template <class T>
struct WithoutOptional<schema::Maybe<T>> {
    using type = T;
};

}  // namespace detail

template <class Row, class Key, std::size_t ConstraintCount, std::size_t UpdatableCount, std::size_t DefaultCount>
struct Table {
    using RowType = Row;
    using KeyType = Key;  // std::tuple of the primary key's member types, tenant_id left out

    std::string_view name;
    Wall wall = Wall::tenant;
    Access access = Access::read_write;
    std::array<Constraint, ConstraintCount> constraints{};
    std::array<schema::Accessor, UpdatableCount> updatable{};
    std::array<ColumnDefault, DefaultCount> defaults{};
    std::string_view renamed_from;
    std::array<RenamedColumn, DefaultCount> renamed_columns{};

    // Valid as long as the table, which is a namespace-scope constant.
    [[nodiscard]] constexpr TableView view() const {
        return {name,         &schema::object_of<Row>, constraints, wall, access, updatable, defaults,
                renamed_from, renamed_columns};
    }
};

// ---- Constraints and options -------------------------------------------------------------------------------------

template <auto... M>
struct PrimaryKey {
    using Key = std::tuple<schema::detail::MemberOf<M>...>;
    base::ErrorCode error{};
    constexpr Constraint constraint() const {
        auto constraint = detail::make_constraint<M...>(ConstraintKind::primary_key, "pkey");
        constraint.error = error;
        return constraint;
    }
};

// `error`: what a second row with this key means, where clients make ids.
template <auto... M>
constexpr PrimaryKey<M...> primary_key(base::ErrorCode error = {}) {
    static_assert((detail::says_its_text<M>() && ...), "db::primary_key: a text of a key says what it is: {.text = …}");
    return {error};
}

template <auto... M>
constexpr Constraint unique(std::string_view name, base::ErrorCode error) {
    static_assert((detail::says_its_text<M>() && ...), "db::unique: a text of a key says what it is: {.text = …}");
    auto constraint = detail::make_constraint<M...>(ConstraintKind::unique, name);
    constraint.error = error;
    return constraint;
}

template <auto... M>
constexpr Constraint index(std::string_view name) {
    return detail::make_constraint<M...>(ConstraintKind::index, name);
}

// An index over an SQL expression list; tenant_id is not added to it (a trigram index has no use for it).
constexpr Constraint expression_index(std::string_view name, std::string_view method, std::string_view expression) {
    Constraint constraint{.kind = ConstraintKind::index, .name = name};
    constraint.method = method;
    constraint.expression = expression;
    return constraint;
}

namespace detail {

// "lower(name) gin_trgm_ops, lower(notes) gin_trgm_ops", as a constant.
template <auto... M>
struct TrigramExpression {
    template <auto One>
    static consteval std::string_view json_name() {
        using Member = typename WithoutOptional<schema::detail::MemberOf<One>>::type;
        static_assert(std::same_as<Member, std::string>, "db::text_index: a member is no text");
        for (const auto& field : schema::detail::spec_of<schema::detail::OwnerOf<One>>.fields) {
            if (field.key == &schema::detail::access_member<One>) return field.name;
        }
        return {};
    }
    static constexpr auto write(auto append) {
        bool first = true;
        const auto add = [&](std::string_view name) {
            append(first ? "lower(" : ", lower(");
            first = false;
            for (const char c : name) {
                const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
                if (lower != c) append("_");
                append({&lower, 1});
            }
            append(") gin_trgm_ops");
        };
        (add(json_name<M>()), ...);
    }
    static constexpr std::size_t size = [] {
        std::size_t count = 0;
        write([&](std::string_view part) { count += part.size(); });
        return count;
    }();
    static constexpr auto text = [] {
        std::array<char, size> text{};
        std::size_t at = 0;
        write([&](std::string_view part) {
            for (const char c : part) text[at++] = c;
        });
        return text;
    }();
    static constexpr std::string_view value{text.data(), text.size()};
};

}  // namespace detail

// Texts that are searched: a trigram index (extension pg_trgm) of them, letter case aside.
template <auto... M>
constexpr Constraint text_index(std::string_view name) {
    auto constraint = detail::make_constraint<M...>(ConstraintKind::index, name);
    constraint.method = "gin";
    constraint.expression = detail::TrigramExpression<M...>::value;
    return constraint;
}

constexpr Constraint check(std::string_view name, std::string_view sql, base::ErrorCode error) {
    Constraint constraint{.kind = ConstraintKind::check, .name = name};
    constraint.predicate = sql;
    constraint.error = error;
    return constraint;
}

// A foreign key to the primary key of `target`, (tenant_id, …) to (tenant_id, …) between tenant tables. The member types
// must be those of the target's key.
template <auto... M, class Target>
constexpr Constraint references(std::string_view name, const Target& target, base::ErrorCode error) {
    using Own = std::tuple<typename detail::WithoutOptional<schema::detail::MemberOf<M>>::type...>;
    static_assert(std::same_as<Own, typename Target::KeyType>,
                  "db::references: the members' types are not those of the target's primary key");
    auto constraint = detail::make_constraint<M...>(ConstraintKind::references, name);
    constraint.error = error;
    constraint.target = target.name;
    constraint.cross_tenant = target.wall != Wall::tenant;
    return constraint;
}

constexpr detail::Option append_only() { return {.access = Access::append_only}; }
constexpr detail::Option no_delete() { return {.access = Access::no_delete}; }
template <auto M>
constexpr detail::Option updatable() {
    return {.updatable = &schema::detail::access_member<M>};
}
// A default for rows that are there when the column is added.
template <auto M>
constexpr detail::Option column_default(std::string_view sql) {
    return {.column_default = ColumnDefault{&schema::detail::access_member<M>, sql}};
}
// The table's or column's former SQL name: the next migration renames instead of dropping and adding. May go once that
// migration is written.
constexpr detail::Option renamed_from(std::string_view name) { return {.renamed_from = name}; }
template <auto M>
constexpr detail::Option renamed_column(std::string_view from) {
    return {.renamed_column = RenamedColumn{&schema::detail::access_member<M>, from}};
}

namespace detail {

template <class T>
inline constexpr bool is_constraint = std::same_as<T, Constraint>;

// The counts of `updatable`, `column_default` and `renamed_column` are upper bounds known from the option count.
template <class Row, auto... KeyMembers, class... Parts>
constexpr auto make_table(std::string_view name, Wall wall, PrimaryKey<KeyMembers...> key, const Parts&... parts) {
    constexpr auto constraint_count = (static_cast<std::size_t>(is_constraint<Parts>) + ... + 1);
    constexpr auto option_count = sizeof...(Parts) + 1 - constraint_count;
    Table<Row, typename PrimaryKey<KeyMembers...>::Key, constraint_count, option_count, option_count> table;
    table.name = name;
    table.wall = wall;
    table.constraints[0] = key.constraint();
    std::size_t constraint = 1;
    std::size_t update = 0;
    std::size_t fallback = 0;
    std::size_t rename = 0;
    const auto add = [&](const auto& part) {
        if constexpr (is_constraint<std::remove_cvref_t<decltype(part)>>) {
            table.constraints[constraint++] = part;
        } else {
            if (part.access) table.access = *part.access;
            if (part.updatable != nullptr) table.updatable[update++] = part.updatable;
            if (part.column_default) table.defaults[fallback++] = *part.column_default;
            if (!part.renamed_from.empty()) table.renamed_from = part.renamed_from;
            if (part.renamed_column) table.renamed_columns[rename++] = *part.renamed_column;
        }
    };
    (add(parts), ...);
    return table;
}

}  // namespace detail

template <class Row, auto... KeyMembers, class... Parts>
constexpr auto tenant_table(std::string_view name, PrimaryKey<KeyMembers...> key, const Parts&... parts) {
    return detail::make_table<Row>(name, Wall::tenant, key, parts...);
}
// The table of tenants: row level security by its id.
template <class Row, auto... KeyMembers, class... Parts>
constexpr auto tenant_root_table(std::string_view name, PrimaryKey<KeyMembers...> key, const Parts&... parts) {
    return detail::make_table<Row>(name, Wall::tenant_root, key, parts...);
}
// A table of the whole installation; only SystemDb reaches it.
template <class Row, auto... KeyMembers, class... Parts>
constexpr auto system_table(std::string_view name, PrimaryKey<KeyMembers...> key, const Parts&... parts) {
    return detail::make_table<Row>(name, Wall::system, key, parts...);
}

}  // namespace db
