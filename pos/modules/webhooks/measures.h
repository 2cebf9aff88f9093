#pragma once
// What operators are told of webhooks, over all tenants: how many deliveries wait (webhooks_waiting), at how many endpoints (webhooks_failing_endpoints)
// they fail, and how late we are with what is due and could leave (webhooks_late_seconds).
//
//     .measure = measure_webhooks

#include <vector>

#include "db/db.h"
#include "observe/metrics.h"

namespace pos {

[[nodiscard]] async::Task<void> measure_webhooks(db::SystemDb db, observe::Metrics* metrics);
[[nodiscard]] std::vector<db::StatementView> webhook_measure_statements();

}  // namespace pos
