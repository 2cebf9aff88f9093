#include "jobs/worker.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "base/uuid.h"
#include "jobs/errors.h"
#include "jobs/worker_state.h"
#include "redis/errors.h"

namespace jobs {
namespace detail {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds connection_look = 10ms;  // of a worker that is not ready
// Redis 7.0 before .8 takes one millisecond for "for ever".
constexpr milliseconds min_block = 2ms;
// A connection blocked for longer is more likely dead than idle.
constexpr milliseconds max_block = 10s;
// Before close()'s deadline: jobs are cancelled, and given back.
constexpr milliseconds cancel_ahead = 1s;
constexpr milliseconds release_ahead = 300ms;

redis::Options script_connection(redis::Options options) {
    options.role = "jobs";
    options.resp3 = false;
    // A worker has nobody to report to: it waits for Redis to come back.
    options.fail_fast_after = 0ms;
    options.command_timeout = std::max<milliseconds>(options.command_timeout, 10s);
    return options;
}

redis::Options blocking_connection(redis::Options options, std::string name) {
    options = script_connection(std::move(options));
    options.role = "jobs-blocking";
    options.connection_name = std::move(name);
    options.command_timeout = 1s;  // beside the time it blocks
    return options;
}

}  // namespace

WorkerState::WorkerState(WorkerServices services, std::string_view queue, WorkerOptions options)
    : services_(std::move(services)),
      options_(std::move(options)),
      logger_(services_.logger.child({{"module", "jobs"}, {"queue", queue}})),
      client_(services_.loop, script_connection(services_.redis), logger_, services_.metrics),
      blocking_(services_.loop,
                blocking_connection(services_.redis,
                                    worker_connection_name(QueueKeys(options_.prefix, queue), options_.name)),
                logger_, services_.metrics),
      queue_(client_, queue, {.prefix = options_.prefix, .clock = &services_.clock}),
      scripts_(queue_.keys(), options_),
      worker_id_(base::uuid_v4(random_).to_string()),
      closing_(services_.loop),
      gave_up_(services_.loop),
      loops_(services_.loop),
      chains_(services_.loop),
      fetch_alarm_(services_.loop),
      close_alarm_(services_.loop),
      fetching_(services_.loop),
      active_(services_.metrics.gauge("jobs_active", "Jobs that run here.", {{"queue", std::string(queue)}})),
      slots_(
          services_.metrics.gauge("jobs_slots", "Jobs that may run here at a time.", {{"queue", std::string(queue)}})),
      polled_(services_.metrics.gauge("jobs_last_poll_seconds",
                                      "When Redis last said whether there is a job for us, since 1970.",
                                      {{"queue", std::string(queue)}})),
      processed_(services_.metrics.counter_family(
          "jobs_processed_total", "Runs of jobs by how they ended: completed, failed, retried, lost, released.",
          {"queue", "name", "outcome"})),
      durations_(
          services_.metrics.histogram_family("job_duration_seconds", "Time that handlers took.", {"queue", "name"})),
      stalled_(services_.metrics.counter("jobs_stalled_total", "Jobs taken back from workers that had gone.",
                                         {{"queue", std::string(queue)}})) {
    for (auto* group : {&loops_, &chains_}) {
        group->on_error([this](std::exception_ptr error) {
            logger_.error("a worker's task ended by an error", {{"err", logging::error(error)}});
        });
    }
}

void WorkerState::add_handler(std::string_view queue, std::string_view name, HandlerEntry entry) {
    if (name.empty()) {
        if (any_) throw std::logic_error("jobs: the worker has a handler for all other jobs already");
        any_ = std::move(entry);
        return;
    }
    if (queue != keys().name) {
        throw base::Failure(errors::bad_queue, fmt::format("the handler of {} belongs to queue {}, the worker to {}",
                                                           name, queue, keys().name));
    }
    if (!handlers_.try_emplace(std::string(name), std::move(entry)).second)
        throw std::logic_error(fmt::format("jobs: {} of the queue {} has a handler already", name, queue));
}

void WorkerState::start() {
    if (std::exchange(started_, true)) return;
    slots_.set(static_cast<double>(options_.concurrency));
    // Whoever never reaches Redis has not polled since it began.
    note_poll();
    loops_.spawn(fetch_loop());
    loops_.spawn(check_stalled_loop());
}

void WorkerState::resume() {
    paused_ = false;
    fetch_alarm_.ring();
}

bool WorkerState::cancel(std::string_view job_id, std::string reason) {
    const auto running = std::ranges::find_if(running_, [&](const auto& one) { return one->record.id == job_id; });
    if (running == running_.end()) return false;
    (*running)->cancel(std::move(reason));
    return true;
}

void WorkerState::wake_all() {
    fetch_alarm_.ring();
    close_alarm_.ring();
    fetching_.set();
}

void WorkerState::note_poll() const { polled_.set(static_cast<double>(queue_.now()) / 1'000); }

bool WorkerState::may_fetch() const {
    return !paused_ && running_.size() < options_.concurrency && limit_until_ <= queue_.now();
}

bool WorkerState::fetches_next() const {
    return !closing_.requested() && !paused_ && running_.size() <= options_.concurrency;
}

std::optional<JobRecord> WorkerState::take(FetchReply reply) {
    if (!reply.looked) return std::nullopt;
    note_poll();
    limit_until_ = reply.limited_for > 0 ? queue_.now() + reply.limited_for : 0;
    block_until_ = std::max<std::int64_t>(reply.next_delayed, 0);
    drained_ = !reply.job;
    return std::move(reply.job);
}

async::Task<void> WorkerState::fetch_loop() {
    while (!closing_.requested()) {
        if (!may_fetch()) {
            const auto limited = milliseconds(limit_until_ - queue_.now());
            const bool by_limit = limited.count() > 0;
            co_await fetch_alarm_.wait_until(by_limit ? async::Loop::now() +
                                                            std::min(limited, options_.maximum_rate_limit_delay)
                                                      : async::SteadyTime::max());
            if (by_limit) drained_ = false;
            continue;
        }
        auto fetched = co_await fetch();
        if (fetched.job) {
            chains_.spawn(run_chain(shared_from_this(), std::move(*fetched.job), std::move(fetched.token)));
        }
    }
    close_alarm_.ring();
}

async::Task<WorkerState::Fetch> WorkerState::fetch() {
    try {
        if (drained_ && !co_await wait_for_marker()) co_return Fetch{};
        if (closing_.requested() || paused_) co_return Fetch{};
        auto token = worker_id_ + ":" + std::to_string(tokens_++);
        auto call = scripts_.fetch(token, queue_.now());
        const auto reply = co_await client_.eval(*call.script, std::move(call.keys), std::move(call.arguments));
        fetching_.set();
        co_return Fetch{take(read_fetch(*reply)), std::move(token)};
    } catch (const std::exception& failure) {
        if (closing_.requested()) co_return Fetch{};
        if (fetch_news_.is_news(failure.what()))
            logger_.warn("no job could be fetched", {{"err", logging::error(failure)}});
    }
    co_await fetch_alarm_.wait_until(async::Loop::now() + options_.retry_delay);
    co_return Fetch{};
}

// True when it is time to look for a job.
async::Task<bool> WorkerState::wait_for_marker() {
    auto block = options_.drain_delay;
    if (block_until_ > 0) {
        const auto left = milliseconds(block_until_ - queue_.now());
        if (left.count() <= 0) co_return true;
        block = std::min(left, max_block);
    }
    block = std::max(block, min_block);
    const auto known = std::exchange(block_until_, 0);
    const auto reply = co_await blocking_.run(redis::Command("BZPOPMIN")
                                                  .add(keys().marker)
                                                  .add(fmt::format("{:.3f}", static_cast<double>(block.count()) / 1000))
                                                  .blocks_for(block));
    if (reply->is_null()) co_return true;
    // The marker is gone from Redis: when the next delayed job is due is known here alone.
    const auto due = static_cast<std::int64_t>(reply->at(2).number());
    block_until_ = known > 0 && due > known ? known : due;
    co_return block_until_ <= queue_.now();
}

async::Task<void> WorkerState::check_stalled_loop() {
    do {
        try {
            auto call = scripts_.find_stalled(queue_.now());
            const auto reply =
                co_await client_.eval(*call.script, std::move(call.keys), std::move(call.arguments), true);
            for (const auto id : *reply) {
                stalled_.increment();
                logger_.warn("a job had stalled", {{"jobId", id.text()}});
            }
        } catch (const std::exception& failure) {
            if (!closing_.requested())
                logger_.warn("stalled jobs were not looked for", {{"err", logging::error(failure)}});
        }
    } while (co_await closing_.sleep(options_.stalled_interval));
    close_alarm_.ring();
}

async::Task<bool> WorkerState::ready() {
    co_await fetching_;
    // Nothing is asked of it: the answer would come behind that of the fetch, which blocks for seconds.
    while (!blocking_.is_connected()) {
        if (!co_await closing_.sleep(connection_look)) break;
    }
    co_return !closing_.requested();
}

async::Task<bool> WorkerState::close(async::SteadyTime deadline) {
    closing_.request();
    give_up_ = deadline - release_ahead;
    wake_all();
    co_await blocking_.close(async::Loop::now());
    // A fetch that is under way may still bring a job; one that waits for a connection brings none.
    const auto is_busy = [this] { return (loops_.running() > 0 && client_.is_connected()) || !running_.empty(); };
    const auto cancel_at = deadline - cancel_ahead;
    while (is_busy() && async::Loop::now() < cancel_at) co_await close_alarm_.wait_until(cancel_at);
    for (const auto& running : running_) running->cancel("the worker is closing");
    while (is_busy() && async::Loop::now() < *give_up_) co_await close_alarm_.wait_until(*give_up_);
    gave_up_.request();
    const auto left = running_;
    for (const auto& running : left) co_await release(running);
    co_await client_.close(client_.is_connected() ? deadline : async::Loop::now());
    co_await loops_.join();
    if (left.empty()) co_await chains_.join();
    co_return left.empty();
}

async::Task<void> WorkerState::release(RunningJobPtr running) {
    // Its handler has ended: what it has done must not be done again before its lock expires.
    if (running->finishing) co_return;
    running->released = true;
    running->lease.release();
    try {
        auto call = scripts_.give_back(running->record.id, running->token);
        co_await client_.eval(*call.script, std::move(call.keys), std::move(call.arguments), true);
        metrics_of(running->record.name).released.increment();
        running->logger.warn("a job was given back: it had not ended when the worker closed");
    } catch (const base::Failure& failure) {
        running->logger.error("a job could not be given back", {{"err", logging::error(failure)}});
    }
}

}  // namespace detail

Worker::Worker(WorkerServices services, std::string_view queue, WorkerOptions options)
    : state_(std::make_shared<detail::WorkerState>(std::move(services), queue, std::move(options))) {}

Worker::~Worker() = default;

void Worker::add_handler(std::string_view queue, std::string_view name, detail::HandlerEntry entry) {
    state_->add_handler(queue, name, std::move(entry));
}

void Worker::start() { state_->start(); }
async::Task<bool> Worker::ready() { return state_->ready(); }
async::Task<bool> Worker::close(async::SteadyTime deadline) { return state_->close(deadline); }
void Worker::pause() { state_->pause(); }
void Worker::resume() { state_->resume(); }
bool Worker::cancel(std::string_view job_id, std::string reason) { return state_->cancel(job_id, std::move(reason)); }
std::size_t Worker::running() const noexcept { return state_->running(); }
const std::string& Worker::queue() const noexcept { return state_->keys().name; }

}  // namespace jobs
