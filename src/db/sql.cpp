#include "db/sql.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "db/types.h"

namespace db {

namespace {

using TypeKind = schema::Kind;

struct TypeNames {
    std::string_view sql;
    std::uint32_t oid;
    std::uint32_t array;
};

TypeNames names_of(TypeKind kind) {
    switch (kind) {
        case TypeKind::boolean: return {"boolean", type::boolean, type::boolean_array};
        case TypeKind::int16: return {"smallint", type::int2, type::int2_array};
        case TypeKind::int32:
        case TypeKind::rate: return {"integer", type::int4, type::int4_array};
        case TypeKind::int64:
        case TypeKind::money: return {"bigint", type::int8, type::int8_array};
        case TypeKind::number: return {"double precision", type::float8, type::float8_array};
        case TypeKind::string:
        case TypeKind::enumeration: return {"text", type::text, type::text_array};
        case TypeKind::uuid: return {"uuid", type::uuid, type::uuid_array};
        case TypeKind::timestamp: return {"timestamptz", type::timestamptz, type::timestamptz_array};
        case TypeKind::date: return {"date", type::date, type::date_array};
        case TypeKind::quantity: return {"numeric(18,4)", type::numeric, type::numeric_array};
        case TypeKind::bytes: return {"bytea", type::bytea, type::bytea_array};
        case TypeKind::object:
        case TypeKind::map:
        case TypeKind::json:
        case TypeKind::array:
        case TypeKind::optional:
        case TypeKind::maybe: break;
    }
    return {"jsonb", type::jsonb, type::jsonb_array};
}

// An array whose elements are columns by themselves; others are one JSON document.
bool is_sql_array(const schema::Type& type) {
    return type.kind == TypeKind::array && names_of(without_optional(*type.element).kind).oid != type::jsonb;
}

}  // namespace

const schema::Type& without_optional(const schema::Type& type) {
    const schema::Type* plain = &type;
    while (plain->kind == TypeKind::optional || plain->kind == TypeKind::maybe) plain = plain->element;
    return *plain;
}

bool is_nullable(const schema::Type& type) { return &without_optional(type) != &type; }

std::string sql_type(const schema::Type& type) {
    const auto& plain = without_optional(type);
    if (!is_sql_array(plain)) return std::string(names_of(plain.kind).sql);
    return std::string(names_of(without_optional(*plain.element).kind).sql) + "[]";
}

std::uint32_t type_oid(const schema::Type& type) {
    const auto& plain = without_optional(type);
    return is_sql_array(plain) ? names_of(without_optional(*plain.element).kind).array : names_of(plain.kind).oid;
}

std::optional<std::string> enum_check(std::string_view column, const schema::Type& type) {
    const auto& plain = without_optional(type);
    const bool array = is_sql_array(plain);
    const auto& scalar = array ? without_optional(*plain.element) : plain;
    if (scalar.kind != TypeKind::enumeration) return std::nullopt;
    std::string values;
    for (const auto& value : scalar.enumeration->values) {
        if (!values.empty()) values += ", ";
        values += quote_literal(value.name);
    }
    return array ? fmt::format("{} <@ array[{}]::text[]", quote_identifier(column), values)
                 : fmt::format("{} in ({})", quote_identifier(column), values);
}

namespace {

// Key words that cannot be a column or table name without quotes (SQL Key Words, PostgreSQL 15, appendix C), sorted.
// clang-format off
constexpr std::string_view reserved_words[] = {
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both",
    "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
    "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for",
    "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner", "intersect",
    "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp",
    "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "placing",
    "primary", "references", "returning", "right", "select", "session_user", "similar", "some", "symmetric", "system_user",
    "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "verbose",
    "when", "where", "window", "with"};
// clang-format on
static_assert(std::ranges::is_sorted(reserved_words));

bool is_plain_identifier(std::string_view name) {
    const auto is_start = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && is_start(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return is_start(c) || (c >= '0' && c <= '9'); }) &&
           !std::ranges::binary_search(reserved_words, name);
}

std::string quoted(std::string_view text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out += quote;
}

}  // namespace

std::string quote_identifier(std::string_view name) {
    return is_plain_identifier(name) ? std::string(name) : quoted(name, '"');
}

// standard_conforming_strings is on since PostgreSQL 9.1: a backslash is a character like any other.
std::string quote_literal(std::string_view text) { return quoted(text, '\''); }

// ---- Parameters and columns --------------------------------------------------------------------------------------

namespace {

std::uint32_t array_oid(const schema::Type& type) { return names_of(without_optional(type).kind).array; }

void append_argument(std::vector<TypedName>& slots, const schema::Type& argument, std::size_t number) {
    if (argument.kind == TypeKind::object) {
        for (const auto& field : argument.object->fields) {
            slots.push_back({column_name(field.name), type_oid(*field.type), is_nullable(*field.type)});
        }
    } else if (argument.kind == TypeKind::array && argument.element->kind == TypeKind::object) {
        for (const auto& field : argument.element->object->fields) {
            slots.push_back({column_name(field.name), array_oid(*field.type), false});
        }
    } else {
        slots.push_back({fmt::format("argument {}", number), type_oid(argument), is_nullable(argument)});
    }
}

}  // namespace

std::vector<TypedName> parameters_of(const StatementView& statement) {
    std::vector<TypedName> slots;
    if (!statement.system) slots.push_back({"tenant_id", type::uuid, false});
    std::size_t number = 0;
    for (const auto* argument : statement.arguments) append_argument(slots, *argument, ++number);
    return slots;
}

std::vector<TypedName> columns_of(const StatementView& statement) {
    std::vector<TypedName> slots;
    if (statement.row == nullptr) return slots;
    if (statement.row->kind != TypeKind::object) return {{"", type_oid(*statement.row), is_nullable(*statement.row)}};
    for (const auto& field : statement.row->object->fields) {
        slots.push_back({column_name(field.name), type_oid(*field.type), is_nullable(*field.type)});
    }
    return slots;
}

// ---- The text ----------------------------------------------------------------------------------------------------

namespace {

class Renderer {
public:
    explicit Renderer(const StatementView& statement)
        : name_(statement.name),
          plan_(statement.plan),
          table_(statement.plan.table()),
          next_(statement.system ? 1 : 2) {}

    std::string text() {
        switch (plan_.verb) {
            case Verb::text: break;
            case Verb::select: return plan_.joined != nullptr ? select_joined() : select();
            case Verb::count: return fmt::format("select count(*) from {}{}", table(), where(""));
            case Verb::insert: return insert() + returning();
            case Verb::insert_all: return insert_all() + returning();
            case Verb::upsert: return insert() + on_conflict() + returning();
            case Verb::update: return update() + returning();
            case Verb::replace: return replace() + returning();
            case Verb::remove: return remove() + returning();
        }
        fail("has neither text nor a plan");
    }

private:
    [[noreturn]] void fail(std::string_view why) const {
        throw std::logic_error(fmt::format("db: statement {} {}", name_, why));
    }

    std::string table() const { return quote_identifier(table_.name); }
    std::string parameter() { return fmt::format("${}", next_++); }

    const schema::Field& field(schema::Accessor key) const {
        const auto* found = find_field(*table_.row, key);
        if (found == nullptr) fail(fmt::format("names a member that is no column of {}", table_.name));
        return *found;
    }
    std::string column(schema::Accessor key) const { return quote_identifier(column_name(field(key).name)); }
    static std::string column(const schema::Field& field) { return quote_identifier(column_name(field.name)); }

    static std::string columns(const TableView& table, std::string_view prefix) {
        std::string list;
        for (const auto& field : table.row->fields) {
            if (!list.empty()) list += ", ";
            list += prefix;
            list += column(field);
        }
        return list;
    }

    // What ties a table to the tenant in $1.
    static std::optional<std::string> tenant_column(const TableView& table) {
        if (table.wall == Wall::tenant) return "tenant_id";
        if (table.wall == Wall::system) return std::nullopt;
        const auto* id = find_field(*table.row, table.primary_key().columns[0]);
        return id != nullptr ? std::optional(column(*id)) : std::nullopt;
    }

    bool is_key(const schema::Field& field) const {
        const auto& key = table_.primary_key();
        return std::find(key.columns.begin(), key.columns.begin() + static_cast<std::ptrdiff_t>(key.column_count),
                         field.key) != key.columns.begin() + static_cast<std::ptrdiff_t>(key.column_count);
    }

    std::string condition(const Condition& condition, std::string_view prefix) {
        const auto left = std::string(prefix) + column(condition.column);
        switch (condition.compare) {
            case Compare::equal: return fmt::format("{} = {}", left, parameter());
            case Compare::not_equal: return fmt::format("{} <> {}", left, parameter());
            case Compare::less: return fmt::format("{} < {}", left, parameter());
            case Compare::at_most: return fmt::format("{} <= {}", left, parameter());
            case Compare::greater: return fmt::format("{} > {}", left, parameter());
            case Compare::at_least: return fmt::format("{} >= {}", left, parameter());
            case Compare::any: return fmt::format("{} = any({})", left, parameter());
            case Compare::is_null: return left + " is null";
            case Compare::is_not_null: return left + " is not null";
        }
        fail("has an unknown comparison");
    }

    std::string where(std::string_view prefix) {
        std::vector<std::string> parts;
        if (const auto tenant = tenant_column(table_)) parts.push_back(fmt::format("{}{} = $1", prefix, *tenant));
        for (std::size_t i = 0; i < plan_.condition_count; ++i) parts.push_back(condition(plan_.conditions[i], prefix));
        if (plan_.after) parts.push_back(after(prefix));
        return parts.empty() ? "" : fmt::format(" where {}", fmt::join(parts, " and "));
    }

    // A row comparison is one range of the index; the same written with and/or is not.
    std::string after(std::string_view prefix) {
        std::vector<std::string> left;
        std::vector<std::string> right;
        for (std::size_t i = 0; i < plan_.order_count; ++i) {
            left.push_back(std::string(prefix) + column(plan_.order[i]));
            right.push_back(parameter());
        }
        const auto* compare = plan_.descending ? "<" : ">";
        if (left.size() == 1) return fmt::format("{} {} {}", left[0], compare, right[0]);
        return fmt::format("({}) {} ({})", fmt::join(left, ", "), compare, fmt::join(right, ", "));
    }

    std::string order(std::string_view prefix) {
        if (plan_.order_count == 0) {
            if (plan_.paged) fail("is a page without an order");
            return "";
        }
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < plan_.order_count; ++i) {
            parts.push_back(std::string(prefix) + column(plan_.order[i]) + (plan_.descending ? " desc" : ""));
        }
        return fmt::format(" order by {}", fmt::join(parts, ", "));
    }

    // A page that skips or repeats no row needs a total order without nulls.
    void require_total_order() const {
        for (std::size_t i = 0; i < plan_.order_count; ++i) {
            const auto& by = field(plan_.order[i]);
            if (!is_nullable(*by.type)) continue;
            fail(fmt::format("pages by {}.{}, which may be null: order by columns that are never null", table_.name,
                             column_name(by.name)));
        }
        const auto in_order = [&](schema::Accessor key) {
            return std::find(plan_.order.begin(), plan_.order.begin() + static_cast<std::ptrdiff_t>(plan_.order_count),
                             key) != plan_.order.begin() + static_cast<std::ptrdiff_t>(plan_.order_count);
        };
        for (const auto& constraint : table_.constraints) {
            const bool is_unique =
                constraint.kind == ConstraintKind::primary_key ||
                (constraint.kind == ConstraintKind::unique && constraint.predicate.empty() && !constraint.without_case);
            if (!is_unique) continue;
            if (std::all_of(constraint.columns.begin(),
                            constraint.columns.begin() + static_cast<std::ptrdiff_t>(constraint.column_count),
                            in_order)) {
                return;
            }
        }
        fail(fmt::format("pages in an order that is not total: end it with the primary key of {}", table_.name));
    }

    std::string tail(std::string_view prefix) {
        auto text = order(prefix);
        // Without the cast PostgreSQL takes the limit for a bigint, and the argument is an std::int32_t.
        if (plan_.paged) text += fmt::format(" limit {}::integer", parameter());
        if (plan_.lock != RowLock::none) text += plan_.lock == RowLock::remove ? " for update" : " for no key update";
        return text;
    }

    std::string select() {
        if (plan_.paged) require_total_order();
        auto text = fmt::format("select {} from {}{}", columns(table_, ""), table(), where(""));
        return text + tail("");
    }

    std::string select_joined() {
        const auto target = plan_.joined();
        const auto& key = target.primary_key();
        if (key.column_count != 1)
            fail(fmt::format("joins {}, whose key has several columns: write it as text", target.name));
        const auto* id = find_field(*target.row, key.columns[0]);
        auto on = fmt::format("target.{} = source.{}", column(*id), column(plan_.joined_by));
        if (target.wall == Wall::tenant) {
            if (table_.wall == Wall::system) fail("joins a tenant table from a system table: write it as text");
            // $1 for both sides: each index is then entered by a constant.
            on = "target.tenant_id = $1 and " + on;
        }
        auto text = fmt::format("select {} from {} as source join {} as target on {}{}", columns(target, "target."),
                                table(), quote_identifier(target.name), on, where("source."));
        return text + tail("source.");
    }

    std::string insert() {
        std::vector<std::string> names;
        std::vector<std::string> values;
        if (table_.wall == Wall::tenant) {
            names.emplace_back("tenant_id");
            values.emplace_back("$1");
        }
        for (const auto& field : table_.row->fields) {
            names.push_back(column(field));
            values.push_back(parameter());
        }
        return fmt::format("insert into {} ({}) values ({})", table(), fmt::join(names, ", "), fmt::join(values, ", "));
    }

    std::string insert_all() {
        std::vector<std::string> arrays;
        for (const auto& field : table_.row->fields) {
            const auto type = sql_type(*field.type);
            // unnest() takes an array of arrays apart to its scalars.
            if (type.ends_with("[]"))
                fail(fmt::format("inserts many rows, but {} is an array: insert one by one", field.name));
            const auto element = type.starts_with("numeric") ? "numeric" : type;
            arrays.push_back(fmt::format("{}::{}[]", parameter(), element));
        }
        const bool tenant = table_.wall == Wall::tenant;
        return fmt::format("insert into {} ({}{}) select {}* from unnest({})", table(), tenant ? "tenant_id, " : "",
                           columns(table_, ""), tenant ? "$1::uuid, " : "", fmt::join(arrays, ", "));
    }

    std::string on_conflict() {
        std::vector<std::string> key;
        if (table_.wall == Wall::tenant) key.emplace_back("tenant_id");
        const auto& primary = table_.primary_key();
        for (std::size_t i = 0; i < primary.column_count; ++i) key.push_back(column(primary.columns[i]));
        std::vector<std::string> set;
        for (const auto& field : table_.row->fields) {
            if (!is_key(field)) set.push_back(fmt::format("{0} = excluded.{0}", column(field)));
        }
        if (set.empty()) return fmt::format(" on conflict ({}) do nothing", fmt::join(key, ", "));
        return fmt::format(" on conflict ({}) do update set {}", fmt::join(key, ", "), fmt::join(set, ", "));
    }

    void require_condition() const {
        if (plan_.condition_count == 0) fail("would change every row: add where<>(), or write it as text");
    }

    std::string update() {
        require_condition();
        if (plan_.set_count == 0) fail("updates no column");
        std::vector<std::string> set;
        for (std::size_t i = 0; i < plan_.set_count; ++i)
            set.push_back(fmt::format("{} = {}", column(plan_.set[i]), parameter()));
        return fmt::format("update {} set {}{}", table(), fmt::join(set, ", "), where(""));
    }

    std::string replace() {
        std::vector<std::string> set;
        std::vector<std::string> conditions;
        if (const auto tenant = tenant_column(table_)) conditions.push_back(*tenant + " = $1");
        bool has_version = false;
        for (const auto& field : table_.row->fields) {
            has_version = has_version || (column(field) == "version" && field.type->kind == TypeKind::int32);
            (is_key(field) ? conditions : set).push_back(fmt::format("{} = {}", column(field), parameter()));
        }
        if (!has_version) fail(fmt::format("replaces rows of {}, which has no std::int32_t version", table_.name));
        conditions.push_back(fmt::format("version = {}", parameter()));
        return fmt::format("update {} set {} where {}", table(), fmt::join(set, ", "), fmt::join(conditions, " and "));
    }

    std::string remove() {
        require_condition();
        return fmt::format("delete from {}{}", table(), where(""));
    }

    std::string returning() const { return plan_.returning ? " returning " + columns(table_, "") : ""; }

    std::string_view name_;
    const Plan& plan_;
    TableView table_;
    std::size_t next_;
};

}  // namespace

std::string render(const StatementView& statement) {
    auto text = statement.plan.verb == Verb::text ? std::string(statement.sql) : Renderer(statement).text();
    return statement.counts ? fmt::format("select count(*) from ({}) as list", text) : text;
}

}  // namespace db
