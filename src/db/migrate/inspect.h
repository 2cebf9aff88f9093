#pragma once
// What a database really holds, as facts in PostgreSQL's own words. Two databases compared that way need no parser for SQL:
// both sides were normalised by the same server. Blocking; one thread.
//
//     const auto facts = db::migrate::inspect(connection);          // {"column products.sku" → "text not null", …}
//     for (const std::string& line : db::migrate::compare(replayed, declared)) out << line << '\n';

#include <map>
#include <string>
#include <vector>

#include "db/migrate/connection.h"

namespace db::migrate {

using Facts = std::map<std::string, std::string>;

// Columns, constraints, indexes, policies, grants, options, comments, functions, views, rules, triggers, sequences, types and
// extensions of the schema public, without the ledger and without what belongs to an extension. Columns are told by name: their
// order is no fact.
[[nodiscard]] Facts inspect(Connection& connection);

// One line for each difference.
[[nodiscard]] std::vector<std::string> compare(const Facts& migrations, const Facts& declarations);

}  // namespace db::migrate
