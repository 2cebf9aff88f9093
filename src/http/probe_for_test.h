#pragma once
// For the tables of requests that probes send: a case, how it is written, what answers it, and the judgement.
//
//     class Probe : public ProbeTest {};
//     TEST_P(Probe, IsAnsweredAsTheRFCsHaveIt) { judge(GetParam()); }
//     INSTANTIATE_TEST_SUITE_P(Some, Probe, testing::ValuesIn(cases()), probe_name);

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "http/cookie.h"
#include "http/middleware/default_chain.h"
#include "http/wire_for_test.h"

namespace http::probe {

inline constexpr int no_reply = 0;

enum class Then : std::uint8_t { follow_up, end };  // end: the bytes are all that is sent

// Stands in front of a second request on the same connection: behind a refusal that must not run, behind all else it must.
struct Case {
    const char* name;
    const char* rule;  // RFC and section
    std::string bytes;
    std::vector<int> statuses;
    std::string has = {};    // in the first reply
    std::string lacks = {};  // not in the first reply
    Then then = Then::follow_up;
    int next_status = 200;  // of the second request's reply

    // For gtest, which else prints the bytes of the struct.
    friend std::ostream& operator<<(std::ostream& out, const Case& one) { return out << one.name; }
};

inline const std::string host = "Host: localhost:8080\r\n";
inline const std::string follow_up = "GET /next HTTP/1.1\r\n" + host + "\r\n";

inline std::string line(std::string_view request_line, std::string_view fields = "") {
    return fmt::format("{}\r\n{}{}\r\n", request_line, host, fields);
}
inline std::string get(std::string_view fields = "") { return line("GET / HTTP/1.1", fields); }
inline std::string post(std::string_view fields, std::string_view body = "") {
    return line("POST / HTTP/1.1", fields) + std::string(body);
}
inline std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }
// Content-Length beside this, and five bytes.
inline std::string coding(std::string_view field) {
    return post(std::string(field) + "\r\nContent-Length: 5\r\n", "hello");
}
inline std::string length(std::string_view value, std::string_view body = "hello") {
    return post(fmt::format("Content-Length:{}\r\n", value), body);
}

// ---- The handlers -----------------------------------------------------------------------------------------------------

inline async::Task<void> ok(Context& context) {
    context.response().static_body("ok").content_type("text/plain");
    context.response().header("ETag", "\"1\"").header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    co_return;
}
inline async::Task<void> echo(Context& context) {
    const auto body = co_await context.request().body();
    context.response().body(std::string(body)).content_type("text/plain");
}
// How long the body is by its fields, and the body.
inline async::Task<void> tell_fields(Context& context) {
    const auto body = co_await context.request().body();
    const auto& headers = context.request().headers();
    context.response().body(fmt::format("length {}, coding {}: {}", headers.get("content-length").value_or("none"),
                                        headers.get("transfer-encoding").value_or("none"), body));
}
// "[a][1] [b][2]"
inline async::Task<void> tell_cookies(Context& context) {
    const auto text = context.request().header("cookie").value_or("");
    const auto cookies = Cookies::parse(text);
    std::string body = cookies ? "" : "too many";
    if (cookies) {
        for (const auto& [name, value] : cookies->all()) body += fmt::format("[{}][{}] ", name, value);
    }
    context.response().body(std::move(body)).content_type("text/plain");
    co_return;
}

// ---- The judgement --------------------------------------------------------------------------------------------------

// A reply by which the connection ends says so; behind another the next request has its own.
inline void expect_follow_up(const std::vector<WireReply>& replies, int next_status) {
    const auto& first = replies.front();
    const bool router_says = first.status == 404 || first.status == 405;
    if (first.status >= 400 && !router_says) EXPECT_TRUE(first.closes()) << first.head;
    if (first.closes()) {
        EXPECT_EQ(replies.size(), 1U);
        return;
    }
    ASSERT_EQ(replies.size(), 2U);
    EXPECT_EQ(replies[1].status, next_status);
    if (next_status == 200) EXPECT_EQ(replies[1].body, "ok");
}

inline void expect_reply(const Case& wanted, const std::vector<WireReply>& replies) {
    const auto status = replies.empty() ? no_reply : replies.front().status;
    EXPECT_TRUE(std::ranges::find(wanted.statuses, status) != wanted.statuses.end()) << status;
    if (replies.empty()) return;
    const auto first = replies.front().head + replies.front().body;
    EXPECT_TRUE(first.contains(wanted.has)) << wanted.has;
    if (!wanted.lacks.empty()) EXPECT_FALSE(first.contains(wanted.lacks)) << wanted.lacks;
    if (wanted.then == Then::end) {
        EXPECT_EQ(replies.size(), 1U);
    } else {
        expect_follow_up(replies, wanted.next_status);
    }
}

class ProbeTest : public ServerForTest, public testing::WithParamInterface<Case> {
protected:
    void SetUp() override {
        router.add(Method::get, "/", {.handler = ok});
        router.add(Method::post, "/", {.handler = echo});
        router.add(Method::post, "/fields", {.handler = tell_fields});
        router.add(Method::get, "/cookie", {.handler = tell_cookies});
        router.add(Method::get, "/next", {.handler = ok});
        router.add(Method::get, "/smuggled", {.handler = ok});
        app = [chain = std::make_shared<Chain>(default_chain(), router.handler())](Context& context) {
            return (*chain)(context);
        };
        start();
    }

    void judge(const Case& wanted) const {
        const auto sent = wanted.then == Then::end ? wanted.bytes : wanted.bytes + follow_up;
        const auto result = send_and_read(port, sent);
        SCOPED_TRACE(
            fmt::format("RFC {}\n  sent: {}\n  got: {}", wanted.rule, visible(wanted.bytes), visible(result.bytes)));
        EXPECT_TRUE(result.closed);
        auto replies = result.replies(wanted.bytes.starts_with("HEAD"));
        std::erase_if(replies, [](const auto& reply) { return reply.status == 100; });
        expect_reply(wanted, replies);
    }
};

inline std::string probe_name(const testing::TestParamInfo<Case>& info) {
    std::string name = info.param.name;
    std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.' || c == ' '; }, '_');
    return name;
}

}  // namespace http::probe
