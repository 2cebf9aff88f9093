#include "http/middleware/cors.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"

namespace http {
namespace {

const CORSOptions shop{.origins = {"https://shop.example"}, .credentials = true};

TEST(CORS, RefusesCredentialsForAnyOrigin) { EXPECT_THROW((void)cors({.credentials = true}), std::invalid_argument); }

struct SimpleCase {
    const char* name;
    CORSOptions options;
    const char* origin;
    std::optional<std::string> allowed;
    std::optional<std::string> vary;
};

TEST(CORS, AnOriginIsWhatABrowserSends) {
    for (const auto* origin : {"https://shop.example", "http://localhost:5173", "capacitor://localhost", "http://[::1]",
                               "http://[::1]:8080", "https://xn--caf-dma.example:8443", "https://a:80", "http://a:443"})
        EXPECT_TRUE(is_origin(origin)) << origin;
    for (const auto* none : {"",
                             "x",
                             "*",
                             "null",
                             "://a",
                             "https://",
                             "https://a/",
                             "https://a/b",
                             "https://A.example",
                             "HTTPS://a",
                             "https://a:",
                             "https://a:0",
                             "https://a:08",
                             "https://a:70000",
                             "https://a:443",
                             "http://a:80",
                             "https://u@a",
                             "https://a?b",
                             "https://a b",
                             "1a://b"})
        EXPECT_FALSE(is_origin(none)) << none;
}

TEST(CORS, ActualRequests) {
    const std::vector<SimpleCase> cases{
        {"any origin", {}, "https://a.example", "*", std::nullopt},
        {"no origin, any", {}, nullptr, std::nullopt, std::nullopt},
        {"listed", shop, "https://shop.example", "https://shop.example", "Origin"},
        {"not listed", shop, "https://evil.example", std::nullopt, "Origin"},
        {"prefix of a listed one", shop, "https://shop.example.evil", std::nullopt, "Origin"},
        {"null", shop, "null", std::nullopt, "Origin"},
        {"no origin, list", shop, nullptr, std::nullopt, "Origin"},
        {"by function",
         {.origins = {}, .is_allowed = [](std::string_view origin) { return origin.ends_with(".example"); }},
         "https://b.example",
         "https://b.example",
         "Origin"},
    };
    for (const auto& test : cases) {
        ChainForTest chain;
        InjectedRequest request;
        if (test.origin != nullptr) request.headers.emplace_back("Origin", test.origin);
        const auto reply = chain.run({problems(), cors(test.options)}, Replies{}, request);
        EXPECT_EQ(reply.status, 200) << test.name;
        EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), test.allowed) << test.name;
        EXPECT_EQ(reply.header("Vary"), test.vary) << test.name;
        EXPECT_EQ(reply.header("Access-Control-Expose-Headers").has_value(), test.allowed.has_value()) << test.name;
    }
}

TEST(CORS, APageOfAnotherOriginReadsTheServersTime) {
    ChainForTest chain;
    const auto reply = chain.run({cors()}, Replies{}, {.headers = {{"Origin", "https://till.example"}}});
    const auto exposed = reply.header("Access-Control-Expose-Headers");
    ASSERT_TRUE(exposed);
    EXPECT_TRUE(exposed->starts_with("Date, ") || exposed->starts_with("Date,")) << *exposed;
}

TEST(CORS, WhatIsForEverybodyIsTheSameForEveryOrigin) {
    ChainForTest chain;
    const Replies page{.body = "x", .content_type = "text/plain", .headers = {{"Access-Control-Allow-Origin", "*"}}};
    for (const auto* origin : {"https://shop.example", "https://evil.example"}) {
        const auto reply = chain.run({cors(shop)}, page, {.headers = {{"Origin", origin}}});
        EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "*");
        EXPECT_FALSE(reply.header("Vary"));
        EXPECT_FALSE(reply.header("Access-Control-Allow-Credentials"));
    }
}

TEST(CORS, ErrorsCarryTheHeaders) {
    ChainForTest chain;
    const auto handler = [](Context&) -> async::Task<void> { throw std::runtime_error("no"); };
    const auto reply = chain.run({problems(), cors(shop)}, handler, {.headers = {{"Origin", "https://shop.example"}}});
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "https://shop.example");
    EXPECT_EQ(reply.header("Access-Control-Allow-Credentials"), "true");
}

InjectedRequest preflight(const char* origin, std::vector<std::pair<std::string, std::string>> more = {}) {
    more.emplace_back("Origin", origin);
    more.emplace_back("Access-Control-Request-Method", "PUT");
    return {.method = Method::options, .target = "/v1/sales", .headers = std::move(more)};
}

TEST(CORS, PreflightIsAnsweredHere) {
    ChainForTest chain;
    const auto reply =
        chain.run({problems(), cors(shop)}, Replies{.body = "not reached"},
                  preflight("https://shop.example", {{"Access-Control-Request-Headers", "idempotency-key"}}));
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "https://shop.example");
    EXPECT_EQ(reply.header("Access-Control-Allow-Methods"), "GET,HEAD,PUT,POST,DELETE,PATCH");
    EXPECT_EQ(reply.header("Access-Control-Allow-Headers"), "idempotency-key");
    EXPECT_EQ(reply.header("Access-Control-Max-Age"), "600");
    EXPECT_EQ(reply.header("Vary"), "Access-Control-Request-Headers, Origin");
    EXPECT_FALSE(reply.header("Access-Control-Expose-Headers"));
    EXPECT_FALSE(reply.header("Access-Control-Allow-Private-Network"));
    EXPECT_TRUE(reply.body.empty());
}

TEST(CORS, PreflightOfAStrangerIsRefused) {
    ChainForTest chain;
    const auto reply = chain.run({problems(), cors(shop)}, Replies{}, preflight("https://evil.example"));
    EXPECT_EQ(reply.status, 403);
    EXPECT_FALSE(reply.header("Access-Control-Allow-Origin"));
    EXPECT_TRUE(reply.body.contains("request.origin_not_allowed"));
}

TEST(CORS, PreflightWithConfiguredHeadersAndPrivateNetwork) {
    ChainForTest chain;
    const auto reply = chain.run(
        {cors({.request_headers = {"Authorization", "If-Match"}, .max_age_seconds = 0, .private_network = true})},
        Replies{}, preflight("http://till.local", {{"Access-Control-Request-Private-Network", "true"}}));
    EXPECT_EQ(reply.header("Access-Control-Allow-Headers"), "Authorization,If-Match");
    EXPECT_EQ(reply.header("Access-Control-Allow-Private-Network"), "true");
    EXPECT_FALSE(reply.header("Access-Control-Max-Age"));
}

TEST(CORS, PlainOptionsGoesOn) {
    ChainForTest chain;
    EXPECT_EQ(chain
                  .run({cors()}, Replies{.body = "options"},
                       {.method = Method::options, .headers = {{"Origin", "https://a.example"}}})
                  .body,
              "options");
}

}  // namespace
}  // namespace http
