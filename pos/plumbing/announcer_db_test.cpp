// What is committed is announced, with its number and place; what is rolled back is not.
#include "pos/plumbing/announcer.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "pos/modules/tenants/module.h"
#include "pos/plumbing/feed.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::ElementsAre;

class AnnouncerTest : public ShopTest {
protected:
    static base::Uuid tenant_of(std::string_view email) {
        const auto id = app->database().value(fmt::format(
            "select m.tenant_id from memberships m join users u on u.id = m.user_id where u.email = '{}'", email));
        return base::Uuid::from_string(id.value()).value();
    }
    static Announcer& announcer() { return app->host().services().use<Announcer>(); }
    static std::int64_t counter(base::Uuid tenant) {
        const auto value = app->database().value(
            fmt::format("select change_seq from tenant_counters where tenant_id = '{}'", tenant.to_string()));
        return std::stoll(value.value());
    }
    // What was announced. What a look at the counters finds has no rows, and may come at any time.
    static Announcer::Listener keep_announced(std::vector<Poke>* heard) {
        return [heard](const Poke& poke) {
            if (!poke.rows.empty()) heard->push_back(poke);
        };
    }
    static bool is_any_about_anything(const std::vector<Poke>& heard) {
        return std::ranges::any_of(heard, [](const Poke& poke) { return poke.is_about_anything; });
    }
    static std::string shop(std::string_view code) {
        const auto reply = post("/v1/locations", fmt::format(R"({{"code":"{}","name":"Shop {}"}})", code, code));
        EXPECT_EQ(reply.status, 201) << reply.body;
        return text(body<Location>(reply).id);
    }
};

TEST_F(AnnouncerTest, ACommitIsHeardWithItsNumberByItsTenantAlone) {
    const auto tenant = tenant_of("owner@duka.example");
    std::vector<Poke> heard;
    std::vector<Poke> elsewhere;
    const auto listening = announcer().listen(tenant, keep_announced(&heard));
    const auto other_listening = announcer().listen(tenant_of("owner@elsewhere.example"), keep_announced(&elsewhere));
    ASSERT_EQ(post("/v1/categories", R"({"name":"Heard"})").status, 201);
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].seq, counter(tenant));
    EXPECT_TRUE(heard[0].is_about("categories"));
    EXPECT_EQ(announcer().known_seq(tenant), counter(tenant));
    // The next number follows the one that is known: it is about these rows and no others.
    ASSERT_EQ(post("/v1/categories", R"({"name":"Heard again"})").status, 201);
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_FALSE(heard[1].is_about_anything);
    EXPECT_FALSE(heard[1].is_about("products"));
    EXPECT_THAT(heard[1].rows, ElementsAre(db::AnnouncedRows{.kind = "categories"}));
    EXPECT_TRUE(elsewhere.empty());
}

TEST_F(AnnouncerTest, WhatIsRefusedIsNotHeardAndWhoHasEndedHearsNothing) {
    std::vector<Poke> heard;
    {
        const auto listening = announcer().listen(tenant_of("owner@duka.example"), keep_announced(&heard));
        ASSERT_EQ(post("/v1/locations", R"({"code":"TWICE","name":"One"})").status, 201);
        ASSERT_EQ(heard.size(), 1U);
        ASSERT_EQ(post("/v1/locations", R"({"code":"TWICE","name":"Two"})").status, 409);
        EXPECT_EQ(heard.size(), 1U);
    }
    ASSERT_EQ(post("/v1/categories", R"({"name":"Unheard"})").status, 201);
    EXPECT_EQ(heard.size(), 1U);
}

// Whoever follows the place that a row has left has to hear of it.
TEST_F(AnnouncerTest, ARowOfALocationIsHeardThereAndOneThatMovesIsHeardEverywhere) {
    const auto tenant = tenant_of("owner@duka.example");
    const auto from = shop("FROM");
    const auto to = shop("TO");
    std::vector<Poke> heard;
    const auto listening = announcer().listen(tenant, keep_announced(&heard));
    ASSERT_EQ(post("/v1/categories", R"({"name":"So that the number is known"})").status, 201);
    const auto made = post("/v1/devices", fmt::format(R"({{"name":"Till","locationId":"{}"}})", from));
    ASSERT_EQ(made.status, 201) << made.body;
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_TRUE(heard[1].is_about("devices", base::Uuid::from_string(from).value()));
    EXPECT_FALSE(heard[1].is_about("devices", base::Uuid::from_string(to).value()));
    const auto id = text(body<Device>(made).id);
    ASSERT_EQ(patch("/v1/devices/" + id, fmt::format(R"({{"locationId":"{}"}})", to), 1).status, 200);
    ASSERT_EQ(heard.size(), 3U);
    EXPECT_TRUE(heard[2].is_about("devices", base::Uuid::from_string(from).value()));
    EXPECT_TRUE(heard[2].is_about("devices", base::Uuid::from_string(to).value()));
}

// A number that nobody has announced: its process died behind the commit.
TEST_F(AnnouncerTest, AGapIsAboutAnything) {
    const auto tenant = tenant_of("owner@duka.example");
    std::vector<Poke> heard;
    const auto listening = announcer().listen(tenant, [&](const Poke& poke) { heard.push_back(poke); });
    ASSERT_EQ(post("/v1/categories", R"({"name":"Before the gap"})").status, 201);
    heard.clear();
    app->database().execute(fmt::format("update tenant_counters set change_seq = change_seq + 1 where tenant_id = '{}'",
                                        tenant.to_string()));
    ASSERT_EQ(post("/v1/categories", R"({"name":"Behind the gap"})").status, 201);
    EXPECT_TRUE(is_any_about_anything(heard));
    EXPECT_TRUE(std::ranges::any_of(heard, [](const Poke& poke) { return poke.is_about("products"); }));
}

// Whoever knows where the feed is hears exactly what comes next; with others there it may not speak for them.
TEST_F(AnnouncerTest, WhoListensAloneMaySayWhereTheFeedIs) {
    const auto tenant = tenant_of("owner@duka.example");
    std::vector<Poke> heard;
    const auto listening = announcer().listen(tenant, [&](const Poke& poke) { heard.push_back(poke); });
    announcer().begin_at(tenant, counter(tenant));
    ASSERT_EQ(post("/v1/categories", R"({"name":"The first"})").status, 201);
    ASSERT_FALSE(heard.empty());
    EXPECT_FALSE(is_any_about_anything(heard));
    heard.clear();
    const auto other_listening = announcer().listen(tenant, [](const Poke& /*poke*/) {});
    app->database().execute(fmt::format("update tenant_counters set change_seq = change_seq + 1 where tenant_id = '{}'",
                                        tenant.to_string()));
    announcer().begin_at(tenant, counter(tenant));
    ASSERT_EQ(post("/v1/categories", R"({"name":"Behind what nobody has told"})").status, 201);
    EXPECT_TRUE(is_any_about_anything(heard));
}

// Listeners come and go while they are told.
TEST_F(AnnouncerTest, AListenerMayEndItselfAndOthers) {
    const auto tenant = tenant_of("owner@duka.example");
    int first = 0;
    int second = 0;
    Announcer::Listening other_one;
    Announcer::Listening own = announcer().listen(tenant, [&](const Poke& /*poke*/) {
        ++first;
        other_one = {};
        own = {};
    });
    other_one = announcer().listen(tenant, [&](const Poke& /*poke*/) { ++second; });
    ASSERT_EQ(post("/v1/categories", R"({"name":"Once"})").status, 201);
    ASSERT_EQ(post("/v1/categories", R"({"name":"Twice"})").status, 201);
    EXPECT_EQ(first, 1);
    EXPECT_EQ(second, 0);
}

TEST(AnnouncerExchange, TellsTheOtherLoopsOfTheProcess) {
    async::Loop one;
    async::Loop two;
    AnnouncerExchange exchange("this process");
    std::vector<std::string> heard;
    const auto hear = [&](std::string_view who) {
        return [&heard, who = std::string(who)](const db::Announcement& said) {
            heard.push_back(fmt::format("{} {}", who, said.number));
        };
    };
    const auto first = exchange.join(&one, hear("one"));
    const auto second = exchange.join(&two, hear("two"));
    exchange.tell_others(first, {.tenant = {}, .number = 7, .count = 1, .rows = {{.kind = "sales"}}});
    one.run();
    two.run();
    EXPECT_THAT(heard, ElementsAre("two 7"));
    exchange.leave(second);
    exchange.tell_others(first, {.tenant = {}, .number = 8, .count = 1, .rows = {}});
    two.run();
    EXPECT_THAT(heard, ElementsAre("two 7"));
    exchange.leave(first);
}

}  // namespace
