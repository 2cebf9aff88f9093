// A worker for a BullMQ queue, of the handlers that the interoperability tests run. See README.md.
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <stdexcept>

#include "async/loop_asio.h"
#include "async/sync.h"
#include "config/config.h"
#include "jobs/worker.h"
#include "log/log.h"

namespace {

using schema::field;

struct Settings {
    std::string redis_url = "redis://127.0.0.1:6379/0";
    std::string queue = "conformance";
    std::string worker_name;
    std::int32_t concurrency = 1;
    std::int64_t lock_duration_ms = 30'000;
    std::int64_t stalled_interval_ms = 30'000;
    std::int32_t max_stalled_count = 1;
    std::int64_t shutdown_timeout_ms = 60'000;

    friend constexpr auto describe(Settings*) {
        return schema::object<Settings>(
            "Settings", field<&Settings::redis_url>("REDIS_URL", {.defaulted = true}),
            field<&Settings::queue>("QUEUE", {.min_length = 1, .defaulted = true}),
            field<&Settings::worker_name>("WORKER_NAME", {.defaulted = true}),
            field<&Settings::concurrency>("CONCURRENCY", {.min = 1, .max = 10'000, .defaulted = true}),
            field<&Settings::lock_duration_ms>("LOCK_DURATION_MS", {.min = 1, .defaulted = true}),
            field<&Settings::stalled_interval_ms>("STALLED_INTERVAL_MS", {.min = 1, .defaulted = true}),
            field<&Settings::max_stalled_count>("MAX_STALLED_COUNT", {.min = 0, .defaulted = true}),
            field<&Settings::shutdown_timeout_ms>("SHUTDOWN_TIMEOUT_MS", {.min = 0, .defaulted = true}));
    }
};

struct Flaky {
    std::int64_t succeed_on = 0;
    schema::Json rest;
    friend constexpr auto describe(Flaky*) {
        return schema::object<Flaky>("Flaky", field<&Flaky::succeed_on>("succeedOn", {.min = 0}),
                                     schema::keep_unknown<&Flaky::rest>());
    }
};

struct Sleep {
    std::int64_t ms = 0;
    bool announce = false;
    schema::Json rest;
    friend constexpr auto describe(Sleep*) {
        return schema::object<Sleep>("Sleep", field<&Sleep::ms>("ms", {.min = 0, .max = 86'400'000}),
                                     field<&Sleep::announce>("announce", {.defaulted = true}),
                                     schema::keep_unknown<&Sleep::rest>());
    }
};

struct Lines {
    std::vector<std::string> lines;
    schema::Json rest;
    friend constexpr auto describe(Lines*) {
        return schema::object<Lines>("Lines", field<&Lines::lines>("lines", {}), schema::keep_unknown<&Lines::rest>());
    }
};

using jobs::Job;
using schema::Json;

async::Task<Json> echo(Job<Json>& job) { co_return job.data(); }

async::Task<void> fail(Job<Json>&) {
    throw std::runtime_error("boom");
    co_return;
}

async::Task<std::string> flaky(Job<Flaky>& job) {
    if (job.record().attempts_made < job.data().succeed_on) throw std::runtime_error("not yet");
    co_return "done";
}

async::Task<std::string> progress(Job<Json>& job) {
    for (const int percent : {25, 50, 75, 100}) co_await job.update_progress(percent);
    co_return "done";
}

// A job is active as soon as Redis gave it away; `announce` says that it has arrived here.
async::Task<std::int64_t> sleep(Job<Sleep>& job) {
    if (job.data().announce) co_await job.update_progress(0);
    co_await job.sleep(jobs::milliseconds(job.data().ms));
    co_return job.data().ms;
}

// Holds up its loop and a core, for which jobs::Worker has on_pool(): the lock must not care.
async::Task<std::int64_t> burn(Job<Sleep>& job) {
    const auto until = async::Loop::now() + jobs::milliseconds(job.data().ms);
    while (async::Loop::now() < until) continue;
    co_return job.data().ms;
}

async::Task<std::int64_t> log_lines(Job<Lines>& job) {
    for (const auto& line : job.data().lines) co_await job.log(line);
    co_return static_cast<std::int64_t>(job.data().lines.size());
}

void add_handlers(jobs::Worker& worker) {
    const auto queue = jobs::QueueName::given(worker.queue());
    worker.on(jobs::JobType<Json>{queue, "echo"}, echo);
    worker.on(jobs::JobType<Json>{queue, "fail"}, fail);
    worker.on(jobs::JobType<Flaky>{queue, "flaky"}, flaky);
    worker.on(jobs::JobType<Json>{queue, "progress"}, progress);
    worker.on(jobs::JobType<Sleep>{queue, "sleep"}, sleep);
    worker.on(jobs::JobType<Sleep>{queue, "burn"}, burn);
    worker.on(jobs::JobType<Lines>{queue, "log"}, log_lines);
}

async::Task<void> say_when_ready(jobs::Worker* worker) {
    if (co_await worker->ready()) std::cout << "ready" << std::endl;
}

// Until SIGTERM or SIGINT, and the end of the jobs that run then.
async::Task<void> work(async::Loop* loop, jobs::Worker* worker, async::Event* stop, jobs::milliseconds timeout) {
    async::TaskGroup saying(*loop);
    worker->start();
    saying.spawn(say_when_ready(worker));
    co_await *stop;
    co_await worker->close(async::Loop::now() + timeout);
    co_await saying.join();
    loop->stop();
}

int run(const Settings& settings) {
    auto endpoint = redis::parse_url(settings.redis_url);
    if (!endpoint) {
        std::cerr << "REDIS_URL: " << endpoint.error() << '\n';
        return config::exit_code;
    }
    logging::Log log({}, std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    observe::Metrics metrics;
    const redis::Options redis{.endpoints = redis::fixed_endpoint(std::move(*endpoint))};
    jobs::LockKeeper locks(redis, log.logger(), metrics);
    async::Loop loop;
    jobs::Worker worker({loop, redis, locks, log.logger(), metrics}, settings.queue,
                        {.name = settings.worker_name,
                         .concurrency = static_cast<std::size_t>(settings.concurrency),
                         .lock_duration = jobs::milliseconds(settings.lock_duration_ms),
                         .stalled_interval = jobs::milliseconds(settings.stalled_interval_ms),
                         .max_stalled_count = settings.max_stalled_count});
    add_handlers(worker);

    async::Event stop(loop);
    boost::asio::signal_set signals(async::native(loop), SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (!error) stop.set();
    });
    async::run_until_done(loop, work(&loop, &worker, &stop, jobs::milliseconds(settings.shutdown_timeout_ms)));
    return 0;
}

}  // namespace

int main(int, char**, char** environment) {
    const auto settings = config::load<Settings>(config::environment_of(environment));
    if (!settings) {
        std::cerr << config::report(settings.error());
        return config::exit_code;
    }
    return run(*settings);
}
