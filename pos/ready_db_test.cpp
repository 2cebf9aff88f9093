// What /ready says of Redis, and under which names the service keeps things there.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "pos/service.h"
#include "testing/app/test_app.h"
#include "testing/redis_server.h"

namespace {

using namespace std::chrono_literals;

class ReadyTest : public testing::Test {
protected:
    ReadyTest()
        : app_(pos::definition(), [this](app::Settings& settings) {
              settings.redis_url = fmt::format("redis://till:s3cret@127.0.0.1:{}", redis_.port());
              settings.rate_limits = app::Switch::on;
              settings.job_prefix = "shop";
          }) {}
    // A worker of its own, as what was found is shared for a moment.
    std::string ready() {
        app::LoopHost host(app_.app());
        async::run_until_done(host.loop(), host.start());
        auto body = async::run_until_done(host.loop(), host.inject({.target = "/ready"})).body;
        async::run_until_done(host.loop(), host.stop(async::Loop::now() + 5s));
        return body;
    }
    int lines_with(std::string_view text) {
        int count = 0;
        for (const auto& line : app_.log().lines()) count += line.contains(text) ? 1 : 0;
        return count;
    }

    testing::RedisServer redis_{{.arguments = {"--user", "till", "on", ">s3cret", "~shop:*", "&*", "+@all"}}};
    testing::TestApp app_;
};

TEST(ReadyWithoutRedis, SaysInProductionThatItIsNotConfigured) {
    for (const auto environment : {app::Environment::production, app::Environment::test}) {
        testing::TestApp without(pos::definition(),
                                 [&](app::Settings& settings) { settings.environment = environment; });
        const auto reply = without.get("/ready");
        const bool is_production = environment == app::Environment::production;
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body.contains(R"("status":"degraded")"), is_production) << reply.body;
        EXPECT_EQ(reply.body.contains(R"("reason":"not configured: jobs stay)"), is_production) << reply.body;
    }
}

TEST_F(ReadyTest, SaysInRedisWordsWhyItIsDegraded) {
    struct State {
        std::vector<std::string> begin;
        std::vector<std::string> end;
        std::string_view reason;
    };
    const State states[] = {
        {{"REPLICAOF", "127.0.0.1", "1"}, {"REPLICAOF", "NO", "ONE"}, "READONLY "},
        {{"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"}, "OOM "},
        {{"ACL", "SETUSER", "till", "-@write"}, {"ACL", "SETUSER", "till", "+@all"}, "NOPERM "},
        {{"ACL", "SETUSER", "till", "-@scripting"}, {"ACL", "SETUSER", "till", "+@all"}, "NOPERM "},
        {{"ACL", "SETUSER", "till", "resetkeys", "~else:*"}, {"ACL", "SETUSER", "till", "~shop:*"}, "NOPERM "},
        {{"ACL", "SETUSER", "till", "resetpass", ">other"}, {"ACL", "SETUSER", "till", ">s3cret"}, "WRONGPASS "},
    };
    EXPECT_TRUE(ready().starts_with(R"({"status":"ok")"));
    for (const auto& [begin, end, reason] : states) {
        redis_.command(begin);
        const auto text = ready();
        EXPECT_TRUE(text.starts_with(R"({"status":"degraded")")) << text;
        EXPECT_TRUE(text.contains(fmt::format(R"("reason":"{})", reason))) << text;
        redis_.command(end);
        const auto after = ready();
        EXPECT_TRUE(after.starts_with(R"({"status":"ok")")) << reason << after;
    }
}

TEST_F(ReadyTest, TheLogHasTheReasonOnceAMinute) {
    redis_.command({"CONFIG", "SET", "maxmemory", "1"});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(app_.get("/ready").status, 200);
        app_.host().readiness().looked = {};  // else what was found is told again
    }
    EXPECT_EQ(lines_with("a dependency takes no writes"), 1);
}

TEST_F(ReadyTest, AnotherReasonWithinTheMinuteIsNews) {
    const std::pair<std::vector<std::string>, std::vector<std::string>> states[] = {
        {{"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"}},
        {{"CONFIG", "SET", "min-replicas-to-write", "1"}, {"CONFIG", "SET", "min-replicas-to-write", "0"}},
    };
    for (int i = 0; i < 3; ++i) {
        for (const auto& [begin, end] : states) {
            redis_.command(begin);
            app_.host().readiness().looked = {};
            EXPECT_TRUE(app_.get("/ready").body.contains(R"("status":"degraded")"));
            redis_.command(end);
        }
    }
    EXPECT_EQ(lines_with("a dependency takes no writes"), 2);
}

// Two services on one Redis have a prefix each.
TEST_F(ReadyTest, NoKeyIsWithoutThePrefix) {
    app_.get("/ready");
    app_.post("/v1/auth/refresh", fmt::format(R"({{"refreshToken":"rt_{}"}})", std::string(43, 'A')));
    app_.host().readiness().looked = {};
    app_.get("/ready");
    const auto keys = redis_.command({"KEYS", "*"});
    std::size_t count = 0;
    for (const auto line : base::split(keys, '\n')) {
        const auto key = base::trim(line);
        if (key.empty() || key[0] == '*' || key[0] == '$') continue;
        EXPECT_TRUE(key.starts_with("shop:")) << key;
        ++count;
    }
    EXPECT_GT(count, 0U);
}

}  // namespace
