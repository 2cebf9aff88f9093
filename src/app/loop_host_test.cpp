#include <gtest/gtest.h>

#include "app/app.h"
#include "app/background.h"

namespace app {
namespace {

using namespace std::chrono_literals;

async::Task<void> start_and_stop(LoopHost* host) {
    async::TaskGroup starting(host->loop());
    starting.spawn(host->start());
    co_await host->stop(async::Loop::now() + 1h);
    EXPECT_EQ(starting.running(), 0U) << "what the start uses goes away behind the stop";
    co_await starting.join();
}

class LoopHostTest : public testing::Test {
protected:
    static Definition nowhere() {
        Definition definition;
        definition.name = "nowhere";
        return definition;
    }
    static Settings away() {
        Settings settings;
        settings.database_url = settings.database_system_url = "postgresql://app@127.0.0.1:1/nowhere";
        settings.secret = "a secret of the tests alone, 32 bytes or more";
        return settings;
    }

    Definition definition = nowhere();
    std::shared_ptr<logging::MemorySink> log = std::make_shared<logging::MemorySink>();
    App app{definition, {definition, away()}, log};
};

TEST_F(LoopHostTest, AStopEndsTheWaitForADatabaseThatIsAway) {
    LoopHost host(app);
    EXPECT_FALSE(host.is_stopping());
    async::run_until_done(host.loop(), start_and_stop(&host));
    EXPECT_TRUE(host.is_stopping());
    EXPECT_FALSE(log->contains("cannot be reached")) << "nothing is tried on";
}

// However late its thread comes: a stop is never before the start.
TEST_F(LoopHostTest, AStopRightBehindTheStartOfAThreadEndsBoth) {
    for (int i = 0; i < 20; ++i) {
        bool told = false;
        Background background(app, {.relay = false, .queues = {}});
        background.begin_start([&](const std::exception_ptr&) { told = true; });
        background.begin_stop(async::Loop::now() + 1h);
        background.join();
        EXPECT_TRUE(told) << "whoever waits for the start waits for ever";
    }
}

}  // namespace
}  // namespace app
