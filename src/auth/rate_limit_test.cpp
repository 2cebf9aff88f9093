// The link in front of routes, with limits kept by the process (no Redis).

#include "auth/rate_limit.h"

#include <gtest/gtest.h>

#include "auth/caller.h"
#include "base/random.h"
#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"

namespace {

using namespace std::chrono_literals;
using auth::RateKey;

TEST(rate_key, is_an_address_or_the_network_of_a_subscriber) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"2001:db8:1:2::", "2001:db8:1:2::/64"},
        {"::1", "0:0:0:0::/64"},
        {"", ""},
    };
    for (const auto& [address, key] : cases) EXPECT_EQ(auth::rate_key_of(address), key) << address;
}

async::Task<http::NoContent> open_to_all() { co_return http::NoContent{}; }
async::Task<http::NoContent> for_callers(auth::Caller /*caller*/) { co_return http::NoContent{}; }

async::Task<http::NoContent> charging(http::Context& context) {
    co_await auth::charge(context, {{"named", std::string(context.request().header("x-name").value_or(""))}});
    co_return http::NoContent{};
}

struct From {
    std::string address = "192.0.2.1";
    std::optional<auth::Caller> caller = {};
    std::string name = {};
};

class RateLimitTest : public testing::Test {
protected:
    RateLimitTest() {
        chain.services.add(limiter);
        const auth::RateLimitOptions options{
            .policies = {{.name = "address", .key = RateKey::address, .limit = {.count = 4, .window = 3'600s}},
                         {.name = "user", .key = RateKey::user, .limit = {.count = 3, .window = 3'600s}},
                         {.name = "tenant", .key = RateKey::tenant, .limit = {.count = 10, .window = 3'600s}},
                         {.name = "device", .key = RateKey::device, .limit = {.count = 2, .window = 3'600s}}},
            .classes = {{"login", {{.name = "login", .key = RateKey::address, .limit = {.count = 1, .window = 60s}}}},
                        {"named", {{.name = "named", .key = RateKey::named, .limit = {.count = 1, .window = 60s}}}}}};
        http::Routes routes(router.group("/v1", {auth::rate_limits(options, metrics)}), "test");
        routes.get("/open", open_to_all);
        routes.get("/callers", for_callers);
        routes.post("/named", charging, {.options = {.rate_class = "named"}});
        routes.post("/unnamed", charging);
        routes.post("/login", open_to_all, {.options = {.rate_class = "login"}});
    }

    http::InjectedResponse send(http::Method method, std::string target, const From& from = {}) {
        const auto as = [from](http::Context& context, http::Next next) {
            if (from.caller) context.set(*from.caller);
            return next(context);
        };
        return chain.run({http::problems(), as}, router.handler(),
                         {.method = method,
                          .target = std::move(target),
                          .headers = {{"X-Name", from.name}},
                          .remote_address = from.address});
    }
    http::InjectedResponse get(std::string target, const From& from = {}) {
        return send(http::Method::get, std::move(target), from);
    }
    auth::Caller caller(std::optional<base::Uuid> device = {}) {
        return {.user_id = ids.next(), .tenant_id = ids.next(), .session_id = ids.next(), .device_id = device};
    }

    http::ChainForTest chain;
    observe::Metrics metrics;
    redis::RateLimiter limiter{chain.loop, nullptr, {}, metrics};
    http::Router router;
    base::SeededRandom random{7};
    base::UuidGenerator ids{base::system_clock(), random};
};

TEST_F(RateLimitTest, says_what_is_left_and_refuses_when_nothing_is) {
    for (int left = 3; left >= 0; --left) {
        const auto reply = get("/v1/open");
        EXPECT_EQ(reply.status, 204);
        EXPECT_EQ(reply.header("RateLimit-Policy"), R"("address";q=4;w=3600)");
        EXPECT_EQ(reply.header("RateLimit"),
                  R"("address";r=)" + std::to_string(left) + ";t=" + std::to_string((4 - left) * 900));
        EXPECT_FALSE(reply.header("Retry-After"));
    }
    const auto refused = get("/v1/open");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("RateLimit-Policy"), R"("address";q=4;w=3600)");
    EXPECT_EQ(refused.header("RateLimit"), R"("address";r=0;t=3600)");
    EXPECT_EQ(refused.header("Retry-After"), "900");
    for (const auto* part :
         {R"("code":"request.rate_limited")", R"("retriable":true)", R"("action":"retry")", R"("retryAfterMs":)"})
        EXPECT_TRUE(refused.body.contains(part)) << refused.body;
    EXPECT_EQ(get("/v1/open", {.address = "192.0.2.2"}).status, 204);
    EXPECT_TRUE(metrics.render().contains(R"(rate_limit_requests_total{policy="address",outcome="refused"} 1)"))
        << metrics.render();
}

TEST_F(RateLimitTest, an_address_stands_for_those_who_prove_nothing) {
    for (int i = 0; i < 5; ++i) std::ignore = get("/v1/open");
    EXPECT_EQ(get("/v1/open").status, 429);
    EXPECT_EQ(get("/v1/callers", {.caller = caller()}).status, 204);
}

TEST_F(RateLimitTest, a_handler_charges_what_its_body_names) {
    const auto as = [&](std::string name) { return send(http::Method::post, "/v1/named", {.name = std::move(name)}); };
    EXPECT_EQ(as("a").header("RateLimit-Policy"), R"("named";q=1;w=60)");
    EXPECT_EQ(as("a").status, 429);
    EXPECT_EQ(as("b").status, 204);
    // Nothing of that counts where the class has no such policy.
    EXPECT_EQ(send(http::Method::post, "/v1/unnamed", {.name = "a"}).status, 204);
}

TEST_F(RateLimitTest, counts_a_network_of_ipv6_as_one) {
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(get("/v1/open", {.address = "2001:db8:1:2::" + std::to_string(i)}).status, 204);
    EXPECT_EQ(get("/v1/open", {.address = "2001:db8:1:2:ffff::1"}).status, 429);
    EXPECT_EQ(get("/v1/open", {.address = "2001:db8:1:3::1"}).status, 204);
}

TEST_F(RateLimitTest, a_class_has_limits_of_its_own) {
    EXPECT_EQ(send(http::Method::post, "/v1/login").header("RateLimit-Policy"), R"("login";q=1;w=60)");
    const auto refused = send(http::Method::post, "/v1/login");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("Retry-After"), "60");
    EXPECT_EQ(get("/v1/open").status, 204);
}

TEST_F(RateLimitTest, names_the_policy_that_is_closest_to_its_end) {
    const auto device = ids.next();
    const auto user = caller(device);
    // From everywhere, so that only the caller's own limits count.
    auto from = [&, next = 0]() mutable { return From{"192.0.2." + std::to_string(next++), user}; };
    EXPECT_EQ(get("/v1/callers", from()).header("RateLimit"), R"("device";r=1;t=1800)");
    EXPECT_EQ(get("/v1/callers", from()).header("RateLimit"), R"("device";r=0;t=3600)");
    const auto refused = get("/v1/callers", from());
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("RateLimit-Policy"), R"("device";q=2;w=3600)");
    // Nothing was charged by that: without the device the user has one left.
    auto elsewhere = user;
    elsewhere.device_id.reset();
    EXPECT_EQ(get("/v1/callers", {"192.0.2.200", elsewhere}).header("RateLimit"), R"("user";r=0;t=3600)");
    EXPECT_EQ(get("/v1/callers", {"192.0.2.201", elsewhere}).status, 429);
}

TEST_F(RateLimitTest, a_caller_that_is_none_counts_for_its_address) {
    // No authenticator is there, so that reading the caller fails as a bad token does.
    for (int i = 0; i < 4; ++i) EXPECT_EQ(get("/v1/callers").status, 500);
    EXPECT_EQ(get("/v1/callers").status, 429);
    EXPECT_EQ(get("/v1/open").status, 429);
}

TEST_F(RateLimitTest, without_a_limiter_nothing_is_limited) {
    chain.services = {};
    for (int i = 0; i < 6; ++i) EXPECT_EQ(get("/v1/open").status, 204);
}

}  // namespace
