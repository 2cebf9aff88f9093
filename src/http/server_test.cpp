#include "http/server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "async/sync.h"
#include "base/uuid.h"
#include "http/context.h"
#include "http/server_for_test.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

struct ServerTest : ServerForTest {};

TEST_F(ServerTest, Answers) {
    start();
    const auto reply = exchange(get("/health"));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: ")) << reply;
    EXPECT_TRUE(reply.ends_with("GMT\r\nContent-Length: 2\r\n\r\nok")) << reply;
    EXPECT_TRUE(exchange("HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("Content-Length: 2\r\n\r\n"));
    EXPECT_TRUE(exchange("GET /health HTTP/1.0\r\n\r\n").ends_with("Connection: close\r\n\r\nok"));
    EXPECT_TRUE(exchange("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    .ends_with("Connection: keep-alive\r\n\r\nok"));
    EXPECT_NE(metrics.render().find("http_requests_total 4"), std::string::npos) << metrics.render();
}

// What comes before there is a request, or a connection, is a problem like any other.
void expect_wire_problem(const std::string& reply, std::string_view code) {
    const auto body = reply.substr(reply.find("\r\n\r\n") + 4);
    const auto id = value_of(reply, "X-Request-Id");
    EXPECT_EQ(id.size(), base::Uuid::text_size) << reply;
    EXPECT_NE(reply.find("X-Retriable: "), std::string::npos) << reply;
    EXPECT_NE(reply.find("Cache-Control: no-store"), std::string::npos) << reply;
    for (const auto& member :
         {fmt::format(R"("type":"https://api.example/problems/{}")", code), fmt::format(R"("code":"{}")", code),
          fmt::format(R"("requestId":"{}")", id), std::string(R"("retriable":)"), std::string(R"("action":)")}) {
        EXPECT_NE(body.find(member), std::string::npos) << member << '\n' << reply;
    }
}

TEST_F(ServerTest, RefusesMalformedRequestsAndLivesOn) {
    start();
    const struct {
        std::string bytes;
        std::string status;
        std::string_view code;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "400", "http.malformed"},
        {"\x16\x03\x01\x02", "400", "http.malformed"},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400", "http.malformed"},
        {"GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", "400", "http.malformed"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", "http.version_not_supported"},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400",
         "http.malformed"},
        {get("/health", "X: " + std::string(20'000, 'x') + "\r\n"), "431", "http.headers_too_large"},
        {get("/" + std::string(20'000, 'x')), "414", "http.target_too_long"},
        {post("/echo", "x", "Expect: nonsense\r\n"), "417", "http.expectation_failed"},
        {post("/echo", "x", "Transfer-Encoding: gzip, chunked\r\n"), "400", "http.malformed"},
    };
    for (const auto& [bytes, status, code] : cases) {
        const auto reply = exchange(bytes);
        EXPECT_TRUE(reply.starts_with("HTTP/1.1 " + status)) << bytes.substr(0, 60) << "\n" << reply;
        EXPECT_NE(reply.find("application/problem+json"), std::string::npos);
        expect_wire_problem(reply, code);
        EXPECT_NE(reply.find("Connection: close"), std::string::npos);
    }
    EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
    // A rejected head ends the connection: what follows is never read as a request.
    EXPECT_EQ(count_of(exchange("GET / HTTP/1.1\nHost: a\n\n" + get("/health")), "HTTP/1.1 "), 1U);
}

TEST_F(ServerTest, AnswersAPipelineInOrder) {
    start();
    std::string batch;
    for (int i = 0; i < 300; ++i) batch += i % 2 == 0 ? get("/health") : post("/echo", "n" + std::to_string(i) + ".");
    const auto reply = exchange(batch);
    EXPECT_EQ(count_of(reply, "HTTP/1.1 200 OK"), 300U);
    std::size_t at = 0;
    for (int i = 1; i < 300; i += 2) {
        at = reply.find("n" + std::to_string(i) + ".", at);
        ASSERT_NE(at, std::string::npos) << i;
    }
}

TEST_F(ServerTest, ReadsBodiesOfEverySizeAndShape) {
    start();
    for (const std::size_t size : {0UL, 1UL, 1000UL, 5000UL, 20'000UL, 100'000UL, 1'048'576UL}) {
        std::string body(size, 'x');
        if (size > 0) body.back() = 'y';
        EXPECT_TRUE(exchange(post("/echo", body) + get("/health")).contains("\r\n\r\n" + body + "HTTP/1.1 200 OK"))
            << size;
        std::string chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (std::size_t at = 0; at < size; at += 7000) {
            const auto piece = body.substr(at, 7000);
            char digits[20];
            std::snprintf(digits, sizeof digits, "%zx", piece.size());
            chunked += digits + "\r\n"s + piece + "\r\n";
        }
        EXPECT_TRUE(exchange(chunked + "0\r\n\r\n" + get("/health")).contains("\r\n\r\n" + body + "HTTP/1.1 200 OK"))
            << size;
    }
}

TEST_F(ServerTest, BoundsBodies) {
    start();
    EXPECT_TRUE(exchange(post("/echo", std::string(1'048'577, 'x'))).starts_with("HTTP/1.1 413"));
    std::string chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 17; ++i) chunked += "10000\r\n" + std::string(65536, 'x') + "\r\n";
    EXPECT_TRUE(exchange(chunked + "0\r\n\r\n").starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
                    .starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
                    .starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab").starts_with("HTTP/1.1 400"));
}

TEST_F(ServerTest, DrainsASmallUnreadBodyAndClosesOnALargeOne) {
    start();
    EXPECT_EQ(count_of(exchange(post("/ignore", std::string(30'000, 'x')) + get("/health")), "HTTP/1.1 200"), 2U);
    EXPECT_EQ(count_of(exchange(post("/ignore", std::string(300'000, 'x')) + get("/health")), "HTTP/1.1 200"), 1U);
    std::string chunked = "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    EXPECT_EQ(count_of(exchange(chunked + get("/health")), "HTTP/1.1 200"), 2U);
}

TEST_F(ServerTest, AnswersExpectWhenTheBodyIsRead) {
    start();
    const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    const Client client(port);
    client.send(head);
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    EXPECT_TRUE(client.read_until("hello").starts_with("HTTP/1.1 200 OK"));
    const Client refused(port);
    refused.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n");
    refused.end_sending();
    EXPECT_TRUE(refused.read_all().starts_with("HTTP/1.1 413"));
}

TEST_F(ServerTest, EndsSlowHeadsBodiesAndIdleConnections) {
    options.head_deadline = 60ms;
    options.body_deadline = 60ms;
    options.idle_deadline = 60ms;
    start();
    const Client silent(port);
    EXPECT_EQ(silent.read_all(), "");
    const Client slow_head(port);
    slow_head.send("GET /health HTTP/1.1\r\nHo");
    const auto late = slow_head.read_all();
    EXPECT_TRUE(late.starts_with("HTTP/1.1 408"));
    EXPECT_EQ(value_of(late, "X-Retriable"), "true");
    expect_wire_problem(late, "http.request_timeout");
    const Client slow_body(port);
    slow_body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
    EXPECT_TRUE(slow_body.read_all().starts_with("HTTP/1.1 408"));
    const Client idle(port);
    idle.send(get("/health"));
    EXPECT_TRUE(idle.read_all().ends_with("\r\n\r\nok"));
    const Client second_head(port);
    second_head.send(get("/health") + "GET ");
    EXPECT_EQ(count_of(second_head.read_all(), "HTTP/1.1 408"), 1U);
}

TEST_F(ServerTest, SendsLargeRepliesToSlowReaders) {
    start();
    const Client client(port);
    client.send(get("/big") + get("/health") + get("/big") + get("/health", "Connection: close\r\n"));
    std::this_thread::sleep_for(50ms);
    const auto reply = client.read_all();
    EXPECT_EQ(count_of(reply, "HTTP/1.1 200 OK"), 4U);
    EXPECT_GT(reply.size(), 20'000'000U);
    EXPECT_TRUE(reply.ends_with("\r\n\r\nok"));
}

TEST_F(ServerTest, StreamsWithBackPressure) {
    std::atomic<std::size_t> written = 0;
    std::atomic<bool> ended = false;
    router.add(Method::get, "/stream", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   context.response().stream([&](this auto, BodyWriter& out) -> async::Task<void> {
                       const std::string piece(10'000, 's');
                       for (int i = 0; i < 2000; ++i) {
                           if (!co_await out.write(piece)) break;
                           written += piece.size();
                       }
                       ended = true;
                   });
                   co_return;
               }});
    start();
    Client client(port);
    client.send(get("/stream") + get("/health", "Connection: close\r\n"));
    for (std::size_t before = 1; before != written || before == 0;) {
        before = written;
        std::this_thread::sleep_for(50ms);
    }
    EXPECT_FALSE(ended);
    EXPECT_LT(written, 15'000'000U);
    const auto reply = client.read_all();
    EXPECT_TRUE(ended);
    EXPECT_GT(reply.size(), 20'000'000U);
    EXPECT_TRUE(reply.contains("Transfer-Encoding: chunked\r\n"));
    EXPECT_TRUE(reply.contains("\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));

    ended = false;
    Client leaver(port);
    leaver.send(get("/stream"));
    static_cast<void>(leaver.read_until("s"));
    leaver.abort();
    for (int i = 0; i < 500 && !ended; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(ended);
}

TEST_F(ServerTest, CutsAFailedStream) {
    router.add(Method::get, "/broken", {.handler = [](Context& context) -> async::Task<void> {
                   context.response().stream([](BodyWriter& out) -> async::Task<void> {
                       static_cast<void>(co_await out.write("part"));
                       static_cast<void>(co_await out.flush());
                       throw std::runtime_error("source failed");
                   });
                   co_return;
               }});
    router.add(Method::get, "/short", {.handler = [](Context& context) -> async::Task<void> {
                   context.response().stream(
                       [](BodyWriter& out) -> async::Task<void> { static_cast<void>(co_await out.write("part")); }, 10);
                   co_return;
               }});
    start();
    const auto broken = exchange(get("/broken"));
    EXPECT_TRUE(broken.ends_with("4\r\npart\r\n")) << broken;
    EXPECT_FALSE(exchange(get("/short")).contains("part"));
    EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
}

TEST_F(ServerTest, AHandlerRunsToItsEndWhenTheClientHasGone) {
    async::Event release(loop);
    std::atomic<bool> entered = false;
    std::atomic<bool> noticed = false;
    std::atomic<bool> finished = false;
    router.add(Method::post, "/slow", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   const auto body = co_await context.request().body();
                   entered = true;
                   while (!context.client_gone()) co_await async::sleep(&context.loop(), 10ms);
                   noticed = true;
                   co_await release;
                   context.response().body("late " + std::string(body));
                   finished = true;
               }});
    start();
    for (const bool reset : {true, false}) {
        finished = entered = noticed = false;
        Client client(port);
        client.send(post("/slow", "body"));
        for (int i = 0; i < 500 && !entered; ++i) std::this_thread::sleep_for(10ms);
        reset ? client.abort() : client.close();
        for (int i = 0; i < 500 && !noticed; ++i) std::this_thread::sleep_for(10ms);
        EXPECT_TRUE(noticed);
        loop.post([&] { release.set(); });
        for (int i = 0; i < 500 && !finished; ++i) std::this_thread::sleep_for(10ms);
        EXPECT_TRUE(finished);
    }
    EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
}

TEST_F(ServerTest, DrainsGracefully) {
    async::Event release(loop);
    std::atomic<bool> entered = false;
    router.add(Method::get, "/slow", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   entered = true;
                   co_await release;
                   context.response().body("done");
               }});
    start();
    Client idle(port);
    idle.send(get("/health"));
    static_cast<void>(idle.read_until("ok"));
    Client busy(port);
    busy.send(get("/slow"));
    for (int i = 0; i < 500 && !entered; ++i) std::this_thread::sleep_for(10ms);
    auto drained = drain(1h);
    EXPECT_EQ(idle.read_all(), "");
    EXPECT_FALSE(idle.was_reset());
    idle.close();
    EXPECT_THROW(Client{port}, std::runtime_error);
    EXPECT_EQ(drained.wait_for(20ms), std::future_status::timeout);
    loop.post([&] { release.set(); });
    const auto reply = busy.read_all();
    EXPECT_TRUE(reply.contains("Connection: close\r\n"));
    EXPECT_TRUE(reply.ends_with("done"));
    busy.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, ARequestThatComesSoonAfterTheDrainBeganIsAnswered) {
    options.drain_idle = 1h;
    start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 16; ++i) {
        clients.push_back(std::make_unique<Client>(port));
        clients.back()->send(get("/health"));
        EXPECT_TRUE(clients.back()->read_until("ok").ends_with("ok"));
    }
    clients.push_back(std::make_unique<Client>(port));  // has not asked yet
    auto drained = drain(1h);
    turn();  // the drain has begun
    for (const auto& client : clients) {
        client->send(get("/health"));
        const auto reply = client->read_all();
        EXPECT_TRUE(reply.contains("Connection: close\r\n")) << reply;
        EXPECT_TRUE(reply.ends_with("ok"));
        EXPECT_FALSE(client->was_reset());
        client->close();
    }
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

// Asked before the drain, in one piece: nobody else will answer the second.
TEST_F(ServerTest, WhatCameBehindARequestIsAnsweredInADrain) {
    async::Event release(loop);
    std::atomic<bool> entered = false;
    router.add(Method::get, "/slow", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   entered = true;
                   co_await release;
                   context.response().body("done");
               }});
    start();
    Client client(port);
    client.send(get("/slow") + get("/health"));
    for (int i = 0; i < 500 && !entered; ++i) std::this_thread::sleep_for(10ms);
    auto drained = drain(1h);
    turn();
    loop.post([&] { release.set(); });
    const auto replies = client.read_all();
    EXPECT_EQ(count_of(replies, "HTTP/1.1 200 OK"), 2U) << replies;
    EXPECT_EQ(count_of(replies, "Connection: close\r\n"), 1U) << replies;
    EXPECT_TRUE(replies.ends_with("ok"));
    EXPECT_FALSE(client.was_reset());
    client.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

// The kernel has accepted them, and their requests; the loop has not.
TEST_F(ServerTest, WhoWaitsInTheQueueOfTheListenerIsAnswered) {
    options.drain_idle = 1h;
    start();
    std::promise<void> blocked;
    std::promise<void> go_on;
    loop.post([&] {
        blocked.set_value();
        go_on.get_future().wait();
    });
    blocked.get_future().wait();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 16; ++i) {
        clients.push_back(std::make_unique<Client>(port));
        clients.back()->send(get("/health"));
    }
    auto drained = drain(1h);
    go_on.set_value();
    for (const auto& client : clients) {
        EXPECT_TRUE(client->read_all().ends_with("ok"));
        EXPECT_FALSE(client->was_reset());
        client->close();
    }
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, AnAnnouncedDrainStillAcceptsAndEndsEachConnection) {
    start();
    const Client known(port);
    known.send(get("/health"));
    EXPECT_TRUE(known.read_until("ok").ends_with("ok"));
    loop.post([&] { server->announce_drain(); });
    turn();
    known.send(get("/health"));
    EXPECT_TRUE(known.read_all().contains("Connection: close\r\n"));
    const Client late(port);
    late.send(get("/health"));
    EXPECT_TRUE(late.read_all().contains("Connection: close\r\n"));
}

// Its next request may meet the end of the connection: then it finds no reset, which could destroy what it has not read yet.
TEST_F(ServerTest, ASilentConnectionEndsWithoutAReset) {
    options.idle_deadline = 60ms;
    start();
    const Client client(port);
    client.send(get("/health"));
    EXPECT_TRUE(client.read_until("ok").ends_with("ok"));
    EXPECT_EQ(client.read_all(), "");
    client.send(get("/health"));
    client.end_sending();
    EXPECT_EQ(client.read_all(), "");
    EXPECT_FALSE(client.was_reset());
}

TEST_F(ServerTest, TellsWhatIsUnderWay) {
    async::Event release(loop);
    std::atomic<bool> entered = false;
    router.add(Method::get, "/slow/{id}", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   entered = true;
                   co_await release;
                   context.response().body("done");
               }});
    start();
    const Client slow(port);
    slow.send(get("/slow/7"));
    for (int i = 0; i < 500 && !entered; ++i) std::this_thread::sleep_for(10ms);
    const Client half(port);
    half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
    std::vector<RequestUnderWay> found;
    for (int i = 0; i < 500 && found.size() < 2; ++i) {
        loop.post([&] { found = server->requests_under_way(); });
        turn();
    }
    ASSERT_EQ(found.size(), 2U);
    std::ranges::sort(found, {}, &RequestUnderWay::route);
    EXPECT_EQ(found[0].method, "POST");
    EXPECT_EQ(found[0].route, "/echo");
    EXPECT_EQ(found[0].waits_for, "client");
    EXPECT_EQ(found[1].route, "/slow/{id}");
    EXPECT_EQ(found[1].waits_for, "handler");
    loop.post([&] { release.set(); });
    EXPECT_TRUE(slow.read_until("done").ends_with("done"));
}

TEST_F(ServerTest, AReplyUnderWayAtTheDrainIsTheLastOfItsConnection) {
    start();
    Client client(port);
    client.send(get("/big"));
    std::string reply;
    ASSERT_TRUE(client.read_more(reply));
    EXPECT_FALSE(reply.contains("Connection: close"));
    auto drained = drain(1h);
    try {
        while (true) Client{port};
    } catch (const std::runtime_error&) {  // the drain has begun
    }
    while (client.read_more(reply)) {}
    EXPECT_FALSE(client.timed_out());
    EXPECT_FALSE(client.was_reset());
    EXPECT_EQ(reply.size() - reply.find("\r\n\r\n") - 4, 10'000'000U);
    client.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, CutsWhatOutlivesTheDrainDeadline) {
    start();
    const Client partial(port);
    partial.send("GET /hea");
    const Client stalled(port);
    stalled.send(get("/big"));
    std::string some;
    ASSERT_TRUE(stalled.read_more(some));
    EXPECT_EQ(drain(100ms).wait_for(5s), std::future_status::ready);
    EXPECT_EQ(partial.read_all(), "");
}

TEST_F(ServerTest, BoundsRequestsPerConnection) {
    options.max_requests_per_connection = 2;
    start();
    const auto reply = exchange(get("/health") + get("/health") + get("/health"));
    EXPECT_EQ(count_of(reply, "HTTP/1.1 200"), 2U);
    EXPECT_EQ(count_of(reply, "Connection: close"), 1U);
}

TEST_F(ServerTest, TakesBytesOneByOne) {
    start();
    const Client client(port);
    const std::string chunked =
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n";
    for (const char c :
         chunked + post("/ignore", "12345") + post("/echo", "67890") + get("/health", "Connection: close\r\n")) {
        client.send({&c, 1});
        std::this_thread::yield();
    }
    const auto reply = client.read_all();
    EXPECT_EQ(count_of(reply, "HTTP/1.1 200 OK"), 4U) << reply;
    EXPECT_TRUE(reply.contains("\r\n\r\nhelloHTTP/1.1"));
    EXPECT_TRUE(reply.contains("\r\n\r\n67890HTTP/1.1"));
}

async::Task<void> after_a_while(Context& context) {
    co_await async::sleep(&context.loop(), 10ms);
    context.response().body("late");
}

TEST_F(ServerTest, APipelineWaitsForASlowHandlerAndKeepsItsOrder) {
    router.add(Method::get, "/late", {.handler = after_a_while});
    start();
    const auto reply = exchange(get("/health") + get("/late") + get("/health") + get("/late") + post("/echo", "end"));
    EXPECT_EQ(count_of(reply, "HTTP/1.1 200 OK"), 5U);
    EXPECT_TRUE(reply.ends_with("\r\n\r\nend"));
    // What is ready leaves at once, not with the slow one behind it.
    const Client client(port);
    client.send(get("/health") + get("/late"));
    EXPECT_TRUE(client.read_until("ok").ends_with("ok"));
    EXPECT_TRUE(client.read_until("late").ends_with("late"));
}

TEST_F(ServerTest, ManyClientsAtOnceWhoComeAndGo) {
    router.add(Method::get, "/late", {.handler = after_a_while});
    // Shared: making 600 of them would take longer than the clients wait.
    router.add(Method::get, "/shared",
               {.handler = [body = std::make_shared<const std::string>(10'000'000, 'b')](
                               this auto, Context& context) -> async::Task<void> {
                   context.response().shared_body(body);
                   co_return;
               }});
    start();
    for (int round = 0; round < 20; ++round) {
        std::vector<std::unique_ptr<Client>> clients;
        for (int i = 0; i < 30; ++i) {
            auto& client = *clients.emplace_back(std::make_unique<Client>(port));
            const auto bytes =
                get("/late") + post("/echo", std::string(static_cast<std::size_t>(i) * 700, 'x')) + get("/shared");
            client.send(std::string_view(bytes).substr(0, bytes.size() - static_cast<std::size_t>(i % 3) * 20));
            if (i % 2 == 0) client.abort();
        }
    }
    EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
}

TEST_F(ServerTest, TellsWhenAReplyWasSent) {
    std::promise<SendResult> result;
    router.add(Method::get, "/told", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   context.response().body("told");
                   context.response().after_send([&](const SendResult& sent) { result.set_value(sent); });
                   co_return;
               }});
    start();
    static_cast<void>(exchange(get("/told")));
    const auto sent = result.get_future().get();
    EXPECT_EQ(sent.status, 200);
    EXPECT_EQ(sent.body_bytes, 4U);
    EXPECT_TRUE(sent.complete);
}

}  // namespace
}  // namespace http
