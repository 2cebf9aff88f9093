// The service's own limits, shared by its instances through Redis and kept without it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pos/modules/auth/contract.h"
#include "pos/service.h"
#include "testing/app/test_app.h"
#include "testing/redis_server.h"

namespace {

using namespace std::chrono_literals;

constexpr std::string_view carrier = "100.64.0.1";  // behind which thousands are

class RateLimitsTest : public testing::Test {
protected:
    http::InjectedResponse post(app::LoopHost& at, std::string target, std::string body, std::string key = "") {
        http::InjectedRequest request{.method = http::Method::post,
                                      .target = std::move(target),
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = std::move(body),
                                      .remote_address = std::string(carrier)};
        if (!key.empty()) request.headers.emplace_back("Idempotency-Key", std::move(key));
        return async::run_until_done(at.loop(), at.inject(std::move(request)));
    }
    // Made up, in form: what the database has to be asked for.
    int refresh(app::LoopHost& at) {
        last = post(at, "/v1/auth/refresh", fmt::format(R"({{"refreshToken":"rt_{}"}})", std::string(43, 'A')));
        return last.status;
    }
    int login(app::LoopHost& at, std::string_view email, std::string_view password = "wrong") {
        last = post(at, "/v1/auth/login", fmt::format(R"({{"email":"{}","password":"{}"}})", email, password));
        return last.status;
    }
    std::string ready(app::LoopHost& at) {
        return async::run_until_done(at.loop(), at.inject({.target = "/ready"})).body;
    }

    testing::RedisServer redis;
    testing::TestApp app{pos::definition(), [this](app::Settings& settings) {
                             settings.redis_url = redis.url();
                             settings.rate_limits = app::Switch::on;
                         }};
    app::LoopHost other{app.app()};
    http::InjectedResponse last;
};

TEST_F(RateLimitsTest, InstancesShareTheLimits) {
    EXPECT_TRUE(ready(app.host()).contains(R"("redis":{"status":"ok")"));
    EXPECT_TRUE(ready(other).contains(R"("redis":{"status":"ok")"));
    for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(refresh(app.host()), 401);
        ASSERT_EQ(refresh(other), 401);
    }
    // Ten come free every second: a slow machine may have let more in.
    int more = 0;
    while (refresh(more % 2 == 0 ? other : app.host()) != 429) ASSERT_LT(++more, 10'000);
    EXPECT_EQ(last.header("RateLimit-Policy"), R"("refresh_address";q=600;w=60)");
    EXPECT_TRUE(last.header("Retry-After"));
    EXPECT_TRUE(redis.command({"EXISTS", fmt::format("bull:rate:refresh_address:{}", carrier)}).starts_with(":1"));
    async::run_until_done(other.loop(), other.stop(async::Loop::now() + 5s));
}

TEST_F(RateLimitsTest, TheServiceGoesOnWithoutRedis) {
    redis.kill();
    int sent = 0;
    while (refresh(app.host()) != 429) ASSERT_LT(++sent, 10'000);
    EXPECT_GE(sent, 600);
    const auto text = ready(app.host());
    EXPECT_TRUE(text.starts_with(R"({"status":"degraded")")) << text;
    EXPECT_TRUE(app.app().metrics.render().contains("rate_limit_fallbacks_total"));
    async::run_until_done(other.loop(), other.stop(async::Loop::now() + 5s));
}

// Whoever floods sign-in, refresh and sign-up from behind the same address stops nobody who was there before.
TEST_F(RateLimitsTest, ANeighbourStopsNobodyWhoIsKnown) {
    constexpr std::string_view password = "kahawa-ya-asubuhi";
    const auto sign_up = post(
        app.host(), "/v1/tenants",
        fmt::format(
            R"({{"tenant":{{"name":"Duka"}},"owner":{{"name":"Amina","email":"o@duka.example","password":"{}"}}}})",
            password),
        "sign-up");
    ASSERT_EQ(sign_up.status, 201) << sign_up.body;
    const auto session = schema::parse<pos::SignedIn>(sign_up.body);
    // What is not in form is not charged at all.
    for (int i = 0; i < 40; ++i) EXPECT_EQ(post(app.host(), "/v1/auth/login", "{}").status, 422);
    EXPECT_EQ(post(app.host(), "/v1/tenants", "{}", "k").status, 422);
    app.database().execute(
        "insert into login_throttles values ('ip:100.64.0.1', 85, now() + interval '1 hour', now())");
    int sent = 0;
    while (login(app.host(), fmt::format("nobody{}@x.example", ++sent)) != 429 ||
           !last.body.contains("request.rate_limited"))
        ASSERT_LT(sent, 10'000);
    EXPECT_EQ(last.header("RateLimit-Policy"), R"("login_address";q=600;w=60)");
    while (refresh(app.host()) != 429) ASSERT_LT(++sent, 20'000);

    EXPECT_EQ(login(app.host(), "o@duka.example", password), 200) << last.body;
    const auto renewed = post(app.host(), "/v1/auth/refresh",
                              fmt::format(R"({{"refreshToken":"{}"}})", *session->credentials.refresh_token));
    EXPECT_EQ(renewed.status, 200) << renewed.body;
    async::run_until_done(other.loop(), other.stop(async::Loop::now() + 5s));
}

// A till whose token has run out is to be told so, however many there are behind its address who prove nothing.
TEST_F(RateLimitsTest, ASpentTokenIsToldToRefreshBehindAFloodedAddress) {
    const auto sign_up = post(app.host(), "/v1/tenants",
                              R"({"tenant":{"name":"Duka"},"owner":{"name":"Amina","email":"s@duka.example",)"
                              R"("password":"kahawa-ya-asubuhi"}})",
                              "sign-up");
    ASSERT_EQ(sign_up.status, 201) << sign_up.body;
    const auto bearer = "Bearer " + *schema::parse<pos::SignedIn>(sign_up.body)->credentials.access_token;
    const auto get = [&](std::string authorization) {
        return async::run_until_done(app.host().loop(),
                                     app.host().inject({.target = "/v1/auth/me",
                                                        .headers = {{"Authorization", std::move(authorization)}},
                                                        .remote_address = std::string(carrier)}));
    };
    app.database().execute("update sessions set revoked_at = now(), revoke_reason = 'logout'");
    int sent = 0;
    while (get("Bearer nonsense").status != 429) ASSERT_LT(++sent, 20'000);
    EXPECT_TRUE(get("").body.contains("request.rate_limited"));
    EXPECT_TRUE(get(bearer).body.contains("auth.session_revoked"));
    // It has a limit of its own all the same.
    sent = 0;
    while (get(bearer).status != 429) ASSERT_LT(++sent, 10'000);
    async::run_until_done(other.loop(), other.stop(async::Loop::now() + 5s));
}

// Whoever may write to strangers writes to one of them a few times an hour.
TEST_F(RateLimitsTest, OneRecipientGetsFewMailsWhoeverSendsThem) {
    const auto sign_up = post(app.host(), "/v1/tenants",
                              R"({"tenant":{"name":"Duka"},"owner":{"name":"Amina","email":"m@duka.example",)"
                              R"("password":"kahawa-ya-asubuhi"}})",
                              "sign-up");
    ASSERT_EQ(sign_up.status, 201) << sign_up.body;
    const auto bearer = "Bearer " + *schema::parse<pos::SignedIn>(sign_up.body)->credentials.access_token;
    int number = 0;
    const auto as_owner = [&](http::Method method, std::string target, std::string body) {
        return async::run_until_done(
            app.host().loop(), app.host().inject({.method = method,
                                                  .target = std::move(target),
                                                  .headers = {{"Content-Type", "application/json"},
                                                              {"Authorization", bearer},
                                                              {"Idempotency-Key", fmt::format("mail-{}", ++number)}},
                                                  .body = std::move(body),
                                                  .remote_address = std::string(carrier)}));
    };
    for (int i = 1; i <= 6; ++i) {
        const auto reply =
            as_owner(http::Method::post, "/v1/auth/email/change",
                     fmt::format(R"({{"newEmail":"stranger{}@x.example","password":"kahawa-ya-asubuhi"}})", i));
        EXPECT_EQ(reply.status, i <= 5 ? 204 : 429) << reply.body;
    }
    const auto roles = as_owner(http::Method::get, "/v1/roles", "").body;
    const auto role = roles.substr(roles.find(R"("id":")") + 6, 36);
    const auto invited = as_owner(http::Method::post, "/v1/invites",
                                  fmt::format(R"({{"email":"one@x.example","roleId":"{}","locationId":null}})", role));
    ASSERT_EQ(invited.status, 201) << invited.body;
    const auto id = invited.body.substr(invited.body.find(R"("id":")") + 6, 36);
    for (int i = 2; i <= 11; ++i) {
        const auto reply = as_owner(http::Method::post, "/v1/invites/" + id + "/resend", "");
        EXPECT_EQ(reply.status, i <= 10 ? 200 : 429) << reply.body;
    }
    async::run_until_done(other.loop(), other.stop(async::Loop::now() + 5s));
}

}  // namespace
