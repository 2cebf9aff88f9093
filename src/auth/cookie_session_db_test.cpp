// Routes that take a cookie session: who is let in, and what it costs to change something.

#include "auth/cookie_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "http/inject.h"
#include "http/middleware/problems.h"
#include "http/router.h"
#include "testing/redis_server.h"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Basket {
    std::int64_t items = 0;

    friend constexpr auto describe(Basket*) {
        return schema::object<Basket>("Basket", schema::field<&Basket::items>("items"));
    }
};

using Store = auth::SessionStore<Basket>;

async::Task<Basket> show(auth::CookieSession<Basket> session) { co_return session.value; }
async::Task<Basket> add(auth::CookieSession<Basket> session, http::Service<Store> sessions) {
    const auto after = co_await sessions->update(session, [](Basket& basket) { ++basket.items; });
    co_return after->value;
}
async::Task<Basket> look(std::optional<auth::CookieSession<Basket>> session) {
    co_return session ? session->value : Basket{-1};
}

class CookieSessionTest : public testing::Test {
protected:
    CookieSessionTest() {
        auto routes = http::Routes(router.group(""), "test");
        routes.get("/basket", show);
        routes.post("/basket", add);
        routes.get("/look", look);
        routes.post("/look", look);
        services.add(cookies);
        services.add(store);
        require_services(router, services);

        http::Response response;
        csrf = cookies.set(response, {.token = fresh.token, .session_id = fresh.session.id, .max_age = 1h}, random);
        cookie = "__Host-sid=" + fresh.token + "; __Host-csrf=" + csrf;
    }

    using Headers = std::vector<std::pair<std::string, std::string>>;
    http::InjectedResponse send(http::Method method, std::string target, Headers headers = {}) {
        const http::Injector injector(loop, [this](http::Context& context) { return chain(context); }, services);
        return async::run_until_done(
            loop, injector.run({.method = method, .target = std::move(target), .headers = std::move(headers)}));
    }

    testing::RedisServer server;
    async::Loop loop;
    observe::Metrics metrics;
    base::FakeClock clock;
    base::SecureRandom random;
    redis::Client client{
        loop, {.endpoints = redis::fixed_endpoint(*redis::parse_url(server.url()))}, logging::Logger(), metrics};
    auth::SignedValues values{{.secret = "fedcba9876543210fedcba9876543210", .previous_secrets = {}}};
    auth::SessionCookies cookies{{.secure = true, .origins = {"https://shop.example"}}, values};
    Store store{client, {.timeout = 20s}, clock, logging::Logger(), metrics};
    http::Services services;
    http::Router router;
    http::Chain chain{{http::problems()}, router.handler()};
    auth::NewSession<Basket> fresh = async::run_until_done(loop, store.create({1}, "ann"));
    std::string csrf;
    std::string cookie;
};

TEST_F(CookieSessionTest, is_read_from_the_cookie) {
    EXPECT_EQ(send(http::Method::get, "/basket", {{"Cookie", cookie}}).body, R"({"items":1})");
    EXPECT_EQ(send(http::Method::get, "/look", {{"Cookie", cookie}}).body, R"({"items":1})");
    EXPECT_EQ(send(http::Method::get, "/look").body, R"({"items":-1})");
}

TEST_F(CookieSessionTest, nobody_else_is_let_in) {
    auto wrong = fresh.token;
    wrong[10] = wrong[10] == 'A' ? 'B' : 'A';
    for (const auto& given : {std::string("other=1"), std::string("__Host-sid="), "__Host-sid=" + wrong,
                              "sid=" + fresh.token, "__Host-sid=" + fresh.token + "; __Host-sid=" + wrong}) {
        const auto reply = send(http::Method::get, "/basket", {{"Cookie", given}});
        EXPECT_EQ(reply.status, 401) << given;
        EXPECT_THAT(reply.body, HasSubstr("session.missing"));
        EXPECT_EQ(reply.header("WWW-Authenticate"), R"(Cookie cookie-name="__Host-sid")");
    }
    clock.advance(12h);
    EXPECT_EQ(send(http::Method::get, "/basket", {{"Cookie", cookie}}).status, 401);
}

TEST_F(CookieSessionTest, a_change_needs_the_token_and_a_page_of_ours) {
    const auto post = [this](Headers headers) {
        headers.emplace_back("Cookie", cookie);
        return send(http::Method::post, "/basket", std::move(headers));
    };
    EXPECT_EQ(post({{"X-CSRF-Token", csrf}}).body, R"({"items":2})");
    EXPECT_EQ(post({{"X-CSRF-Token", csrf}, {"Origin", "https://shop.example"}}).body, R"({"items":3})");
    const auto other = async::run_until_done(loop, store.create({}, "ann"));
    http::Response response;
    const auto csrf_of_other =
        cookies.set(response, {.token = other.token, .session_id = other.session.id, .max_age = 1h}, random);
    for (const auto& headers : {Headers{}, Headers{{"X-CSRF-Token", "x"}}, Headers{{"X-CSRF-Token", csrf_of_other}},
                                Headers{{"X-CSRF-Token", csrf}, {"Origin", "https://evil.example"}},
                                Headers{{"X-CSRF-Token", csrf}, {"Sec-Fetch-Site", "cross-site"}}}) {
        const auto reply = post(headers);
        EXPECT_EQ(reply.status, 403);
        EXPECT_THAT(reply.body, HasSubstr("auth.csrf_failed"));
    }
    EXPECT_EQ(send(http::Method::get, "/basket", {{"Cookie", cookie}}).body, R"({"items":3})");
}

TEST_F(CookieSessionTest, a_stranger_s_page_begins_no_session) {
    EXPECT_EQ(send(http::Method::post, "/look").status, 200);
    EXPECT_EQ(send(http::Method::post, "/look", {{"Origin", "https://shop.example"}}).status, 200);
    EXPECT_EQ(send(http::Method::post, "/look", {{"Origin", "https://evil.example"}}).status, 403);
    EXPECT_EQ(send(http::Method::post, "/look", {{"Sec-Fetch-Site", "same-site"}}).status, 403);
}

TEST_F(CookieSessionTest, an_outage_is_no_sign_out) {
    server.kill();
    for (const auto* path : {"/basket", "/look"}) {
        const auto reply = send(http::Method::get, path, {{"Cookie", cookie}});
        EXPECT_EQ(reply.status, 503) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("session.unavailable"));
        EXPECT_EQ(reply.header("Retry-After"), "1");
    }
    EXPECT_EQ(send(http::Method::get, "/basket").status, 401);
    EXPECT_EQ(send(http::Method::get, "/look").status, 200);
}

TEST_F(CookieSessionTest, routes_say_so) {
    const auto& operation = *router.routes().front().operation;
    EXPECT_EQ(operation.security, std::vector<std::string_view>{"session"});
    for (const auto& code : {auth::errors::session_missing, auth::errors::sessions_unavailable})
        EXPECT_THAT(operation.errors, testing::Contains(code));
    EXPECT_TRUE(router.routes()[2].operation->security.empty());
    EXPECT_THROW(require_services(router, http::Services()), std::logic_error);
}

}  // namespace
