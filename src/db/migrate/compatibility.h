#pragma once
// What the release before cannot do once the schema is the new one: for minutes at each deployment, and after a rollback, its
// instances run on it. By the declarations of both alone: a statement is taken to use every column of its table. Pure; any thread.
//
//     for (const std::string& sentence : db::migrate::broken_by(before, now)) out << "breaks: " << sentence << '\n';

#include <string>
#include <vector>

#include "db/migrate/snapshot.h"

namespace db::migrate {

// A sentence each, with what to do instead, in two releases.
[[nodiscard]] std::vector<std::string> broken_by(const Snapshot& before, const Snapshot& now);

}  // namespace db::migrate
