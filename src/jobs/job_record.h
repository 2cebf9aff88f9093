#pragma once
// A job as its hash in Redis says. A value; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_options.h"
#include "redis/value.h"

namespace jobs {

// In bullmq's words: waiting, waiting-children.
enum class JobState : std::uint8_t {
    waiting,
    active,
    delayed,
    prioritized,
    waiting_children,
    completed,
    failed,
    unknown
};
[[nodiscard]] std::string_view to_string(JobState state);
// The suffix of the key that holds the ids: "wait" where the word is "waiting".
[[nodiscard]] std::string_view key_suffix(JobState state);
[[nodiscard]] JobState state_from(std::string_view word);

// Instants are ms since 1970. What another producer left out or misspelt has its default here.
struct JobRecord {
    std::string id;
    std::string name;
    std::string data;  // JSON text, unless another producer wrote something else
    JobOptions options;
    std::string stored_options;  // the JSON that `options` was read from
    std::int64_t timestamp = 0;
    std::int64_t delay = 0;
    std::int64_t priority = 0;
    std::int64_t attempts_started = 0;
    std::int64_t attempts_made = 0;
    std::int64_t stalled_count = 0;
    std::optional<std::int64_t> processed_on;
    std::optional<std::int64_t> finished_on;
    std::string progress;      // JSON; empty: none
    std::string return_value;  // JSON; empty: none
    std::string failed_reason;
    std::string stack_trace;  // JSON array of texts; empty: none
    std::optional<std::string> deferred_failure;
    std::string parent_key;
    std::string scheduler_id;
    std::string deduplication_id;
    std::string processed_by;
};

// `fields`: a hash as a flat array.
[[nodiscard]] JobRecord read_job(std::string id, redis::Value fields);
[[nodiscard]] std::vector<std::string> stack_traces(const JobRecord& job);

}  // namespace jobs
