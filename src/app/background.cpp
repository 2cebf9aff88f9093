#include "app/background.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "app/jobs.h"
#include "app/measures.h"
#include "async/stopped.h"
#include "async/sync.h"
#include "jobs/outbox_relay.h"
#include "jobs/queue_watch.h"
#include "jobs/scheduler_keeper.h"
#include "jobs/worker_host.h"

namespace app {

namespace {

constexpr auto check_interval = std::chrono::milliseconds(500);

std::vector<std::string> chosen_queues(const JobBindings& bindings, const std::vector<std::string>& wanted) {
    std::vector<std::string> queues;
    if (std::ranges::find(wanted, "all") != wanted.end()) {
        for (const auto& [queue, handlers] : bindings.queues) queues.push_back(queue);
        return queues;
    }
    for (const auto& queue : wanted) {
        if (!bindings.queues.contains(queue))
            throw std::runtime_error(fmt::format("no module handles jobs of the queue {}", queue));
        if (std::ranges::find(queues, queue) == queues.end()) queues.push_back(queue);
    }
    return queues;
}

}  // namespace

std::vector<std::string> queues_of(const Definition& definition) {
    std::vector<std::string> queues;
    const auto bindings = job_bindings(definition);
    for (const auto& [queue, handlers] : bindings.queues) queues.push_back(queue);
    return queues;
}

std::vector<Schedule> schedules_of(const Definition& definition) {
    std::vector<Schedule> schedules;
    for (const auto& module : definition.modules)
        schedules.insert(schedules.end(), module.schedules.begin(), module.schedules.end());
    return schedules;
}

jobs::WorkerOptions worker_options(const Settings& settings, std::string_view queue) {
    const std::chrono::seconds lock(settings.job_lock_seconds);
    return {
        .prefix = settings.job_prefix,
        .concurrency = static_cast<std::size_t>(settings.job_concurrency),
        .lock_duration = lock,
        .stalled_interval = lock,
        // What the outbox has moved here nobody sends again. One deadly job takes those beside it down with its worker, each time: a
        // death is a try like any other.
        .max_stalled_count = jobs::event_defaults.attempts,
        .timeout =
            queue == std::string_view(jobs::events_queue) ? jobs::event_defaults.timeout : jobs::milliseconds(0)};
}

struct Background::State {
    State(App& app, BackgroundOptions given)
        : app(app),
          options(std::move(given)),
          bindings(job_bindings(app.definition)),
          queues(chosen_queues(bindings, options.queues)),
          loop_host(app) {}

    async::Task<void> start();
    async::Task<void> stop(async::SteadyTime deadline);
    void begin_work();
    async::Task<void> begin_work_once_checked();
    void start_workers();
    void keep_schedules();
    void watch();
    async::Task<void> tell_failed(const jobs::JobRecord* job);
    async::Task<void> close_host(async::SteadyTime deadline);

    App& app;
    BackgroundOptions options;
    JobBindings bindings;
    std::vector<std::string> queues;
    LoopHost loop_host;
    std::move_only_function<void(std::exception_ptr)> on_started{};
    std::unique_ptr<jobs::OutboxRelay> relay;
    std::optional<jobs::WorkerHost> host;
    std::optional<jobs::SchedulerKeeper> schedules;
    std::optional<jobs::QueueWatch> queue_watch;
    std::optional<Measures> measures;
    async::Stop stop_waiting{loop_host.loop()};
    async::TaskGroup waiting{loop_host.loop()};
};

async::Task<void> Background::State::start() {
    co_await loop_host.start();
    if (loop_host.is_stopping()) co_return;
    if (options.management && app.settings.management_port) loop_host.listen_management();
    if (!app.database_check.passed()) {
        waiting.spawn(begin_work_once_checked());
        co_return;
    }
    begin_work();
}

// A job on a database without this release's tables, or as a role that no wall binds, is worse than a late one.
async::Task<void> Background::State::begin_work_once_checked() {
    while (!app.database_check.passed()) {
        if (!co_await stop_waiting.sleep(check_interval)) co_return;
    }
    begin_work();
}

void Background::State::begin_work() {
    if (options.relay) {
        relay = std::make_unique<jobs::OutboxRelay>(jobs::OutboxRelayParts{loop_host.databases(), *loop_host.redis(),
                                                                           app.outbox, app.log.logger(), app.metrics},
                                                    jobs::OutboxRelayOptions{.prefix = app.settings.job_prefix});
        relay->start();
        watch();
    }
    start_workers();
}

// All queues, also those that nobody serves: an operator may have forgotten their workers.
void Background::State::watch() {
    queue_watch.emplace(jobs::QueueWatchParts{*loop_host.redis(), app.log.logger(), app.metrics},
                        queues_of(app.definition), jobs::QueueWatchOptions{.prefix = app.settings.job_prefix});
    queue_watch->start();
    measures.emplace(&loop_host, app.definition, app.log.logger(), app.metrics);
    measures->start();
}

void Background::State::start_workers() {
    if (queues.empty()) return;
    auto redis = loop_host.redis()->options();
    redis.role = "jobs";
    host.emplace(loop_host.loop(), std::move(redis), app.log.logger(), app.metrics, base::system_clock(),
                 app.definition.tracer);
    for (const auto& queue : queues) {
        auto worker = worker_options(app.settings, queue);
        if (!bindings.failed.empty())
            worker.on_failed = [this](const jobs::JobRecord* job) { return tell_failed(job); };
        auto& own = host->add(queue, std::move(worker));
        for (const auto& bind : bindings.queues[queue]) bind(own, JobScope(&loop_host));
    }
    host->start();
    app.log.logger().info("running jobs", {{"queues", fmt::format("{}", fmt::join(queues, ","))},
                                           {"concurrency", app.settings.job_concurrency}});
    keep_schedules();
}

void Background::State::keep_schedules() {
    std::vector<jobs::KeptScheduler> kept;
    for (auto& schedule : schedules_of(app.definition)) {
        if (!bindings.queues.contains(schedule.queue)) continue;
        kept.push_back({schedule.queue, schedule.name, schedule.repeat, schedule.job});
    }
    schedules.emplace(*loop_host.redis(), std::move(kept), app.log.logger(),
                      jobs::SchedulerKeeperOptions{.prefix = app.settings.job_prefix});
    schedules->start();
}

async::Task<void> Background::State::tell_failed(const jobs::JobRecord* job) {
    for (const auto& listener : bindings.failed) co_await listener(JobScope(&loop_host), job);
}

async::Task<void> Background::State::close_host(async::SteadyTime deadline) { co_await host->close(deadline); }

// All at the same time: each may have to wait for a server that does not answer.
async::Task<void> Background::State::stop(async::SteadyTime deadline) {
    stop_waiting.request();
    co_await waiting.join();
    async::TaskGroup stopping(loop_host.loop());
    if (schedules) stopping.spawn(schedules->stop());
    if (relay) stopping.spawn(relay->stop());
    if (queue_watch) stopping.spawn(queue_watch->stop());
    if (measures) stopping.spawn(measures->stop());
    if (host) stopping.spawn(close_host(deadline));
    co_await stopping.join();
    host.reset();
    schedules.reset();
    queue_watch.reset();
    measures.reset();
    co_await loop_host.stop(deadline);
}

Background::Background(App& app, BackgroundOptions options)
    : state_(std::make_unique<State>(app, std::move(options))) {}

void Background::begin_start(std::move_only_function<void(std::exception_ptr)> on_started) {
    state_->on_started = std::move(on_started);
    auto& loop = state_->loop_host.loop();
    loop.keep_alive();
    // From this thread, as a stop is: the two come in their order.
    loop.post([state = state_.get()] {
        async::start(state->start(), [state](std::exception_ptr error) { state->on_started(std::move(error)); });
    });
    thread_ = std::thread([&loop] { loop.run(); });
}

void Background::begin_stop(async::SteadyTime deadline) {
    if (std::exchange(stopping_, true)) return;
    state_->loop_host.loop().post([this, deadline] {
        async::start(state_->stop(deadline), [this](const std::exception_ptr&) { state_->loop_host.loop().stop(); });
    });
}

void Background::join() {
    if (thread_.joinable()) thread_.join();
}

LoopHost& Background::host() { return state_->loop_host; }

Background::~Background() {
    if (!thread_.joinable()) return;
    state_->loop_host.loop().stop();
    thread_.join();
}

}  // namespace app
