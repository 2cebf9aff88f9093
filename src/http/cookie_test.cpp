#include "http/cookie.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace http {
namespace {

using namespace std::chrono_literals;

TEST(Cookies, ParsesPairs) {
    const auto cookies = Cookies::parse("SID=31d4d96e407aad42; lang=en-US;theme=\"dark\"; empty=;  a=b=c ;");
    ASSERT_TRUE(cookies);
    EXPECT_EQ(cookies->find("SID"), "31d4d96e407aad42");
    EXPECT_EQ(cookies->find("lang"), "en-US");
    EXPECT_EQ(cookies->find("theme"), "dark");
    EXPECT_EQ(cookies->find("empty"), "");
    EXPECT_EQ(cookies->find("a"), "b=c");
    EXPECT_FALSE(cookies->find("sid"));
    EXPECT_EQ(cookies->malformed(), 0U);
    EXPECT_TRUE(Cookies::parse("")->all().empty());
    EXPECT_TRUE(Cookies::parse(" ; ;; ")->all().empty());
}

TEST(Cookies, LeavesOutMalformedPairsAndKeepsTheRest) {
    for (const std::string_view bad :
         {"novalue", "=x", "na me=x", "n[0]=x", "n=a b", "n=a,b", "n=a\"b", "n=\"a", "n=a\\b", "n=\x01", "n=\x7f",
          "n=\xc3\xa9", "n\xc3\xa9=x", "n=\"a\"b\"", "n=\""}) {
        const std::string header = "first=1; " + std::string(bad) + "; last=2";
        const auto cookies = Cookies::parse(header);
        ASSERT_TRUE(cookies) << bad;
        EXPECT_EQ(cookies->malformed(), 1U) << bad;
        EXPECT_EQ(cookies->find("first"), "1");
        EXPECT_EQ(cookies->find("last"), "2");
        EXPECT_EQ(cookies->all().size(), 2U);
    }
}

TEST(Cookies, AmbiguousCookieIsNone) {
    const auto cookies = Cookies::parse("sid=planted; sid=mine; same=1; same=1");
    EXPECT_FALSE(cookies->find("sid"));
    EXPECT_EQ(cookies->find("same"), "1");
}

TEST(Cookies, IsBounded) {
    EXPECT_FALSE(Cookies::parse(std::string(Cookies::max_header_bytes + 1, 'a')));
    std::string header;
    for (std::size_t i = 0; i < Cookies::max_cookies; ++i) header += (i % 2 == 0) ? "a=1;" : "bad;";
    EXPECT_TRUE(Cookies::parse(header));
    EXPECT_FALSE(Cookies::parse(header + "one=more"));
}

TEST(SetCookie, WritesASessionCookie) {
    EXPECT_EQ(set_cookie({.name = "__Host-sid", .value = "abc"}),
              "__Host-sid=abc; Path=/; Secure; HttpOnly; SameSite=Lax");
    EXPECT_EQ(set_cookie({.name = "__Host-csrf", .value = "x", .same_site = SameSite::strict, .http_only = false}),
              "__Host-csrf=x; Path=/; Secure; SameSite=Strict");
    EXPECT_EQ(set_cookie({.name = "a",
                          .value = "",
                          .path = "/app",
                          .domain = "example.com",
                          .max_age = 1h,
                          .same_site = SameSite::none,
                          .partitioned = true}),
              "a=; Max-Age=3600; Domain=example.com; Path=/app; Secure; HttpOnly; SameSite=None; Partitioned");
    EXPECT_EQ(set_cookie({.name = "a", .value = "b", .max_age = 24h * 1000}),
              "a=b; Max-Age=34560000; Path=/; Secure; HttpOnly; SameSite=Lax");
    EXPECT_EQ(set_cookie({.name = "a", .value = "b", .max_age = -5s}),
              "a=b; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax");
    EXPECT_EQ(expire_cookie({.name = "__Host-sid", .value = "abc"}),
              "__Host-sid=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax");
}

TEST(SetCookie, RefusesWhatBrowsersRefuse) {
    for (const SetCookie& bad :
         {SetCookie{.name = ""}, SetCookie{.name = "a b"}, SetCookie{.name = "a=b"}, SetCookie{.name = "a\r\nX"},
          SetCookie{.name = "a", .value = "b; Domain=evil"}, SetCookie{.name = "a", .value = "b\r\nSet-Cookie: c=d"},
          SetCookie{.name = "a", .value = "b c"}, SetCookie{.name = "a", .value = "\"b\""},
          SetCookie{.name = "a", .path = "app"}, SetCookie{.name = "a", .path = "/;x"},
          SetCookie{.name = "a", .domain = "a;b"}, SetCookie{.name = "a", .domain = ".a.b"},
          SetCookie{.name = "__Host-a", .path = "/app"}, SetCookie{.name = "__Host-a", .domain = "example.com"},
          SetCookie{.name = "__hOST-a", .secure = false}, SetCookie{.name = "__Secure-a", .secure = false},
          SetCookie{.name = "a", .same_site = SameSite::none, .secure = false},
          SetCookie{.name = "a", .secure = false, .partitioned = true}}) {
        EXPECT_THROW((void)set_cookie(bad), std::invalid_argument) << bad.name << ' ' << bad.value << ' ' << bad.path;
    }
    const std::string long_value(4096, 'x');
    EXPECT_THROW((void)set_cookie({.name = "a", .value = long_value}), std::invalid_argument);
}

}  // namespace
}  // namespace http
