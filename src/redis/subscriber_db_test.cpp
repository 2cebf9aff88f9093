// Pub/sub against a real server.

#include "redis/subscriber.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "testing/redis_server.h"

namespace {

using namespace std::chrono_literals;
using redis::Subscriber;
using redis::Subscription;
using Strings = std::vector<std::string>;

// What one subscription has heard, in order: "ch=text" for messages, "+" or "missed" for confirmations.
struct Heard {
    Strings events;

    redis::SubscribeCallbacks callbacks() {
        return {.on_message =
                    [this](std::string_view channel, std::string_view message) {
                        events.push_back(std::string(channel) + "=" + std::string(message));
                    },
                .on_subscribed = [this](bool missed) { events.emplace_back(missed ? "missed" : "+"); }};
    }
};

class SubscriberTest : public testing::TestWithParam<bool> {
protected:
    SubscriberTest() { open(); }

    void open(redis::Options options = {}) {
        options.endpoints = redis::fixed_endpoint(*redis::parse_url(server.url()));
        options.reconnect_minimum = 5ms;
        options.resp3 = GetParam();
        subscriber.emplace(loop, std::move(options), logging::Logger(), metrics);
    }
    void publish(const std::string& channel, const std::string& text) { server.command({"PUBLISH", channel, text}); }
    static async::Task<void> until(async::Loop* loop, std::function<bool()> condition) {
        const auto deadline = async::Loop::now() + 20s;
        while (!condition()) {
            if (async::Loop::now() > deadline) throw std::runtime_error("never came true");
            co_await async::sleep(loop, 2ms);
        }
    }
    void wait_until(std::function<bool()> condition) {
        async::run_until_done(loop, until(&loop, std::move(condition)));
    }
    void wait_for(const Heard& heard, const Strings& events) {
        wait_until([&] { return heard.events.size() >= events.size(); });
        EXPECT_EQ(heard.events, events);
    }

    testing::RedisServer server;
    async::Loop loop;
    observe::Metrics metrics;
    std::optional<Subscriber> subscriber;
};

TEST_P(SubscriberTest, hears_channels_and_patterns) {
    Heard channel;
    Heard pattern;
    const auto first = subscriber->subscribe("news.a", channel.callbacks());
    const auto second = subscriber->subscribe_pattern("news.*", pattern.callbacks());
    wait_for(channel, {"+"});
    wait_for(pattern, {"+"});
    publish("news.a", "1");
    publish("news.b", "2");
    wait_for(pattern, {"+", "news.a=1", "news.b=2"});
    wait_for(channel, {"+", "news.a=1"});
}

TEST_P(SubscriberTest, shares_a_channel_until_the_last_has_gone) {
    Heard first;
    Heard second;
    const auto numsub = [this] { return server.command({"PUBSUB", "NUMSUB", "c"}); };
    {
        const auto one = subscriber->subscribe("c", first.callbacks());
        wait_for(first, {"+"});
        const auto two = subscriber->subscribe("c", second.callbacks());
        wait_for(second, {"+"});
        publish("c", "both");
        wait_for(second, {"+", "c=both"});
        wait_for(first, {"+", "c=both"});
        Subscription moved;
        moved = subscriber->subscribe("c", {.on_message = [](auto, auto) { FAIL(); }});
    }
    wait_until([&] { return numsub().contains(":0\r\n"); });
    publish("c", "nobody");
    const auto again = subscriber->subscribe("c", first.callbacks());
    wait_for(first, {"+", "c=both", "+"});
}

TEST_P(SubscriberTest, says_that_messages_may_have_been_missed) {
    Heard heard;
    const auto subscription = subscriber->subscribe("c", heard.callbacks());
    wait_for(heard, {"+"});
    server.command({"CLIENT", "KILL", "TYPE", "pubsub"});
    wait_for(heard, {"+", "missed"});
    publish("c", "1");
    wait_for(heard, {"+", "missed", "c=1"});
    server.kill();
    server.start();
    wait_for(heard, {"+", "missed", "c=1", "missed"});
}

TEST_P(SubscriberTest, unsubscribes_and_subscribes_in_one_breath) {
    Heard old;
    Heard heard;
    auto subscription = subscriber->subscribe("c", old.callbacks());
    wait_for(old, {"+"});
    for (int i = 0; i < 3; ++i) {
        subscription = Subscription();
        subscription = subscriber->subscribe("c", heard.callbacks());
    }
    wait_for(heard, {"+"});
    publish("c", "1");
    wait_for(heard, {"+", "c=1"});
    EXPECT_EQ(old.events, Strings{"+"});
}

TEST_P(SubscriberTest, callbacks_may_end_their_subscription_and_the_subscriber) {
    std::optional<Subscription> own;
    int calls = 0;
    own = subscriber->subscribe("c", {.on_message =
                                          [&](auto, auto) {
                                              ++calls;
                                              own.reset();
                                              subscriber.reset();
                                          },
                                      .on_subscribed =
                                          [&](bool) {
                                              publish("c", "1");
                                              publish("c", "2");
                                          }});
    wait_until([&] { return calls > 0; });
    EXPECT_EQ(calls, 1);
}

TEST_P(SubscriberTest, reconnects_when_a_subscription_is_not_confirmed) {
    open({.connect_timeout = 100ms, .command_timeout = 50ms});
    Heard heard;
    Heard late;
    const auto first = subscriber->subscribe("c", heard.callbacks());
    wait_for(heard, {"+"});
    server.freeze(true);
    const auto second = subscriber->subscribe("d", late.callbacks());
    wait_until([this] { return metrics.render().contains("redis_connected{role=\"redis\"} 0"); });
    server.freeze(false);
    wait_for(late, {"+"});
    wait_for(heard, {"+", "missed"});
}

INSTANTIATE_TEST_SUITE_P(protocols, SubscriberTest, testing::Bool(),
                         [](const auto& parameter) { return std::string(parameter.param ? "resp3" : "resp2"); });

}  // namespace
