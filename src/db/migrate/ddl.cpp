#include "db/migrate/ddl.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "db/sql.h"

namespace db::migrate {

namespace {

std::string list_of(const std::vector<std::string>& names) {
    std::vector<std::string> quoted;
    for (const auto& name : names) quoted.push_back(quote_identifier(name));
    return fmt::format("{}", fmt::join(quoted, ", "));
}

constexpr std::array policies{"tenant_isolation", "system_access", "owner_access"};

constexpr std::array numbers{std::string_view("smallint"), std::string_view("integer"), std::string_view("bigint"),
                             std::string_view("double precision"), std::string_view("numeric(18,4)")};
bool is_number(std::string_view type) { return std::ranges::find(numbers, type) != numbers.end(); }

// `cast` for every element of an array.
bool is_array(std::string_view type) { return type.ends_with("[]"); }
std::string_view element_of(std::string_view array) { return array.substr(0, array.size() - 2); }

bool casts(std::string_view from, std::string_view to) {
    if (from == "text" || to == "text" || from == to) return true;
    if (is_array(from) || is_array(to))
        return is_array(from) && is_array(to) && casts(element_of(from), element_of(to));
    if (from == "jsonb") return is_number(to) || to == "boolean";
    if (from == "boolean" || to == "boolean") return from == "integer" || to == "integer";
    return is_number(from) && is_number(to);
}

}  // namespace

bool is_index(const ConstraintSnapshot& constraint) {
    return constraint.type == ConstraintType::index || constraint.type == ConstraintType::unique_index;
}

std::string definition_of(const ConstraintSnapshot& constraint) {
    const auto name = quote_identifier(constraint.name);
    const auto* when = constraint.deferred ? " deferrable initially deferred" : "";
    switch (constraint.type) {
        case ConstraintType::primary_key:
            return fmt::format("constraint {} primary key ({})", name, list_of(constraint.columns));
        case ConstraintType::unique:
            return fmt::format("constraint {} unique ({}){}", name, list_of(constraint.columns), when);
        case ConstraintType::check: return fmt::format("constraint {} check ({})", name, constraint.predicate);
        case ConstraintType::foreign_key:
            return fmt::format("constraint {} foreign key ({}) references {} ({}){}", name, list_of(constraint.columns),
                               quote_identifier(constraint.target), list_of(constraint.target_columns), when);
        case ConstraintType::index:
        case ConstraintType::unique_index:
        case ConstraintType::on_insert: break;
    }
    return {};
}

bool is_reference(const ConstraintSnapshot& constraint) {
    return constraint.type == ConstraintType::foreign_key ||
           (constraint.type == ConstraintType::on_insert && !constraint.target.empty());
}

std::string row_exists(std::string_view table, const ConstraintSnapshot& reference) {
    std::vector<std::string> terms;
    for (std::size_t i = 0; i < reference.columns.size(); ++i)
        terms.push_back(fmt::format("named.{} = {}.{}", quote_identifier(reference.target_columns[i]),
                                    quote_identifier(table), quote_identifier(reference.columns[i])));
    return fmt::format("exists (select from {} named where {})", quote_identifier(reference.target),
                       fmt::join(terms, " and "));
}

// As a CHECK: what is null is not against it.
std::string create_insert_policy(std::string_view table, const ConstraintSnapshot& constraint) {
    return fmt::format(
        "create policy {} on {} as restrictive for insert to {{{{app}}}}, {{{{app_system}}}} "
        "with check (({}) is not false or violate({}) is null)",
        quote_identifier(constraint.name), quote_identifier(table), constraint.predicate,
        quote_literal(constraint.name));
}

std::string create_index(const TableSnapshot& table, const ConstraintSnapshot& index) {
    return fmt::format("create {}index {} on {}{} ({}){}", index.type == ConstraintType::unique_index ? "unique " : "",
                       quote_identifier(index.name), quote_identifier(table.name),
                       index.method.empty() ? "" : " using " + index.method,
                       index.expression.empty() ? list_of(index.columns) : index.expression,
                       index.predicate.empty() ? "" : fmt::format(" where {}", index.predicate));
}

std::string definition_of(const ColumnSnapshot& column) {
    return fmt::format("{} {}{}{}", quote_identifier(column.name), column.type, column.nullable ? "" : " not null",
                       column.fallback.empty() ? "" : " default " + column.fallback);
}

bool comes_with_table(const TableSnapshot& table, const ConstraintSnapshot& constraint) {
    if (constraint.type == ConstraintType::check || constraint.type == ConstraintType::primary_key) return true;
    return constraint.type == ConstraintType::unique &&
           std::ranges::none_of(table.constraints, [&](const ConstraintSnapshot& other) {
               const bool key = other.type == ConstraintType::unique || other.type == ConstraintType::primary_key;
               return key && other.name != constraint.name && other.columns == constraint.columns;
           });
}

std::string create_table(const TableSnapshot& table) {
    std::vector<std::string> lines;
    for (const auto& column : table.columns) lines.push_back("    " + definition_of(column));
    for (const auto& constraint : table.constraints) {
        if (!comes_with_table(table, constraint)) continue;
        lines.push_back("    " + definition_of(constraint));
    }
    return fmt::format("create table {} (\n{}\n)", quote_identifier(table.name), fmt::join(lines, ",\n"));
}

std::optional<std::string> conversion(std::string_view column, std::string_view from, std::string_view to) {
    const auto name = quote_identifier(column);
    if (casts(from, to)) return fmt::format("{}::{}", name, to);
    // The session's time zone is not to decide.
    if (from == "timestamptz" && to == "date") return fmt::format("({} at time zone 'utc')::date", name);
    if (from == "date" && to == "timestamptz") return fmt::format("{}::timestamp at time zone 'utc'", name);
    if (to == "jsonb") return fmt::format("to_jsonb({})", name);
    if (is_array(to) && !is_array(from) && casts(from, element_of(to))) return fmt::format("array[{}]::{}", name, to);
    return std::nullopt;
}

bool loses_data(std::string_view from, std::string_view to) {
    if (is_array(to)) return loses_data(is_array(from) ? element_of(from) : from, element_of(to));
    const auto is_whole = [](std::string_view type) {
        return type == "smallint" || type == "integer" || type == "bigint";
    };
    if (from == to || to == "text" || to == "jsonb") return false;
    if (to == "boolean") return is_whole(from);  // of a number only whether it is 0 stays
    if (is_whole(to)) return is_number(from) ? !is_whole(from) : from == "jsonb";
    if (to == "double precision")
        return from == "bigint" || from == "numeric(18,4)" || from == "jsonb" || from == "text";
    if (to == "numeric(18,4)") return from == "double precision" || from == "jsonb" || from == "text";
    return from == "timestamptz" && to == "date";
}

std::vector<std::string> create_policies(std::string_view table, const GuardSnapshot& guard) {
    if (guard.wall == Wall::system) return {};
    const auto name = quote_identifier(table);
    // After a transaction the setting reads as '', not null: hence nullif.
    const auto own = fmt::format("{} = nullif(current_setting('app.tenant', true), '')::uuid",
                                 quote_identifier(guard.tenant_column));
    const auto policy = [&](std::string_view policy_name, std::string_view role, std::string_view rows) {
        return fmt::format("create policy {} on {} to {} using ({}) with check ({})", policy_name, name, role, rows,
                           rows);
    };
    return {fmt::format("alter table {} enable row level security", name),
            fmt::format("alter table {} force row level security", name), policy(policies[0], "{{app}}", own),
            policy(policies[1], "{{app_system}}", "true"),
            // FORCE binds the owner too; migrations that change data run as the owner.
            policy(policies[2], "current_user", "true")};
}

std::vector<std::string> drop_policies(std::string_view table, const GuardSnapshot& guard) {
    std::vector<std::string> statements;
    if (guard.wall == Wall::system) return statements;
    const auto name = quote_identifier(table);
    for (const auto* policy : policies) statements.push_back(fmt::format("drop policy {} on {}", policy, name));
    statements.push_back(fmt::format("alter table {} no force row level security", name));
    statements.push_back(fmt::format("alter table {} disable row level security", name));
    return statements;
}

std::vector<std::string> create_grants(std::string_view table, const GuardSnapshot& guard) {
    const std::string_view rows =
        guard.access == Access::read_write ? "select, insert, update, delete" : "select, insert";
    const auto name = quote_identifier(table);
    std::vector<std::string> statements;
    const auto grant = [&](std::string_view role) {
        statements.push_back(fmt::format("grant {} on {} to {{{{{}}}}}", rows, name, role));
        if (!guard.updatable.empty())
            statements.push_back(
                fmt::format("grant update ({}) on {} to {{{{{}}}}}", list_of(guard.updatable), name, role));
    };
    if (guard.wall != Wall::system) grant("app");
    grant("app_system");
    return statements;
}

std::string revoke_grants(std::string_view table) {
    return fmt::format("revoke all on {} from {{{{app}}}}, {{{{app_system}}}}", quote_identifier(table));
}

}  // namespace db::migrate
