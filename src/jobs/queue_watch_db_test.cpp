// How long jobs wait, for whom an alarm is raised.
#include "jobs/queue_watch.h"

#include "base/fake_clock.h"
#include "jobs/test_queue.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;

class QueueWatchTest : public JobsTest {
protected:
    struct Seen {
        double waiting = 0;
        double oldest = 0;
        double dead = 0;
        bool operator==(const Seen&) const = default;
    };
    Seen seen() {
        run(watch_.look());
        const auto gauge = [this](std::string_view name) {
            return metrics_.gauge(name, "", {{"queue", "mail"}}).value();
        };
        return {gauge("jobs_waiting"), gauge("jobs_oldest_waiting_seconds"), gauge("jobs_dead")};
    }

    base::FakeClock clock_;
    Queue own_{client_, "mail", {.prefix = prefix_, .clock = &clock_}};
    QueueWatch watch_{{client_, log_.logger(), metrics_, clock_}, {"mail"}, {.prefix = prefix_}};
};

TEST_F(QueueWatchTest, WhatWaitsIsCountedFromWhenItWasAdded) {
    EXPECT_EQ(seen(), (Seen{0, 0, 0}));
    run(own_.add_job({.name = "first"}));
    clock_.advance(90s);
    run(own_.add_job({.name = "second"}));
    EXPECT_EQ(seen(), (Seen{2, 90, 0}));
    clock_.advance(30s);
    EXPECT_EQ(seen(), (Seen{2, 120, 0}));
    // The first one is taken; a clock that went back is no age.
    run(client_.run(redis::Command("RPOP").add(QueueKeys(prefix_, "mail").wait)));
    EXPECT_EQ(seen(), (Seen{1, 30, 0}));
    clock_.advance(-60s);
    EXPECT_EQ(seen(), (Seen{1, 0, 0}));
}

TEST_F(QueueWatchTest, WhatIsNotDueDoesNotWait) {
    run(own_.add_job({.name = "later", .options = {.delay = 10min}}));
    clock_.advance(9min);
    EXPECT_EQ(seen(), (Seen{0, 0, 0}));
    // As a worker does when it is due.
    const QueueKeys keys(prefix_, "mail");
    const auto id =
        std::string(run(client_.run(redis::Command("ZRANGE").add(keys.delayed).add("0").add("0")))->at(0).text());
    run(client_.run(redis::Command("ZREM").add(keys.delayed).add(id)));
    run(client_.run(redis::Command("LPUSH").add(keys.wait).add(id)));
    clock_.advance(3min);
    EXPECT_EQ(seen(), (Seen{1, 120, 0}));
}

TEST_F(QueueWatchTest, WhatIsTriedAgainHidesNothingThatIsNew) {
    const auto old = run(own_.add_job({.name = "tried"}));
    clock_.advance(1h);
    const QueueKeys keys(prefix_, "mail");
    const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count();
    run(client_.run(redis::Command("HSET").add(keys.job(old)).add("processedOn").add(std::to_string(now_ms))));
    clock_.advance(20s);
    EXPECT_EQ(seen(), (Seen{1, 20, 0})) << "from its last run";
    run(own_.add_job({.name = "new"}));
    clock_.advance(5s);
    EXPECT_EQ(seen(), (Seen{2, 5, 0}));
}

TEST_F(QueueWatchTest, PrioritiesAndTheDeadAreCounted) {
    run(own_.add_job({.name = "urgent", .options = {.priority = 3}}));
    clock_.advance(7s);
    const QueueKeys keys(prefix_, "mail");
    run(client_.run(redis::Command("ZADD").add(keys.failed).add("1").add("a").add("2").add("b")));
    EXPECT_EQ(seen(), (Seen{1, 7, 2}));
}

TEST_F(QueueWatchTest, OptionsThatAreNoneAreAJobAllTheSame) {
    const auto id = run(own_.add_job({.name = "strange"}));
    const QueueKeys keys(prefix_, "mail");
    run(client_.run(redis::Command("HSET").add(keys.job(id)).add("opts").add("[1,")));
    clock_.advance(4s);
    EXPECT_EQ(seen(), (Seen{1, 4, 0}));
    run(client_.run(redis::Command("LPUSH").add(keys.wait).add("nobody")));
    EXPECT_EQ(seen(), (Seen{2, 4, 0})) << "an id without a job";
}

TEST_F(QueueWatchTest, AWorkerSaysWhenItLastPolledAndForHowManyItHasRoom) {
    LockKeeper locks(redis(), log_.logger(), metrics_);
    Worker worker({loop_, redis(), locks, log_.logger(), metrics_, clock_}, "mail", options(4));
    const auto polled = [this] { return metrics_.gauge("jobs_last_poll_seconds", "", {{"queue", "mail"}}).value(); };
    EXPECT_EQ(polled(), 0);
    worker.start();
    const auto began = polled();
    EXPECT_GT(began, 0);
    clock_.advance(10s);
    EXPECT_TRUE(run(worker.ready()));
    EXPECT_GE(polled(), began);
    EXPECT_EQ(metrics_.gauge("jobs_slots", "", {{"queue", "mail"}}).value(), 4);
    EXPECT_TRUE(run(worker.close(async::Loop::now() + 5s)));
}

}  // namespace
}  // namespace jobs
