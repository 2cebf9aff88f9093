#pragma once
// How long to wait before a failed job is tried again, by bullmq's formulas. Pure but for the random source.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "jobs/job_record.h"

namespace jobs {

// A strategy of the worker's own: nullopt gives the job up. `attempt`: of the failed run, 1 for the first.
using BackoffStrategy =
    std::function<std::optional<milliseconds>(std::int64_t attempt, const JobRecord& job, std::string_view reason)>;
using BackoffStrategies = std::map<std::string, BackoffStrategy, std::less<>>;

// nullopt: the job is not to be tried again. No back-off: at once. Throws jobs.bad_options when nobody knows the type.
[[nodiscard]] std::optional<milliseconds> backoff_delay(const JobRecord& job, std::int64_t attempt,
                                                        std::string_view reason, const BackoffStrategies& strategies,
                                                        base::RandomSource& random);

}  // namespace jobs
