// Connections that leave HTTP, with a toy protocol of lines.

#include "http/upgrade.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include "async/stopped.h"
#include "async/sync.h"
#include "http/errors.h"
#include "http/middleware/problems.h"
#include "http/middleware/tracing.h"
#include "http/server_for_test.h"
#include "http/upgraded.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using Wake = RawConnection::Wake;

// What became of the conversations.
std::atomic<int> talking = 0;
std::atomic<int> timeouts = 0;

// Repeats each line in brackets; "quit" ends it, "throw" fails, "flood" sends without end. Says "bye" when the server stops.
struct Lines {
    std::chrono::milliseconds patience = 60s;

    static async::Task<bool> flood(std::shared_ptr<RawConnection> peer) {
        const std::string much(100'000, 'f');
        while (co_await peer->write(much)) {}
        co_return false;
    }

    // False: it is over.
    static async::Task<bool> answer(std::shared_ptr<RawConnection> peer, std::string line) {
        if (line == "quit") co_return false;
        if (line == "throw") throw std::runtime_error("a conversation failed");
        if (line == "flood") co_return co_await flood(peer);
        const auto reply = "[" + line + "]\n";
        co_return co_await peer->write(reply);
    }

    async::Task<void> operator()(std::shared_ptr<RawConnection> peer) {
        struct Talking {
            Talking() { ++talking; }
            ~Talking() { --talking; }
        } const counted;
        std::string text;
        for (;;) {
            const auto wake = co_await peer->wait(async::Loop::now() + patience);
            if (wake == Wake::draining) {
                static_cast<void>(co_await peer->write("bye\n"));
                co_return;
            }
            if (wake == Wake::timeout) ++timeouts;
            if (wake != Wake::bytes) co_return;
            std::array<char, 64> bytes{};
            text.append(bytes.data(), peer->read(bytes));
            for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
                auto line = text.substr(0, end);
                text.erase(0, end + 1);
                if (!co_await answer(peer, std::move(line))) co_return;
            }
        }
    }
};

async::Task<Upgrade> connect(UpgradeRequest<"lines"> request) {
    auto upgrade = request.accept(Lines{});
    upgrade.header("X-Lines", "1");
    co_return upgrade;
}
async::Task<Upgrade> connect_later(Context& context, UpgradeRequest<"lines"> request) {
    co_await async::next_turn(&context.loop());
    co_return request.accept(Lines{});
}
async::Task<Upgrade> connect_briefly(UpgradeRequest<"lines"> request) { co_return request.accept(Lines{0ms}); }
async::Task<Upgrade> forbid(UpgradeRequest<"lines">) { throw base::Failure(errors::overloaded); }

// Says of which trace it is.
struct Traced {
    const observe::SpanContext* span;
    async::Task<void> operator()(std::shared_ptr<RawConnection> peer) const {
        static_cast<void>(co_await peer->wait(async::Loop::now() + 60s));
        const auto text = observe::write_traceparent(span->ids);
        static_cast<void>(co_await peer->write(text));
    }
};
async::Task<Upgrade> connect_traced(Context& context, UpgradeRequest<"lines"> request) {
    co_return request.accept(Traced{context.span()});
}

async::Event* all_sent = nullptr;
int turns = 0;  // of the others; the loop's
std::atomic<int> reads_in_a_row = 0;
std::atomic<int> writes_in_a_row = 0;

// Reads, then writes, until the loop comes to somebody else.
struct Greedy {
    async::Loop* loop;

    static async::Task<bool> take(std::shared_ptr<RawConnection> peer) {
        if (co_await peer->wait(async::Loop::now() + 60s) != Wake::bytes) co_return false;
        std::array<char, 64> bytes{};
        co_return peer->read(bytes) > 0;
    }
    [[nodiscard]] int ask_for_a_turn() const {
        loop->post([] { ++turns; });
        return turns;
    }
    async::Task<void> operator()(std::shared_ptr<RawConnection> peer) const {
        co_await *all_sent;
        static_cast<void>(co_await take(peer));
        for (const auto before = ask_for_a_turn(); turns == before && co_await take(peer);) ++reads_in_a_row;
        for (const auto before = ask_for_a_turn(); turns == before && writes_in_a_row < 1'000;) {
            if (!co_await peer->write("0123456789")) co_return;
            ++writes_in_a_row;
        }
        static_cast<void>(co_await peer->write("done"));
    }
};
async::Task<Upgrade> connect_greedily(Context& context, UpgradeRequest<"lines"> request) {
    co_return request.accept(Greedy{&context.loop()});
}

class UpgradeTest : public ServerForTest {
protected:
    void SetUp() override {
        ServerForTest::SetUp();
        talking = timeouts = 0;
        Routes routes(router.group("", {problems(), tracing(nullptr)}), "test");
        routes.get("/lines", connect);
        routes.get("/traced", connect_traced);
        routes.get("/greedy", connect_greedily);
        routes.get("/later", connect_later);
        routes.get("/briefly", connect_briefly);
        routes.get("/forbidden", forbid);
    }
    static std::string ask(std::string_view path,
                           std::string_view fields = "Connection: keep-alive, Upgrade\r\nUpgrade: lines\r\n") {
        return get(path, fields);
    }
    // A client that has been answered 101.
    static std::string open(const Client& client, std::string_view path = "/lines") {
        client.send(ask(path));
        return client.read_until("\r\n\r\n");
    }
};

TEST_F(UpgradeTest, SpeaksAnotherProtocolFromThere) {
    start();
    const Client client(port);
    const auto head = open(client);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << head;
    EXPECT_EQ(value_of(head, "Upgrade"), "lines");
    EXPECT_EQ(value_of(head, "Connection"), "Upgrade");
    EXPECT_EQ(value_of(head, "X-Lines"), "1");
    EXPECT_FALSE(head.contains("Content-Length"));
    for (int i = 0; i < 100; ++i) {
        client.send("jambo\nhabari\n");
        EXPECT_EQ(client.read_until("[habari]\n"), "[jambo]\n[habari]\n");
    }
    EXPECT_TRUE(metrics.render().contains("http_upgraded_connections 1")) << metrics.render();
    EXPECT_TRUE(metrics.render().contains("http_requests_in_flight 0"));
    client.send("quit\n");
    EXPECT_EQ(client.read_all(), "");
    EXPECT_FALSE(client.timed_out());
    client.end_sending();
    while (server->connections() != 0) std::this_thread::yield();
}

TEST_F(UpgradeTest, TakesWhatCameWithTheRequest) {
    start();
    for (const auto* path : {"/lines", "/later"}) {
        const Client client(port);
        // In a pipeline behind another request, and with the first line behind it.
        client.send(get("/health") + ask(path) + "mapema\n");
        const auto reply = client.read_until("[mapema]\n");
        EXPECT_EQ(count_of(reply, "HTTP/1.1 "), 2U) << reply;
        EXPECT_TRUE(reply.contains("\r\n\r\nokHTTP/1.1 101 ")) << reply;
        client.send("tena\n");
        EXPECT_EQ(client.read_until("[tena]\n"), "[tena]\n");
    }
}

TEST_F(UpgradeTest, RefusesWhatAsksForNone) {
    start();
    const struct {
        std::string request;
        std::string_view status;
    } cases[] = {
        {get("/lines"), "426"},
        {ask("/lines", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), "426"},
        {ask("/lines", "Upgrade: lines\r\n"), "426"},
        {"GET /lines HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n", "426"},
        {"HEAD /lines HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n", "426"},
        {ask("/lines", "Connection: Upgrade\r\nUpgrade: lines\r\nContent-Length: 1\r\n") + "x", "426"},
        {ask("/forbidden"), "503"},
        {ask("/lines?colour=red"), "422"},
    };
    for (const auto& [request, status] : cases) {
        const auto reply = exchange(request + get("/health"));
        EXPECT_TRUE(reply.starts_with(fmt::format("HTTP/1.1 {}", status))) << request << reply;
        if (status == "426") {
            EXPECT_EQ(value_of(reply, "Upgrade"), "lines");
            EXPECT_TRUE(reply.contains("\r\nConnection: Upgrade\r\n")) << reply;
        }
        if (!request.contains("HTTP/1.0")) EXPECT_TRUE(reply.ends_with("\r\n\r\nok")) << request << reply;
    }
    // Whoever does not want it is answered as ever.
    EXPECT_TRUE(exchange(ask("/health")).ends_with("\r\n\r\nok"));
}

TEST_F(UpgradeTest, HearsWhatEndsIt) {
    start();
    Client leaver(port);
    static_cast<void>(open(leaver));
    leaver.abort();
    const Client half(port);
    static_cast<void>(open(half));
    half.send("mwisho\n");
    half.end_sending();
    EXPECT_EQ(half.read_all(), "[mwisho]\n");
    const Client thrower(port);
    static_cast<void>(open(thrower));
    thrower.send("throw\n");
    EXPECT_EQ(thrower.read_all(), "");
    const Client silent(port);
    static_cast<void>(open(silent, "/briefly"));
    EXPECT_EQ(silent.read_all(), "");
    EXPECT_EQ(timeouts, 1);
    while (talking != 0) std::this_thread::yield();
}

TEST_F(UpgradeTest, BelongsToTheTraceOfItsRequest) {
    start();
    const Client client(port);
    client.send(ask("/traced",
                    "Connection: Upgrade\r\nUpgrade: lines\r\n"
                    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"));
    static_cast<void>(client.read_until("\r\n\r\n"));
    client.send("whose?");
    EXPECT_TRUE(client.read_all().starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
}

TEST_F(UpgradeTest, GivesTurnsToOthersHoweverFastItsPeerIs) {
    async::Event event(loop);
    all_sent = &event;
    turns = reads_in_a_row = writes_in_a_row = 0;
    start();
    const Client client(port);
    static_cast<void>(open(client, "/greedy"));
    client.send(std::string(50'000, 'x'));
    loop.post([&] { event.set(); });
    EXPECT_TRUE(client.read_until("done").ends_with("done"));
    EXPECT_LE(reads_in_a_row, 8);
    EXPECT_LE(writes_in_a_row, 33);
}

TEST_F(UpgradeTest, ItsLastWordArrivesThoughItsPeerStillSends) {
    start();
    const Client client(port);
    static_cast<void>(open(client));
    client.send("kwaheri\nquit\n" + std::string(100'000, 'x'));
    EXPECT_EQ(client.read_all(), "[kwaheri]\n");
    EXPECT_FALSE(client.was_reset());
}

TEST_F(UpgradeTest, WhoDoesNotReadIsReset) {
    options.write_deadline = 50ms;
    start();
    const Client client(port);
    static_cast<void>(open(client));
    client.send("flood\n");
    while (talking != 0) std::this_thread::yield();
    std::string all;
    while (client.read_more(all)) {}
    EXPECT_TRUE(client.was_reset());
}

TEST_F(UpgradeTest, IsToldThatTheServerStops) {
    start();
    const Client client(port);
    static_cast<void>(open(client));
    const Client deaf(port);
    static_cast<void>(open(deaf));
    deaf.send("flood\n");
    static_cast<void>(deaf.read_until("f"));
    auto drained = drain(300ms);
    EXPECT_EQ(client.read_all(), "bye\n");
    // Whoever does not end by itself is cut at the deadline.
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
    EXPECT_EQ(talking, 0);
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(UpgradeTest, CountsAsAConnection) {
    options.max_connections = 1;
    start();
    const Client client(port);
    static_cast<void>(open(client));
    EXPECT_TRUE(exchange(get("/health")).starts_with("HTTP/1.1 503"));
    client.send("bado\n");
    EXPECT_EQ(client.read_until("[bado]\n"), "[bado]\n");
}

// What an idle one holds besides its socket and the frames of its conversation: a tenth of a connection that waits for requests.
TEST(Upgraded, IsSmall) { EXPECT_LE(sizeof(UpgradedConnection), 320U); }

// ---- Context::gone() and draining() --------------------------------------------------------------------------------

class StopTest : public ServerForTest {
protected:
    std::atomic<bool> entered = false;
    std::atomic<bool> stopped = false;

    void add_events(std::stop_token (*token_of)(Context&)) {
        router.add(
            Method::get, "/events",
            {.handler = [&in = entered, &out = stopped, token_of](this auto, Context& context) -> async::Task<void> {
                in = true;
                out = co_await async::stopped(&context.loop(), token_of(context), async::Loop::now() + 60s);
                context.response().body("stopped");
            }});
        start();
    }
};

TEST_F(StopTest, AHandlerCanWaitForItsClientToGo) {
    add_events([](Context& context) { return context.gone(); });
    Client client(port);
    client.send(get("/events"));
    while (!entered) std::this_thread::yield();
    EXPECT_FALSE(stopped);
    client.abort();
    while (!stopped) std::this_thread::yield();
    // The next request of a connection has a client again.
    const Client next(port);
    next.send(get("/health"));
    EXPECT_TRUE(next.read_until("ok").ends_with("ok"));
}

TEST_F(StopTest, AHandlerCanWaitForTheServerToStop) {
    add_events([](Context& context) { return context.draining(); });
    Client client(port);
    client.send(get("/events"));
    while (!entered) std::this_thread::yield();
    auto drained = drain(10s);
    EXPECT_TRUE(client.read_all().ends_with("stopped"));
    client.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
    EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace http
