#include "http/load_shedder.h"

#include <gtest/gtest.h>

namespace http {
namespace {

using namespace std::chrono_literals;
using Queue = LoadShedder::Queue;

struct LoadShedderTest : testing::Test {
    LoadShedder shedder;
    async::SteadyTime now{std::chrono::hours(1)};

    // Intervals in each of which someone waits that long, and nobody less.
    void wait(std::chrono::milliseconds delay, int intervals, Queue queue = Queue::loop) {
        for (int i = 0; i < intervals; ++i) {
            shedder.waited(queue, delay, now);
            now += 100ms;
        }
        shedder.waited(queue, delay, now);
    }
    int admitted(Priority priority, int of = 100) {
        int count = 0;
        for (int i = 0; i < of; ++i) count += shedder.admits(priority, now) ? 1 : 0;
        return count;
    }
};

TEST_F(LoadShedderTest, LetsAllThroughWhileNothingWaits) {
    EXPECT_EQ(admitted(Priority::low), 100);
    wait(20ms, 20);
    EXPECT_EQ(admitted(Priority::low), 100);
}

TEST_F(LoadShedderTest, ABurstIsNoOverload) {
    shedder.waited(Queue::writes, 2s, now);
    shedder.waited(Queue::writes, 1ms, now + 90ms);  // the queue was short again within the interval
    now += 200ms;
    EXPECT_EQ(admitted(Priority::low), 100);
}

TEST_F(LoadShedderTest, WhatMayWaitGoesFirst) {
    wait(60ms, 3);
    EXPECT_LT(admitted(Priority::low), 40);
    EXPECT_EQ(admitted(Priority::normal), 100);
    EXPECT_EQ(admitted(Priority::high), 100);
    wait(150ms, 4);
    EXPECT_LT(admitted(Priority::normal), 40);
    EXPECT_EQ(admitted(Priority::high), 100);
    wait(500ms, 4);
    EXPECT_LT(admitted(Priority::high), 40);
    EXPECT_GT(admitted(Priority::high), 20) << "fewer of them than before, and not none";
}

TEST_F(LoadShedderTest, SomeAlwaysFindOutWhetherItIsBetter) {
    wait(10s, 100);
    EXPECT_EQ(admitted(Priority::low), 2);
    EXPECT_EQ(admitted(Priority::high), 2);
}

TEST_F(LoadShedderTest, AShortQueueLetsAllThroughAgain) {
    wait(10s, 100);
    wait(1ms, 10);
    EXPECT_GT(admitted(Priority::low), 40);
    wait(1ms, 11);
    EXPECT_EQ(admitted(Priority::low), 100);
    wait(10s, 100);
    now += 1h;  // nobody has asked
    EXPECT_EQ(admitted(Priority::low), 100);
}

TEST_F(LoadShedderTest, TheLongestOfTheQueuesCounts) {
    for (int i = 0; i < 5; ++i) {
        shedder.waited(Queue::loop, 0ms, now);
        shedder.waited(Queue::reads, 300ms, now);
        shedder.waited(Queue::writes, 1ms, now);
        now += 100ms;
    }
    EXPECT_LT(admitted(Priority::normal), 50);
    EXPECT_EQ(admitted(Priority::high), 100);
}

TEST_F(LoadShedderTest, SaysNowAndThenHowManyWereRefused) {
    wait(60ms, 4);
    const int refused = 100 - admitted(Priority::low);
    EXPECT_EQ(shedder.report(now), refused);
    (void)admitted(Priority::low, 10);
    EXPECT_EQ(shedder.report(now + 9s), std::nullopt);
    EXPECT_GT(shedder.report(now + 10s), 0);
}

// A turn that is long is cut short: what comes behind its part is refused, by priority, until the loop looks again.
TEST_F(LoadShedderTest, ALongTurnHasAnEnd) {
    shedder.waited(Queue::loop, 0ms, now);
    shedder.expect(now + 30ms);
    now += 50ms;
    EXPECT_EQ(admitted(Priority::low), 100);
    now += 10ms;
    EXPECT_EQ(admitted(Priority::low), 0);
    EXPECT_EQ(admitted(Priority::normal), 100);
    now += 30ms;
    EXPECT_EQ(admitted(Priority::normal), 0);
    EXPECT_EQ(admitted(Priority::high), 100);
    now += 150ms;
    EXPECT_EQ(admitted(Priority::high), 0);
    shedder.waited(Queue::loop, 210ms, now);
    shedder.expect(now + 30ms);
    EXPECT_EQ(admitted(Priority::low), 100) << "the next turn";
}

// Nobody tells of a queue while the loop does not turn: that is no sign that there is none.
TEST_F(LoadShedderTest, ASilenceInALongTurnIsNoRecovery) {
    wait(150ms, 10);
    const auto share = shedder.share(Priority::normal);
    ASSERT_LT(share, 0.1);
    shedder.expect(now);
    for (int i = 0; i < 20; ++i) {
        now += 100ms;
        EXPECT_EQ(admitted(Priority::normal), 0);
    }
    EXPECT_LE(shedder.share(Priority::normal), share);
}

}  // namespace
}  // namespace http
