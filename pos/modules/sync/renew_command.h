#pragma once
// `backend-api sync renew-feed`: after a database was restored from a backup, every device takes a new snapshot.
//
//     definition.commands = {renew_feed_command()};

#include <vector>

#include "app/own_command.h"
#include "db/query.h"

namespace pos {

[[nodiscard]] app::OwnCommand renew_feed_command();
[[nodiscard]] std::vector<db::StatementView> renew_feed_statements();

}  // namespace pos
