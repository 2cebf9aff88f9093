// What a server bounds: bodies that never end, memory, clients that do not read, connections, descriptors; and when each of its
// deadlines begins.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "async/sync.h"
#include "http/errors.h"
#include "http/middleware/default_chain.h"
#include "http/server_for_test.h"
#include "http/slow_clients.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

struct ServerLimitsTest : ServerForTest {
    // Bounded by time alone where something is broken.
    static bool eventually(const std::function<bool()>& holds) {
        for (int i = 0; i < 2'000 && !holds(); ++i) std::this_thread::sleep_for(2ms);
        return holds();
    }
    double metric(std::string_view name) const {
        const auto page = metrics.render();
        const auto at = page.find("\n" + std::string(name) + " ");
        return at == std::string::npos ? -1 : std::stod(page.substr(at + name.size() + 2));
    }
    // GET /wait, whose handler is busy until then.
    void add_waiting_route(async::Event& released) {
        router.add(Method::get, "/wait", {.handler = [&released](this auto, Context& context) -> async::Task<void> {
                       co_await released;
                       context.response().body("done");
                   }});
    }
};

// Only told apart, never looked into.
Connection* fake(std::uintptr_t number) { return reinterpret_cast<Connection*>(number); }

const std::string chunked_head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// ---- Bodies that fail ------------------------------------------------------------------------------------------------

TEST_F(ServerLimitsTest, NothingBehindAFailedBodyIsARequest) {
    start();
    for (const auto* path : {"/echo", "/ignore"}) {
        const auto head = "POST "s + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (const auto* body :
             {"0\r\n\r", "3\r\nabc\r\n0\r\n\r", "0\r\nA: b\r\n\r", "0\r\nA: b\r", "0;\r\n\r\n", "0\r\nA\r\n\r\n"}) {
            const auto bytes = head + body + get("/health");
            const auto whole = exchange(bytes);
            EXPECT_EQ(count_of(whole, "HTTP/1.1 "), 1U) << path << ' ' << testing::PrintToString(body) << '\n' << whole;
            if (path == "/echo"s) EXPECT_TRUE(whole.starts_with("HTTP/1.1 400 ")) << whole;
            for (auto cut = head.size(); cut < bytes.size(); cut += 3) {
                const Client client(port);
                client.send(bytes.substr(0, cut));
                std::this_thread::yield();
                client.send(bytes.substr(cut));
                client.end_sending();
                EXPECT_EQ(count_of(client.read_all(), "HTTP/1.1 "), 1U) << testing::PrintToString(body) << cut;
            }
        }
    }
}

TEST_F(ServerLimitsTest, ABodyThatFailedOnceStaysFailed) {
    std::atomic<int> refusals = 0;
    const auto twice = [&](this auto, Context& context) -> async::Task<void> {
        context.request().set_body_limit(10);
        for (int i = 0; i < 2; ++i) {
            try {
                static_cast<void>(co_await context.request().body());
            } catch (const base::Failure& failure) {
                refusals += failure.code().code == errors::body_too_large.code ? 1 : 0;
            }
        }
    };
    router.add(Method::post, "/twice", {.handler = twice});
    start();
    const auto reply = exchange(
        "POST /twice HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "8\r\n12345678\r\n8\r\n12345678\r\n2\r\n90\r\n0\r\n\r\n" +
        get("/health"));
    EXPECT_EQ(refusals, 2);
    EXPECT_EQ(count_of(reply, "HTTP/1.1 200"), 2U) << "its framing was well: the next request is read";
}

// ---- Memory of bodies ------------------------------------------------------------------------------------------------

TEST_F(ServerLimitsTest, BoundsTheMemoryOfBodiesAndGivesItBack) {
    options.body_memory = {.total = 1'000'000, .per_caller = 100'000};
    router.add(Method::post, "/identified", {.handler = [](Context& context) -> async::Task<void> {
                   context.request().charge_body_to(base::Uuid::nil());
                   context.response().body(std::to_string((co_await context.request().body()).size()));
               }});
    start();
    const auto half = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 120000\r\n\r\n" + std::string(60'000, 'x');
    {
        const Client holder(port);
        holder.send(half);
        EXPECT_TRUE(eventually([&] { return metric("http_body_memory_bytes") >= 60'000; }));
        const Client other(port);
        other.send(half);
        const auto refused = other.read_until("}");
        EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
        EXPECT_EQ(value_of(refused, "Retry-After"), "1");
        EXPECT_EQ(value_of(refused, "X-Retriable"), "true");
        EXPECT_NE(refused.find(R"("code":"http.bodies_full")"), std::string::npos) << refused;
        EXPECT_LE(metric("http_body_memory_bytes"), 100'000);
        EXPECT_GE(metric("http_bodies_refused_total"), 1);
        EXPECT_TRUE(exchange(post("/echo", "small")).ends_with("small")) << "what fits behind its head costs nothing";
        EXPECT_TRUE(exchange(post("/identified", std::string(60'000, 'x'))).ends_with("60000"));
    }
    EXPECT_TRUE(eventually([&] { return metric("http_body_memory_bytes") == 0; }));
    EXPECT_TRUE(exchange(post("/identified", std::string(80'000, 'x'))).ends_with("80000"));
    EXPECT_EQ(metric("http_body_memory_bytes"), 0);
}

TEST_F(ServerLimitsTest, BoundsTheBodiesOfAllCallersTogether) {
    options.body_memory = {.total = 150'000, .per_caller = 120'000};
    std::atomic<std::uint8_t> callers = 0;
    router.add(Method::post, "/somebody", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   context.request().charge_body_to(base::Uuid(base::Uuid::Bytes{++callers}));
                   context.request().set_client_address(fmt::format("192.0.2.{}", callers.load()));
                   static_cast<void>(co_await context.request().body());
               }});
    start();
    const auto half = "POST /somebody HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" + std::string(60'000, 'x');
    const Client first(port);
    first.send(half);
    EXPECT_TRUE(eventually([&] { return metric("http_body_memory_bytes") >= 60'000; }));
    const Client second(port);
    second.send(half);
    EXPECT_TRUE(second.read_until("}").starts_with("HTTP/1.1 503 "));
    first.send(std::string(30'000, 'x'));
    EXPECT_TRUE(first.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerLimitsTest, BoundsTheBodiesOfAnAddressWhoeverHasSignedInThere) {
    options.body_memory = {.total = 400'000, .per_caller = 100'000, .small_caller = 1'000};
    std::atomic<std::uint8_t> callers = 0;
    router.add(Method::post, "/somebody", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   context.request().charge_body_to(base::Uuid(base::Uuid::Bytes{++callers}));
                   static_cast<void>(co_await context.request().body());
               }});
    start();
    const auto half = "POST /somebody HTTP/1.1\r\nHost: a\r\nContent-Length: 80000\r\n\r\n" + std::string(79'000, 'x');
    const Client first(port);
    first.send(half);
    EXPECT_TRUE(eventually([&] { return metric("http_body_memory_bytes") == 96'384; }));
    const Client second(port);
    second.send(half);
    EXPECT_TRUE(eventually([&] { return metric("http_body_memory_bytes") == 192'768; }));
    const Client third(port);
    third.send(half);
    const auto refused = third.read_until("}");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
    EXPECT_TRUE(refused.contains("the bodies of this address")) << refused;
    EXPECT_LE(metric("http_body_memory_bytes"), 200'000);
    first.send(std::string(1'000, 'x'));
    EXPECT_TRUE(first.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

// ---- When deadlines begin --------------------------------------------------------------------------------------------

TEST_F(ServerLimitsTest, TheHandlersTimeBeginsWhenTheBodyIsHere) {
    std::atomic<bool> entered = false;
    std::atomic<bool> later = false;
    std::atomic<bool> same = false;
    router.add(Method::post, "/slow",
               {.handler = [&](this auto, Context& context) -> async::Task<void> {
                    const auto at_the_head = context.deadline();
                    entered = true;
                    static_cast<void>(co_await context.request().body());
                    later = context.deadline() > at_the_head;
                    same = context.deadline() == at_the_head;
                },
                .options = {.deadline = 5s}});
    start();
    const Client client(port);
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return entered.load(); }));
    client.send("hello");
    EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(later);
    EXPECT_TRUE(exchange(post("/slow", "hello")).starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(same || later);
}

TEST_F(ServerLimitsTest, ASlowHandlerCostsTheClientNoneOfItsTime) {
    options.body_deadline = 400ms;
    std::atomic<int> pieces = 0;
    router.add(Method::post, "/pieces", {.handler = [&](this auto, Context& context) -> async::Task<void> {
                   while (co_await context.request().read_some()) {
                       co_await async::sleep(&context.loop(), 250ms);
                       ++pieces;
                   }
                   context.response().body("all");
               }});
    start();
    const Client client(port);
    client.send("POST /pieces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
        client.send("1\r\nx\r\n");
        EXPECT_TRUE(eventually([&] { return pieces > i; }));
    }
    client.send("0\r\n\r\n");
    EXPECT_TRUE(client.read_until("all").starts_with("HTTP/1.1 200"));
}

TEST_F(ServerLimitsTest, IdleTimeBeginsWithTheReply) {
    options.idle_deadline = 500ms;
    router.add(Method::get, "/late", {.handler = [](Context& context) -> async::Task<void> {
                   co_await async::sleep(&context.loop(), 600ms);
                   context.response().body("late");
               }});
    start();
    const Client client(port);
    client.send(get("/late"));
    EXPECT_TRUE(client.read_until("late").ends_with("late"));
    client.send(get("/health"));
    EXPECT_TRUE(client.read_until("ok").ends_with("ok"));
}

// ---- Clients that do not read ----------------------------------------------------------------------------------------

TEST_F(ServerLimitsTest, ClientsThatDoNotReadHoldLittleOfTheKernel) {
    constexpr std::size_t most_each = 900'000;  // its own buffer and the peer's
    router.add(Method::get, "/stream", {.handler = [](Context& context) -> async::Task<void> {
                   context.response().stream([](BodyWriter& out) -> async::Task<void> {
                       const std::string piece(100'000, 's');
                       for (int i = 0; i < 100; ++i) {
                           if (!co_await out.write(piece)) co_return;
                       }
                   });
                   co_return;
               }});
    start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<Client>(port));
        clients.back()->send(get(i % 2 == 0 ? "/big" : "/stream"));
    }
    EXPECT_TRUE(eventually([&] { return metric("http_requests_total") >= 20; }));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
    double before = -1;
    EXPECT_TRUE(eventually([&] { return std::exchange(before, metric("http_sent_bytes_total")) == before; }));
    EXPECT_LT(before, static_cast<double>(clients.size() * most_each));
    // One that reads at last has all of it.
    clients[0]->send(get("/health", "Connection: close\r\n"));
    const auto reply = clients[0]->read_all();
    EXPECT_GT(reply.size(), 10'000'000U);
    EXPECT_TRUE(reply.ends_with("ok"));
}

TEST_F(ServerLimitsTest, ClientsThatDoNotReadHoldFewEncoders) {
    std::string noise;
    for (std::uint32_t x = 1; noise.size() < 4'000'000;)
        noise += static_cast<char>('a' + ((x = x * 1664525U + 1013904223U) >> 28U));
    router.add(Method::get, "/text",
               {.handler = [body = std::make_shared<const std::string>(std::move(noise))](
                               this auto, Context& context) -> async::Task<void> {
                    context.response().shared_body(body).content_type("text/plain");
                    co_return;
                },
                .middleware = {compression({.codings = {Coding::gzip}, .gzip_level = 1})}});
    start();
    std::vector<std::unique_ptr<Client>> clients;
    std::size_t compressed = 0;
    for (int i = 0; i < 70; ++i) {
        clients.push_back(std::make_unique<Client>(port));
        clients.back()->send(get("/text", "Accept-Encoding: gzip\r\n"));
        std::string some;
        ASSERT_TRUE(clients.back()->read_more(some));
        compressed += some.contains("Content-Encoding: gzip") ? 1 : 0;
    }
    EXPECT_EQ(compressed, 64U);
    clients.clear();
    EXPECT_TRUE(eventually([&] {
        return exchange(get("/text", "Accept-Encoding: gzip\r\nConnection: close\r\n"))
            .contains("Content-Encoding: gzip");
    }));
}

// ---- Connections and descriptors -------------------------------------------------------------------------------------

// While turns of the loop are long, one connection a turn would leave those that come anew in the kernel until they give up.
TEST_F(ServerLimitsTest, ConnectionsThatComeTogetherAreAcceptedTogether) {
    constexpr std::size_t many = 48;
    start();
    std::promise<void> gate;
    loop.post([&gate] { gate.get_future().wait(); });
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < many; ++i) {
        clients.push_back(std::make_unique<Client>(port));
        clients.back()->send(get("/health"));
    }
    int turns = 0;
    std::promise<void> accepted;
    std::function<void()> count = [&] {
        if (metric("http_connections_accepted_total") >= many) return accepted.set_value();
        ++turns;
        loop.post(count);
    };
    loop.post(count);
    gate.set_value();
    accepted.get_future().wait();
    EXPECT_LT(turns, 12);
    for (const auto& client : clients) EXPECT_TRUE(client->read_until("ok").ends_with("ok"));
}

TEST_F(ServerLimitsTest, TheOldestIdleClientMakesRoom) {
    options.max_connections = 2;
    start();
    const Client first(port);
    first.send(get("/health"));
    EXPECT_TRUE(first.read_until("ok").ends_with("ok"));
    const Client second(port);
    second.send(get("/health"));
    EXPECT_TRUE(second.read_until("ok").ends_with("ok"));
    first.send(get("/health"));  // so the second is the one that has been idle for longest
    EXPECT_TRUE(first.read_until("ok").ends_with("ok"));
    const Client third(port);
    third.send(get("/health"));
    EXPECT_TRUE(third.read_until("ok").ends_with("ok"));
    EXPECT_EQ(second.read_all(), "");
    first.send(get("/health"));
    EXPECT_TRUE(first.read_until("ok").ends_with("ok"));
    EXPECT_EQ(metric("http_connections_evicted_total"), 1);
}

// Every request that holds a place while its client has the next word to say.
TEST_F(ServerLimitsTest, SlowClientsMakeRoom) {
    options.max_connections = 2;
    start();
    const auto echo = [](std::string_view fields) {
        return "POST /echo HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
    };
    const std::string cases[] = {"G",
                                 "\r",
                                 "\r\n",
                                 "GET /health HTTP/1.1\r\nHost: a\r\nX: ",
                                 echo("Content-Length: 100\r\n") + "{",
                                 echo("Transfer-Encoding: chunked\r\n") + "5\r\nab",
                                 echo("Content-Length: 20000\r\n") + std::string(9'000, 'x'),
                                 "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
                                 "GET / HTTP/1.1\r\n\r\n",
                                 get("/big")};
    double received = 0;
    double evicted = 0;
    for (const auto& bytes : cases) {
        const Client first(port);
        first.send(bytes);
        received += static_cast<double>(bytes.size());
        EXPECT_TRUE(eventually([&] { return metric("http_received_bytes_total") == received; }));
        const Client second(port);
        second.send(bytes);
        received += static_cast<double>(bytes.size());
        EXPECT_TRUE(eventually([&] { return metric("http_received_bytes_total") == received; }));
        Client third(port);
        third.send(get("/health"));
        received += static_cast<double>(get("/health").size());
        EXPECT_TRUE(third.read_until("ok").ends_with("ok")) << bytes;
        EXPECT_EQ(metric("http_connections_evicted_total"), ++evicted) << bytes;
        // A half head that is younger goes before one that is older; else the longest under way is the one.
        const bool is_half_head = !bytes.contains("\r\n\r\n") && !std::string_view("\r\n").starts_with(bytes);
        const auto& gone = is_half_head ? second : first;
        std::string late;
        while (gone.read_more(late)) {}
        EXPECT_FALSE(gone.timed_out()) << bytes;
        third.close();
        EXPECT_TRUE(eventually([&] { return metric("http_connections") == 1; }));
    }
}

TEST_F(ServerLimitsTest, ABodyThatKeepsThePaceOutlivesHalfHeads) {
    options.max_connections = 2;
    start();
    const Client upload(port);
    upload.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx");
    auto received = metric("http_received_bytes_total");
    EXPECT_TRUE(eventually([&] { return (received = metric("http_received_bytes_total")) > 50; }));
    std::vector<std::unique_ptr<Client>> half_heads;
    for (int i = 0; i < 20; ++i) {
        half_heads.push_back(std::make_unique<Client>(port));
        half_heads.back()->send("G");
        EXPECT_TRUE(eventually([&] { return metric("http_received_bytes_total") == received + i + 1; }));
    }
    EXPECT_EQ(metric("http_connections_evicted_total"), 19);
    upload.send("y");
    EXPECT_TRUE(upload.read_until("xy").ends_with("xy"));
}

// Behind a proxy all connections come from one address.
TEST_F(ServerLimitsTest, TheClientsAddressCountsNotTheProxys) {
    options.max_connections = 3;
    router.add(Method::post, "/from", {.handler = [](Context& context) -> async::Task<void> {
                   context.request().set_client_address(context.request().header("x-from").value_or(""));
                   context.response().body(std::string(co_await context.request().body()));
               }});
    start();
    double received = 0;
    const auto begin = [&](const Client& client, std::string_view from) {
        const auto bytes =
            fmt::format("POST /from HTTP/1.1\r\nHost: a\r\nX-From: {}\r\nContent-Length: 2\r\n\r\nx", from);
        client.send(bytes);
        received += static_cast<double>(bytes.size());
        EXPECT_TRUE(eventually([&] { return metric("http_received_bytes_total") == received; }));
    };
    const Client shop(port);
    const Client flood(port);
    const Client more(port);
    begin(shop, "192.0.2.1");
    begin(flood, "192.0.2.2");
    begin(more, "192.0.2.2");
    const Client next(port);
    next.send(get("/health"));
    EXPECT_TRUE(next.read_until("ok").ends_with("ok"));
    EXPECT_EQ(flood.read_all(), "") << "of the client that has the most";
    shop.send("y");
    EXPECT_TRUE(shop.read_until("xy").ends_with("xy"));
}

TEST_F(ServerLimitsTest, BusyClientsAreNotEvictedAndTheNewOneIsTold) {
    options.max_connections = 2;
    async::Event released(loop);
    add_waiting_route(released);
    start();
    const Client first(port);
    const Client second(port);
    first.send(get("/wait"));
    second.send(get("/wait"));
    EXPECT_TRUE(eventually([&] { return metric("http_requests_in_flight") == 2; }));
    const Client third(port);
    third.send(get("/health"));
    const auto refused = third.read_all();
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
    EXPECT_EQ(value_of(refused, "Retry-After"), "1");
    EXPECT_NE(refused.find(R"("code":"http.overloaded")"), std::string::npos);
    EXPECT_TRUE(Client(port).read_all().starts_with("HTTP/1.1 503 ")) << "one that says nothing is told too";
    loop.post([&] { released.set(); });
    EXPECT_TRUE(first.read_until("done").ends_with("done"));
    EXPECT_TRUE(second.read_until("done").ends_with("done"));
}

TEST_F(ServerLimitsTest, AnEmptyLineBehindARequestLeavesItsClientIdle) {
    options.head_deadline = 1s;  // then a head that has begun is told 408
    options.idle_deadline = 300ms;
    start();
    const Client first(port);
    const Client second(port);
    first.send(get("/health") + "\r\n");
    second.send(get("/health") + "\r");
    const Client silent(port);
    silent.send("\r\n");
    for (const auto* client : {&first, &second}) {
        EXPECT_TRUE(client->read_until("ok").ends_with("ok"));
        EXPECT_EQ(client->read_all(), "") << "closed without a word";
        EXPECT_FALSE(client->timed_out());
    }
    EXPECT_EQ(silent.read_all(), "") << "nor is it the beginning of a first request";
    const Client goes_on(port);
    goes_on.send(get("/health") + "\r\n");
    EXPECT_TRUE(goes_on.read_until("ok").ends_with("ok"));
    goes_on.send(get("/health"));
    EXPECT_TRUE(goes_on.read_until("ok").ends_with("ok"));
}

TEST(SlowClients, TheAddressWithTheMostGivesItsLongest) {
    SlowClients slow;
    Connection* const connections[] = {fake(1), fake(2), fake(3), fake(4), fake(5)};
    const async::SteadyTime zero{};
    const auto shop = BodyCaller::of_address("192.0.2.1");
    const auto flood = BodyCaller::of_address("2001:db8:1:2::1");
    const auto same_network = BodyCaller::of_address("2001:db8:1:2::2");
    const SlowClients::Client all[] = {{shop, zero, connections[0]},
                                       {flood, zero + 3s, connections[1]},
                                       {same_network, zero + 1s, connections[2]},
                                       {flood, zero + 2s, connections[3]}};
    EXPECT_EQ(slow.first_to_go(), nullptr);
    for (const auto& client : all) slow.add(client);
    EXPECT_EQ(slow.first_to_go(), connections[2]);
    slow.remove(all[2]);
    EXPECT_EQ(slow.first_to_go(), connections[3]);
    slow.remove(all[3]);
    slow.add({shop, zero + 4s, connections[4]});
    EXPECT_EQ(slow.first_to_go(), connections[0]);
    slow.remove(all[0]);
    slow.remove({shop, zero + 4s, connections[4]});
    EXPECT_EQ(slow.first_to_go(), connections[1]);
    slow.remove(all[1]);
    EXPECT_EQ(slow.first_to_go(), nullptr);
}

TEST(SlowClients, AFewOfManyAddressesGoByTheYoungestHalfHead) {
    SlowClients slow;
    const async::SteadyTime zero{};
    const auto shop = BodyCaller::of_address("192.0.2.1");
    for (std::uintptr_t i = 1; i <= SlowClients::few; ++i)
        slow.add({shop, zero + std::chrono::seconds(i), fake(i), false});
    std::vector<SlowClients::Client> heads;
    for (std::uintptr_t i = 0; i < 70; ++i) {
        heads.push_back({BodyCaller::of_address(fmt::format("198.51.100.{}", i)), zero + std::chrono::seconds(2 * i),
                         fake(100 + i), true});
        slow.add(heads.back());
    }
    for (; !heads.empty(); heads.pop_back()) {
        EXPECT_EQ(slow.first_to_go(), heads.back().connection);
        slow.remove(heads.back());
    }
    EXPECT_EQ(slow.first_to_go(), fake(1)) << "without half heads the longest of the address with the most";
}

TEST(SlowClients, BeyondAFewTheAddressCountsAndInATieItsHalfHeads) {
    SlowClients slow;
    const async::SteadyTime zero{};
    const auto shop = BodyCaller::of_address("192.0.2.1");
    const auto flood = BodyCaller::of_address("198.51.100.1");
    for (std::uintptr_t i = 0; i <= SlowClients::few; ++i) {
        slow.add({shop, zero + std::chrono::seconds(i), fake(100 + i), false});
        slow.add({flood, zero + 1h + std::chrono::seconds(i), fake(200 + i), true});
    }
    EXPECT_EQ(slow.first_to_go(), fake(200)) << "as many, and half heads";
    slow.add({shop, zero + 2h, fake(300), false});
    EXPECT_EQ(slow.first_to_go(), fake(100)) << "more";
    slow.remove({shop, zero + 2h, fake(300), false});
    slow.remove({shop, zero, fake(100), false});
    EXPECT_EQ(slow.first_to_go(), fake(200));
}

TEST_F(ServerLimitsTest, WithoutADescriptorTheOldestIdleClientMakesRoom) {
    start();
    const Client first(port);
    first.send(get("/health"));
    EXPECT_TRUE(first.read_until("ok").ends_with("ok"));
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = ::dup(0);
    ::close(next);
    auto tight = before;
    tight.rlim_cur = static_cast<rlim_t>(next) + 1;  // the client's own end, and none for the server's
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    const Client second(port);
    second.send(get("/health"));
    const auto reply = second.read_until("ok");
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(reply.ends_with("ok")) << reply;
    EXPECT_EQ(first.read_all(), "");
    EXPECT_EQ(metric("http_connections_evicted_total"), 1);
}

// ---- What the wire refuses is a reply like any other -----------------------------------------------------------------

struct RefusalsTest : ServerLimitsTest {
    Chain chain{default_chain({.cors = CORSOptions{.origins = {"https://shop.example"}, .credentials = true}}), refuse};
    RefusalsTest() {
        refusals = [this](Context& context) { return chain(context); };
    }
    static void expect_headers(const std::string& reply, std::string_view status) {
        EXPECT_TRUE(reply.starts_with("HTTP/1.1 " + std::string(status))) << reply;
        EXPECT_EQ(value_of(reply, "Access-Control-Allow-Origin"), "https://shop.example") << reply;
        EXPECT_EQ(value_of(reply, "Access-Control-Allow-Credentials"), "true") << reply;
        EXPECT_EQ(value_of(reply, "X-Content-Type-Options"), "nosniff") << reply;
        EXPECT_NE(value_of(reply, "Content-Security-Policy"), "") << reply;
        EXPECT_EQ(value_of(reply, "X-Request-Id"), "till-17-0001") << reply;
        EXPECT_EQ(value_of(reply, "Connection"), "close") << reply;
        EXPECT_EQ(value_of(reply, "Cache-Control"), "no-store") << reply;
    }
};

const std::string asking = "Origin: https://shop.example\r\nX-Request-Id: till-17-0001\r\n";

TEST_F(RefusalsTest, CarryTheHeadersOfEveryReply) {
    options.head_deadline = 1s;
    start();
    const struct {
        std::string bytes;
        std::string_view status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n" + asking + "\r\n", "400"},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n" + asking + "\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\n" + asking + "X : y\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\n" + asking + "X: y\n", "400"},
        {"OPTIONS / HTTP/1.1\r\nHost: a:x\r\nAccess-Control-Request-Method: PUT\r\n" + asking + "\r\n", "400"},
        {"GET / HTTP/2.0\r\nHost: a\r\n" + asking + "\r\n", "505"},
        {get("/health", asking + "X: " + std::string(20'000, 'x') + "\r\n"), "431"},
        {get("/" + std::string(9'000, 'x'), asking), "414"},
        {"GET /health HTTP/1.1\r\nHost: a\r\n" + asking + "X: ", "408"},
        {post("/echo", "x", "Expect: nonsense\r\n" + asking), "417"},
    };
    for (const auto& [bytes, status] : cases) {
        const Client client(port);
        client.send(bytes);
        expect_headers(client.read_all(), status);
    }
    const auto head = exchange("HEAD / HTTP/1.1\r\n" + asking + "\r\n");
    expect_headers(head, "400");
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
    const auto stranger = exchange("GET / HTTP/1.1\r\nOrigin: https://evil.example\r\n\r\n");
    EXPECT_EQ(value_of(stranger, "Access-Control-Allow-Origin"), "") << stranger;
    EXPECT_EQ(count_of(exchange("GET / HTTP/1.1\r\n\r\n" + get("/health")), "HTTP/1.1 "), 1U);
}

TEST_F(RefusalsTest, NameThePathThatWasAskedFor) {
    start();
    const struct {
        std::string bytes;
        std::string instance;
    } cases[] = {
        {"GET /v1/sales?token=secret HTTP/1.1\r\n\r\n", "/v1/sales"},
        {"GET /v1/sales HTTP/1.1\r\nHost: a b\r\n\r\n", "/v1/sales"},
        {"GET /v1/sales HTTP/2.0\r\nHost: a\r\n\r\n", "/v1/sales"},
        {get("/" + std::string(20'000, 'x')), "/" + std::string(1'023, 'x')},
        {"GET http://a/v1/sales?x HTTP/1.1\r\nHost: b\r\n\r\n", "/v1/sales"},
        {"GET /a\x80 HTTP/1.1\r\nHost: a\r\n\r\n", "/a"},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", ""},
        {"GET \r\n\r\n", ""},
        {"\x16\x03\x01", ""},
    };
    for (const auto& [bytes, instance] : cases) {
        const auto reply = exchange(bytes);
        const auto member = instance.empty() ? "\"instance\"" : fmt::format(R"("instance":"{}")", instance);
        EXPECT_EQ(reply.contains(member), !instance.empty()) << bytes << '\n' << reply;
        EXPECT_TRUE(reply.contains("application/problem+json")) << bytes << '\n' << reply;
        EXPECT_FALSE(reply.contains("secret")) << reply;
    }
}

TEST_F(RefusalsTest, SoDoesTheOneConnectionTooMany) {
    options.max_connections = 1;
    async::Event released(loop);
    add_waiting_route(released);
    start();
    const Client busy(port);
    busy.send(get("/wait"));
    EXPECT_TRUE(eventually([&] { return metric("http_requests_in_flight") == 1; }));
    const Client refused(port);
    refused.send(get("/health", asking));
    expect_headers(refused.read_all(), "503");
    loop.post([&] { released.set(); });
    EXPECT_TRUE(busy.read_until("done").ends_with("done"));
}

}  // namespace
}  // namespace http
