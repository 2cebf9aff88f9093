#pragma once
// Queue: the producer's and the administrator's side of one BullMQ queue, on a client of the same loop. Cheap; lives shorter
// than its client; one thread.
//
//     jobs::Queue queue(client, "mail");
//     std::string id = co_await queue.add(send_invite, Invite{...}, {.delay = 10min});
//     auto counts = co_await queue.counts();
//     jobs::Queue traced(client, "mail", {.span = context.span()});             // its jobs continue the request's trace
//
// Adding a job is not repeated when the connection is lost in mid-air (redis.outcome_unknown), unless it has an own job_id.
// Errors: jobs/errors.h and redis/errors.h. Schedulers: scheduler.h; trees of jobs: flow.h; events: queue_events.h.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "jobs/job_record.h"
#include "jobs/job_type.h"
#include "jobs/queue_keys.h"
#include "redis/client.h"

namespace jobs {

struct QueueOptions {
    std::string prefix = "bull";
    std::size_t max_data_bytes = 1U << 20U;
    const base::Clock* clock = &base::system_clock();
    const observe::SpanContext* span = nullptr;  // of whose trace the jobs are that are added; outlives the queue
};

struct Page {
    std::int64_t start = 0;
    std::int64_t end = 99;  // inclusive; -1: all
    bool ascending = false;
};

struct JobCounts {
    std::int64_t waiting = 0, active = 0, delayed = 0, prioritized = 0, waiting_children = 0, completed = 0, failed = 0;
};

struct JobLogs {
    std::vector<std::string> rows;
    std::int64_t total = 0;
};

// One point a minute, the newest first.
struct MinuteMetrics {
    std::int64_t total = 0;
    std::vector<std::int64_t> points;
};

struct RateLimit {
    std::int64_t max = 0;  // jobs started
    milliseconds duration{0};
};

class Queue {
public:
    Queue(redis::Client& client, std::string_view name, QueueOptions options = {});

    // ---- Adding (queue.cpp). The reply is the id: the owner's when the job is a duplicate.
    template <class Data>
    [[nodiscard]] async::Task<std::string> add(const JobType<Data>& type, const Data& data, JobOptions options = {}) {
        require_own(type.queue);
        return add_job(make_job(type, data, std::move(options)));
    }
    [[nodiscard]] async::Task<std::string> add_job(NewJob job);
    // A round trip for a thousand. The first that Redis refused is thrown; the others of its thousand have been added.
    [[nodiscard]] async::Task<std::vector<std::string>> add_bulk(std::vector<NewJob> jobs);

    // ---- One job (queue_job.cpp).
    [[nodiscard]] async::Task<std::optional<JobRecord>> job(std::string id);
    [[nodiscard]] async::Task<JobState> state(std::string id);
    [[nodiscard]] async::Task<JobLogs> logs(std::string id, Page page = {.ascending = true});
    // Keeps the newest rows when the job or the caller says how many; returns how many there are. Sent again when the connection
    // is lost before the answer: the row may then stand twice.
    [[nodiscard]] async::Task<std::int64_t> add_log(std::string id, std::string row,
                                                    std::optional<std::int64_t> keep = {});
    [[nodiscard]] async::Task<void> clear_logs(std::string id, std::int64_t keep = 0);
    [[nodiscard]] async::Task<void> update_progress(std::string id, schema::Json progress);
    [[nodiscard]] async::Task<void> update_data(std::string id, schema::Json data);
    // Of a delayed job: anew from now.
    [[nodiscard]] async::Task<void> change_delay(std::string id, milliseconds delay);
    [[nodiscard]] async::Task<void> change_priority(std::string id, std::int32_t priority, bool lifo = false);
    // False when there was no such job. Throws jobs.locked while a worker runs it, jobs.scheduled for a scheduler's next job.
    [[nodiscard]] async::Task<bool> remove(std::string id, bool with_children = true);
    struct RetryOptions {
        JobState from = JobState::failed;  // or completed
        bool reset_attempts = false;
    };
    [[nodiscard]] async::Task<void> retry(std::string id, RetryOptions options);
    [[nodiscard]] async::Task<void> retry(std::string id) { return retry(std::move(id), RetryOptions{}); }
    // Of a delayed job: runs now.
    [[nodiscard]] async::Task<void> promote(std::string id);
    // JSON by the child's key ("bull:mail:17"), of a parent.
    [[nodiscard]] async::Task<std::map<std::string, std::string>> children_values(const std::string& id);
    [[nodiscard]] async::Task<std::map<std::string, std::string>> ignored_children_failures(const std::string& id);
    struct DependencyCounts {
        std::int64_t processed = 0, unprocessed = 0, ignored = 0, failed = 0;
    };
    [[nodiscard]] async::Task<DependencyCounts> dependency_counts(std::string id);
    [[nodiscard]] async::Task<bool> remove_child_dependency(std::string id, std::string parent_key);
    [[nodiscard]] async::Task<void> remove_unprocessed_children(std::string id);
    [[nodiscard]] async::Task<std::optional<std::string>> deduplication_owner(std::string deduplication_id);
    // The next job with this id is added. With a job id only when that one is the owner.
    [[nodiscard]] async::Task<bool> remove_deduplication_key(std::string deduplication_id, std::string owner = {});

    // ---- Many jobs (queue_getters.cpp).
    [[nodiscard]] async::Task<JobCounts> counts();
    [[nodiscard]] async::Task<std::map<std::int32_t, std::int64_t>> counts_per_priority(
        std::vector<std::int32_t> priorities);
    [[nodiscard]] async::Task<std::vector<JobRecord>> jobs(std::vector<JobState> states, Page page = {});
    [[nodiscard]] async::Task<MinuteMetrics> metrics(JobState ended, Page page = {.end = -1});
    // Connections of workers, by their names.
    [[nodiscard]] async::Task<std::vector<std::string>> workers();

    // ---- The queue as a whole (queue_admin.cpp).
    [[nodiscard]] async::Task<void> pause();
    [[nodiscard]] async::Task<void> resume();
    [[nodiscard]] async::Task<bool> is_paused();
    // Removes what waits; delayed jobs too when told so. What runs and what a scheduler owns stays.
    [[nodiscard]] async::Task<void> drain(bool delayed = false);
    struct CleanOptions {
        JobState state = JobState::completed;
        milliseconds grace{0};   // younger ones stay
        std::int64_t limit = 0;  // 0: all
    };
    [[nodiscard]] async::Task<std::vector<std::string>> clean(CleanOptions options);
    // Everything of the queue. It must be paused; with `force` also when jobs run.
    [[nodiscard]] async::Task<void> obliterate(bool force = false);
    [[nodiscard]] async::Task<void> retry_all(JobState from = JobState::failed);
    [[nodiscard]] async::Task<void> promote_all();
    // Over all workers; nullopt lifts it.
    [[nodiscard]] async::Task<void> set_global_concurrency(std::optional<std::int64_t> jobs);
    [[nodiscard]] async::Task<std::optional<std::int64_t>> global_concurrency();
    [[nodiscard]] async::Task<bool> is_maxed();
    [[nodiscard]] async::Task<void> set_global_rate_limit(std::optional<RateLimit> limit);
    [[nodiscard]] async::Task<std::optional<RateLimit>> global_rate_limit();
    // No job starts for so long, where a rate limit is in force; zero lifts it.
    [[nodiscard]] async::Task<void> rate_limit(milliseconds time);
    [[nodiscard]] async::Task<milliseconds> rate_limit_left();
    [[nodiscard]] async::Task<std::int64_t> trim_events(std::int64_t keep);

    [[nodiscard]] const std::string& name() const noexcept { return keys_.name; }
    [[nodiscard]] const QueueKeys& keys() const noexcept { return keys_; }
    [[nodiscard]] redis::Client& client() const noexcept { return *client_; }
    [[nodiscard]] const QueueOptions& options() const noexcept { return options_; }
    [[nodiscard]] std::int64_t now() const;

private:
    // Throws jobs.bad_queue.
    void require_own(std::string_view queue) const;
    [[nodiscard]] async::Task<std::map<std::string, std::string>> hash(std::string key);

    redis::Client* client_;
    QueueKeys keys_;
    QueueOptions options_;
};

}  // namespace jobs
