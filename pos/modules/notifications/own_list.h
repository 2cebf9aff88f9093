#pragma once
// A member's own notifications, in the app: GET /v1/notifications/mine, and what marks them as read.

#include <vector>

#include "db/query.h"
#include "http/handler.h"

namespace pos {

void own_notification_routes(http::Routes routes);
[[nodiscard]] std::vector<db::StatementView> own_notification_statements();

}  // namespace pos
