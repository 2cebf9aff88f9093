#include <gtest/gtest.h>

#include "app/app.h"

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

TEST(LoopHost, AStopEndsTheWaitForADatabaseThatIsAway) {
    Definition definition;
    definition.name = "nowhere";
    Settings settings;
    settings.database_url = settings.database_system_url = "postgresql://app@127.0.0.1:1/nowhere";
    settings.secret = "a secret of the tests alone, 32 bytes or more";
    const auto log = std::make_shared<logging::MemorySink>();
    App app(definition, {definition, std::move(settings)}, log);
    LoopHost host(app);
    EXPECT_FALSE(host.is_stopping());
    async::run_until_done(host.loop(), start_and_stop(&host));
    EXPECT_TRUE(host.is_stopping());
    EXPECT_FALSE(log->contains("cannot be reached")) << "nothing is tried on";
}

}  // namespace
}  // namespace app
