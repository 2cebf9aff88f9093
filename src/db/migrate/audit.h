#pragma once
// What no constraint of a living database proves, as it is asked for at the insert alone: that the rows which proven_on_insert()
// references name are there, and the values of enums in append_only() tables. Blocking; one thread; reads each such table once a
// constraint.
//
//     db::migrate::Connection connection(owner_url);
//     for (const std::string& finding : db::migrate::find_what_is_not_proven(connection, snapshot)) out << finding << '\n';

#include <string>
#include <vector>

#include "db/migrate/connection.h"
#include "db/migrate/snapshot.h"

namespace db::migrate {

// A line for each constraint that rows are against: how many, and one of them as JSON.
[[nodiscard]] std::vector<std::string> find_what_is_not_proven(Connection& connection, const Snapshot& snapshot);

}  // namespace db::migrate
