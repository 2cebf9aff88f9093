#pragma once
// Job<Data>: what a handler is given: the job's data, and what it may do while it runs. Lives until the handler has ended; the
// worker's loop alone touches it, but for its Cancellation.
//
//     async::Task<Receipt> send_receipt(jobs::Job<Sale>& job) {
//         co_await job.log("printing " + job.data().number);
//         co_await job.update_progress(50);
//         job.throw_if_cancelled();
//         co_return Receipt{...};
//     }
//
// A handler that throws has failed; jobs::Unrecoverable fails the job for good.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "async/task.h"
#include "jobs/job_record.h"
#include "jobs/queue.h"
#include "log/logger.h"
#include "observe/span.h"
#include "schema/schema.h"

namespace jobs {

// Asked for by anyone, honoured by the handler when it can. Thread-safe, so that work on a pool may look at it.
class Cancellation {
public:
    [[nodiscard]] bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }
    // Of the first request.
    [[nodiscard]] std::string reason() const;
    // False when it was requested before.
    bool request(std::string reason);

private:
    mutable std::mutex mutex_;
    std::string reason_;
    std::atomic<bool> requested_{false};
};

namespace detail {
struct RunningJob;
}

class JobContext {
public:
    explicit JobContext(detail::RunningJob& running) noexcept : running_(&running) {}

    [[nodiscard]] const JobRecord& record() const noexcept;
    [[nodiscard]] const std::string& id() const noexcept { return record().id; }
    [[nodiscard]] const std::string& name() const noexcept { return record().name; }
    // Of this run: 1 for the first.
    [[nodiscard]] std::int64_t attempt() const noexcept { return record().attempts_made + 1; }
    // The lock's token: what an effect can be fenced with.
    [[nodiscard]] const std::string& token() const noexcept;
    // Lines carry the queue, the job's id and its name, and trace_id and span_id when there is a trace.
    [[nodiscard]] const logging::Logger& logger() const noexcept;
    // The parent of whatever the handler does: of its Db, of jobs that it adds. nullptr: no trace.
    [[nodiscard]] const observe::SpanContext* span() const noexcept;
    [[nodiscard]] Queue& queue() const noexcept;
    [[nodiscard]] async::Loop& loop() const noexcept;

    // Kept in Redis with the job; returns how many rows there are.
    [[nodiscard]] async::Task<std::int64_t> log(std::string row) const;
    [[nodiscard]] async::Task<void> update_progress(schema::Json progress) const;
    [[nodiscard]] async::Task<void> update_progress(int percent) const;
    [[nodiscard]] async::Task<void> update_data(schema::Json data) const;
    [[nodiscard]] async::Task<std::map<std::string, std::string>> children_values() const;

    // Lock lost, deadline passed, worker closing, or asked for by id.
    [[nodiscard]] bool cancelled() const noexcept { return cancellation()->requested(); }
    [[nodiscard]] const std::shared_ptr<Cancellation>& cancellation() const noexcept;
    // Throws jobs.cancelled.
    void throw_if_cancelled() const;
    // Throws jobs.cancelled as soon as the job is cancelled.
    [[nodiscard]] async::Task<void> sleep(milliseconds time) const;

    // These take the job out of the worker's hands: the handler returns after them, and what it returns does not count.
    // No attempt is counted.
    [[nodiscard]] async::Task<void> move_to_delayed(milliseconds delay) const;
    [[nodiscard]] async::Task<void> move_to_wait() const;
    // False when there is no unfinished child to wait for. Otherwise the job runs again when all have ended.
    [[nodiscard]] async::Task<bool> move_to_waiting_children() const;
    // As move_to_wait, and no worker of a rate-limited queue starts a job for so long.
    [[nodiscard]] async::Task<void> rate_limit(milliseconds time) const;

private:
    detail::RunningJob* running_;
};

template <class Data>
class Job : public JobContext {
public:
    Job(JobContext context, Data data) : JobContext(context), data_(std::move(data)) {}
    [[nodiscard]] const Data& data() const noexcept { return data_; }

private:
    Data data_;
};

}  // namespace jobs
