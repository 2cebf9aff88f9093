#include <gtest/gtest.h>

#include "app/app.h"

namespace app {
namespace {

using namespace std::chrono_literals;

async::Task<void> start_and_stop(Worker* worker) {
    async::TaskGroup starting(worker->loop());
    starting.spawn(worker->start());
    co_await worker->stop(async::Loop::now() + 1h);
    EXPECT_EQ(starting.running(), 0U) << "what the start uses goes away behind the stop";
    co_await starting.join();
}

TEST(Worker, AStopEndsTheWaitForADatabaseThatIsAway) {
    Definition definition;
    definition.name = "nowhere";
    Settings settings;
    settings.database_url = settings.database_system_url = "postgresql://app@127.0.0.1:1/nowhere";
    settings.secret = "a secret of the tests alone, 32 bytes or more";
    const auto log = std::make_shared<logging::MemorySink>();
    Shared shared(definition, std::move(settings), log);
    Worker worker(shared);
    EXPECT_FALSE(worker.is_stopping());
    async::run_until_done(worker.loop(), start_and_stop(&worker));
    EXPECT_TRUE(worker.is_stopping());
    EXPECT_FALSE(log->contains("cannot be reached")) << "nothing is tried on";
}

}  // namespace
}  // namespace app
