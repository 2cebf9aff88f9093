// Bodies that a typed handler takes piece by piece.

#include "http/body_stream.h"

#include <gtest/gtest.h>

#include <atomic>

#include "async/sync.h"
#include "http/errors.h"
#include "http/middleware/body_decoding.h"
#include "http/middleware/errors.h"
#include "http/middleware/problems.h"
#include "http/server_for_test.h"

namespace http {
namespace {

using namespace std::chrono_literals;

struct Taken {
    std::int64_t bytes = 0;
    std::int64_t longest = 0;

    friend constexpr auto describe(Taken*) {
        return schema::object<Taken>("Taken", schema::field<&Taken::bytes>("bytes"),
                                     schema::field<&Taken::longest>("longest"));
    }
};

async::Task<Taken> take(BodyStream<"text/csv", "application/x-ndjson"> body) {
    Taken taken;
    while (const auto piece = co_await body.next()) {
        taken.bytes += static_cast<std::int64_t>(piece->size());
        taken.longest = std::max(taken.longest, static_cast<std::int64_t>(piece->size()));
    }
    co_return taken;
}

async::Event* released = nullptr;
std::atomic<int> pieces = 0;

// Keeps the first piece until it is told to go on.
async::Task<Taken> take_slowly(BodyStream<> body) {
    Taken taken;
    while (const auto piece = co_await body.next()) {
        taken.bytes += static_cast<std::int64_t>(piece->size());
        if (pieces++ == 0) co_await *released;
    }
    co_return taken;
}

async::Task<Taken> take_none(BodyStream<>) { co_return Taken{}; }

// Whether each piece gave the handler its time anew.
async::Task<Taken> take_in_time(BodyStream<> body) {
    Taken taken;
    auto asked = async::Loop::now();
    while (const auto piece = co_await body.next()) {
        if (body.deadline() < asked + 1h) throw base::Failure(errors::overloaded);
        taken.bytes += static_cast<std::int64_t>(piece->size());
        asked = async::Loop::now();
    }
    co_return taken;
}

std::string post_as(std::string_view path, std::string_view body, std::string_view type = "text/csv") {
    return post(path, body, "Content-Type: " + std::string(type) + "\r\n");
}

class BodyStreamTest : public ServerForTest {
protected:
    void SetUp() override {
        ServerForTest::SetUp();
        Routes routes(router.group("", {problems(), body_decoding()}), "test");
        routes.post("/take", take, {.options = {.body_limit = 8 << 20}});
        routes.post("/small", take, {.options = {.body_limit = 1000}});
        routes.post("/no-time", take, {.options = {.body_limit = 8 << 20, .body_time = 0ms}});
        routes.post("/slowly", take_slowly, {.options = {.body_limit = 64 << 20}});
        routes.post("/none", take_none);
        routes.post("/in-time", take_in_time, {.options = {.body_limit = 8 << 20, .deadline = 1h}});
    }
};

TEST_F(BodyStreamTest, IsTakenInPieces) {
    options.body_memory = {.total = 256 * 1024, .per_caller = 64 * 1024, .small_caller = 32 * 1024};
    start();
    // 5 MB through a budget of 64 KiB.
    const auto reply = exchange(post_as("/take", std::string(5'000'000, 'x'), "Text/CSV; charset=utf-8"));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 200")) << reply;
    EXPECT_TRUE(reply.contains(R"("bytes":5000000)")) << reply;
    EXPECT_TRUE(exchange(post_as("/take", "")).contains(R"("bytes":0)"));
    EXPECT_TRUE(exchange(post_as("/take", "abc")).contains(R"("bytes":3)"));
    EXPECT_TRUE(exchange("POST /take HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" +
                         get("/health"))
                    .contains(R"("bytes":5)"));
}

TEST_F(BodyStreamTest, HasItsLimits) {
    start();
    const struct {
        std::string request;
        std::string status;
        std::string_view code;
    } cases[] = {
        {post_as("/take", "{}", "application/json"), "415", "request.unsupported_media_type"},
        {post("/take", "abc"), "415", "request.unsupported_media_type"},
        {post_as("/small", std::string(1001, 'x')), "413", "http.body_too_large"},
        {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
             std::string(1001, 'x') + "\r\n0\r\n\r\n",
         "413", "http.body_too_large"},
        {post_as("/no-time", std::string(100'000, 'x')), "408", "http.request_timeout"},
        {post_as("/take", "abc", "text/csv; charset=utf-16"), "415", "request.unsupported_media_type"},
        {"POST /take HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 5\r\n\r\nab", "400",
         "http.body_malformed"},
        {post("/take", "abc", "Content-Type: text/csv\r\nContent-Encoding: zstd\r\n"), "415",
         "request.encoding_unsupported"},
    };
    for (const auto& [request, status, code] : cases) {
        const auto reply = exchange(request);
        EXPECT_TRUE(reply.starts_with("HTTP/1.1 " + status)) << reply;
        EXPECT_TRUE(reply.contains(code)) << reply;
    }
}

TEST_F(BodyStreamTest, ASlowHandlerHoldsItsClientBack) {
    async::Event event(loop);
    released = &event;
    pieces = 0;
    start();
    const Client client(port);
    constexpr std::size_t size = 60'000'000;
    std::atomic<bool> all_sent = false;
    std::thread sender([&] {
        client.send(post("/slowly", std::string(size, 'x')));
        all_sent = true;
    });
    while (pieces == 0) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
    EXPECT_FALSE(all_sent);
    EXPECT_EQ(pieces, 1);
    loop.post([&] { event.set(); });
    std::string reply;
    while (!reply.contains("}") && client.read_more(reply)) {}
    sender.join();
    EXPECT_TRUE(reply.contains(R"("bytes":60000000)")) << reply;
}

TEST_F(BodyStreamTest, AsksForTheBodyWhenItIsTaken) {
    start();
    const Client client(port);
    const std::string expecting = "Content-Type: text/csv\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    client.send("POST /take HTTP/1.1\r\nHost: a\r\n" + expecting);
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    EXPECT_TRUE(client.read_until("}").contains(R"("bytes":5)"));
    // Who does not take it does not ask for it, and nobody can tell what comes next.
    const auto reply = exchange("POST /none HTTP/1.1\r\nHost: a\r\n" + expecting);
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 200")) << reply;
    EXPECT_EQ(value_of(reply, "Connection"), "close");
}

TEST(BodyStreamDocument, ListsWhatAnyBodyCanFailWith) {
    Operation operation;
    BodyStream<"text/csv">::describe(operation);
    for (const auto& wanted : {errors::body_too_large, errors::body_malformed, errors::request_timeout,
                               errors::bodies_full, errors::unsupported_media_type, errors::encoding_unsupported,
                               errors::encoding_malformed, errors::compression_ratio}) {
        EXPECT_TRUE(std::ranges::any_of(operation.errors, [&](const auto& one) { return one.code == wanted.code; }))
            << wanted.code;
    }
}

TEST_F(BodyStreamTest, EachPieceBeginsTheHandlersTimeAnew) {
    start();
    // Chunks that all lie behind the head: nothing is waited for.
    const auto reply = exchange(
        "POST /in-time HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_TRUE(reply.contains(R"("bytes":5)")) << reply;
    EXPECT_TRUE(exchange(post("/in-time", std::string(1'000'000, 'x'))).contains(R"("bytes":1000000)"));
}

TEST_F(BodyStreamTest, WhatIsNotTakenIsReadAwayOrEndsTheConnection) {
    start();
    EXPECT_EQ(count_of(exchange(post("/none", std::string(30'000, 'x')) + get("/health")), "HTTP/1.1 200"), 2U);
    EXPECT_EQ(count_of(exchange(post("/none", std::string(300'000, 'x')) + get("/health")), "HTTP/1.1 200"), 1U);
}

}  // namespace
}  // namespace http
