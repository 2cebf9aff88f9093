// Schedules outlive what Redis forgets.
#include "jobs/scheduler_keeper.h"

#include <functional>

#include "base/fake_clock.h"
#include "jobs/test_queue.h"
#include "testing/redis_server.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;

NewJob clean_up(std::string data = "{}") {
    return {
        .name = "clean_up",
        .data = std::move(data),
        .options = {.attempts = 3, .backoff = Backoff{"exponential", 30s}, .remove_on_complete = KeepJobs::last(100)}};
}
const Repeat hourly{.pattern = "17 * * * *", .time_zone = "UTC"};

class SchedulerKeeperTest : public testing::Test {
protected:
    ~SchedulerKeeperTest() override { run(client_.close(async::Loop::now() + 1s)); }

    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop_, std::move(task));
    }
    static async::Task<void> until(async::Loop* loop, std::function<bool()> condition) {
        const auto deadline = async::Loop::now() + 20s;
        while (!condition()) {
            if (async::Loop::now() > deadline) throw std::runtime_error("never came true");
            co_await async::sleep(loop, 2ms);
        }
    }
    void wait_until(std::function<bool()> condition) { run(until(&loop_, std::move(condition))); }
    // As `ZCARD` says.
    bool holds(std::string_view queue, int schedules) const {
        return server_.command({"ZCARD", "bull:" + std::string(queue) + ":repeat"}) ==
               ":" + std::to_string(schedules) + "\r\n";
    }

    testing::RedisServer server_;
    std::shared_ptr<logging::MemorySink> sink_ = std::make_shared<logging::MemorySink>();
    logging::Log log_{{}, sink_};
    observe::Metrics metrics_;
    async::Loop loop_;
    redis::Client client_{
        loop_,
        {.endpoints = redis::fixed_endpoint(*redis::parse_url(server_.url())), .reconnect_minimum = 5ms},
        log_.logger(),
        metrics_};
    base::FakeClock clock_;
    Queue queue_{client_, "maintenance", {.clock = &clock_}};
    JobSchedulers schedulers_{queue_};
};

TEST_F(SchedulerKeeperTest, OneThatIsAsWantedIsLeftAloneAlsoWhenItIsOverdue) {
    EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, clean_up())));
    const auto first = run(schedulers_.find("clean"))->next_run;
    EXPECT_FALSE(run(schedulers_.ensure("clean", hourly, clean_up())));
    // Nothing ran for hours: the job that is due is the turn that is made up for.
    clock_.advance(5h);
    EXPECT_FALSE(run(schedulers_.ensure("clean", hourly, clean_up())));
    EXPECT_EQ(run(schedulers_.find("clean"))->next_run, first);
    EXPECT_EQ(run(queue_.counts()).delayed, 1);
}

TEST_F(SchedulerKeeperTest, OneThatIsAnotherIsPutAnew) {
    EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, clean_up())));
    EXPECT_TRUE(run(schedulers_.ensure("clean", {.pattern = "18 * * * *", .time_zone = "UTC"}, clean_up())));
    EXPECT_TRUE(run(schedulers_.ensure("clean", {.pattern = "18 * * * *", .time_zone = "Africa/Nairobi"}, clean_up())));
    EXPECT_TRUE(run(schedulers_.ensure("clean", {.every = 1h}, clean_up())));
    EXPECT_FALSE(run(schedulers_.ensure("clean", {.every = 1h}, clean_up())));
    EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, clean_up(R"({"a":1})"))));
    EXPECT_FALSE(run(schedulers_.ensure("clean", hourly, clean_up(R"({"a":1})"))));
    auto other = clean_up(R"({"a":1})");
    other.options.attempts = 5;
    EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, other)));
    EXPECT_TRUE(holds("maintenance", 1));
}

TEST_F(SchedulerKeeperTest, OneWhoseNextJobIsGoneIsPutAnew) {
    EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, clean_up())));
    const auto key = "bull:maintenance:repeat:clean:" + std::to_string(run(schedulers_.find("clean"))->next_run);
    server_.command({"DEL", key});
    server_.command({"DEL", "bull:maintenance:delayed"});
    EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, clean_up())));
    EXPECT_EQ(run(queue_.counts()).delayed, 1);
    // Its place alone is lost, as after an eviction.
    server_.command({"DEL", "bull:maintenance:delayed"});
    EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, clean_up())));
    EXPECT_EQ(run(queue_.counts()).delayed, 1);
    // The schedules are lost, and the job is there, with its place or without.
    for (const std::string with_it : {"delayed", "none"}) {
        server_.command({"DEL", "bull:maintenance:repeat", "bull:maintenance:" + with_it});
        EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, clean_up())));
        EXPECT_EQ(run(queue_.counts()).delayed, 1);
    }
    // Its worker died between the end of the job and the next one.
    server_.command({"DEL", "bull:maintenance:delayed"});
    server_.command({"HSET", key, "finishedOn", "1"});
    clock_.advance(2h);
    EXPECT_TRUE(run(schedulers_.ensure("clean", hourly, clean_up())));
    EXPECT_EQ(run(queue_.counts()).delayed, 1);
}

TEST_F(SchedulerKeeperTest, TheyComeBackWhenRedisWasEmptied) {
    SchedulerKeeper keeper(client_,
                           {{"maintenance", "clean", hourly, clean_up()}, {"mail", "digest", hourly, clean_up()}},
                           log_.logger(), {.look_every = 20ms});
    keeper.start();
    const auto all = [this] { return holds("maintenance", 1) && holds("mail", 1); };
    wait_until(all);
    server_.command({"FLUSHALL"});
    server_.command({"SCRIPT", "FLUSH"});
    wait_until(all);
    run(keeper.stop());
}

// Not by the look that it has every minute.
TEST_F(SchedulerKeeperTest, TheyComeBackWithTheConnection) {
    SchedulerKeeper keeper(client_, {{"maintenance", "clean", hourly, clean_up()}}, log_.logger());
    keeper.start();
    wait_until([this] { return holds("maintenance", 1); });
    server_.kill();
    server_.start();  // it keeps nothing on disk
    wait_until([this] { return holds("maintenance", 1); });
    server_.command({"FLUSHALL"});
    server_.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    wait_until([this] { return holds("maintenance", 1); });
    run(keeper.stop());
}

TEST_F(SchedulerKeeperTest, AStopDoesNotWaitForTheNextTry) {
    server_.command({"CONFIG", "SET", "maxmemory", "1"});
    SchedulerKeeper keeper(client_, {{"maintenance", "clean", hourly, clean_up()}}, log_.logger(),
                           {.retry_minimum = 1h, .retry_maximum = 1h});
    keeper.start();
    wait_until([this] { return sink_->contains("a schedule is not in Redis yet"); });
    run(keeper.stop());
}

TEST_F(SchedulerKeeperTest, WhatCannotBePutHoldsUpNoOther) {
    server_.command({"SET", "bull:broken:repeat", "text"});
    SchedulerKeeper keeper(client_,
                           {{"a:b", "colon", hourly, clean_up()},
                            {"mail", "no pattern", {.pattern = "every other day"}, clean_up()},
                            {"broken", "clean", hourly, clean_up()},
                            {"mail", "no data", hourly, clean_up("{")},
                            {"maintenance", "clean", hourly, clean_up()}},
                           log_.logger(), {.look_every = 20ms});
    keeper.start();
    wait_until([this] { return holds("maintenance", 1); });
    server_.command({"DEL", "bull:broken:repeat"});
    wait_until([this] { return holds("broken", 1); });
    server_.command({"CONFIG", "SET", "maxmemory", "1"});
    server_.command({"FLUSHALL"});
    wait_until([this] { return sink_->contains("a schedule is not in Redis yet"); });
    server_.command({"CONFIG", "SET", "maxmemory", "0"});
    wait_until([this] { return holds("maintenance", 1); });
    run(keeper.stop());
}

}  // namespace
}  // namespace jobs
