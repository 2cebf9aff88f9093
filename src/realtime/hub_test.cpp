// Hubs of one process, each as if it were a loop of its own; no Redis.

#include "realtime/hub.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "realtime/channel.h"
#include "schema/schema.h"

namespace realtime {
namespace {

using namespace std::chrono_literals;

class Ear final : public Follower {
public:
    std::vector<std::string> own;
    std::vector<std::string> pusher;
    std::vector<std::string> presence;
    std::vector<std::uint32_t> counts;
    std::vector<std::uint64_t> numbers;
    int gaps = 0;

    void on_delivery(const Delivery& delivery) override {
        own.push_back(delivery.own().text());
        pusher.push_back(delivery.pusher().text());
        numbers.push_back(delivery.number());
    }
    void on_gap(std::string_view) override { ++gaps; }
    void on_presence(const Roster::Change& change) override {
        presence.push_back((change.kind == Roster::Change::Kind::added ? "+" : "-") + change.member.user_id);
    }
    void on_count(std::string_view, std::uint32_t sockets) override { counts.push_back(sockets); }
};

class Watcher final : public Observer {
public:
    std::vector<std::string> members;
    std::set<std::string> touched;

    void on_member(const Roster::Change& change) override {
        members.push_back((change.kind == Roster::Change::Kind::added ? "+" : "-") + change.member.user_id);
    }
    void on_touched(std::string_view channel) override { touched.emplace(channel); }
    void on_client_event(const Message&) override {}
    void on_cache_miss(std::string_view) override {}
};

class HubTest : public testing::Test {
protected:
    async::Loop loop;
    base::SeededRandom random{1};
    Hubs hubs{random};
    logging::Logger logger{};
    observe::Metrics metrics;
    std::unique_ptr<Hub> here = make();
    std::unique_ptr<Hub> there = make();

    std::unique_ptr<Hub> make() {
        return std::make_unique<Hub>(Hub::Parts{.loop = loop,
                                                .hubs = hubs,
                                                .redis = nullptr,
                                                .logger = logger,
                                                .metrics = metrics,
                                                .options = {.beat_every = 20ms}});
    }
    // What was posted has run.
    void turn() { async::run_until_done(loop, async::sleep(&loop, 60ms)); }
};

TEST_F(HubTest, AMessageReachesAllLoopsInBothForms) {
    const auto tenant = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    const auto channel = channel_of(tenant, "changes");
    Ear ear;
    Ear far;
    Ear other;
    here->follow(channel, &ear);
    there->follow(channel, &far);
    there->follow(channel_of(base::Uuid(), "changes"), &other);
    here->publish({.channel = channel, .event = "poke", .data = R"({"seq":7})"});
    here->publish({.channel = channel, .event = "changed", .data = R"({"a":"\u00e9"})"});
    turn();
    const std::vector<std::string> own{R"({"t":"poke","topic":"changes","n":1,"seq":7})",
                                       R"({"t":"ev","topic":"changes","n":2,"event":"changed","d":{"a":"\u00e9"}})"};
    EXPECT_EQ(ear.own, own);
    EXPECT_EQ(far.own, own);
    EXPECT_EQ(far.numbers, (std::vector<std::uint64_t>{1, 2}));
    ASSERT_EQ(far.pusher.size(), 2U);
    EXPECT_EQ(far.pusher.front(), R"({"event":"poke","channel":")" + channel + R"(","data":"{\"seq\":7}"})");
    EXPECT_TRUE(other.own.empty());
    EXPECT_EQ(ear.gaps + far.gaps + other.gaps, 0);
    there->unfollow(channel, &far);
    here->publish({.channel = channel, .event = "poke", .data = "{}"});
    turn();
    EXPECT_EQ(ear.own.size(), 3U);
    EXPECT_EQ(ear.own.back(), R"({"t":"poke","topic":"changes","n":3})");
    EXPECT_EQ(far.own.size(), 2U);
    here->unfollow(channel, &ear);
}

// Other programs publish there with the app's secret, and tills read it with JSON.parse.
TEST_F(HubTest, WhatOthersPublishIsAlwaysJson) {
    const auto channel = channel_of(base::Uuid(), "changes");
    Ear ear;
    here->follow(channel, &ear);
    const std::pair<std::string, std::string> said[] = {
        {"just text", R"(,"event":"note","d":"just text"})"},
        {R"({"seq":1)", R"(,"event":"note","d":"{\"seq\":1"})"},
        {"1,\"t\":\"poke\"", R"(,"event":"note","d":"1,\"t\":\"poke\""})"},
        {std::string(2'000, '['), R"(,"event":"note","d":")" + std::string(2'000, '[') + R"("})"},
        {"", R"(,"event":"note","d":null})"},
        {"null", R"(,"event":"note","d":null})"},
        {R"("text")", R"(,"event":"note","d":"text"})"},
        {"[1]", R"(,"event":"note","d":[1]})"},
    };
    std::uint64_t number = 0;
    for (const auto& [data, behind] : said) {
        here->publish({.channel = channel, .event = "note", .data = data});
        EXPECT_EQ(ear.own.back(), fmt::format(R"({{"t":"ev","topic":"changes","n":{})", ++number) + behind);
        EXPECT_TRUE(schema::parse<schema::Json>(ear.own.back()));
    }
    for (const auto* data : {R"({"seq":1)", "[1]", "text", "{ }", "{\n\"seq\":1 }"}) {
        here->publish({.channel = channel, .event = "poke", .data = data});
        EXPECT_TRUE(schema::parse<schema::Json>(ear.own.back())) << ear.own.back();
    }
    here->unfollow(channel, &ear);
}

TEST_F(HubTest, NoClientSpeaksOnATenantsTopics) {
    const auto tenant = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    const auto topic = tenant.to_string() + ".changes";
    for (const auto* prefix : {"private-t.", "presence-t.", "private-cache-t.", "presence-cache-t."}) {
        const auto channel = prefix + topic;
        Ear near;
        Ear far;
        here->follow(channel, &near);
        there->follow(channel, &far);
        here->publish({.channel = channel, .event = "client-changed", .data = "{}", .data_is_json = true});
        turn();
        EXPECT_TRUE(near.own.empty() && far.own.empty()) << prefix;
        here->publish({.channel = channel, .event = "changed", .data = "{}"});
        turn();
        EXPECT_EQ(near.numbers, std::vector<std::uint64_t>{1}) << prefix;
        EXPECT_EQ(far.own.size(), 1U) << prefix;
        here->unfollow(channel, &near);
        there->unfollow(channel, &far);
    }
    Ear ear;
    there->follow("private-room", &ear);
    here->publish({.channel = "private-room", .event = "client-typing", .data = "{}", .data_is_json = true});
    turn();
    EXPECT_EQ(ear.own.size(), 1U);
    there->unfollow("private-room", &ear);
}

TEST_F(HubTest, EqualReadersAreToldTheSameAndOthersNothing) {
    const auto channel = channel_of(base::Uuid(), "changes");
    const auto place = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    const auto grants = [&](bool is_there) {
        auto made = std::make_shared<auth::Grants>();
        if (is_there) made->by_place.emplace_back(place, auth::PermissionSet(1));
        return Reader{.grants = std::move(made)};
    };
    Ear first;
    Ear second;
    Ear elsewhere;
    here->follow(channel, &first, grants(true));
    here->follow(channel, &second, grants(true));
    here->follow(channel, &elsewhere, grants(false));
    int asked = 0;
    const auto tell = [&] {
        here->deliver_by_reader({.channel = channel, .event = "poke", .data = {}},
                                [&](const Reader& reader) -> std::optional<std::string> {
                                    ++asked;
                                    if (reader.grants->by_place.empty()) return std::nullopt;
                                    return R"({"seq":7})";
                                });
    };
    tell();
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(first.own, std::vector<std::string>{R"({"t":"poke","topic":"changes","n":1,"seq":7})"});
    EXPECT_EQ(second.own, first.own);
    EXPECT_TRUE(elsewhere.own.empty());
    // Whoever was told nothing has missed nothing: the next number is theirs.
    here->publish({.channel = channel, .event = "note", .data = "{}"});
    EXPECT_EQ(first.numbers, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(elsewhere.numbers, std::vector<std::uint64_t>{1});
    EXPECT_EQ(here->number_of(channel, grants(true)), 2U);
    EXPECT_EQ(here->number_of(channel, grants(false)), 1U);
    // A right that ends, without leaving the channel.
    const auto counted = first.counts.size();
    here->read_as(channel, &second, grants(false));
    tell();
    EXPECT_EQ(first.own.size(), 3U);
    EXPECT_EQ(second.own.size(), 2U);
    EXPECT_EQ(first.counts.size(), counted);
    for (auto* const ear : {&first, &second, &elsewhere}) here->unfollow(channel, ear);
    EXPECT_FALSE(here->is_followed(channel));
}

TEST_F(HubTest, PresenceAndCountsAreOfAllLoops) {
    async::run_until_done(loop, here->start());
    async::run_until_done(loop, there->start());
    Ear ear;
    here->follow("presence-room", &ear);
    there->join("presence-room", {"asha", ""});
    turn();
    there->join("presence-room", {"asha", ""});
    here->join("presence-room", {"asha", ""});
    turn();
    EXPECT_EQ(ear.presence, std::vector<std::string>{"+asha"});
    there->leave("presence-room", "asha");
    there->leave("presence-room", "asha");
    turn();
    EXPECT_EQ(ear.presence.size(), 1U);
    here->leave("presence-room", "asha");
    turn();
    EXPECT_EQ(ear.presence, (std::vector<std::string>{"+asha", "-asha"}));
    // Who comes later is told all there is; who stops takes its own along.
    there->join("presence-room", {"baraka", "{}"});
    auto third = make();
    async::run_until_done(loop, third->start());
    turn();
    EXPECT_EQ(third->roster().members("presence-room"), (std::vector<Member>{{"baraka", "{}"}}));
    EXPECT_EQ(third->roster().sockets("presence-room"), 1U);
    async::run_until_done(loop, there->stop(async::Loop::now() + 1s));
    turn();
    EXPECT_EQ(ear.presence.back(), "-baraka");
    EXPECT_EQ(third->roster().member_count("presence-room"), 0U);
    here->unfollow("presence-room", &ear);
    async::run_until_done(loop, third->stop(async::Loop::now() + 1s));
    async::run_until_done(loop, here->stop(async::Loop::now() + 1s));
}

TEST_F(HubTest, AnObserverHearsOfAllLoopsAndOneOfThemSpeaks) {
    EXPECT_TRUE(here->is_speaker() && there->is_speaker()) << "nobody else is known";
    async::run_until_done(loop, here->start());
    async::run_until_done(loop, there->start());
    turn();
    EXPECT_NE(here->is_speaker(), there->is_speaker());
    Watcher watcher;
    here->watch(&watcher);
    Ear ear;
    there->follow("news", &ear);
    there->join("presence-room", {"asha", ""});
    turn();
    EXPECT_EQ(watcher.members, std::vector<std::string>{"+asha"});
    EXPECT_EQ(watcher.touched, std::set<std::string>{"news"});
    watcher.touched.clear();
    there->unfollow("news", &ear);
    async::run_until_done(loop, there->stop(async::Loop::now() + 1s));
    turn();
    EXPECT_TRUE(here->is_speaker());
    EXPECT_EQ(watcher.members, (std::vector<std::string>{"+asha", "-asha"}));
    EXPECT_EQ(watcher.touched, std::set<std::string>{"news"});
    EXPECT_TRUE(here->followed("n").empty());
    here->follow("news", &ear);
    EXPECT_TRUE(here->is_followed("news"));
    EXPECT_EQ(here->followed("n"), std::vector<std::string>{"news"});
    here->unfollow("news", &ear);
    here->watch(nullptr);
    async::run_until_done(loop, here->stop(async::Loop::now() + 1s));
}

TEST_F(HubTest, CommandsAndTheCacheGoToAll) {
    std::vector<std::string> said;
    there->on_command([&](std::string_view name, std::string_view argument) {
        said.push_back(std::string(name) + " " + std::string(argument));
    });
    here->command("end_user", "u1");
    here->publish({.channel = "cache-prices", .event = "price", .data = "5"});
    turn();
    EXPECT_EQ(said, std::vector<std::string>{"end_user u1"});
    ASSERT_NE(there->cached("cache-prices"), nullptr);
    EXPECT_EQ(there->cached("cache-prices")->data, "5");
    EXPECT_EQ(there->cached("cache-other"), nullptr);
}

TEST_F(HubTest, SaysWhenATenantIsFollowedFirstAndLast) {
    const auto tenant = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    std::vector<bool> said;
    here->on_tenant([&](const base::Uuid& whose, bool is_followed) {
        EXPECT_EQ(whose, tenant);
        said.push_back(is_followed);
    });
    Ear a;
    Ear b;
    here->follow(channel_of(tenant, "changes"), &a);
    here->follow(channel_of(tenant, "changes"), &b);
    here->follow(channel_of(tenant, "notifications"), &a);
    here->follow("news", &a);
    here->unfollow(channel_of(tenant, "changes"), &a);
    here->unfollow(channel_of(tenant, "notifications"), &a);
    EXPECT_EQ(said, std::vector{true});
    here->unfollow(channel_of(tenant, "changes"), &b);
    EXPECT_EQ(said, (std::vector{true, false}));
    here->unfollow("news", &a);
}

}  // namespace
}  // namespace realtime
