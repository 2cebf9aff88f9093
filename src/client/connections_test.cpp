// Failures of connections that clients of other projects had: requests that are sent twice, kept connections that lead elsewhere or hold a
// stranger's reply, silent name servers, drips, floods and bombs; and streams, whose memory stays flat.

#include <brotli/encode.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <thread>

#include "base/strings.h"
#include "client/client_for_test.h"
#include "client/curl_loop.h"
#include "client/exchange.h"
#include "testing/memory.h"

namespace client {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string other_json = R"({"name":"another tenant's","count":666})";

async::Task<Result<Thing>> get_thing(TestClient* http, const Target* target, std::string path, Call call = {}) {
    return (*http)->get<Thing>(*target, std::move(path), std::move(call));
}

// ---- Sent twice -------------------------------------------------------------------------------------------------

TEST(ClientConnection, ThatDiesWithoutAReplyIsNotReasonEnoughToSendAPostAgain) {
    const ScriptedServer server([](const auto& request) {
        return request.on_connection == 0 ? Answer().send(http_reply(200, thing_json)) : Answer().close();
    });
    TestClient http;
    auto target = TestClient::target(server);
    target.retry.attempts = 3;
    ASSERT_TRUE(http.run(http->post<Thing>(target, "/first", Thing{})));
    const auto reply = http.run(http->post<Thing>(target, "/second", Thing{}));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().outcome, Outcome::unknown);
    EXPECT_EQ(reply.error().cause, Cause::connection_lost);
    EXPECT_EQ(server.request_count(), 2U);
}

TEST(ClientConnection, ThatDiesWithoutAReplyIsReplacedForWhatMayBeRepeated) {
    const ScriptedServer server([](const auto& request) {
        return request.on_connection == 0 ? Answer().send(http_reply(200, thing_json)) : Answer().close();
    });
    TestClient http;
    const auto target = TestClient::target(server);
    ASSERT_TRUE(http.run(http->get<Thing>(target, "/first")));
    EXPECT_TRUE(http.run(http->get<Thing>(target, "/second")));
    EXPECT_TRUE(http.run(http->post<Thing>(target, "/third", Thing{}, {.idempotency_key = "key-3"})));
    const auto requests = server.requests();
    EXPECT_EQ(requests.size(), 5U);
    EXPECT_EQ(requests.back().header("idempotency-key"), "key-3");
}

TEST(ClientConnection, ThatWasClosedWhileItWasIdleIsNotUsed) {
    const ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, thing_json)).close(); });
    TestClient http;
    const auto target = TestClient::target(server);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(http.run(http->post<Thing>(target, "/", Thing{})));
        EXPECT_TRUE(server.wait_until([](const auto& at) { return at.open_connections() == 0; }));
    }
    EXPECT_EQ(server.request_count(), 3U);
}

// ---- Another address --------------------------------------------------------------------------------------------

struct Direct {
    async::Loop loop;
    CurlLoop curl{loop, {}};
    Body none;

    async::Task<std::string> body_from(std::string url, std::string address) {
        Exchange exchange(curl, loop,
                          {.method = "GET",
                           .url = std::move(url),
                           .address = std::move(address),
                           .body = &none,
                           .max_reply_bytes = 1000,
                           .repeatable = true,
                           .connect_by = async::Loop::now() + 10s,
                           .first_byte = 10s,
                           .deadline = async::Loop::now() + 10s});
        co_await exchange.finish();
        co_return exchange.end().succeeded ? exchange.take_body() : std::string(to_string(exchange.end().cause));
    }
    std::string get(const std::string& url, const std::string& address) {
        return async::run_until_done(loop, body_from(url, address));
    }
};

TEST(ClientConnection, IsUsedAgainForItsAddressAloneWhateverTheEnvironmentSays) {
    for (const auto* name : {"http_proxy", "https_proxy", "ALL_PROXY"}) ::setenv(name, closed_url().c_str(), 1);
    const ScriptedServer one([](const auto&) { return Answer().send(http_reply(200, "one")); },
                             {.address = "127.0.0.2"});
    const ScriptedServer two([](const auto&) { return Answer().send(http_reply(200, "two")); },
                             {.address = "127.0.0.3", .port = one.port()});
    const auto url = "http://moving.example:" + std::to_string(one.port()) + "/";
    Direct direct;
    EXPECT_EQ(direct.get(url, "127.0.0.2"), "one");
    EXPECT_EQ(direct.get(url, "127.0.0.3"), "two");
    EXPECT_EQ(direct.get(url, "127.0.0.2"), "one");
    EXPECT_EQ(direct.get(url, "127.0.0.4"), "connect");
    EXPECT_EQ(one.connection_count(), 1U);
    EXPECT_EQ(two.connection_count(), 1U);
    for (const auto* name : {"http_proxy", "https_proxy", "ALL_PROXY"}) ::unsetenv(name);
}

TEST(ClientProxy, IsTheOneOfTheSettings) {
    const ScriptedServer proxy([](const auto&) { return Answer().send(http_reply(200, thing_json)); });
    TestClient http({.proxy = "http://user:pass@127.0.0.1:" + std::to_string(proxy.port())});
    const Target target{.name = "far", .base_url = "http://far.example/api"};
    EXPECT_TRUE(http.run(http->get<Thing>(target, "/thing")));
    const auto request = proxy.requests().at(0);
    EXPECT_EQ(request.target, "http://far.example/api/thing");
    EXPECT_EQ(request.header("proxy-authorization"), "Basic " + base::base64_encode("user:pass"));
}

TEST(ClientProxy, IsToldNoSecretOfWhatGoesThroughIt) {
    const ScriptedServer proxy([](const auto&) { return Answer().send(http_reply(403, "{}")).close(); });
    TestClient http({.proxy = "http://127.0.0.1:" + std::to_string(proxy.port())});
    const Target target{
        .name = "far", .base_url = "https://far.example/api", .auth = Bearer{"t0ken"}, .retry = {.attempts = 1}};
    const auto reply = http.run(http->post<Thing>(target, "/thing", Thing{"salt", 1}));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().outcome, Outcome::not_sent);
    EXPECT_EQ(reply.error().cause, Cause::connect);
    const auto request = proxy.requests().at(0);
    EXPECT_EQ(request.method, "CONNECT");
    EXPECT_EQ(request.target, "far.example:443");
    EXPECT_EQ(request.header("authorization"), "");
}

// ---- Silent name servers ----------------------------------------------------------------------------------------

struct SilentNames {
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        bool released = false;
    };
    std::shared_ptr<State> state = std::make_shared<State>();
    ~SilentNames() {
        const std::lock_guard lock(state->mutex);
        state->released = true;
        state->changed.notify_all();
    }
    [[nodiscard]] async::Lookup lookup() const {
        return [state = state](const std::string& host) -> async::Resolution {
            if (host == "healthy.example") return {{"127.0.0.1"}, {}};
            std::unique_lock lock(state->mutex);
            state->changed.wait(lock, [&] { return state->released; });
            return {{}, "released"};
        };
    }
};

TEST(ClientNames, ThatNobodyResolvesHoldUpNobodyElse) {
    const ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, thing_json)); });
    const SilentNames names;
    TestClient http({}, names.lookup());
    auto healthy = TestClient::target(server, "healthy");
    healthy.base_url = "http://healthy.example:" + std::to_string(server.port());
    std::vector<Target> silent;
    for (int i = 0; i < 50; ++i)
        silent.push_back({.name = "silent",
                          .base_url = "http://silent" + std::to_string(i) + ".example",
                          .concurrency = 50,
                          .retry = {.attempts = 1}});
    std::vector<async::Task<Result<Thing>>> calls;
    for (const auto& target : silent) calls.push_back(get_thing(&http, &target, "/", {.within = 200ms}));
    for (int i = 0; i < 200; ++i) calls.push_back(get_thing(&http, &healthy, "/"));
    // It ends although no look-up does.
    const auto replies = http.run_all(std::move(calls));
    for (std::size_t i = 0; i < replies.size(); ++i) {
        if (i >= 50) {
            EXPECT_TRUE(replies[i]);
        } else {
            EXPECT_EQ(replies[i].error().outcome, Outcome::not_sent);
            EXPECT_EQ(replies[i].error().cause, Cause::name);
        }
    }
}

TEST(ClientNames, WithSeveralAddressesAreTriedInTurn) {
    const ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, thing_json)); },
                                {.address = "127.0.0.5"});
    TestClient http({}, [](const std::string&) -> async::Resolution { return {{"127.0.0.6", "127.0.0.5"}, {}}; });
    auto target = TestClient::target(server);
    target.base_url = "http://several.example:" + std::to_string(server.port());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(http.run(http->post<Thing>(target, "/", Thing{})));
    EXPECT_EQ(server.connection_count(), 1U);
}

// ---- Drips ------------------------------------------------------------------------------------------------------

TEST(ClientDeadline, HoldsForRepliesThatDrip) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    const std::vector<Answer> answers{
        Answer().drip(head, 20ms), Answer().send(head).drip("X-Long: " + std::string(1000, 'x'), 20ms),
        Answer().send(head + "Content-Length: 1000\r\n\r\n").drip(std::string(1000, 'x'), 20ms)};
    for (const auto& answer : answers) {
        const ScriptedServer server([&](const auto& request) {
            return request.target == "/whole" ? Answer().send(http_reply(200, thing_json)) : answer;
        });
        TestClient http;
        auto target = TestClient::target(server);
        target.concurrency = 1;
        const auto reply = http.run(http->get<Thing>(target, "/", {.within = 300ms}));
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().outcome, Outcome::unknown);
        EXPECT_EQ(reply.error().cause, Cause::timeout);
        EXPECT_TRUE(server.wait_until([](const auto& at) { return at.open_connections() == 0; }));
        EXPECT_TRUE(http.run(http->get<Thing>(target, "/whole")));
    }
}

TEST(ClientDeadline, OfTheFirstByteIsItsOwn) {
    const ScriptedServer server([](const auto&) { return Answer().hold(); });
    TestClient http;
    auto target = TestClient::target(server);
    target.deadlines.first_byte = 100ms;
    const auto reply = http.run(http->post<Thing>(target, "/", Thing{}));
    EXPECT_EQ(reply.error().outcome, Outcome::unknown);
    EXPECT_EQ(reply.error().detail, "no reply in time");
}

// ---- Floods and bombs -------------------------------------------------------------------------------------------

TEST(ClientLimit, EndsAReplyThatIsTooLarge) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    constexpr std::uint64_t five_gigabytes = 5ULL << 30U;
    for (const auto& length : {std::string("Content-Length: 5368709120\r\n"), std::string("Connection: close\r\n")}) {
        const ScriptedServer server(
            [&](const auto&) { return Answer().send(head + length + "\r\n").flood(five_gigabytes); });
        TestClient http;
        const auto target = TestClient::target(server);
        const auto reply = http.run(http->get<Thing>(target, "/"));
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().cause, Cause::reply_too_large);
        EXPECT_TRUE(server.wait_until([](const auto& at) { return at.open_connections() == 0; }));
        // A megabyte, and what the kernel's buffers at both ends hold.
        EXPECT_LT(server.bytes_sent(), 16U << 20U);
    }
    const ScriptedServer server(
        [&](const auto&) { return Answer().send(head).drip(std::string(5, 'x'), 0ms).flood(five_gigabytes); });
    TestClient http;
    EXPECT_EQ(http.run(http->get<Thing>(TestClient::target(server), "/")).error().cause, Cause::reply_too_large);
}

std::string gzipped(const std::string& plain) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, plain.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string brotlied(const std::string& plain) {
    std::size_t size = BrotliEncoderMaxCompressedSize(plain.size()) + 1024;
    std::string out(size, '\0');
    BrotliEncoderCompress(1, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, plain.size(),
                          reinterpret_cast<const std::uint8_t*>(plain.data()), &size,
                          reinterpret_cast<std::uint8_t*>(out.data()));
    out.resize(size);
    return out;
}

std::string zstded(const std::string& plain) {
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
    return out;
}

TEST(ClientEncoding, IsTakenOff) {
    const auto body = gzipped(thing_json);
    const ScriptedServer server(
        [&](const auto&) { return Answer().send(http_reply(200, body, "Content-Encoding: gzip\r\n")); });
    TestClient http;
    const auto reply = http.run(http->get<Thing>(TestClient::target(server), "/"));
    ASSERT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(reply->body.count, 3);
    EXPECT_EQ(server.requests().at(0).header("accept-encoding"), "gzip");
}

// The most that the heap holds meanwhile.
class Watch {
public:
    [[nodiscard]] std::size_t growth() {
        thread_.request_stop();
        thread_.join();
        return peak_.growth();
    }

private:
    testing::HeapPeak peak_;
    std::jthread thread_{[this](const std::stop_token& stop) {
        while (!stop.stop_requested()) peak_.look();
    }};
};

TEST(ClientEncoding, OfABombEndsAtTheLimit) {
    const std::string zeros(64U << 20U, '0');
    const struct {
        std::string name;
        std::string body;
        Cause cause;
    } bombs[] = {{"gzip", gzipped(zeros), Cause::reply_too_large},
                 // Nobody asked for these: their readers would take as much memory as the sender says.
                 {"br", brotlied(zeros), Cause::bad_encoding},
                 {"zstd", zstded(zeros), Cause::bad_encoding}};
    for (const auto& [name, body, cause] : bombs) {
        const ScriptedServer server(
            [&](const auto&) { return Answer().send(http_reply(200, body, "Content-Encoding: " + name + "\r\n")); });
        TestClient http;
        const auto target = TestClient::target(server);
        Watch watch;
        const auto reply = http.run(http->get<Thing>(target, "/"));
        ASSERT_FALSE(reply) << name;
        EXPECT_EQ(reply.error().cause, cause) << name;
        EXPECT_LT(watch.growth(), target.max_reply_bytes + (4U << 20U)) << name;
    }
}

TEST(ClientEncoding, ThatIsRepeatedUnknownOrALieIsRefused) {
    const auto zipped = gzipped(thing_json);
    const std::vector<std::pair<std::string, std::string>> replies{
        {"Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\n", zipped},
        {"Content-Encoding: gzip, gzip\r\n", gzipped(zipped)},
        {"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", gzipped(zipped)},
        {"Content-Encoding: compress\r\n", zipped},
        {"Content-Encoding: gzip\r\n", "this is no gzip at all, and long enough to be seen as none"}};
    for (const auto& [headers, body] : replies) {
        const ScriptedServer server([&](const auto&) { return Answer().send(http_reply(200, body, headers)); });
        TestClient http;
        const auto reply = http.run(http->get<Thing>(TestClient::target(server), "/"));
        ASSERT_FALSE(reply) << headers;
        EXPECT_EQ(reply.error().outcome, Outcome::unknown);
        EXPECT_EQ(reply.error().cause, Cause::bad_encoding) << headers;
    }
}

// ---- Replies that nobody asked for ------------------------------------------------------------------------------

TEST(ClientConnection, WithBytesThatNobodyAskedForIsThrownAway) {
    const auto other = http_reply(200, other_json);
    const auto chunked =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1b\r\n" +
        std::string(R"({"name":"sugar","count":3}  )").substr(0, 27) + "\r\n0\r\n\r\n";
    const std::string empty = "HTTP/1.1 204 No Content\r\n\r\n";
    const std::vector<Answer> answers{Answer().send(http_reply(200, thing_json) + other),
                                      Answer().send(http_reply(200, thing_json)).wait(5ms).send(other),
                                      Answer().send(chunked + other),
                                      Answer().send(chunked + other.substr(0, 9)).wait(5ms).send(other.substr(9)),
                                      Answer().send(empty + other),
                                      Answer().send(chunked).wait(5ms).send(other)};
    for (const bool tls : {false, true}) {
        for (std::size_t i = 0; i < answers.size(); ++i) {
            const ScriptedServer server(
                [&](const auto& request) {
                    return request.target == "/first" ? answers[i] : Answer().send(http_reply(200, thing_json));
                },
                {.tls = tls});
            std::uint64_t whole = 0;
            for (const auto& step : answers[i].steps()) whole += step.bytes.size();
            TestClient http({.ca_file = server.certificate_file()});
            const auto target = TestClient::target(server);
            EXPECT_TRUE(http.run(http->get<Nothing>(target, "/first"))) << i;
            EXPECT_TRUE(server.wait_until([&](const auto& at) { return at.bytes_sent() == whole; }));
            const auto reply = http.run(http->post<Thing>(target, "/second", Thing{}));
            ASSERT_TRUE(reply) << i << " " << reply.error().detail;
            EXPECT_EQ(reply->body.name, "sugar") << i << (tls ? " tls" : "");
            EXPECT_EQ(server.connection_count(), 2U) << i << (tls ? " tls" : "");
            EXPECT_EQ(server.request_count(), 2U) << i;
        }
    }
}

TEST(ClientConnection, ByTlsIsUsedAgain) {
    const ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, thing_json)); }, {.tls = true});
    TestClient http({.ca_file = server.certificate_file()});
    const auto target = TestClient::target(server);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(http.run(http->post<Thing>(target, "/", Thing{})));
    EXPECT_EQ(server.connection_count(), 1U);
}

// libcurl 7.88 takes a reply that HTTP/2 cuts for a whole one (docs/decisions/0057-outgoing-http.md).
TEST(ClientConnection, IsOneOfHttp11WhateverTheServerOffers) {
    const ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, thing_json)); },
                                {.tls = true, .offers_http2 = true});
    TestClient http({.ca_file = server.certificate_file()});
    const auto reply = http.run(http->post<Thing>(TestClient::target(server), "/", Thing{}));
    ASSERT_TRUE(reply) << reply.error().detail;
    const auto request = server.requests().at(0);
    EXPECT_THAT(request.head, HasSubstr("POST / HTTP/1.1\r\n"));
    EXPECT_EQ(request.header("upgrade"), "");
}

// ---- Secrets ----------------------------------------------------------------------------------------------------

TEST(ClientSecrets, AreInNoLogMetricOrError) {
    const std::string canary = "cAnArY-9f8e7d6c5b4a";
    const ScriptedServer echo([](const auto& request) {
        if (request.target.starts_with("/page"))
            return Answer().send(http_reply(200, request.head + request.body, {}, "text/html"));
        if (request.target.starts_with("/refused")) return Answer().send(http_reply(418, request.head + request.body));
        if (request.target.starts_with("/cut")) return Answer().close();
        if (request.target.starts_with("/garbage")) return Answer().send(request.head).close();
        if (request.target.starts_with("/large")) return Answer().send(http_reply(200, std::string(5000, 'x')));
        if (request.target.starts_with("/encoded"))
            return Answer().send(http_reply(200, request.head, "Content-Encoding: gzip\r\n"));
        if (request.target.starts_with("/away"))
            return Answer().send(http_reply(302, "", "Location: ftp://x/?key=" + request.header("x-secret") + "\r\n"));
        return Answer().hold();
    });
    const ScriptedServer strange([](const auto&) { return Answer(); }, {.tls = true});
    TestClient http({.allow_loopback = true},
                    [](const std::string& host) -> async::Resolution { return {{}, "no address of " + host}; });
    std::string errors;
    const auto keep = [&](const auto& reply) {
        ASSERT_FALSE(reply);
        errors += reply.error().detail + "\n" + failure(reply.error()).what() + failure(reply.error()).cause() +
                  failure(reply.error()).detail() + "\n";
    };
    const std::vector<Auth> auths{Basic{"user", canary}, Bearer{canary}, SecretHeader{"X-Secret", canary}};
    for (std::size_t i = 0; i < auths.size(); ++i) {
        auto target = TestClient::target(echo, "echo" + std::to_string(i));
        target.auth = auths[i];
        target.max_reply_bytes = 4000;
        target.redirects = 1;
        const auto ask = [&](const Target& at, const std::string& path) {
            keep(http.run(http->post<Thing>(at, path, Thing{canary, 1},
                                            {.query = {{"q", canary}, {"key", canary}}, .within = 200ms})));
        };
        for (const auto* path : {"/page", "/refused", "/cut", "/garbage", "/large", "/encoded", "/away", "/hold"})
            ask(target, path);
        target.name += "-tls";
        target.base_url = strange.url();
        target.deadlines.connect = 5s;
        ask(target, "/");
        target.name += "-closed";
        target.base_url = closed_url();
        ask(target, "/");
        target.name += "-name";
        target.base_url = "https://nowhere.example";
        ask(target, "/");
        target.name += "-bad";
        target.base_url = "https://user:" + canary + "@127.0.0.1";
        ask(target, "/");
        target.name += "-whole";
        target.base_url = "";
        ask(target, fmt::format("https://user:{0}@127.0.0.1/{0}", canary));
        ask(target, "http://10.0.0.1/" + canary);
        ask(target, echo.url("/cut/" + canary));
    }
    const auto all = http.logged() + http.metrics() + errors;
    for (const auto& form :
         {canary, base::base64_encode(canary), base::base64_encode("user:" + canary), base::percent_encode(canary)})
        EXPECT_THAT(all, Not(HasSubstr(form)));
    EXPECT_THAT(all, HasSubstr("unexpected_content"));
}

// ---- Streams ----------------------------------------------------------------------------------------------------

struct Pieces {
    std::size_t left;
    async::Task<std::string> next() {
        if (left == 0) co_return std::string();
        --left;
        co_return std::string(64U << 10U, 'p');
    }
};

TEST(ClientStream, SendsABodyPieceByPiece) {
    for (const bool has_length : {true, false}) {
        const ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, thing_json)); },
                                    {.keep_bodies = false});
        TestClient http;
        const auto target = TestClient::target(server);
        Pieces pieces{512};
        const auto length = has_length ? std::optional<std::uint64_t>(32U << 20U) : std::nullopt;
        const auto reply = http.run(
            http->send<Thing>("PUT", target, "/big", stream([&] { return pieces.next(); }, "text/csv", length)));
        ASSERT_TRUE(reply) << reply.error().detail;
        EXPECT_EQ(server.body_bytes_received(), 32U << 20U);
        EXPECT_EQ(server.requests().at(0).header("transfer-encoding"), has_length ? "" : "chunked");
        EXPECT_EQ(server.requests().at(0).header("content-type"), "text/csv");
    }
}

async::Task<std::string> fails() {
    throw std::runtime_error("the file is gone");
    co_return std::string();
}

TEST(ClientStream, OfARequestThatThrowsEndsTheCall) {
    const ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, thing_json)); });
    TestClient http;
    const auto target = TestClient::target(server);
    EXPECT_THROW(
        std::ignore = http.run(http->send<Thing>("PUT", target, "/", stream([] { return fails(); }, "text/csv"))),
        std::runtime_error);
    EXPECT_TRUE(http.run(http->get<Thing>(target, "/")));
    http.run(http->stop(async::Loop::now()));
}

struct Counted {
    std::uint64_t bytes = 0;
    std::size_t largest = 0;
    std::optional<Error> error;
};

async::Task<Counted> count(TestClient* http, const Target* target, std::string path, Call call) {
    Counted counted;
    auto opened = co_await (*http)->open("GET", *target, std::move(path), {}, std::move(call));
    if (!opened) {
        counted.error = opened.error();
        co_return counted;
    }
    for (;;) {
        auto piece = co_await opened->read();
        if (!piece) counted.error = piece.error();
        if (!piece || piece->empty()) co_return counted;
        counted.bytes += piece->size();
        counted.largest = std::max(counted.largest, piece->size());
        // A slow reader: what waits for it is bounded.
        co_await async::next_turn(&http->loop());
    }
}

TEST(ClientStream, GivesAReplyPieceByPiece) {
    constexpr std::uint64_t size = 64U << 20U;
    const ScriptedServer server([](const auto& request) {
        if (request.target == "/cut")
            return Answer().send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").flood(50'000).close();
        if (request.target == "/no") return Answer().send(http_reply(403, thing_json));
        if (request.target == "/short") return Answer().send(http_reply(200, "abc"));
        return Answer().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n").flood(size);
    });
    TestClient http;
    auto target = TestClient::target(server);
    target.concurrency = 1;
    const auto whole = http.run(count(&http, &target, "/", {}));
    EXPECT_FALSE(whole.error);
    EXPECT_EQ(whole.bytes, size);
    EXPECT_LE(whole.largest, 128U << 10U);
    EXPECT_EQ(http.run(count(&http, &target, "/short", {})).bytes, 3U);
    const auto cut = http.run(count(&http, &target, "/cut", {}));
    ASSERT_TRUE(cut.error);
    EXPECT_EQ(cut.error->cause, Cause::connection_lost);
    const auto refused = http.run(count(&http, &target, "/no", {}));
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->outcome, Outcome::refused);
    EXPECT_EQ(refused.error->body_as<Thing>()->count, 3);
    const auto limited = http.run(count(&http, &target, "/", {.max_reply_bytes = 1U << 20U}));
    ASSERT_TRUE(limited.error);
    EXPECT_EQ(limited.error->cause, Cause::reply_too_large);
}

async::Task<std::string> first_piece(TestClient* http, const Target* target) {
    auto opened = co_await (*http)->open("GET", *target, "/");
    auto piece = co_await opened->read();
    co_return *piece;
}

TEST(ClientStream, ThatIsLeftClosesItsConnection) {
    const ScriptedServer server([](const auto&) {
        return Answer().send("HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n").flood(5ULL << 30U);
    });
    TestClient http;
    const auto target = TestClient::target(server);
    EXPECT_FALSE(http.run(first_piece(&http, &target)).empty());
    EXPECT_TRUE(server.wait_until([](const auto& at) { return at.open_connections() == 0; }));
    http.run(http->stop(async::Loop::now()));
}

// ---- Other protocols --------------------------------------------------------------------------------------------

async::Task<int> run_easy(CurlLoop* curl, std::string url, async::SteadyTime deadline) {
    void* easy = curl->take();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    const auto result = co_await curl->run(easy, deadline);
    curl->give_back(easy);
    co_return result.end == Transfer::End::done ? result.code : -1;
}

TEST(CurlLoop, RunsEasyHandlesOfOthers) {
    const ScriptedServer server([](const auto& request) {
        return request.target == "/" ? Answer().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n") : Answer().hold();
    });
    async::Loop loop;
    CurlLoop curl(loop, {});
    EXPECT_EQ(async::run_until_done(loop, run_easy(&curl, server.url("/"), async::Loop::now() + 10s)), 0);
    EXPECT_EQ(async::run_until_done(loop, run_easy(&curl, server.url("/hold"), async::Loop::now() + 50ms)), -1);
    EXPECT_EQ(async::run_until_done(loop, run_easy(&curl, closed_url(), async::Loop::now() + 10s)),
              static_cast<int>(CURLE_COULDNT_CONNECT));
}

}  // namespace

}  // namespace client
