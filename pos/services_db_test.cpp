// What a module brings besides tables and routes, in the whole service: health in /ready, development routes, services of other modules.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/sync.h"
#include "auth/authenticator.h"
#include "pos/plumbing/runtime.h"
#include "pos/service.h"
#include "testing/app/test_app.h"

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct PostOffice {
    static constexpr std::string_view health_name = "post";

    async::Task<void> start() {
        is_open = true;
        co_return;
    }
    async::Task<void> stop(async::SteadyTime) {
        is_open = false;
        co_return;
    }
    async::Task<app::Health> health(async::SteadyTime) {
        co_return app::Health{.is_well = is_well, .reason = is_well ? "" : "the van has \"broken\" down"};
    }
    static inline bool is_open = false;
    static inline bool is_well = true;
};
struct Sorting {
    static constexpr std::string_view health_name = "sorting";
    static constexpr bool is_vital = true;
    async::Task<app::Health> health(async::SteadyTime) { co_return app::Health{.is_well = is_well}; }
    static inline bool is_well = true;
};

// Stops as one does that writes a last row.
struct Depot {
    explicit Depot(const db::Databases& given) : databases(given) {}
    async::Task<void> start() { co_return; }
    async::Task<void> stop(async::SteadyTime deadline) {
        co_await databases.app->connect(deadline);
        found_the_database = true;
    }
    const db::Databases& databases;
    static inline bool found_the_database = false;
};
// Starts when it is told to, if it is.
struct Van {
    explicit Van(Depot&) {}
    async::Task<void> start() {
        if (word == nullptr) co_return;
        starting->set();
        co_await *word;
    }
    static inline async::Event* starting = nullptr;
    static inline async::Event* word = nullptr;
};

// Of the modules auth and plumbing, which are listed elsewhere.
std::unique_ptr<PostOffice> make_post_office(auth::Authenticator&, pos::Runtime&) {
    return std::make_unique<PostOffice>();
}
std::unique_ptr<Sorting> make_sorting(PostOffice&) { return std::make_unique<Sorting>(); }
std::unique_ptr<Depot> make_depot(const db::Databases& databases) { return std::make_unique<Depot>(databases); }
std::unique_ptr<Van> make_van(Depot& depot) { return std::make_unique<Van>(depot); }

async::Task<http::NoContent> look(http::Service<PostOffice>) { co_return http::NoContent{}; }
void routes(http::Routes routes) { routes.get("/look", look, {.id = "look", .summary = "Look"}); }

app::Definition definition() {
    auto definition = pos::definition();
    definition.modules.insert(definition.modules.begin(),
                              {.name = "post",
                               .services = app::services<make_sorting, make_post_office, make_van, make_depot>(),
                               .development_routes = routes});
    return definition;
}

TEST(ModuleServices, ReadyNamesTheirHealth) {
    testing::TestApp app(definition());
    EXPECT_TRUE(PostOffice::is_open);
    const auto ready = [&] {
        app.host().readiness().looked = {};  // else what was found is told again
        return app.get("/ready");
    };
    auto reply = ready();
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, HasSubstr(R"({"status":"ok")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("post":{"status":"ok")"));

    PostOffice::is_well = false;
    reply = ready();
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, HasSubstr(R"({"status":"degraded")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("reason":"the van has \"broken\" down")"));

    Sorting::is_well = false;
    reply = ready();
    EXPECT_EQ(reply.status, 503);
    EXPECT_THAT(reply.body, HasSubstr(R"({"status":"error")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("sorting":{"status":"error")"));
    PostOffice::is_well = Sorting::is_well = true;
}

TEST(ModuleServices, StopWithTheirLoop) {
    { const testing::TestApp app(definition()); }
    EXPECT_FALSE(PostOffice::is_open);
}

async::Task<void> stop_while_the_van_starts(app::LoopHost* host) {
    async::TaskGroup starting(host->loop());
    starting.spawn(host->start());
    co_await *Van::starting;
    co_await host->stop(async::Loop::now() + std::chrono::hours(1));
    EXPECT_EQ(starting.running(), 0U);
    co_await starting.join();
}

TEST(ModuleServices, AStopEndsTheWaitForOneThatStarts) {
    testing::TestApp app(definition());
    app::LoopHost host(app.app());
    async::Event starting(host.loop());
    async::Event word(host.loop());
    Van::starting = &starting;
    Van::word = &word;
    Depot::found_the_database = false;
    host.module_services().least_stop_time = std::chrono::milliseconds(1);
    async::run_until_done(host.loop(), stop_while_the_van_starts(&host));
    EXPECT_TRUE(Depot::found_the_database) << "services stop before the databases close";
    EXPECT_TRUE(app.log().contains("a service has not started before the stop"));
    Van::word = nullptr;
    word.set();
    async::run_until_done(
        host.loop(), [](async::Loop* loop) -> async::Task<void> { co_await async::next_turn(loop); }(&host.loop()));
}

TEST(ModuleServices, DevelopmentRoutesAreThereInDevelopmentAlone) {
    testing::TestApp tested(definition());
    EXPECT_EQ(tested.get("/dev/post/look").status, 404);
    EXPECT_THAT(tested.get("/openapi.json").body, Not(HasSubstr("/dev/post/look")));
    testing::TestApp developed(definition(),
                               [](app::Settings& settings) { settings.environment = app::Environment::development; });
    EXPECT_EQ(developed.get("/dev/post/look").status, 204);
}

}  // namespace
