#pragma once
// Worker: runs the jobs of one queue, beside any number of other workers, ours or Node's. It has two connections of its own,
// the second one blocking and named so that dashboards list it. Made, used and destroyed on its loop's thread; await close()
// before it goes away.
//
//     jobs::LockKeeper locks(redis_options, logger, metrics);
//     jobs::Worker worker({loop, redis_options, locks, logger, metrics}, "mail", {.concurrency = 8});
//     worker.on(send_invite, [&mailer](jobs::Job<Invite>& job) { return mailer.invite(job); });
//     worker.start();
//     ...
//     co_await worker.close(async::Loop::now() + 20s);
//
// A job with no handler here is put off and logged, not failed: another worker may know it.

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "async/blocking_pool.h"
#include "jobs/backoff.h"
#include "jobs/job.h"
#include "jobs/job_type.h"
#include "jobs/lock_keeper.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "redis/options.h"

namespace jobs {

struct WorkerServices {
    async::Loop& loop;
    redis::Options redis;
    LockKeeper& locks;
    logging::Logger logger;
    observe::Metrics& metrics;
    const base::Clock& clock = base::system_clock();
    observe::Tracer* tracer = nullptr;  // who is told of runs; outlives the worker
};

struct WorkerOptions {
    std::string prefix = "bull";
    std::string name{};  // shown with its connection and in its jobs
    std::size_t concurrency = 1;
    milliseconds lock_duration{30'000};
    milliseconds stalled_interval{30'000};
    std::int64_t max_stalled_count = 1;
    std::optional<std::int64_t> max_started_attempts{};
    milliseconds drain_delay{5'000};  // an idle worker looks by itself so often
    milliseconds maximum_rate_limit_delay{30'000};
    milliseconds retry_delay{5'000};               // between tries to reach Redis, at most
    milliseconds unknown_job_delay{30'000};        // a job with no handler here is put off for so long
    milliseconds timeout{0};                       // of one run: it is cancelled then; zero: none
    std::optional<RateLimit> limiter{};            // over all workers that say so
    std::optional<KeepJobs> remove_on_complete{};  // when the job does not say
    std::optional<KeepJobs> remove_on_fail{};
    std::int64_t metrics_minutes = 0;  // points that Redis keeps for dashboards
    BackoffStrategies backoff_strategies{};
    // Awaited before a job fails for good, and again when the worker dies in between; `job` outlives the task. While it throws,
    // the job stays as if the worker had died: it is found stalled.
    std::function<async::Task<void>(const JobRecord* job)> on_failed{};
};

namespace detail {

class WorkerState;

// Runs one job and returns its result as JSON.
struct HandlerEntry {
    std::function<async::Task<std::string>(JobContext)> run;
    milliseconds timeout{0};
};

template <class Task>
struct TaskResult;
template <class T>
struct TaskResult<async::Task<T>> {
    using type = T;
};

// Throws jobs::Unrecoverable: what is wrong with the data stays wrong.
template <class Data>
Data read_data(const JobRecord& job);
template <>
schema::Json read_data<schema::Json>(const JobRecord& job);
[[noreturn]] void refuse_data(const JobRecord& job, const schema::ReadError& error);

template <class Data>
Data read_data(const JobRecord& job) {
    auto data = schema::parse<Data>(job.data, {.in = "data", .max_bytes = job.data.size()});
    if (!data) refuse_data(job, data.error());
    return std::move(*data);
}

template <class Result>
std::string result_json(const Result& result) {
    if constexpr (std::same_as<Result, schema::Json>) {
        return result.text.empty() ? "null" : result.text;
    } else {
        return schema::to_json(result);
    }
}

// `handler` belongs to the worker and outlives the run.
template <class Data, class Handler>
async::Task<std::string> run_handler(Handler* handler, JobContext context) {
    using Result = typename TaskResult<std::invoke_result_t<Handler&, Job<Data>&>>::type;
    Job<Data> job(context, read_data<Data>(context.record()));
    if constexpr (std::is_void_v<Result>) {
        co_await (*handler)(job);
        co_return "null";
    } else {
        const auto result = co_await (*handler)(job);
        co_return result_json(result);
    }
}

template <class Data, class Work>
struct PoolWork {
    Work* work;
    Data data;
    std::shared_ptr<Cancellation> cancellation;
    auto operator()() { return (*work)(std::as_const(data), std::as_const(*cancellation)); }
};

template <class Data, class Work>
async::Task<std::string> run_on_pool(Work* work, async::BlockingPool* pool, JobContext context) {
    using Result = std::invoke_result_t<Work&, const Data&, const Cancellation&>;
    PoolWork<Data, Work> call{work, read_data<Data>(context.record()), context.cancellation()};
    if constexpr (std::is_void_v<Result>) {
        co_await async::offload(context.loop(), *pool, std::move(call));
        co_return "null";
    } else {
        const auto result = co_await async::offload(context.loop(), *pool, std::move(call));
        co_return result_json(result);
    }
}

}  // namespace detail

class Worker {
public:
    Worker(WorkerServices services, std::string_view queue, WorkerOptions options = {});
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // `handler`: async::Task<Result>(Job<Data>&). Data that breaks its schema fails the job for good, before the handler.
    template <class Data, class Handler>
        requires std::invocable<Handler&, Job<Data>&>
    void on(const JobType<Data>& type, Handler handler) {
        auto shared = std::make_shared<Handler>(std::move(handler));
        add_handler(type.queue, type.name,
                    {[shared](JobContext context) { return detail::run_handler<Data>(shared.get(), context); },
                     type.defaults.timeout});
    }
    // Work that burns a core: `Result(const Data&, const Cancellation&)`, run on `pool`, which outlives the worker and takes as
    // many jobs as run here at once.
    template <class Data, class Work>
        requires std::invocable<Work&, const Data&, const Cancellation&>
    void on_pool(const JobType<Data>& type, async::BlockingPool& pool, Work work) {
        auto shared = std::make_shared<Work>(std::move(work));
        add_handler(type.queue, type.name,
                    {[shared, pool = &pool](JobContext context) {
                         return detail::run_on_pool<Data>(shared.get(), pool, context);
                     },
                     type.defaults.timeout});
    }
    // For names that no other handler has.
    template <class Handler>
        requires std::invocable<Handler&, Job<schema::Json>&>
    void on_any(Handler handler) {
        auto shared = std::make_shared<Handler>(std::move(handler));
        add_handler({}, {},
                    {[shared](JobContext context) { return detail::run_handler<schema::Json>(shared.get(), context); },
                     milliseconds{0}});
    }

    // After the handlers.
    void start();
    // True once both connections are up and Redis has been asked for jobs, for as long as that takes; not while it is paused.
    // False when the worker is closed before. Await it before the worker goes away.
    [[nodiscard]] async::Task<bool> ready();
    // Stops fetching and lets the jobs that run end. Shortly before the deadline those left are cancelled, and at it given back
    // to the queue, no attempt counted. True when all had ended by themselves or by being cancelled.
    [[nodiscard]] async::Task<bool> close(async::SteadyTime deadline);
    // This worker alone; what runs goes on.
    void pause();
    void resume();
    // False when it does not run here.
    bool cancel(std::string_view job_id, std::string reason);

    [[nodiscard]] std::size_t running() const noexcept;
    [[nodiscard]] const std::string& queue() const noexcept;

private:
    void add_handler(std::string_view queue, std::string_view name, detail::HandlerEntry entry);

    std::shared_ptr<detail::WorkerState> state_;
};

}  // namespace jobs
