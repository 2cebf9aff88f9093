// Worker, LockKeeper and QueueEvents on a real Redis.
#include "jobs/worker.h"

#include <stdexcept>
#include <thread>

#include "jobs/errors.h"
#include "jobs/test_queue.h"
#include "redis/errors.h"
#include "testing/redis_server.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;
using schema::Json;

struct Amount {
    std::int64_t cents = 0;
    friend constexpr auto describe(Amount*) {
        return schema::object<Amount>("Amount", schema::field<&Amount::cents>("cents", {.min = 1}));
    }
};
constexpr JobType<Amount> pay{"mail", "pay"};
constexpr JobType<Json> any{"mail", "any"};

async::Task<Amount> pay_double(Job<Amount>& job) { co_return Amount{2 * job.data().cents}; }
async::Task<void> always_fail(Job<Json>&) {
    throw std::runtime_error("boom");
    co_return;
}
async::Task<void> give_up(Job<Json>&) {
    throw Unrecoverable("never");
    co_return;
}

class WorkerTest : public JobsTest {
public:
    WorkerTest()
        : locks_(redis(), log_.logger(), metrics_),
          events_(loop_, redis(), log_.logger(), metrics_, "mail", {.prefix = prefix_}) {
        run(events_.start("0"));
    }
    ~WorkerTest() override { run(events_.close()); }

protected:
    JobEnd end_of(const std::string& id) {
        return run(events_.wait_until_finished(queue_, id, async::Loop::now() + 20s)).value();
    }
    // Starts the worker, adds the job and waits for its end.
    JobEnd run_one(Worker& worker, NewJob job) {
        worker.start();
        return end_of(run(queue_.add_job(std::move(job))));
    }
    bool close(Worker& worker, milliseconds within = 5s) { return run(worker.close(async::Loop::now() + within)); }

    LockKeeper locks_;
    QueueEvents events_;
};

TEST_F(WorkerTest, RunsTypedJobs) {
    Worker worker(services(locks_), "mail", options());
    worker.on(pay, pay_double);
    const auto end = run_one(worker, make_job(pay, {150}));
    EXPECT_TRUE(end.completed);
    EXPECT_EQ(end.result, R"({"cents":300})");
    EXPECT_TRUE(close(worker));
    EXPECT_NE(metrics_.render().find(R"(jobs_processed_total{queue="mail",name="pay",outcome="completed"} 1)"),
              std::string::npos)
        << metrics_.render();
}

TEST_F(WorkerTest, InvalidDataFailsForGoodBeforeTheHandler) {
    Worker worker(services(locks_), "mail", options());
    worker.on(pay, pay_double);
    worker.on(any, always_fail);
    for (const std::string_view data : {R"({"cents":0})", R"({"cents":"1"})", "[]", "null"}) {
        const auto end = run_one(worker, {.name = "pay", .data = std::string(data), .options = {.attempts = 5}});
        EXPECT_FALSE(end.completed) << data;
        EXPECT_NE(end.failed_reason.find("invalid data"), std::string::npos) << end.failed_reason;
    }
    // What no producer of ours can write.
    const auto id = run(queue_.add_job({.name = "any", .options = {.delay = 1h, .attempts = 5}}));
    run(client_.run(redis::Command("HSET").add(queue_.keys().job(id)).add("data").add("{\xff")));
    run(queue_.promote(id));
    EXPECT_NE(end_of(id).failed_reason.find("not JSON"), std::string::npos);
    EXPECT_EQ(run(queue_.job(id))->attempts_made, 1);
    close(worker);
}

TEST_F(WorkerTest, FailuresAreTriedAgainAndTold) {
    Worker worker(services(locks_), "mail", options());
    worker.on(any, always_fail);
    worker.on(JobType<Json>{"mail", "give up"}, give_up);
    worker.start();
    const auto id = run(queue_.add_job(
        {.name = "any", .options = {.attempts = 3, .backoff = Backoff{"fixed", 20ms}, .stack_trace_limit = 2}}));
    EXPECT_EQ(end_of(id).failed_reason, "boom");
    const auto job = run(queue_.job(id)).value();
    EXPECT_EQ(job.attempts_made, 3);
    EXPECT_EQ(stack_traces(job), (std::vector<std::string>{"std::runtime_error: boom", "std::runtime_error: boom"}));

    const auto given_up = run(queue_.add_job({.name = "give up", .options = {.attempts = 3}}));
    EXPECT_EQ(end_of(given_up).failed_reason, "never");
    EXPECT_EQ(run(queue_.job(given_up))->attempts_made, 1);
    close(worker);
}

async::Task<void> refuse_for_good(Job<Json>&) {
    throw base::Failure(base::errors::out_of_range);
    co_return;
}
async::Task<void> break_a_rule(Job<Json>&) {
    throw std::out_of_range("at");
    co_return;
}
async::Task<void> refuse_for_now(Job<Json>&) {
    throw base::Failure(redis::errors::timeout);
    co_return;
}

TEST_F(WorkerTest, WhatNoAttemptCanMendIsNotTriedAgain) {
    Worker worker(services(locks_), "mail", options());
    worker.on(JobType<Json>{"mail", "refused"}, refuse_for_good);
    worker.on(JobType<Json>{"mail", "broken"}, break_a_rule);
    worker.on(JobType<Json>{"mail", "not now"}, refuse_for_now);
    worker.start();
    for (const auto& [name, attempts] : {std::pair{"refused", 1}, {"broken", 1}, {"not now", 3}}) {
        const auto id = run(queue_.add_job({.name = name, .options = {.attempts = 3}}));
        (void)end_of(id);
        EXPECT_EQ(run(queue_.job(id))->attempts_made, attempts) << name;
    }
    close(worker);
}

TEST_F(WorkerTest, AnUnknownBackoffGivesUpAndSaysSo) {
    Worker worker(services(locks_), "mail", options());
    worker.on(any, always_fail);
    const auto end = run_one(worker, {.name = "any", .options = {.attempts = 3, .backoff = Backoff{"of my own", 1s}}});
    EXPECT_NE(end.failed_reason.find("unknown back-off strategy of my own"), std::string::npos);
    close(worker);
}

TEST_F(WorkerTest, AJobWithoutAHandlerIsPutOff) {
    auto with_delay = options();
    with_delay.unknown_job_delay = 1h;
    Worker worker(services(locks_), "mail", with_delay);
    worker.on(any, always_fail);
    worker.start();
    const auto unknown = run(queue_.add_job({.name = "of a newer version", .options = {.attempts = 1}}));
    end_of(run(queue_.add_job({.name = "any"})));
    EXPECT_EQ(run(queue_.state(unknown)), JobState::delayed);
    EXPECT_EQ(run(queue_.job(unknown))->attempts_made, 0);
    EXPECT_TRUE(sink_->contains("no handler"));
    close(worker);
}

// Counts how many run at once.
struct Overlap {
    int running = 0;
    int most = 0;
    async::Task<void> operator()(Job<Json>& job) {
        most = std::max(most, ++running);
        co_await job.sleep(30ms);
        --running;
    }
};

TEST_F(WorkerTest, RunsAsManyAtOnceAsItMay) {
    Overlap overlap;
    Worker worker(services(locks_), "mail", options(3));
    worker.on(any, [&](Job<Json>& job) { return overlap(job); });
    std::vector<NewJob> jobs(12, {.name = "any"});
    const auto ids = run(queue_.add_bulk(std::move(jobs)));
    worker.start();
    for (const auto& id : ids) EXPECT_TRUE(end_of(id).completed);
    EXPECT_EQ(overlap.most, 3);
    close(worker);
}

// Burns its core and the worker's loop for longer than the lock lasts.
async::Task<void> burn(Job<Json>&) {
    const auto until = async::Loop::now() + 900ms;
    while (async::Loop::now() < until) std::this_thread::yield();
    co_return;
}

class StallHunter {
public:
    StallHunter(const redis::Options& redis, LockKeeper& locks, const logging::Logger& logger,
                observe::Metrics& metrics, const WorkerOptions& options)
        : thread_([=, this, &locks, &metrics] {
              Worker worker({loop_, redis, locks, logger, metrics}, "mail", options);
              worker.pause();
              worker.start();
              async::run_until_done(loop_, wait_and_close(&worker));
          }) {}
    ~StallHunter() {
        loop_.post([this] { stop_.set(); });
    }

private:
    async::Task<void> wait_and_close(Worker* worker) {
        co_await stop_;
        co_await worker->close(async::Loop::now() + 1s);
    }

    async::Loop loop_;
    async::Event stop_{loop_};
    std::jthread thread_;
};

TEST_F(WorkerTest, ABusyHandlerKeepsItsLock) {
    auto short_lock = options();
    short_lock.lock_duration = 300ms;
    short_lock.stalled_interval = 100ms;
    Worker worker(services(locks_), "mail", short_lock);
    worker.on(any, burn);
    // A worker of another thread, which takes nothing but looks for stalled jobs.
    StallHunter hunter(redis(), locks_, log_.logger(), metrics_, short_lock);
    const auto end = run_one(worker, {.name = "any", .options = {.job_id = "busy"}});
    EXPECT_TRUE(end.completed) << end.failed_reason;
    EXPECT_EQ(run(queue_.job("busy"))->attempts_started, 1);
    close(worker);
    EXPECT_FALSE(sink_->contains("a job had stalled"));
}

TEST_F(WorkerTest, ALostLockCancelsTheJob) {
    auto short_lock = options();
    short_lock.lock_duration = 200ms;
    Worker worker(services(locks_), "mail", short_lock);
    std::string seen;
    worker.on(any, [&](Job<Json>& job) {
        return [](Job<Json>* own, std::string* text) -> async::Task<void> {
            try {
                co_await own->sleep(20s);
            } catch (const base::Failure& failure) {
                *text = failure.detail();
            }
        }(&job, &seen);
    });
    worker.start();
    const auto id = run(queue_.add_job({.name = "any"}));
    while (run(queue_.state(id)) != JobState::active) run(async::sleep(&loop_, 5ms));
    run(client_.run(redis::Command("SET").add(queue_.keys().job(id, "lock")).add("another")));
    while (worker.running() > 0) run(async::sleep(&loop_, 5ms));
    EXPECT_EQ(seen, "the lock of the job was lost");
    EXPECT_EQ(run(queue_.state(id)), JobState::active);
    close(worker);
}

TEST_F(WorkerTest, CancelAndDeadline) {
    auto with_deadline = options(2);
    with_deadline.timeout = 50ms;
    Worker worker(services(locks_), "mail", with_deadline);
    worker.on(any, [](Job<Json>& job) { return job.sleep(20s); });
    worker.start();
    const auto late = run(queue_.add_job({.name = "any"}));
    EXPECT_EQ(end_of(late).failed_reason, "the deadline of the job has passed");
    EXPECT_FALSE(worker.cancel(late, "too late"));
    close(worker);
}

TEST_F(WorkerTest, TheDeadlineOfTheJobCountsBeforeTheWorkers) {
    auto with_deadline = options();
    with_deadline.timeout = 1h;
    Worker worker(services(locks_), "mail", with_deadline);
    worker.on(JobType<Json>{QueueName::given("mail"), "brief", {.timeout = 50ms}},
              [](Job<Json>& job) { return job.sleep(2h); });
    worker.start();
    EXPECT_EQ(end_of(run(queue_.add_job({.name = "brief"}))).failed_reason, "the deadline of the job has passed");
    close(worker);
}

TEST_F(WorkerTest, CloseGivesBackWhatDoesNotEnd) {
    Worker worker(services(locks_), "mail", options());
    async::Event stuck(loop_);
    worker.on(any,
              [&](Job<Json>&) { return [](async::Event* event) -> async::Task<void> { co_await *event; }(&stuck); });
    worker.start();
    const auto id = run(queue_.add_job({.name = "any", .options = {.attempts = 2}}));
    while (run(queue_.state(id)) != JobState::active) run(async::sleep(&loop_, 5ms));
    EXPECT_FALSE(close(worker, 600ms));
    EXPECT_EQ(run(queue_.state(id)), JobState::waiting);
    EXPECT_EQ(run(queue_.job(id))->attempts_made, 0);
    stuck.set();
    while (worker.running() > 0) run(async::sleep(&loop_, 5ms));
    EXPECT_EQ(run(queue_.state(id)), JobState::waiting);
}

async::Task<void> ask_when_ready(Worker* worker, std::optional<bool>* answer) { *answer = co_await worker->ready(); }

TEST_F(WorkerTest, IsReadyOnceItFetches) {
    ::testing::RedisServer server;
    const auto url = server.url();
    server.kill();
    const redis::Options away{.endpoints = redis::fixed_endpoint(redis::parse_url(url).value())};
    Worker worker({loop_, away, locks_, log_.logger(), metrics_}, "mail", options());
    std::optional<bool> ready;
    async::TaskGroup asking(loop_);
    asking.spawn(ask_when_ready(&worker, &ready));
    worker.start();
    while (!sink_->contains("connection to Redis failed")) run(async::sleep(&loop_, 5ms));
    EXPECT_FALSE(ready);
    server.start();
    run(asking.join());
    EXPECT_EQ(ready, true);
    // What is asked on the connection that fetches waits for as long as a fetch does.
    EXPECT_EQ(server.command({"EXISTS", "ready-probe"}), ":0\r\n");
    EXPECT_TRUE(server.command({"CLIENT", "LIST"}).contains("name=" + prefix_));
    close(worker);
}

TEST_F(WorkerTest, AClosedWorkerIsNeverReady) {
    const redis::Options nowhere{.endpoints = redis::fixed_endpoint(redis::parse_url("redis://127.0.0.1:1").value())};
    Worker worker({loop_, nowhere, locks_, log_.logger(), metrics_}, "mail", options());
    std::optional<bool> ready;
    async::TaskGroup asking(loop_);
    asking.spawn(ask_when_ready(&worker, &ready));
    worker.start();
    close(worker, 1s);
    run(asking.join());
    EXPECT_EQ(ready, false);
}

// One write by the name of the job, when it may.
async::Task<void> write_once(Job<Json>* job, async::Event* started, async::Event* go) {
    started->set();
    co_await *go;
    if (job->name() == "log") EXPECT_GE(co_await job->log("a row"), 1);
    if (job->name() == "progress") co_await job->update_progress(50);
    if (job->name() == "data") co_await job->update_data({R"({"changed":true})"});
}

TEST_F(WorkerTest, ACloseDoesNotWaitForARedisThatIsAway) {
    auto nowhere = services(locks_);
    nowhere.redis.endpoints = redis::fixed_endpoint(*redis::parse_url("redis://127.0.0.1:1"));
    nowhere.redis.command_timeout = 1h;
    Worker worker(std::move(nowhere), "mail", options());
    worker.on(any, always_fail);
    worker.start();
    EXPECT_TRUE(close(worker, 1h));
}

TEST_F(WorkerTest, WhatAHandlerWritesAsRedisDiesIsWrittenAfterwards) {
    ::testing::RedisServer server({.arguments = {"--appendonly", "yes", "--appendfsync", "always"}});
    const redis::Options own{.endpoints = redis::fixed_endpoint(redis::parse_url(server.url()).value())};
    redis::Client client(loop_, own, log_.logger(), metrics_);
    Queue queue(client, "mail", {.prefix = prefix_});
    LockKeeper locks(own, log_.logger(), metrics_);
    for (const std::string name : {"log", "progress", "data"}) {
        SCOPED_TRACE(name);
        async::Event started(loop_);
        async::Event go(loop_);
        Worker worker({loop_, own, locks, log_.logger(), metrics_}, "mail", options());
        worker.on_any([&](Job<Json>& job) { return write_once(&job, &started, &go); });
        worker.start();
        const auto id = run(queue.add_job({.name = name}));
        while (!started.is_set()) run(async::sleep(&loop_, 5ms));
        // Redis has read the write and not answered it when it dies.
        server.command({"CLIENT", "PAUSE", "60000", "WRITE"});
        go.set();
        const auto is_held = [&] { return server.command({"CLIENT", "LIST"}).contains(" flags=b "); };
        while (!is_held()) run(async::sleep(&loop_, 5ms));
        server.kill();
        server.start();
        while (worker.running() > 0) run(async::sleep(&loop_, 5ms));
        const auto job = run(queue.job(id));
        EXPECT_EQ(run(queue.state(id)), JobState::completed) << job->failed_reason;
        EXPECT_EQ(job->attempts_started, 1);
        if (name == "log") EXPECT_EQ(run(queue.logs(id)).rows, std::vector<std::string>{"a row"});
        if (name == "progress") EXPECT_EQ(job->progress, "50");
        if (name == "data") EXPECT_EQ(job->data, R"({"changed":true})");
        close(worker);
    }
    run(client.close(async::Loop::now() + 1s));
}

TEST_F(WorkerTest, WorkOnAPool) {
    async::BlockingPool pool({.threads = 1, .queue_limit = 4});
    Worker worker(services(locks_), "mail", options(2));
    const auto loop_thread = std::this_thread::get_id();
    worker.on_pool(pay, pool, [&](const Amount& amount, const Cancellation&) {
        if (std::this_thread::get_id() == loop_thread) throw std::runtime_error("on the loop");
        return Amount{amount.cents + 1};
    });
    EXPECT_EQ(run_one(worker, make_job(pay, {1})).result, R"({"cents":2})");
    close(worker);
}

TEST_F(WorkerTest, AResultThatIsNoJSONFails) {
    Worker worker(services(locks_), "mail", options());
    worker.on(any, [](Job<Json>&) {
        return [](std::string text) -> async::Task<Json> { co_return Json{std::move(text)}; }("{oops");
    });
    EXPECT_EQ(run_one(worker, {.name = "any"}).failed_reason, "the result is not JSON");
    close(worker);
}

TEST_F(WorkerTest, SchedulersGoOnUntilTheirLimit) {
    Worker worker(services(locks_), "mail", options());
    worker.on(any, [](Job<Json>& job) { return job.update_progress(1); });
    worker.start();
    JobSchedulers schedulers(queue_);
    run(schedulers.upsert("s", {.every = 50ms, .limit = 3}, {.name = "any"}));
    while (run(queue_.counts()).completed < 3) run(async::sleep(&loop_, 20ms));
    EXPECT_EQ(run(queue_.counts()).delayed, 0);
    close(worker);
}

TEST_F(WorkerTest, AJobHasOneHandler) {
    Worker worker(services(locks_), "mail", options());
    worker.on(pay, pay_double);
    EXPECT_THROW(worker.on(JobType<Json>{"mail", pay.name}, always_fail), std::logic_error);
    worker.on_any(always_fail);
    EXPECT_THROW(worker.on_any(always_fail), std::logic_error);
    worker.start();
    close(worker);
}

TEST_F(WorkerTest, ParentsSeeTheResultsOfTheirChildren) {
    FlowProducer flows(client_, {.prefix = prefix_});
    Worker worker(services(locks_), "mail", options());
    worker.on(pay, pay_double);
    worker.on(any, [](Job<Json>& job) {
        return [](Job<Json>* own) -> async::Task<Json> {
            const auto values = co_await own->children_values();
            co_return Json{values.begin()->second};
        }(&job);
    });
    worker.start();
    const auto ids = run(flows.add(
        {.queue = "mail", .job = {.name = "any"}, .children = {{.queue = "mail", .job = make_job(pay, {4})}}}));
    EXPECT_EQ(end_of(ids.id).result, R"({"cents":8})");
    close(worker);
}

TEST_F(WorkerTest, WaitingForAJobHasADeadline) {
    const auto id = run(queue_.add_job({.name = "any"}));
    EXPECT_EQ(run(events_.wait_until_finished(queue_, id, async::Loop::now() + 20ms)).has_value(), false);
    EXPECT_EQ(code_of(events_.wait_until_finished(queue_, "none", async::Loop::now() + 20ms)), "jobs.missing");
}

}  // namespace
}  // namespace jobs
