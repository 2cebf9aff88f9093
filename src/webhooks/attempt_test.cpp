#include "webhooks/attempt.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "client/client_for_test.h"

namespace {

using namespace webhooks;

TEST(WebhookAttempt, WhatAStatusMeans) {
    struct Case {
        int status;
        Outcome outcome;
    };
    constexpr Case cases[] = {
        {200, Outcome::succeeded},  {204, Outcome::succeeded}, {299, Outcome::succeeded}, {301, Outcome::redirected},
        {304, Outcome::redirected}, {400, Outcome::refused},   {401, Outcome::refused},   {404, Outcome::refused},
        {410, Outcome::gone},       {429, Outcome::throttled}, {500, Outcome::failed},    {503, Outcome::failed},
        {599, Outcome::failed},     {600, Outcome::failed},    {100, Outcome::failed},
    };
    for (const auto& one : cases) EXPECT_EQ(outcome_of_status(one.status), one.outcome) << one.status;
}

TEST(WebhookAttempt, WhatAFailureMeans) {
    using client::Cause;
    struct Case {
        Cause cause;
        int status;
        Outcome outcome;
    };
    constexpr Case cases[] = {
        {Cause::forbidden, 0, Outcome::address_refused},
        {Cause::name, 0, Outcome::unreachable},
        {Cause::connect, 0, Outcome::unreachable},
        {Cause::connection_lost, 0, Outcome::unreachable},
        {Cause::tls, 0, Outcome::tls_failed},
        {Cause::timeout, 0, Outcome::timed_out},
        {Cause::malformed_reply, 0, Outcome::bad_reply},
        {Cause::cancelled, 0, Outcome::cancelled},
        {Cause::queue_full, 0, Outcome::cancelled},
        {Cause::timeout, 410, Outcome::gone},
        {Cause::timeout, 500, Outcome::failed},
        {Cause::status, 302, Outcome::redirected},
        {Cause::reply_too_large, 429, Outcome::throttled},
    };
    for (const auto& one : cases)
        EXPECT_EQ(outcome_of({.cause = one.cause, .status = one.status}), one.outcome) << client::to_string(one.cause);
}

TEST(WebhookAttempt, WhatIsKeptOfAReplyIsText) {
    EXPECT_EQ(excerpt_of("ok\n"), "ok\n");
    EXPECT_EQ(excerpt_of(std::string_view("a\0b\x1b[2Jc", 8)), "a b [2Jc");
    EXPECT_EQ(excerpt_of("\xff\xfe gr\xc3\xbc\xc3\x9f"), "\xEF\xBF\xBD\xEF\xBF\xBD gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(excerpt_of("cut \xf0\x9f\x98"), "cut \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    for (std::size_t offset = 0; offset < 4; ++offset) {
        std::string emoji(offset, 'x');
        while (emoji.size() < 5'000) emoji += "\xf0\x9f\x98\x80";
        const auto text = excerpt_of(emoji);
        EXPECT_LE(text.size(), most_reply_bytes);
        EXPECT_TRUE(base::is_utf8(text));
    }
    EXPECT_EQ(excerpt_of("call 254712345678"), "call **********78");
    EXPECT_EQ(excerpt_of("no: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, nor whsk_a+b/c=="),
              "no: whsec_[Redacted], nor whsk_[Redacted]");
    EXPECT_EQ(excerpt_of(R"({"tried":["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]})"),
              R"({"tried":["whsec_[Redacted]"]})");
}

// ---- Against a server ------------------------------------------------------------------------------------------------

using client::Answer;
using client::http_reply;
using client::ScriptedServer;
using client::TestClient;
using namespace std::chrono_literals;

const SigningKey key = *SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const base::Timestamp sent_at = *base::parse_timestamp("2026-11-22T06:14:03.900Z");

Attempt send_to(TestClient& http, std::string url, std::chrono::milliseconds timeout = 10s) {
    const auto target = make_target({.timeout = timeout});
    return http.run(send(
        http.operator->(), &target,
        {.url = std::move(url), .id = "0197f0c2", .timestamp = sent_at, .body = R"({"z":1,"a":2})", .keys = {key}}));
}

TEST(WebhookAttempt, WhatIsSentCanBeVerified) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, "thanks", {}, "text/plain")); });
    TestClient http({.allow_loopback = true});
    const auto attempt = send_to(http, server.url("/hook?x=1"));
    EXPECT_EQ(attempt.outcome, Outcome::succeeded);
    EXPECT_EQ(attempt.status, 200);
    EXPECT_EQ(attempt.reply, "thanks");
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 1U);
    const auto& request = requests.front();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/hook?x=1");
    EXPECT_EQ(request.body, R"({"z":1,"a":2})");
    EXPECT_EQ(request.header("content-type"), "application/json");
    EXPECT_EQ(request.header("webhook-timestamp"), "1795328043");
    const VerifyingKey keys[] = {*VerifyingKey::parse(key.verifying_text())};
    EXPECT_EQ(
        verify(keys,
               {request.header("webhook-id"), request.header("webhook-timestamp"), request.header("webhook-signature")},
               request.body, sent_at),
        std::nullopt);
}

TEST(WebhookAttempt, RepliesThatLieEndInTime) {
    struct Case {
        const char* name;
        Answer answer;
        Outcome outcome;
        std::optional<std::int32_t> status;
    };
    const std::string endless = "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n";
    const std::string chunked = "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n";
    const Case cases[] = {
        {"never an answer", Answer().hold(), Outcome::timed_out, std::nullopt},
        {"five gigabytes", Answer().send(endless).flood(5'000'000'000), Outcome::succeeded, 200},
        {"a good reply without an end", Answer().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab").hold(),
         Outcome::succeeded, 200},
        {"a bad reply without an end", Answer().send(chunked).hold(), Outcome::failed, 500},
        {"a head that drips", Answer().drip("HTTP/1.1 200 OK\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 100ms),
         Outcome::timed_out, std::nullopt},
        {"no HTTP", Answer().send("SSH-2.0-OpenSSH_9.2\r\n").close(), Outcome::bad_reply, std::nullopt},
        {"a cut connection", Answer().close(), Outcome::unreachable, std::nullopt},
        {"204 with a body", Answer().send("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
         Outcome::succeeded, 204},
        {"binary", Answer().send(http_reply(200, std::string("\0\x01\xff\xfe", 4))), Outcome::succeeded, 200},
        {"it wants no more", Answer().send(http_reply(410, "bye")), Outcome::gone, 410},
        {"a redirect", Answer().send("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"),
         Outcome::redirected, 302},
    };
    for (const auto& one : cases) {
        ScriptedServer server([&](const auto&) { return one.answer; });
        TestClient http({.allow_loopback = true});
        const auto attempt = send_to(http, server.url("/hook"), 700ms);
        EXPECT_EQ(attempt.outcome, one.outcome) << one.name;
        EXPECT_EQ(attempt.status, one.status) << one.name;
        EXPECT_LT(attempt.duration, 5s) << one.name;
        EXPECT_LE(attempt.reply.value_or("").size(), most_reply_bytes) << one.name;
        EXPECT_TRUE(base::is_utf8(attempt.reply.value_or(""))) << one.name;
        EXPECT_EQ(server.request_count(), 1U) << one.name;
    }
}

TEST(WebhookAttempt, RetryAfterIsRead) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(429, "", "Retry-After: 120\r\n")); });
    TestClient http({.allow_loopback = true});
    const auto attempt = send_to(http, server.url("/hook"));
    EXPECT_EQ(attempt.outcome, Outcome::throttled);
    EXPECT_EQ(attempt.retry_after, 120s);
}

TEST(WebhookAttempt, WhereNobodyMayCallNothingIsSent) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, "the metadata service")); });
    const auto port = std::to_string(server.port());
    // What it leads to is looked up at each attempt.
    TestClient http({}, [](const std::string&) { return async::Resolution{.addresses = {"10.0.0.7"}}; });
    for (const auto& url :
         {server.url("/hook"), "https://127.0.0.1:" + port + "/", std::string("https://[::1]/"),
          std::string("https://169.254.169.254/latest/meta-data"), std::string("http://example.com/"),
          std::string("https://10.0.0.1:8443/"), std::string("ftp://example.com/"), std::string("nothing")}) {
        const auto attempt = send_to(http, url);
        EXPECT_EQ(attempt.outcome, Outcome::address_refused) << url;
        EXPECT_EQ(attempt.reply, std::nullopt) << url;
        EXPECT_EQ(attempt.status, std::nullopt) << url;
    }
    EXPECT_EQ(server.connection_count(), 0U);
}

}  // namespace
