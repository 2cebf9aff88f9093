#include "async/stopped.h"

#include <gtest/gtest.h>

#include "async/sync.h"

namespace async {
namespace {

using namespace std::chrono_literals;

Task<void> sleep_by(Stop* stop, Milliseconds delay, std::vector<bool>* ended) {
    ended->push_back(co_await stop->sleep(delay));
}

TEST(Stop, EndsEverySleepAndThoseToCome) {
    Loop loop;
    Stop stop(loop);
    TaskGroup tasks(loop);
    std::vector<bool> ended;
    tasks.spawn(sleep_by(&stop, 1h, &ended));
    tasks.spawn(sleep_by(&stop, 2h, &ended));
    EXPECT_FALSE(stop.requested());
    stop.request();
    stop.request();
    run_until_done(loop, tasks.join());
    EXPECT_EQ(ended, (std::vector<bool>{false, false}));
    EXPECT_FALSE(run_until_done(loop, stop.sleep(1h))) << "nobody sleeps behind a stop";
    EXPECT_TRUE(stop.requested());
}

TEST(Stop, OneThatHasSleptEnoughGoesOnAlone) {
    Loop loop;
    Stop stop(loop);
    TaskGroup tasks(loop);
    std::vector<bool> ended;
    tasks.spawn(sleep_by(&stop, 1h, &ended));
    EXPECT_TRUE(run_until_done(loop, stop.sleep(1ms)));
    EXPECT_TRUE(ended.empty());
    stop.request();
    run_until_done(loop, tasks.join());
    EXPECT_EQ(ended, std::vector<bool>{false});
}

TEST(Stopped, SaysWhetherItWasAskedOrTimeWasOver) {
    Loop loop;
    std::stop_source source;
    const auto wait = [&](std::chrono::milliseconds time) {
        return run_until_done(loop, [](Loop* at, std::stop_token token, SteadyTime deadline) -> Task<bool> {
            co_return co_await stopped(at, token, deadline);
        }(&loop, source.get_token(), Loop::now() + time));
    };
    EXPECT_FALSE(wait(0ms));
    Timer ask(loop, [&] { source.request_stop(); });
    ask.expires_after(1ms);
    EXPECT_TRUE(wait(60s));
    EXPECT_TRUE(wait(60s));
}

}  // namespace
}  // namespace async
