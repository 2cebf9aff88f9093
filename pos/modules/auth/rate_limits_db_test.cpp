// The service's own limits, shared by its instances through Redis and kept without it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pos/service.h"
#include "testing/app/test_app.h"
#include "testing/redis_server.h"

namespace {

using namespace std::chrono_literals;

class RateLimitsTest : public testing::Test {
protected:
    int login(app::Worker& at) {
        http::InjectedRequest request{.method = http::Method::post,
                                      .target = "/v1/auth/login",
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = "{}",
                                      .remote_address = "192.0.2.1"};
        last = async::run_until_done(at.loop(), at.inject(std::move(request)));
        return last.status;
    }
    std::string ready(app::Worker& at) {
        return async::run_until_done(at.loop(), at.inject({.target = "/ready"})).body;
    }

    testing::RedisServer redis;
    testing::TestApp app{pos::definition(), [this](app::Settings& settings) {
                             settings.redis_url = redis.url();
                             settings.rate_limits = app::Switch::on;
                         }};
    app::Worker other{app.shared()};
    http::InjectedResponse last;
};

TEST_F(RateLimitsTest, InstancesShareTheLimitOfSignIns) {
    EXPECT_TRUE(ready(app.worker()).contains(R"("redis":{"status":"ok")"));
    EXPECT_TRUE(ready(other).contains(R"("redis":{"status":"ok")"));
    for (int i = 0; i < 15; ++i) {
        EXPECT_EQ(login(app.worker()), 422);
        EXPECT_EQ(login(other), 422);
    }
    // One comes free every two seconds: a slow machine may have let a few more in.
    int more = 0;
    while (login(more % 2 == 0 ? other : app.worker()) != 429) ASSERT_LT(++more, 30);
    EXPECT_EQ(last.header("RateLimit-Policy"), R"("login";q=30;w=60)");
    EXPECT_TRUE(last.header("Retry-After"));
    EXPECT_TRUE(redis.command({"EXISTS", "rate:login:192.0.2.1"}).starts_with(":1"));
    async::run_until_done(other.loop(), other.stop(async::Loop::now() + 5s));
}

TEST_F(RateLimitsTest, TheServiceGoesOnWithoutRedis) {
    redis.kill();
    for (int i = 0; i < 30; ++i) EXPECT_EQ(login(app.worker()), 422);
    int more = 0;
    while (login(app.worker()) != 429) ASSERT_LT(++more, 30);
    const auto text = ready(app.worker());
    EXPECT_TRUE(text.starts_with(R"({"status":"degraded")")) << text;
    EXPECT_TRUE(app.shared().metrics.render().contains("rate_limit_fallbacks_total"));
    async::run_until_done(other.loop(), other.stop(async::Loop::now() + 5s));
}

}  // namespace
