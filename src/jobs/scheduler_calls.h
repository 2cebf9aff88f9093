#pragma once
// Inside the library: what a worker does for the scheduler of the job that it takes. Pure function; any thread.

#include <cstdint>
#include <optional>

#include "jobs/add_job.h"
#include "jobs/job_record.h"

namespace jobs::detail {

// Adds the scheduler's next job; nullopt when its schedule has ended. Throws jobs.bad_schedule for a pattern or zone that
// cannot be read.
[[nodiscard]] std::optional<ScriptCall> next_run_call(const QueueKeys& keys, const JobRecord& job, std::int64_t now);

}  // namespace jobs::detail
