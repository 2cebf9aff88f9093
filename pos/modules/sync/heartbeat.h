#pragma once
// POST /v1/sync/heartbeat: a till says what it has not sent yet; GET /v1/sync/heartbeats shows that to the owner.

#include <vector>

#include "db/query.h"
#include "http/handler.h"

namespace pos::sync {

void heartbeat_routes(http::Routes routes);
[[nodiscard]] std::vector<db::StatementView> heartbeat_statements();

}  // namespace pos::sync
