#include "db/migrate/audit.h"

#include <stdexcept>

#include <fmt/format.h>

#include "db/sql.h"

namespace db::migrate {

namespace {

// What row level security hides would be no proof: it binds the owner, too, who sees all by a policy of the migrations.
void require_all_rows(Connection& connection) {
    const auto seen = connection.query(
        "select (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) or exists (select from "
        "pg_policies where schemaname = 'public' and policyname = 'owner_access' and current_user = any(roles))");
    if (seen.at(0).at(0).value_or("f") == "t") return;
    throw std::runtime_error(
        "this user does not see all rows: run it as the user that has run the migrations, or as a superuser");
}

}  // namespace

std::vector<std::string> find_what_is_not_proven(Connection& connection, const Snapshot& snapshot) {
    require_all_rows(connection);
    std::vector<std::string> findings;
    for (const auto& table : snapshot.tables) {
        for (const auto& constraint : table.constraints) {
            if (constraint.type != ConstraintType::on_insert) continue;
            const auto name = quote_identifier(table.name);
            const auto rows = connection.query(fmt::format(
                "select count(*), (select to_jsonb({0}.*) from {0} where not ({1}) limit 1) from {0} where not ({1})",
                name, constraint.predicate));
            const auto count = rows.at(0).at(0).value_or("0");
            if (count == "0") continue;
            findings.push_back(fmt::format("{}: {} rows of {} are against it, such as {}", constraint.name, count,
                                           table.name, rows.at(0).at(1).value_or("")));
        }
    }
    return findings;
}

}  // namespace db::migrate
