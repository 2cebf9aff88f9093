#include "db/migrate/audit.h"

#include <fmt/format.h>

#include "db/sql.h"

namespace db::migrate {

std::vector<std::string> find_what_is_not_proven(Connection& connection, const Snapshot& snapshot) {
    std::vector<std::string> findings;
    for (const auto& table : snapshot.tables) {
        for (const auto& constraint : table.constraints) {
            if (constraint.type != ConstraintType::on_insert) continue;
            const auto rows = connection.query(
                fmt::format("select count(*), (array_agg(to_jsonb({0}.*)))[1] from {0} where not ({1})",
                            quote_identifier(table.name), constraint.predicate));
            const auto count = rows.at(0).at(0).value_or("0");
            if (count == "0") continue;
            findings.push_back(fmt::format("{}: {} rows of {} are against it, such as {}", constraint.name, count,
                                           table.name, rows.at(0).at(1).value_or("")));
        }
    }
    return findings;
}

}  // namespace db::migrate
