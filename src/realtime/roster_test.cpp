// Who is present, whatever comes in which order.

#include "realtime/roster.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "realtime/channel.h"
#include "realtime/gate.h"
#include "realtime/pusher/signature.h"

namespace realtime {
namespace {

using Kind = Roster::Change::Kind;
using namespace std::chrono_literals;

TEST(RosterTest, AUserOfSeveralSocketsComesAndGoesOnce) {
    Roster roster;
    EXPECT_EQ(roster.join("a", "presence-x", {"u", "1"}).size(), 1U);
    EXPECT_TRUE(roster.join("a", "presence-x", {"u", "2"}).empty());
    EXPECT_TRUE(roster.join("b", "presence-x", {"u", "3"}).empty());
    EXPECT_TRUE(roster.leave("a", "presence-x", "u").empty());
    EXPECT_TRUE(roster.leave("a", "presence-x", "u").empty());
    EXPECT_EQ(roster.members("presence-x"), (std::vector<Member>{{"u", "1"}}));
    const auto last = roster.leave("b", "presence-x", "u");
    ASSERT_EQ(last.size(), 1U);
    EXPECT_EQ(last.front().kind, Kind::removed);
    EXPECT_TRUE(roster.leave("b", "presence-x", "u").empty());
}

TEST(RosterTest, AnOriginThatDiesTakesItsOwnAlone) {
    Roster roster;
    for (int i = 0; i < 100; ++i) static_cast<void>(roster.join("a", "presence-x", {"u" + std::to_string(i), ""}));
    static_cast<void>(roster.join("b", "presence-x", {"u7", ""}));
    roster.count("a", "presence-x", 100);
    EXPECT_EQ(roster.drop("a").size(), 99U);
    EXPECT_EQ(roster.member_count("presence-x"), 1U);
    EXPECT_EQ(roster.sockets("presence-x"), 0U);
}

TEST(RosterTest, AStateSaidAnewTellsTheDifferenceAlone) {
    Roster roster;
    static_cast<void>(
        roster.replace("a", {.seats = {{"c", {"stays", ""}}, {"c", {"goes", ""}}}, .counts = {{"c", 2}}}));
    const auto changes = roster.replace("a", {.seats = {{"c", {"stays", ""}}, {"c", {"comes", ""}}}, .counts = {}});
    EXPECT_EQ(changes, (Roster::Changes{{Kind::added, "c", {"comes", ""}}, {Kind::removed, "c", {"goes", ""}}}));
    EXPECT_EQ(roster.sockets("c"), 0U);
    EXPECT_TRUE(roster.drop("a").size() == 2 && roster.channels("", 10).empty());
}

// Opened, closed, killed and moved between instances, in a thousand orders.
TEST(RosterTest, EachOrderTellsAddedAndRemovedInTurn) {
    for (unsigned seed = 0; seed < 1'000; ++seed) {
        std::mt19937 random(seed);
        Roster roster;
        std::map<std::string, int> sockets;
        bool present = false;
        const auto take = [&](const Roster::Changes& changes) {
            for (const auto& change : changes) {
                ASSERT_EQ(change.kind == Kind::added, !present) << seed;
                present = !present;
            }
        };
        for (int step = 0; step < 60; ++step) {
            const std::string origin(1, static_cast<char>('a' + random() % 3));
            switch (random() % 4) {
                case 0:
                    ++sockets[origin];
                    take(roster.join(origin, "presence-x", {"u", ""}));
                    break;
                case 1:
                    if (sockets[origin] > 0) --sockets[origin];
                    take(roster.leave(origin, "presence-x", "u"));
                    break;
                case 2:
                    sockets[origin] = 0;
                    take(roster.drop(origin));
                    break;
                default: take(roster.replace(origin, roster.state_of(origin)));
            }
            int all = 0;
            for (const auto& [name, count] : sockets) all += count;
            ASSERT_EQ(present, all > 0) << seed;
            ASSERT_EQ(roster.has("presence-x", "u"), present);
        }
    }
}

TEST(Channels, TenantsHaveTheirs) {
    const auto tenant = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    const auto name = channel_of(tenant, "changes");
    EXPECT_EQ(name, "private-t.0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01.changes");
    ASSERT_TRUE(tenant_of(name));
    EXPECT_EQ(tenant_of(name)->tenant, tenant);
    EXPECT_EQ(tenant_of(name)->topic, "changes");
    EXPECT_TRUE(is_channel(name) && is_channel("presence-room") && is_channel("news"));
    EXPECT_THROW(static_cast<void>(channel_of(tenant, "a.b:c")), std::invalid_argument);
    for (const auto* wrong : {"private-t.x", "private-t.0197F0C2-7a5e-7c3b-9d10-2f6f8f1f0a01.changes",
                              "presence-t.0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01", "private-cache-t.1.2", "", "a b",
                              "a:b", "#server-to-user-1", "private-encrypted-t."}) {
        EXPECT_FALSE(is_channel(wrong)) << wrong;
        EXPECT_FALSE(tenant_of(wrong)) << wrong;
    }
}

// Vectors of pusher.com/docs/channels, "Auth signatures"; that of the presence channel by another HMAC-SHA256 (Python's).
TEST(Signatures, OfKnownTexts) {
    const pusher::AppKeys app{"1", "278d425bdf160c739803", "7ad3773142a6692b25b8"};
    const auto key = app.key + ':';
    EXPECT_EQ(pusher::sign_channel(app, "1234.1234", "private-foobar"),
              key + "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4");
    const std::string data = R"({"user_id":10,"user_info":{"name":"Mr. Channels"}})";
    EXPECT_EQ(pusher::sign_channel(app, "1234.1234", "presence-foobar", &data),
              key + "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80");
    EXPECT_EQ(pusher::sign_user(app, "1234.1234", R"({"id":"12345"})"),
              key + "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba");
    for (const auto* id : {"", "1", "1.", ".1", "1.1x", "1.2.3"}) EXPECT_FALSE(pusher::is_socket_id(id)) << id;
}

TEST(Signatures, AGrantCannotBeTakenOff) {
    const pusher::AppKeys app{"1", "key-of-app", "a secret of the app"};
    const pusher::Grant grant{*base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"),
                              base::Timestamp(std::chrono::seconds(1'800'000'000))};
    const auto auth = pusher::sign_channel(app, "1.2", "private-a", nullptr, &grant);
    const auto verified = pusher::verify_channel(app, "1.2", {.channel = "private-a", .auth = auth});
    ASSERT_TRUE(verified && verified->grant);
    EXPECT_EQ(verified->grant->session_id, grant.session_id);
    EXPECT_EQ(verified->grant->expires_at, grant.expires_at);
    const auto bare = auth.substr(0, auth.rfind(':'));
    const auto later = bare + ":0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01.1900000000";
    const auto tail = auth.substr(auth.rfind(':') + 1);
    for (const auto& forged : {bare, later, std::string(), "other" + auth, auth + ":x"}) {
        EXPECT_FALSE(pusher::verify_channel(app, "1.2", {.channel = "private-a", .auth = forged})) << forged;
        EXPECT_FALSE(pusher::verify_channel(app, "1.2", {.channel = "presence-a", .auth = forged, .data = &tail}));
    }
    EXPECT_FALSE(pusher::verify_channel(app, "1.3", {.channel = "private-a", .auth = auth}));
    EXPECT_FALSE(pusher::verify_channel(app, "1.2", {.channel = "private-b", .auth = auth}));
}

TEST(Signatures, OfRequests) {
    const pusher::AppKeys app{"1", "key", "secret"};
    const base::Timestamp now(std::chrono::seconds(1'800'000'000));
    const pusher::Parameters own{{"info", "user_count,subscription_count"}};
    const std::string body = R"({"name":"x"})";
    auto all = pusher::signed_parameters(app, {"POST", "/apps/1/events", own, body}, now);
    EXPECT_FALSE(pusher::fault_of_request(app, {"POST", "/apps/1/events", all, body}, now));
    EXPECT_TRUE(pusher::fault_of_request(app, {"GET", "/apps/1/events", all, body}, now));
    EXPECT_TRUE(pusher::fault_of_request(app, {"POST", "/apps/1/batch", all, body}, now));
    EXPECT_TRUE(pusher::fault_of_request(app, {"POST", "/apps/1/events", all, body + " "}, now));
    EXPECT_TRUE(pusher::fault_of_request(app, {"POST", "/apps/1/events", all, body}, now + 601s));
    EXPECT_TRUE(pusher::fault_of_request(app, {"POST", "/apps/1/events", {}, body}, now));
    all.front().second += "x";
    EXPECT_TRUE(pusher::fault_of_request(app, {"POST", "/apps/1/events", all, body}, now));
}

TEST(Gate, CountsAndHoldsOff) {
    SocketGate gate({.most_sockets = 3, .most_of_address = 2, .most_of_tenant = 1});
    const auto tenant = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    const async::SteadyTime now{};
    auto first = gate.enter_address("1.2.3.4", now);
    auto second = gate.enter_address("1.2.3.4", now);
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(gate.enter_address("1.2.3.4", now));
    EXPECT_TRUE(first->enter_tenant(tenant, now));
    EXPECT_FALSE(second->enter_tenant(tenant, now));
    first.reset();
    EXPECT_TRUE(second->enter_tenant(tenant, now));
    for (int i = 0; i < 3; ++i) second->was_slow(now + 1s * i);
    second.reset();
    EXPECT_EQ(gate.sockets(), 0U);
    // Its own tenant at that address; others there, and it elsewhere, go on.
    auto third = gate.enter_address("1.2.3.4", now + 3s);
    ASSERT_TRUE(third);
    EXPECT_FALSE(third->enter_tenant(tenant, now + 3s));
    EXPECT_TRUE(third->enter_tenant(base::Uuid(), now + 3s));
    EXPECT_TRUE(gate.enter_address("1.2.3.5", now + 3s)->enter_tenant(tenant, now + 3s));
    EXPECT_TRUE(gate.enter_address("1.2.3.4", now + 40s)->enter_tenant(tenant, now + 40s));
}

// Who has said no tenant is known by the address alone.
TEST(Gate, HoldsOffAnAddressWithoutATenant) {
    SocketGate gate({});
    const async::SteadyTime now{};
    auto pass = gate.enter_address("1.2.3.4", now);
    ASSERT_TRUE(pass);
    for (int i = 0; i < 3; ++i) pass->was_slow(now + 1s * i);
    EXPECT_FALSE(gate.enter_address("1.2.3.4", now + 3s));
    EXPECT_TRUE(gate.enter_address("1.2.3.5", now + 3s));
    EXPECT_TRUE(gate.enter_address("1.2.3.4", now + 40s));
}

}  // namespace
}  // namespace realtime
