// Server-sent events: their text, and what ends the stream.

#include "http/events.h"

#include <gtest/gtest.h>

#include "http/middleware/problems.h"
#include "http/server_for_test.h"

namespace http {
namespace {

using namespace std::chrono_literals;

// Who is told: the last that has come. On the server's loop.
struct Feed {
    explicit Feed(async::Loop& of) : loop(of) {}
    async::Loop& loop;
    std::weak_ptr<EventQueue> listener;
    std::chrono::milliseconds heartbeat = 1h;
};

async::Task<EventStream> follow(LastEventId last, Service<Feed> feed) {
    auto queue = std::make_shared<EventQueue>(feed->loop);
    queue->push({.data = last.value.value_or("all"), .id = "7", .type = "beginning", .retry = 2s});
    feed->listener = queue;
    co_return EventStream{std::move(queue), feed->heartbeat};
}

class EventsTest : public ServerForTest {
protected:
    void SetUp() override {
        ServerForTest::SetUp();
        services.add(feed);
        Routes routes(router.group("", {problems()}), "test");
        routes.get("/events", follow);
        options.write_deadline = write_deadline;
        start();
    }
    // On the loop; false where nobody listens.
    template <class Use>
    bool with_listener(Use use) {
        std::promise<bool> done;
        loop.post([&] {
            const auto queue = feed.listener.lock();
            done.set_value(queue && use(*queue));
        });
        return done.get_future().get();
    }
    bool tell(const ServerSentEvent& event) {
        return with_listener([&](EventQueue& queue) { return queue.push(event); });
    }

    std::chrono::milliseconds write_deadline = 1h;
    Feed feed{loop};
};

TEST_F(EventsTest, AreSentAsTheyCome) {
    const Client client(port);
    client.send(get("/events", "Last-Event-ID: 6\r\n"));
    const auto head = client.read_until("id: 7\nevent: beginning\nretry: 2000\ndata: 6\n\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
    EXPECT_EQ(value_of(head, "Content-Type"), "text/event-stream");
    EXPECT_EQ(value_of(head, "X-Accel-Buffering"), "no");
    EXPECT_TRUE(tell({.data = R"({"total":1})", .id = "8"}));
    EXPECT_TRUE(client.read_until("\n\n\r\n").ends_with("\r\nid: 8\ndata: {\"total\":1}\n\n\r\n"));
    EXPECT_TRUE(tell({.data = "a\nb\r\nc\rd\n"}));
    EXPECT_TRUE(client.read_until("\n\n\r\n").ends_with("data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n\r\n"));
    EXPECT_TRUE(tell({.retry = 5s}));
    EXPECT_TRUE(client.read_until("\n\n\r\n").ends_with("\r\nretry: 5000\n\n\r\n"));
}

TEST_F(EventsTest, ACommentComesWhereNothingElseDoes) {
    loop.post([this] { feed.heartbeat = 10ms; });
    const Client client(port);
    client.send(get("/events"));
    EXPECT_TRUE(client.read_until("\r\n:\n\n\r\n").ends_with("\r\n:\n\n\r\n"));
    EXPECT_TRUE(client.read_until("\r\n:\n\n\r\n").ends_with("\r\n:\n\n\r\n"));
}

TEST_F(EventsTest, EndWithTheirQueue) {
    const Client client(port);
    client.send(get("/events"));
    static_cast<void>(client.read_until("data: all\n\n\r\n"));
    EXPECT_TRUE(with_listener([](EventQueue& queue) {
        queue.push({.data = "last"});
        queue.close();
        return !queue.push({.data = "late"});
    }));
    client.send(get("/health"));
    const auto rest = client.read_until("\r\n\r\nok");
    EXPECT_TRUE(rest.contains("data: last\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK")) << rest;
}

TEST_F(EventsTest, EndWhenTheClientGoes) {
    Client client(port);
    client.send(get("/events"));
    static_cast<void>(client.read_until("data: all\n\n\r\n"));
    client.abort();
    while (with_listener([](EventQueue&) { return true; })) std::this_thread::yield();
}

class VanishingTest : public EventsTest {
protected:
    VanishingTest() {
        write_deadline = 300ms;
        feed.heartbeat = 20ms;
    }
};

// Comments go into the kernel's buffer, which has room for hours of them: that nobody acknowledges them ends the stream.
TEST_F(VanishingTest, AClientThatVanishesWithoutAWordIsEnded) {
    const Client client(port);
    client.send(get("/events"));
    static_cast<void>(client.read_until(":\n\n\r\n"));
    client.vanish();
    while (with_listener([](EventQueue&) { return true; })) std::this_thread::yield();
}

TEST_F(EventsTest, EndWhenTheServerDrains) {
    const Client client(port);
    client.send(get("/events"));
    static_cast<void>(client.read_until("data: all\n\n\r\n"));
    const auto drained = drain(1h);
    EXPECT_TRUE(client.read_all().ends_with("0\r\n\r\n"));
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
    EXPECT_FALSE(with_listener([](EventQueue&) { return true; }));
}

TEST_F(EventsTest, AClientThatTakesLessThanComesIsEnded) {
    const Client client(port);
    client.send(get("/events"));
    static_cast<void>(client.read_until("data: all\n\n\r\n"));
    const ServerSentEvent event{.data = std::string(64'000, 'x')};
    int told = 0;
    while (told < 10'000 && tell(event)) ++told;
    EXPECT_LT(told, 10'000) << "640 MB are more than any kernel holds for it";
    std::string rest;
    while (!rest.ends_with("\r\n0\r\n\r\n") && client.read_more(rest))
        rest.erase(0, rest.size() > 100 ? rest.size() - 100 : 0);
    EXPECT_TRUE(rest.ends_with("x\n\n\r\n0\r\n\r\n")) << "the end comes behind what waited: " << rest;
}

TEST_F(EventsTest, OneEventMayBeLargerThanWhatMayWait) {
    const Client client(port);
    client.send(get("/events"));
    static_cast<void>(client.read_until("data: all\n\n\r\n"));
    EXPECT_TRUE(tell({.data = std::string(EventQueue::most_bytes + 1, 'x')}));
    EXPECT_TRUE(client.read_until("x\n\n\r\n").ends_with("x\n\n\r\n"));
}

TEST_F(EventsTest, HeadHasTheHeadAlone) {
    const auto reply = exchange("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n" + get("/health"));
    EXPECT_EQ(value_of(reply, "Content-Type"), "text/event-stream");
    EXPECT_FALSE(reply.contains("data:"));
    EXPECT_FALSE(with_listener([](EventQueue&) { return true; }));
}

TEST_F(EventsTest, NoFieldBecomesAnother) {
    EventQueue queue(loop);
    for (const auto& text : std::vector<std::string>{"1\ndata: x", "1\r", std::string("\0", 1)}) {
        EXPECT_THROW(queue.push({.data = "x", .id = text}), std::invalid_argument);
        EXPECT_THROW(queue.push({.data = "x", .type = text}), std::invalid_argument);
    }
}

TEST_F(EventsTest, AreDescribed) {
    for (const auto& route : router.routes()) {
        if (route.pattern != "/events") continue;
        ASSERT_EQ(route.operation->replies.size(), 1U);
        EXPECT_EQ(route.operation->replies.front().media_type, "text/event-stream");
    }
}

}  // namespace
}  // namespace http
