// What becomes of calls: replies, outcomes, retries, redirects, the queue, the breaker, cancellation.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>

#include "base/strings.h"
#include "client/client_for_test.h"
#include "observe/memory_tracer_for_test.h"

namespace client {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Answer things(const ScriptedServer::Request& /*request*/) { return Answer().send(http_reply(200, thing_json)); }

ScriptedServer::Script always(int status, const std::string& headers = {}, const std::string& body = "{}") {
    return [=](const ScriptedServer::Request&) { return Answer().send(http_reply(status, body, headers)); };
}

async::Task<Result<Thing>> get_thing(TestClient* http, const Target* target, std::string path, Call call = {}) {
    return (*http)->get<Thing>(*target, std::move(path), std::move(call));
}

TEST(ClientCall, GivesTheReplyAsAStruct) {
    const ScriptedServer server(things);
    TestClient http;
    auto target = TestClient::target(server);
    target.auth = Basic{"till", "pass word"};
    const auto reply = http.run(http->get<Thing>(target, "/v1/thing", {.query = {{"q", "a b&c"}}}));
    ASSERT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body.name, "sugar");
    EXPECT_EQ(reply->headers.get("content-type"), "application/json");
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/v1/thing?q=a%20b%26c");
    EXPECT_EQ(request.header("authorization"), "Basic " + base::base64_encode("till:pass word"));
    EXPECT_EQ(request.header("accept"), "application/json");
    EXPECT_EQ(request.header("expect"), "");
    EXPECT_EQ(request.header("content-type"), "");
    EXPECT_EQ(request.header("connection"), "");
}

TEST(ClientCall, UsesAConnectionAgain) {
    const ScriptedServer server(things);
    TestClient http;
    const auto target = TestClient::target(server);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(http.run(http->get<Thing>(target, "/")));
    EXPECT_EQ(server.connection_count(), 1U);
}

TEST(ClientCall, SendsJsonFormsAndBytesByAnyMethod) {
    const ScriptedServer server(things);
    TestClient http;
    auto target = TestClient::target(server);
    target.auth = Bearer{"t0ken"};
    ASSERT_TRUE(http.run(http->post<Thing>(target, "/json", Thing{"salt", 2}, {.idempotency_key = "key-1"})));
    ASSERT_TRUE(http.run(http->post<Thing>(target, "/form", form({{"a", "1"}, {"b[c]", "x y"}}))));
    ASSERT_TRUE(http.run(http->send<Nothing>("PUT", target, "/bytes", bytes(std::string(100'000, 'x'), "image/png"))));
    ASSERT_TRUE(http.run(http->send<Nothing>("DELETE", target, "/gone", {})));
    ASSERT_TRUE(http.run(http->send<Nothing>("POST", target, "/empty", {})));
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 5U);
    EXPECT_EQ(requests[0].body, R"({"name":"salt","count":2})");
    EXPECT_EQ(requests[0].header("content-type"), "application/json");
    EXPECT_EQ(requests[0].header("idempotency-key"), "key-1");
    EXPECT_EQ(requests[0].header("authorization"), "Bearer t0ken");
    EXPECT_EQ(requests[1].header("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(requests[1].body, "a=1&b%5Bc%5D=x%20y");
    EXPECT_EQ(requests[2].method, "PUT");
    EXPECT_EQ(requests[2].body.size(), 100'000U);
    EXPECT_EQ(requests[3].method, "DELETE");
    EXPECT_EQ(requests[4].header("content-length"), "0");
    EXPECT_EQ(requests[4].header("content-type"), "");
}

// ---- The guide's example ----------------------------------------------------------------------------------------

struct Place {
    std::string name;
    double latitude = 0;

    friend constexpr auto describe(Place*) {
        return schema::object<Place>("Place", schema::field<&Place::name>("name"),
                                     schema::field<&Place::latitude>("latitude"));
    }
};

async::Task<Place> find_place(client::Client* http, const client::Target* maps, std::string name) {
    const auto reply = co_await http->get<Place>(*maps, "/places", {.query = {{"q", name}}});
    if (!reply) throw client::failure(reply.error());
    co_return reply->body;
}

TEST(ClientGuide, CallsInFifteenLines) {
    const ScriptedServer server([](const auto& request) {
        if (request.target != "/places?q=Kisumu") return Answer().send(http_reply(404, "{}"));
        return Answer().send(http_reply(200, R"({"name":"Kisumu","latitude":-0.1})"));
    });
    TestClient http;
    const auto maps = TestClient::target(server, "maps");
    EXPECT_EQ(http.run(find_place(http.operator->(), &maps, "Kisumu")).name, "Kisumu");
    EXPECT_THROW(http.run(find_place(http.operator->(), &maps, "Atlantis")), base::Failure);
}

// ---- Outcomes ---------------------------------------------------------------------------------------------------

TEST(ClientOutcome, IsNotSentWhereNobodyListens) {
    TestClient http;
    const Target target{.name = "nobody", .base_url = closed_url(), .retry = {.attempts = 1}};
    const auto reply = http.run(http->post<Thing>(target, "/", Thing{}));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().outcome, Outcome::not_sent);
    EXPECT_EQ(reply.error().cause, Cause::connect);
    EXPECT_FALSE(reply.error().may_have_happened());
    EXPECT_EQ(failure(reply.error()).code(), errors::unavailable);
    EXPECT_THAT(http.metrics(), HasSubstr(R"(http_client_failures_total{target="nobody",kind="connect"} 1)"));
}

TEST(ClientOutcome, IsRefusedWithStatusHeadersAndBody) {
    const ScriptedServer server(always(402, "X-Why: funds\r\n", R"({"name":"declined","count":7})"));
    TestClient http;
    const auto target = TestClient::target(server);
    const auto reply = http.run(http->post<Thing>(target, "/charge", Thing{}));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().outcome, Outcome::refused);
    EXPECT_EQ(reply.error().status, 402);
    EXPECT_EQ(reply.error().headers.get("x-why"), "funds");
    EXPECT_EQ(reply.error().body_as<Thing>()->count, 7);
    EXPECT_FALSE(reply.error().may_have_happened());
    EXPECT_EQ(failure(reply.error()).code(), errors::refused);
    EXPECT_THAT(http.metrics(), HasSubstr(R"(http_client_requests_total{target="things",status="4xx"} 1)"));
}

TEST(ClientOutcome, IsUnknownWithoutAnAnswer) {
    for (const bool by_reset : {false, true}) {
        const ScriptedServer server([=](const auto&) { return by_reset ? Answer().reset() : Answer().close(); });
        TestClient http;
        const auto target = TestClient::target(server);
        const auto reply = http.run(http->post<Thing>(target, "/charge", Thing{}));
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().outcome, Outcome::unknown);
        EXPECT_EQ(reply.error().cause, Cause::connection_lost);
        EXPECT_TRUE(reply.error().may_have_happened());
        EXPECT_EQ(failure(reply.error()).code(), errors::outcome_unknown);
        EXPECT_EQ(server.request_count(), 1U);
    }
}

TEST(ClientOutcome, IsUnknownWhenTheReplyIsCutOrGarbage) {
    const std::vector<std::pair<std::string, Cause>> replies{
        {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\"",
         Cause::connection_lost},
        {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"nam",
         Cause::connection_lost},
        {"SSH-2.0-OpenSSH_9.2\r\n", Cause::malformed_reply},
    };
    for (const auto& [bytes, cause] : replies) {
        const ScriptedServer server([&](const auto&) { return Answer().send(bytes).close(); });
        TestClient http;
        const auto target = TestClient::target(server);
        const auto reply = http.run(http->post<Thing>(target, "/", Thing{}));
        ASSERT_FALSE(reply) << bytes;
        EXPECT_EQ(reply.error().outcome, Outcome::unknown) << bytes;
        EXPECT_EQ(reply.error().cause, cause) << bytes;
    }
}

TEST(ClientOutcome, OfAPageWhereJsonWasAskedForKeepsItsBeginningForTheLog) {
    const auto page =
        "<html>Proxy says no to +254712345678, authorization: Bearer abcdefghijklmnop" + std::string(5000, 'x');
    const ScriptedServer server([&](const auto&) { return Answer().send(http_reply(200, page, {}, "text/html")); });
    TestClient http;
    const auto target = TestClient::target(server);
    const auto reply = http.run(http->post<Thing>(target, "/", Thing{}));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().outcome, Outcome::unknown);
    EXPECT_EQ(reply.error().cause, Cause::unexpected_content);
    EXPECT_EQ(reply.error().body.size(), 1024U);
    EXPECT_THAT(http.logged(), HasSubstr("<html>Proxy says no to +**********78"));
    EXPECT_THAT(http.logged(), Not(HasSubstr("abcdefghijklmnop")));
}

TEST(ClientOutcome, OfJsonThatIsNotWhatItIsReadAsIsUnknown) {
    const ScriptedServer server(always(200, {}, R"({"name":7})"));
    TestClient http;
    const auto target = TestClient::target(server);
    const auto reply = http.run(http->post<Thing>(target, "/", Thing{}));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().outcome, Outcome::unknown);
    EXPECT_EQ(reply.error().cause, Cause::unreadable);
}

TEST(ClientOutcome, OfACallThatCannotBeMadeIsNotSent) {
    const ScriptedServer server(things);
    TestClient http;
    const auto target = TestClient::target(server);
    const auto cause_of = [&](std::string path, Call call = {}) {
        const auto reply = http.run(http->get<Thing>(target, std::move(path), std::move(call)));
        return reply ? Cause::status : reply.error().cause;
    };
    EXPECT_EQ(cause_of("@evil.example/"), Cause::bad_call);
    EXPECT_EQ(cause_of("https://evil.example/"), Cause::bad_call);
    EXPECT_EQ(cause_of("/", {.headers = {{"X-A", "b\r\nX-C: d"}}}), Cause::bad_call);
    EXPECT_EQ(cause_of("/", {.headers = {{"X A", "b"}}}), Cause::bad_call);
    EXPECT_EQ(server.request_count(), 0U);
}

TEST(ClientOutcome, OfTlsWithoutABelievedCertificateIsNotSent) {
    const ScriptedServer server(things, {.tls = true});
    const ScriptedServer stranger(things, {.tls = true, .certificate_names = "DNS:other.example"});
    const auto cause_of = [](const ScriptedServer& asked, const std::string& ca_file) {
        TestClient http({.ca_file = ca_file});
        const auto target = TestClient::target(asked);
        const auto reply = http.run(http->post<Thing>(target, "/", Thing{}));
        return reply
                   ? std::string("replied")
                   : std::string(to_string(reply.error().outcome)) + " " + std::string(to_string(reply.error().cause));
    };
    EXPECT_EQ(cause_of(server, server.certificate_file()), "replied");
    EXPECT_EQ(cause_of(server, {}), "not_sent tls");
    EXPECT_EQ(cause_of(stranger, stranger.certificate_file()), "not_sent tls");
    EXPECT_EQ(stranger.request_count(), 0U);
}

// ---- Retries ----------------------------------------------------------------------------------------------------

TEST(ClientRetry, RepeatsWhatMayBeRepeated) {
    const ScriptedServer server([](const auto& request) {
        if (request.header("x-fail") == "status") return Answer().send(http_reply(503, "{}"));
        return Answer().close();
    });
    TestClient http;
    auto target = TestClient::target(server);
    target.retry = {.attempts = 3, .base = 10ms, .cap = 20ms};
    const auto attempts_of = [&](const std::string& method, std::string how, Call call) {
        const auto before = server.request_count();
        call.headers = {{"X-Fail", how}};
        const auto reply =
            http.run(http->send<Nothing>(method, target, "/", method == "GET" ? Body{} : json(Thing{}), call));
        EXPECT_FALSE(reply);
        EXPECT_EQ(reply.error().attempts, server.request_count() - before);
        return server.request_count() - before;
    };
    EXPECT_EQ(attempts_of("GET", "status", {}), 3U);
    EXPECT_EQ(attempts_of("POST", "status", {}), 1U);
    EXPECT_EQ(attempts_of("POST", "cut", {}), 1U);
    EXPECT_EQ(attempts_of("POST", "cut", {.repeatable = true}), 3U);
    EXPECT_EQ(attempts_of("POST", "status", {.idempotency_key = "key-9"}), 3U);
    const auto requests = server.requests();
    EXPECT_EQ(requests[requests.size() - 3].header("idempotency-key"), "key-9");
    EXPECT_EQ(requests.back().header("idempotency-key"), "key-9");
}

TEST(ClientRetry, GivesTheReplyOfTheAttemptThatSucceeds) {
    std::atomic<int> asked = 0;
    const ScriptedServer server(
        [&](const auto&) { return Answer().send(++asked < 3 ? http_reply(502, "{}") : http_reply(200, thing_json)); });
    TestClient http;
    auto target = TestClient::target(server);
    target.retry = {.attempts = 3, .base = 10ms, .cap = 20ms};
    EXPECT_TRUE(http.run(http->get<Thing>(target, "/")));
    EXPECT_EQ(asked, 3);
    EXPECT_THAT(http.metrics(), HasSubstr(R"(http_client_retries_total{target="things"} 2)"));
}

TEST(ClientRetry, IsNotMadeWhenTheServerAsksForMoreThanTheCapOrTheDeadline) {
    const ScriptedServer server(always(503, "Retry-After: 120\r\n"));
    TestClient http;
    auto target = TestClient::target(server);
    target.retry = {.attempts = 3, .base = 10ms, .cap = 100ms};
    const auto reply = http.run(http->get<Thing>(target, "/"));
    EXPECT_EQ(server.request_count(), 1U);
    EXPECT_EQ(reply.error().retry_after, 120s);
    target.name = "other";
    target.retry.cap = 200s;
    EXPECT_FALSE(http.run(http->get<Thing>(target, "/", {.within = 1s})));
    EXPECT_EQ(server.request_count(), 2U);
}

TEST(ClientRetry, CostsATenthOfTheCallsAtMost) {
    const ScriptedServer server(always(503));
    TestClient http;
    auto target = TestClient::target(server);
    target.retry = {.attempts = 3, .base = 1ms, .cap = 1ms};
    for (int i = 0; i < 50; ++i) EXPECT_FALSE(http.run(http->get<Thing>(target, "/")));
    EXPECT_EQ(server.request_count(), 50U + 10 + 5);
}

// ---- Places and the breaker -------------------------------------------------------------------------------------

TEST(ClientQueue, IsBoundedAndEndsWithTheDeadline) {
    const ScriptedServer server([](const auto&) { return Answer().hold(); });
    TestClient http;
    auto target = TestClient::target(server);
    target.concurrency = 1;
    target.queue = 1;
    std::vector<async::Task<Result<Thing>>> calls;
    for (int i = 0; i < 3; ++i) calls.push_back(get_thing(&http, &target, "/", {.within = 300ms}));
    const auto replies = http.run_all(std::move(calls));
    EXPECT_EQ(replies[0].error().outcome, Outcome::unknown);
    EXPECT_EQ(replies[0].error().cause, Cause::timeout);
    EXPECT_EQ(replies[1].error().outcome, Outcome::not_sent);
    EXPECT_EQ(replies[1].error().cause, Cause::timeout);
    EXPECT_EQ(replies[2].error().outcome, Outcome::not_sent);
    EXPECT_EQ(replies[2].error().cause, Cause::queue_full);
    EXPECT_LE(server.request_count(), 2U);
    EXPECT_THAT(http.metrics(), HasSubstr(R"(http_client_waiting{target="things"} 0)"));
}

TEST(ClientQueue, LetsNoMoreThroughAtOnceThanItMay) {
    const ScriptedServer server(things);
    TestClient http;
    auto target = TestClient::target(server);
    target.concurrency = 4;
    std::vector<async::Task<Result<Thing>>> calls;
    for (int i = 0; i < 64; ++i) calls.push_back(get_thing(&http, &target, "/"));
    for (const auto& reply : http.run_all(std::move(calls))) EXPECT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(server.request_count(), 64U);
    EXPECT_LE(server.connection_count(), 4U);
}

TEST(ClientBreaker, FailsFastAndTriesOne) {
    std::atomic<bool> is_well = false;
    const ScriptedServer server(
        [&](const auto&) { return Answer().send(is_well ? http_reply(200, thing_json) : http_reply(500, "{}")); });
    TestClient http;
    auto target = TestClient::target(server);
    target.breaker = {.failing = 0.5, .least = 4, .pause = 1h};
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(http.run(http->get<Thing>(target, "/")));
    const auto reply = http.run(http->get<Thing>(target, "/"));
    EXPECT_EQ(reply.error().outcome, Outcome::not_sent);
    EXPECT_EQ(reply.error().cause, Cause::breaker_open);
    EXPECT_TRUE(reply.error().retry_after);
    EXPECT_EQ(server.request_count(), 4U);
    EXPECT_THAT(http.metrics(), HasSubstr(R"(http_client_breaker_open{target="things"} 1)"));

    auto other = TestClient::target(server, "other");
    other.breaker = {.failing = 0.5, .least = 4, .pause = 0ms};
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(http.run(http->get<Thing>(other, "/")));
    is_well = true;
    EXPECT_TRUE(http.run(http->get<Thing>(other, "/")));
    EXPECT_TRUE(http.run(http->get<Thing>(other, "/")));
}

// ---- Redirects --------------------------------------------------------------------------------------------------

TEST(ClientRedirect, IsARefusalUnlessItIsAskedFor) {
    const ScriptedServer server(always(302, "Location: /elsewhere\r\n"));
    TestClient http;
    const auto target = TestClient::target(server);
    const auto reply = http.run(http->get<Thing>(target, "/"));
    EXPECT_EQ(reply.error().outcome, Outcome::refused);
    EXPECT_EQ(reply.error().status, 302);
    EXPECT_EQ(server.request_count(), 1U);
}

TEST(ClientRedirect, IsFollowedWithoutCredentialsElsewhere) {
    const ScriptedServer other(things);
    const ScriptedServer server([&](const auto& request) {
        if (request.target == "/a") return Answer().send(http_reply(302, "", "Location: /b?c=d\r\n"));
        return Answer().send(http_reply(307, "", "Location: " + other.url("/there") + "\r\n"));
    });
    TestClient http;
    auto target = TestClient::target(server);
    target.auth = Bearer{"t0ken"};
    target.redirects = 3;
    EXPECT_TRUE(http.run(http->get<Thing>(target, "/a")));
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[1].target, "/b?c=d");
    EXPECT_EQ(requests[1].header("authorization"), "Bearer t0ken");
    EXPECT_EQ(other.requests().at(0).header("authorization"), "");
}

TEST(ClientRedirect, OfAPostBecomesAGetOrStaysWhatItIs) {
    const ScriptedServer server([](const auto& request) {
        if (request.target == "/303") return Answer().send(http_reply(303, "", "Location: /end\r\n"));
        if (request.target == "/308") return Answer().send(http_reply(308, "", "Location: /end\r\n"));
        return Answer().send(http_reply(200, thing_json));
    });
    TestClient http;
    auto target = TestClient::target(server);
    target.redirects = 1;
    EXPECT_TRUE(http.run(http->post<Thing>(target, "/303", Thing{"salt", 1})));
    EXPECT_TRUE(http.run(http->post<Thing>(target, "/308", Thing{"salt", 1})));
    const auto requests = server.requests();
    EXPECT_EQ(requests[1].method, "GET");
    EXPECT_EQ(requests[1].body, "");
    EXPECT_EQ(requests[3].method, "POST");
    EXPECT_EQ(requests[3].body, requests[2].body);
}

TEST(ClientRedirect, HasAnEnd) {
    const ScriptedServer server(always(302, "Location: /again\r\n"));
    TestClient http;
    auto target = TestClient::target(server);
    target.redirects = 4;
    EXPECT_EQ(http.run(http->get<Thing>(target, "/")).error().status, 302);
    EXPECT_EQ(server.request_count(), 5U);
}

// ---- Whole URLs -------------------------------------------------------------------------------------------------

TEST(ClientWholeUrl, IsJudgedAndSoAreItsRedirects) {
    const ScriptedServer server([](const auto& request) {
        if (request.target == "/away") return Answer().send(http_reply(302, "", "Location: http://10.0.0.1/\r\n"));
        return Answer().send(http_reply(200, thing_json));
    });
    const Target hooks{.name = "hooks", .retry = {.attempts = 1}, .redirects = 2};
    TestClient strict;
    const auto forbidden = strict.run(strict->post<Nothing>(hooks, server.url("/hook"), Thing{}));
    EXPECT_EQ(forbidden.error().outcome, Outcome::not_sent);
    EXPECT_EQ(forbidden.error().cause, Cause::forbidden);
    EXPECT_EQ(server.request_count(), 0U);

    TestClient http({.allow_loopback = true});
    EXPECT_TRUE(http.run(http->post<Nothing>(hooks, server.url("/hook"), Thing{})));
    const auto away = http.run(http->get<Nothing>(hooks, server.url("/away")));
    EXPECT_EQ(away.error().outcome, Outcome::refused);
    EXPECT_EQ(away.error().cause, Cause::forbidden);
    EXPECT_EQ(away.error().status, 302);
}

// ---- The end ----------------------------------------------------------------------------------------------------

TEST(ClientStop, ByTheCallerEndsACall) {
    std::stop_source gone;
    const ScriptedServer server([](const auto&) { return Answer().hold(); });
    TestClient http;
    auto target = TestClient::target(server);
    target.concurrency = 1;
    async::Timer watch(http.loop(), [&] {
        if (server.request_count() == 1) return void(gone.request_stop());
        watch.expires_after(10ms);
    });
    watch.expires_after(10ms);
    std::vector<async::Task<Result<Thing>>> calls;
    for (int i = 0; i < 2; ++i) calls.push_back(get_thing(&http, &target, "/", {.stop = gone.get_token()}));
    const auto replies = http.run_all(std::move(calls));
    EXPECT_EQ(replies[0].error().outcome, Outcome::unknown);
    EXPECT_EQ(replies[0].error().cause, Cause::cancelled);
    EXPECT_EQ(replies[1].error().outcome, Outcome::not_sent);
    EXPECT_EQ(replies[1].error().cause, Cause::cancelled);
    EXPECT_TRUE(server.wait_until([](const auto& at) { return at.open_connections() == 0; }));
    EXPECT_EQ(http.run(http->get<Thing>(target, "/", {.stop = gone.get_token()})).error().cause, Cause::cancelled);
}

async::Task<Result<Thing>> stop_in_between(TestClient* http, async::Task<Result<Thing>> call) {
    co_await async::sleep(&http->loop(), 10ms);
    co_await (*http)->stop(async::Loop::now() + 50ms);
    co_return co_await call;
}

TEST(ClientStop, OfTheClientEndsWhatRunsAndRefusesNewCalls) {
    const ScriptedServer server([](const auto&) { return Answer().hold(); });
    TestClient http;
    const auto target = TestClient::target(server);
    std::vector<async::Task<Result<Thing>>> calls;
    calls.push_back(get_thing(&http, &target, "/"));
    calls.push_back(stop_in_between(&http, get_thing(&http, &target, "/late")));
    const auto replies = http.run_all(std::move(calls));
    EXPECT_EQ(replies[0].error().cause, Cause::cancelled);
    EXPECT_EQ(replies[1].error().cause, Cause::cancelled);
    EXPECT_EQ(replies[1].error().outcome, Outcome::not_sent);
    EXPECT_LE(server.request_count(), 1U);
}

// ---- What is told of it -----------------------------------------------------------------------------------------

TEST(ClientTrace, GoesOut) {
    observe::MemoryTracer tracer;
    const ScriptedServer server(things);
    TestClient http;
    const auto target = TestClient::target(server);
    {
        const observe::EntrySpan entry({"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "vendor=x"}, &tracer,
                                       observe::SpanKind::server, "GET /x");
        EXPECT_TRUE(http.run(http->get<Thing>(target, "/", {.span = entry.context()})));
    }
    const auto span = tracer.only("GET");
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.header("traceparent"), "00-0af7651916cd43dd8448eb211c80319c-" + span.id + "-01");
    EXPECT_EQ(request.header("tracestate"), "vendor=x");
    EXPECT_EQ(span.attributes.at("peer.service"), "things");
    EXPECT_EQ(span.attributes.at("http.response.status_code"), "200");
}

TEST(ClientLog, ShowsACallWithoutWhatIsSecret) {
    const ScriptedServer server(things);
    TestClient http;
    const auto target = TestClient::target(server);
    EXPECT_TRUE(http.run(http->get<Thing>(target, "/pay/254712345678", {.query = {{"key", "s3cret"}, {"page", "2"}}})));
    EXPECT_THAT(http.logged(),
                HasSubstr(R"("target":"things","method":"GET","path":"/pay/**********78?key&page","status":200)"));
    EXPECT_THAT(http.logged(), Not(HasSubstr("s3cret")));
}

}  // namespace

}  // namespace client
