#pragma once
// What members hear of without asking: the day's sales, and what runs low. README.md.

#include "app/jobs.h"
#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module alerts_module();

// What the job does each hour: for every member who wants to hear of something, from 07:00 on in the tenant's time zone.
[[nodiscard]] async::Task<void> write_alerts(app::JobScope scope, base::Timestamp now);

// How many members have a summary of yesterday to come, two hours after it was due: what the job `alerts.check` tells of each hour.
[[nodiscard]] async::Task<std::int64_t> missing_summaries(app::JobScope scope, base::Timestamp now);

}  // namespace pos
