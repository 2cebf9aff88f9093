#pragma once
// Inside the library: the calls of the scripts that a worker needs, and their replies. Made once for a worker; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jobs/add_job.h"
#include "jobs/job_record.h"
#include "jobs/msgpack.h"
#include "jobs/worker.h"

namespace jobs::detail {

// What moveToActive answers, and the finishing scripts when they looked for a next job.
struct FetchReply {
    std::int64_t code = 0;  // negative: refused
    bool looked = false;    // the members below say something
    std::optional<JobRecord> job;
    std::int64_t limited_for = 0;   // ms; the queue's rate limit
    std::int64_t next_delayed = 0;  // ms since 1970
};
[[nodiscard]] FetchReply read_fetch(redis::Value reply);

struct FinishDetails {
    const JobRecord* job;
    std::string_view token;
    std::int64_t now = 0;
    bool fetch_next = false;
};

struct FailureText {
    std::string reason;
    std::string stack_trace;  // JSON array
};

class WorkerScripts {
public:
    WorkerScripts(const QueueKeys& keys, const WorkerOptions& options);

    [[nodiscard]] ScriptCall fetch(std::string_view token, std::int64_t now) const;
    [[nodiscard]] ScriptCall complete(const FinishDetails& details, std::string result) const;
    [[nodiscard]] ScriptCall fail(const FinishDetails& details, const FailureText& failure) const;
    [[nodiscard]] ScriptCall retry_now(const FinishDetails& details, const FailureText& failure) const;
    [[nodiscard]] ScriptCall retry_later(const FinishDetails& details, const FailureText& failure,
                                         milliseconds delay) const;
    // Counts no attempt.
    [[nodiscard]] ScriptCall postpone(const FinishDetails& details, milliseconds delay) const;
    [[nodiscard]] ScriptCall give_back(std::string_view job_id, std::string_view token) const;
    [[nodiscard]] ScriptCall find_stalled(std::int64_t now) const;

private:
    [[nodiscard]] std::string fetch_options(std::string_view token) const;
    void write_fetch_options(msgpack::Map& map, std::string_view token) const;
    [[nodiscard]] ScriptCall move_to_finished(const FinishDetails& details, std::string_view state,
                                              std::string value) const;
    [[nodiscard]] std::string finish_options(const FinishDetails& details, bool completed) const;
    [[nodiscard]] ScriptCall move_to_delayed(const FinishDetails& details, milliseconds delay, bool counts,
                                             std::string fields) const;

    QueueKeys keys_;
    std::string name_;
    milliseconds lock_duration_;
    milliseconds stalled_interval_;
    std::int64_t max_stalled_count_;
    std::optional<RateLimit> limiter_;
    KeepJobs keep_completed_;
    KeepJobs keep_failed_;
    std::int64_t metrics_minutes_;
};

}  // namespace jobs::detail
