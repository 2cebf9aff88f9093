// What the app's server is told, out of what a hub says.

#include "realtime/pusher/webhooks.h"

#include <gtest/gtest.h>

namespace realtime::pusher {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
using Kind = Roster::Change::Kind;

struct WebhookEventsTest : testing::Test {
    Roster roster;
    WebhookEvents events;
    async::SteadyTime now{};

    void count(std::string_view channel, std::uint32_t sockets, std::string_view origin = "a") {
        roster.count(origin, channel, sockets);
        events.on_touched(channel);
    }
    void tell(const Roster::Changes& changes) {
        for (const auto& change : changes) events.on_member(change, now);
    }
    Texts take(bool speaks = true) { return events.take(roster, speaks, now); }
};

TEST_F(WebhookEventsTest, AChannelIsOccupiedOnceAndVacatedThreeSecondsAfterItsLastSocket) {
    count("news", 1);
    count("news", 2, "b");
    EXPECT_EQ(take(), (Texts{R"({"name":"channel_occupied","channel":"news"})",
                             R"({"name":"subscription_count","channel":"news","subscription_count":3})"}));
    EXPECT_EQ(take(), Texts{});
    count("news", 0);
    EXPECT_EQ(take(), Texts{R"({"name":"subscription_count","channel":"news","subscription_count":2})"});
    count("news", 0, "b");
    EXPECT_EQ(take(), Texts{});
    now += 2'900ms;
    EXPECT_EQ(take(), Texts{});
    now += 100ms;
    EXPECT_EQ(take(), Texts{R"({"name":"channel_vacated","channel":"news"})"});
    now += 10s;
    EXPECT_EQ(take(), Texts{});
}

TEST_F(WebhookEventsTest, WhoComesBackInTimeWasNotAway) {
    count("presence-room", 1);
    tell(roster.join("a", "presence-room", {"asha", {}}));
    EXPECT_EQ(take(), (Texts{R"({"name":"channel_occupied","channel":"presence-room"})",
                             R"({"name":"member_added","channel":"presence-room","user_id":"asha"})"}));
    tell(roster.leave("a", "presence-room", "asha"));
    count("presence-room", 0);
    now += 2s;
    EXPECT_EQ(take(), Texts{});
    count("presence-room", 1);
    tell(roster.join("a", "presence-room", {"asha", {}}));
    now += 10s;
    EXPECT_EQ(take(), Texts{});
    tell(roster.leave("a", "presence-room", "asha"));
    count("presence-room", 0);
    EXPECT_EQ(take(), Texts{});
    now += 3s;
    EXPECT_EQ(take(), (Texts{R"({"name":"member_removed","channel":"presence-room","user_id":"asha"})",
                             R"({"name":"channel_vacated","channel":"presence-room"})"}));
}

TEST_F(WebhookEventsTest, WhoDoesNotSpeakTellsItsOwnAloneAndKnowsTheRest) {
    count("news", 1);
    events.on_cache_miss("cache-prices");
    events.on_client_event({.channel = "presence-room",
                            .event = "client-typing",
                            .data = R"({"a":"b"})",
                            .except = "1.2",
                            .user_id = "asha"});
    EXPECT_EQ(take(false), (Texts{R"({"name":"cache_miss","channel":"cache-prices"})",
                                  R"({"name":"client_event","channel":"presence-room","event":"client-typing",)"
                                  R"("data":"{\"a\":\"b\"}","socket_id":"1.2","user_id":"asha"})"}));
    // The one that spoke is gone: only what is new is told.
    count("news", 2);
    EXPECT_EQ(take(), Texts{R"({"name":"subscription_count","channel":"news","subscription_count":2})"});
}

TEST_F(WebhookEventsTest, WhatIsNobodysBusinessIsNotTold) {
    count("#online-asha", 1);
    tell({{Kind::added, "#online-asha", {"asha", {}}}});
    EXPECT_EQ(take(), Texts{});
}

TEST_F(WebhookEventsTest, WhatWaitsIsBounded) {
    for (std::size_t i = 0; i < WebhookEvents::most_waiting + 7; ++i) events.on_cache_miss("cache-prices");
    EXPECT_EQ(take().size(), WebhookEvents::most_waiting);
    EXPECT_EQ(events.take_dropped(), 7U);
    EXPECT_EQ(events.take_dropped(), 0U);
}

}  // namespace
}  // namespace realtime::pusher
