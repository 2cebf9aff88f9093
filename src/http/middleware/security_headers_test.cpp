#include "http/middleware/security_headers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"

namespace http {
namespace {

Middleware over_tls() {
    return [](Context& context, Next next) {
        context.request().set_secure(true);
        return next(context);
    };
}

async::Task<void> fails(Context&) {
    throw std::runtime_error("no");
    co_return;
}

TEST(SecurityHeaders, AreHelmetsOverTls) {
    const std::vector<std::pair<std::string, std::string>> expected{
        {"Content-Security-Policy",
         "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors "
         "'self';img-src 'self' data:;object-src 'none';"
         "script-src 'self';script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Origin-Agent-Cluster", "?1"},
        {"Referrer-Policy", "no-referrer"},
        {"Strict-Transport-Security", "max-age=31536000; includeSubDomains"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-DNS-Prefetch-Control", "off"},
        {"X-Download-Options", "noopen"},
        {"X-Frame-Options", "SAMEORIGIN"},
        {"X-Permitted-Cross-Domain-Policies", "none"},
        {"X-XSS-Protection", "0"}};
    for (const Handler& handler : {Handler(Replies{}), Handler(fails)}) {
        ChainForTest chain;
        const auto reply = chain.run({over_tls(), security_headers(), problems()}, handler);
        for (const auto& [name, value] : expected) EXPECT_EQ(reply.header(name), value) << name;
        EXPECT_FALSE(reply.header("Cross-Origin-Embedder-Policy"));
    }
}

TEST(SecurityHeaders, PlainHttpIsNotToldToBeHttps) {
    ChainForTest chain;
    const auto reply = chain.run({security_headers()}, Replies{});
    EXPECT_FALSE(reply.header("Strict-Transport-Security"));
    EXPECT_TRUE(reply.header("Content-Security-Policy")->ends_with("'unsafe-inline'"));
}

TEST(SecurityHeaders, HandlersOwnHeaderStays) {
    ChainForTest chain;
    const auto reply = chain.run({security_headers()}, Replies{.headers = {{"x-frame-options", "DENY"}}});
    EXPECT_EQ(reply.header("X-Frame-Options"), "DENY");
    EXPECT_EQ(std::ranges::count_if(reply.headers, [](const auto& header) { return header.second == "SAMEORIGIN"; }),
              0);
    EXPECT_EQ(reply.header("Referrer-Policy"), "no-referrer");
}

TEST(SecurityHeaders, CanBeLeftOutAndAdded) {
    ChainForTest chain;
    const auto reply = chain.run(
        {over_tls(), security_headers({.policy_report_only = true,
                                       .strict_transport_security =
                                           StrictTransportSecurity{
                                               .max_age_seconds = 60, .include_subdomains = false, .preload = true},
                                       .cross_origin_embedder_policy = "require-corp",
                                       .permissions_policy = "camera=()",
                                       .frame_options = std::nullopt})},
        Replies{});
    EXPECT_FALSE(reply.header("X-Frame-Options"));
    EXPECT_FALSE(reply.header("Content-Security-Policy"));
    EXPECT_TRUE(reply.header("Content-Security-Policy-Report-Only"));
    EXPECT_EQ(reply.header("Strict-Transport-Security"), "max-age=60; preload");
    EXPECT_EQ(reply.header("Cross-Origin-Embedder-Policy"), "require-corp");
    EXPECT_EQ(reply.header("Permissions-Policy"), "camera=()");
}

TEST(ContentSecurityPolicy, RefusesWhatBrowsersWouldMisread) {
    for (const char* bad : {"self", "none", "unsafe-inline", "nonce-abc", "sha256-abc", "a;b", "a,b", "a b", ""}) {
        EXPECT_THROW(ContentSecurityPolicy::defaults().set("img-src", {bad}), std::invalid_argument) << bad;
    }
    for (const char* bad : {"", "Img-Src", "img src", "img;src"})
        EXPECT_THROW(ContentSecurityPolicy::defaults().set(bad), std::invalid_argument) << bad;
    EXPECT_THROW((void)ContentSecurityPolicy::defaults().remove("default-src").to_string(), std::invalid_argument);
    EXPECT_EQ(ContentSecurityPolicy()
                  .set("default-src", {"'none'"})
                  .set("sandbox")
                  .set("default-src", {"'self'", "'nonce-abc'"})
                  .to_string(),
              "default-src 'self' 'nonce-abc';sandbox");
}

}  // namespace
}  // namespace http
