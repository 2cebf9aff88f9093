#include "db/check.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/strings.h"
#include "db/types.h"

namespace db {

namespace {

// A statement name that nobody else has on this connection.
constexpr const char* prepared_name = "db_check";
// `select pg_notify(…)` gives one column of it, and nothing to read.
constexpr std::uint32_t void_type = 2278;

// Tables below the optional side of an outer join, unless they are also read elsewhere in the statement.
constexpr const char* outer_joined_sql = R"(
with recursive node as (
    select $1::jsonb -> 0 -> 'Plan' as plan, false as optional
    union all
    select child, node.optional or coalesce(
        node.plan ->> 'Join Type' = 'Full'
        or (node.plan ->> 'Join Type' = 'Left' and child ->> 'Parent Relationship' = 'Inner')
        or (node.plan ->> 'Join Type' = 'Right' and child ->> 'Parent Relationship' = 'Outer'), false)
    from node, jsonb_array_elements(node.plan -> 'Plans') as child
)
select plan ->> 'Relation Name'
from node
where plan ? 'Relation Name'
group by 1
having bool_and(optional)
)";

constexpr const char* column_sql = R"(
select relname, attname, attnotnull, relkind in ('v', 'm')
from pg_attribute join pg_class on pg_class.oid = attrelid
where attrelid = $1::oid and attnum = $2::int2
)";

// The functions that a statement calls which may write, from the parsed body of a function made of it. PostgreSQL's own are known by
// name, as most that are volatile write nothing (random()); others say `stable` when they only read.
constexpr const char* volatile_functions_sql = R"(
with called as (
    select distinct found[1]::oid as id
    from pg_proc, regexp_matches(prosqlbody::text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') found
    where proname = 'db_check_body' and pronamespace = pg_my_temp_schema()
)
select id::regprocedure::text
from called join pg_proc on oid = id
where provolatile = 'v' and (pronamespace <> 'pg_catalog'::regnamespace or proname in ('nextval', 'setval', 'pg_notify', 'set_config')
    or proname like 'pg\_%advisory%' or proname like 'lo\_%')
order by 1
)";

bool is_show(std::string_view sql) {
    const auto text = base::trim(sql);
    return text.starts_with("show ") || text.starts_with("SHOW ");
}

}  // namespace

StatementChecker::StatementChecker(migrate::Connection& connection, migrate::Roles roles)
    : connection_(connection), roles_(std::move(roles)) {}

std::vector<std::string> StatementChecker::check(const StatementView& statement) {
    Lines findings;
    try {
        // The tenant's type is given: a builder's insert into the table of tenants does not use it. All others are inferred,
        // as an explicit type would hide a cast that loses digits.
        const std::vector<std::uint32_t> types(statement.system ? 0 : 1, type::uuid);
        const auto description = connection_.prepare(prepared_name, render(statement), types);
        check_parameters(statement, description, findings);
        plan_ = plan_as_role(statement, description.parameters.size(), findings);
        check_columns(statement, description, findings);
        if (statement.kind != Kind::write) check_reads_only(statement, description, findings);
    } catch (const migrate::SqlError& error) {
        findings.push_back(
            fmt::format("PostgreSQL refuses it: {}{}", error.what(),
                        error.position() > 0 ? fmt::format(" (at character {})", error.position()) : ""));
    } catch (const std::logic_error& error) {
        findings.emplace_back(error.what());
    }
    return findings;
}

const std::string& StatementChecker::type_name(std::uint32_t oid) {
    auto& name = type_names_[oid];
    if (name.empty())
        name = connection_.query("select format_type($1::oid, null)", {std::to_string(oid)}).at(0).at(0).value();
    return name;
}

void StatementChecker::check_parameters(const StatementView& statement, const migrate::Description& description,
                                        Lines& findings) {
    const auto expected = parameters_of(statement);
    const auto& got = description.parameters;
    if (expected.size() != got.size()) {
        findings.push_back(fmt::format("the declaration gives {} parameters{}, the statement uses {}", expected.size(),
                                       statement.system ? "" : " (the tenant is $1)", got.size()));
    }
    for (std::size_t i = 0; i < std::min(expected.size(), got.size()); ++i) {
        if (expected[i].oid == got[i]) continue;
        findings.push_back(fmt::format("parameter ${} ({}): the declaration gives {}, PostgreSQL takes {}", i + 1,
                                       expected[i].name, type_name(expected[i].oid), type_name(got[i])));
    }
}

void StatementChecker::check_columns(const StatementView& statement, const migrate::Description& description,
                                     Lines& findings) {
    const auto expected = columns_of(statement);
    const auto& got = description.columns;
    if (statement.row == nullptr) {
        const bool silent = std::ranges::all_of(got, [](const auto& column) { return column.type == void_type; });
        if (!silent)
            findings.push_back(fmt::format("the declaration is void, the statement gives {} columns", got.size()));
        return;
    }
    if (expected.size() != got.size()) {
        std::vector<std::string> names;
        for (const auto& column : got) names.push_back(column.name);
        findings.push_back(fmt::format("the row type has {} columns, the statement gives {} ({})", expected.size(),
                                       got.size(), fmt::join(names, ", ")));
        return;
    }
    const auto outer_joined = outer_joined_tables(plan_);
    for (std::size_t i = 0; i < expected.size(); ++i) check_column(expected[i], got[i], outer_joined, findings);
}

void StatementChecker::check_column(const TypedName& expected, const migrate::Description::Column& column,
                                    const std::vector<std::string>& outer_joined, Lines& findings) {
    if (!expected.name.empty() && expected.name != column.name) {
        findings.push_back(fmt::format("column {}: the row type has {} in this place", column.name, expected.name));
        return;
    }
    if (expected.oid != column.type) {
        findings.push_back(fmt::format("column {}: the declaration reads {}, the statement gives {}", column.name,
                                       type_name(expected.oid), type_name(column.type)));
    }
    if (expected.nullable || column.table == 0) return;
    const auto rows =
        connection_.query(column_sql, {std::to_string(column.table), std::to_string(column.table_column)});
    if (rows.empty() || rows[0][3] == "t") return;
    if (rows[0][2] == "f") {
        findings.push_back(
            fmt::format("column {}: {}.{} may be null; make the member std::optional, or coalesce() in the statement",
                        column.name, *rows[0][0], *rows[0][1]));
    } else if (std::ranges::find(outer_joined, *rows[0][0]) != outer_joined.end()) {
        findings.push_back(
            fmt::format("column {}: {} is outer joined, so it may be null; make the member std::optional", column.name,
                        *rows[0][0]));
    }
}

std::string StatementChecker::plan_as_role(const StatementView& statement, std::size_t parameter_count,
                                           Lines& findings) {
    const auto& role = statement.system || statement.as_system ? roles_.system : roles_.app;
    std::string execute = fmt::format("explain (format json) execute {}", prepared_name);
    if (parameter_count > 0) {
        execute += fmt::format("({})", fmt::join(std::vector<std::string_view>(parameter_count, "null"), ", "));
    }
    std::string plan;
    // Explaining starts the executor, which checks privileges; a generic plan does not fold the nulls.
    connection_.execute("begin");
    try {
        connection_.execute(
            fmt::format("set local role {}; set local plan_cache_mode = force_generic_plan", quote_identifier(role)));
        const auto rows = connection_.query(execute);
        if (!rows.empty()) plan = rows[0].at(0).value_or("");
    } catch (const migrate::SqlError& error) {
        findings.push_back(fmt::format("the role {} cannot run it: {}", role, error.what()));
    }
    connection_.execute("rollback");
    return plan;
}

// Its connections are read-only, so the first request would find it. Plans show what a WITH changes, too.
void StatementChecker::check_reads_only(const StatementView& statement, const migrate::Description& description,
                                        Lines& findings) {
    constexpr std::string_view remedy = "it is declared as a read; give it db::Kind::write";
    if (plan_.contains(R"("Node Type": "ModifyTable")"))
        findings.push_back(fmt::format("the statement changes rows, but {}", remedy));
    if (plan_.contains(R"("Node Type": "LockRows")"))
        findings.push_back(fmt::format("the statement locks rows, but {}", remedy));
    if (plan_.empty()) return;  // the role may not run it, which is a finding already
    // A utility statement, which no function may hold.
    if (!plan_.contains(R"("Plan":)")) {
        if (!is_show(render(statement)))
            findings.push_back(fmt::format("the statement has no plan, and is no `show`, but {}", remedy));
        return;
    }
    for (const auto& function : volatile_functions(statement, description, findings))
        findings.push_back(fmt::format("the statement calls {}, which is volatile, but {}", function, remedy));
}

std::vector<std::string> StatementChecker::volatile_functions(const StatementView& statement,
                                                              const migrate::Description& description,
                                                              Lines& findings) {
    std::vector<std::string> types;
    for (const auto oid : description.parameters) types.push_back(type_name(oid));
    std::vector<std::string> functions;
    connection_.execute("begin");
    try {
        connection_.execute(
            fmt::format("create function pg_temp.db_check_body({}) returns void language sql begin atomic {}\n; end",
                        fmt::join(types, ", "), render(statement)));  // the line's end is a comment's, too
        for (auto& row : connection_.query(volatile_functions_sql)) functions.push_back(row[0].value());
    } catch (const migrate::SqlError& error) {
        findings.push_back(fmt::format("what it calls cannot be told, as no function can hold it: {}", error.what()));
    }
    connection_.execute("rollback");
    return functions;
}

std::vector<std::string> StatementChecker::outer_joined_tables(const std::string& plan) {
    std::vector<std::string> tables;
    // Utility statements have no plan.
    if (!plan.starts_with('[')) return tables;
    for (auto& row : connection_.query(outer_joined_sql, {plan})) tables.push_back(row[0].value());
    return tables;
}

}  // namespace db
