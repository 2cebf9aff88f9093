// What members hear of: by their choice, from their own places, once a day.
#include <gmock/gmock.h>

#include "pos/modules/alerts/module.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

class AlertsTest : public ShopTest {
protected:
    void SetUp() override {
        app->database().execute(
            "truncate notifications, notification_preferences, daily_sales, outbox_jobs, failed_jobs");
    }
    // At a moment in Nairobi, which is three hours ahead.
    static void run_at(std::string_view utc) {
        app->run(write_alerts(app::JobScope(&app->host()), *base::parse_timestamp(utc)));
    }
    static void choose(const std::string& token, std::string_view json, int status = 200) {
        EXPECT_EQ(post("/v1/notifications/preferences", std::string(json), token).status, status);
    }
    static std::string written(std::string_view what) {
        return app->database()
            .value(fmt::format("select {} from notifications where channel = 'email'", what))
            .value_or("");
    }
    // A job that failed at that moment, of the shop of the token's owner.
    static void fail_at(std::string_view utc, std::string_view work = "sales_report",
                        const std::string& token = owner) {
        const auto place = text(body<db::Page<Location>>(get("/v1/locations", token)).data.at(0).id);
        app->database().execute(
            fmt::format("insert into failed_jobs (tenant_id, id, work, failed_at) "
                        "select tenant_id, gen_random_uuid(), '{}', '{}' from locations where id = '{}'",
                        work, utc, place));
    }
};

TEST_F(AlertsTest, TheDayIsSummedUpOnceForWhoWantsIt) {
    app->database().execute(
        fmt::format("insert into daily_sales (tenant_id, location_id, business_day, sales, total, tax_total, "
                    "discount_total, updated_at) "
                    "select tenant_id, id, '2026-11-21', 3, 123450, 0, 0, now() from locations where id = '{}'",
                    location()));
    choose(owner, R"({"dailySummary":true,"lowStock":false})");
    run_at("2026-11-22T03:59:00Z");
    EXPECT_EQ(written("count(*)"), "0") << "it is not seven yet";
    for (const auto* at : {"2026-11-22T04:07:00Z", "2026-11-22T05:07:00Z"}) run_at(at);
    EXPECT_EQ(written("count(*)"), "1");
    EXPECT_EQ(written("recipient || ' ' || kind"), "owner@duka.example daily_summary");
    EXPECT_THAT(written("given::text"), HasSubstr("KES 1,234.50"));
    EXPECT_THAT(written("given::text"), HasSubstr("2026-11-21"));
    run_at("2026-11-23T04:07:00Z");
    EXPECT_EQ(written("count(*)"), "2") << "the next day is another one";
}

// A run that began and did not come to its end: whoever looks is told how many are missing, and the next run writes those alone.
TEST_F(AlertsTest, WhatARunLeftOutIsCounted) {
    const auto missing_at = [](std::string_view utc) {
        return app->run(missing_summaries(app::JobScope(&app->host()), *base::parse_timestamp(utc)));
    };
    const auto manager = member("second-reader@duka.example", "manager");
    const auto cashier = member("no-reader@duka.example", "cashier");
    for (const auto& token : {owner, manager}) choose(token, R"({"dailySummary":true,"lowStock":false})");
    choose(cashier, R"({"dailySummary":false,"lowStock":true})");
    app->database().execute("update notification_preferences set daily_summary = true");
    EXPECT_EQ(missing_at("2026-11-22T05:47:00Z"), 0) << "it is not nine yet";
    EXPECT_EQ(missing_at("2026-11-22T06:47:00Z"), 2) << "nobody who may not read it is missed";
    run_at("2026-11-22T06:47:00Z");
    EXPECT_EQ(missing_at("2026-11-22T06:47:00Z"), 0);
    app->database().execute("delete from notifications where recipient = 'second-reader@duka.example'");
    EXPECT_EQ(missing_at("2026-11-22T07:47:00Z"), 1);
    run_at("2026-11-22T08:07:00Z");
    EXPECT_EQ(missing_at("2026-11-22T08:47:00Z"), 0);
    EXPECT_EQ(written("count(*)"), "2") << "each once";
}

TEST_F(AlertsTest, WhatRunsLowIsTold) {
    const auto product =
        post("/v1/products",
             R"({"name":"Sugar","variants":[{"name":"Sugar 1kg","sku":"LOW-1","price":15000,"reorderLevel":"5"}]})");
    ASSERT_EQ(product.status, 201) << product.body;
    choose(owner, R"({"dailySummary":false,"lowStock":true})");
    run_at("2026-11-22T04:07:00Z");
    EXPECT_EQ(written("count(*)"), "0") << "nothing was ever counted there";
    app->database().execute(fmt::format(
        "insert into stock_levels (tenant_id, location_id, variant_id, id, on_hand, reserved, average_cost, version, "
        "updated_at) "
        "select v.tenant_id, '{}', v.id, gen_random_uuid(), 3, 0, 0, 1, now() from variants v where v.sku = 'LOW-1'",
        location()));
    for (const auto* at : {"2026-11-22T04:07:00Z", "2026-11-22T15:07:00Z"}) run_at(at);
    EXPECT_EQ(written("count(*)"), "1");
    EXPECT_THAT(written("given::text"), HasSubstr("Sugar 1kg"));
}

// What is mailed stands in the member's list, too, and is read by that member alone.
TEST_F(AlertsTest, WhatIsToldStandsInTheMembersOwnList) {
    const auto manager = member("list-reader@duka.example", "manager");
    choose(manager, R"({"dailySummary":true,"lowStock":false})");
    run_at("2026-11-25T04:07:00Z");
    run_at("2026-11-25T05:07:00Z");
    const auto list = get("/v1/notifications/mine", manager);
    ASSERT_EQ(list.status, 200) << list.body;
    EXPECT_THAT(list.body, HasSubstr(R"("kind":"daily_summary")"));
    EXPECT_THAT(list.body, HasSubstr(R"("read":false)"));
    const auto id = list.body.substr(list.body.find(R"("id":")") + 6, 36);
    EXPECT_EQ(list.body.find(R"("id":")", list.body.find(id)), std::string::npos) << "once";
    EXPECT_EQ(post("/v1/notifications/" + id + "/read", "", owner).status, 404);
    EXPECT_EQ(post("/v1/notifications/" + id + "/read", "", other).status, 404);
    EXPECT_EQ(post("/v1/notifications/" + id + "/read", "", manager).status, 204);
    EXPECT_EQ(post("/v1/notifications/read", "", manager).status, 204);
    EXPECT_THAT(get("/v1/notifications/mine", manager).body, HasSubstr(R"("read":true)"));
}

TEST_F(AlertsTest, NobodyHearsOfWhatTheyMayNotRead) {
    const auto cashier = member("cashier@duka.example", "cashier");
    choose(cashier, R"({"dailySummary":true,"lowStock":false})", 403);
    choose(cashier, R"({"dailySummary":false,"lowStock":true})");
    app->database().execute("update notification_preferences set daily_summary = true, low_stock = false");
    run_at("2026-11-22T04:07:00Z");
    EXPECT_EQ(written("count(*)"), "0");
}

TEST_F(AlertsTest, WorkThatFailedIsToldOfOnceADay) {
    choose(owner, R"({"dailySummary":false,"lowStock":false,"failedJobs":true})");
    run_at("2026-11-22T04:07:00Z");
    EXPECT_EQ(written("count(*)"), "0") << "nothing has failed";
    fail_at("2026-11-22T03:59:00Z");
    fail_at("2026-11-22T03:59:30Z");
    fail_at("2026-11-21T09:00:00Z", "message");
    for (const auto* at : {"2026-11-22T04:07:00Z", "2026-11-22T15:07:00Z"}) run_at(at);
    EXPECT_EQ(written("count(*)"), "1");
    EXPECT_EQ(written("kind || ' ' || (given ->> 'lines')"),
              R"(failed_jobs [{"jobs": 1, "work": "message"}, {"jobs": 2, "work": "sales_report"}])");
    // What fails after seven is the next day's.
    fail_at("2026-11-22T04:30:00Z");
    run_at("2026-11-22T20:07:00Z");
    EXPECT_EQ(written("count(*)"), "1");
    run_at("2026-11-23T04:07:00Z");
    EXPECT_EQ(written("count(*)"), "2");
    EXPECT_EQ(
        app->database().value("select given ->> 'lines' from notifications order by idempotency_key desc limit 1"),
        R"([{"jobs": 1, "work": "sales_report"}])");
    run_at("2026-11-24T04:07:00Z");
    EXPECT_EQ(written("count(*)"), "2") << "each failure once";
}

// Nothing ran for three days: what failed before is told of then, and what is older than a week never.
TEST_F(AlertsTest, WhatFailedBeforeAnOutageIsToldOfAfterIt) {
    choose(owner, R"({"dailySummary":false,"lowStock":false,"failedJobs":true})");
    fail_at("2026-11-14T09:00:00Z", "message");
    fail_at("2026-11-19T09:00:00Z");
    run_at("2026-11-22T04:07:00Z");
    EXPECT_EQ(written("given ->> 'lines'"), R"([{"jobs": 1, "work": "sales_report"}])");
}

TEST_F(AlertsTest, FailuresOfOthersAreNobodysHere) {
    const auto cashier = member("no-failures@duka.example", "cashier");
    choose(cashier, R"({"dailySummary":false,"lowStock":false,"failedJobs":true})", 403);
    choose(owner, R"({"dailySummary":false,"lowStock":false,"failedJobs":true})");
    choose(other, R"({"dailySummary":false,"lowStock":false})");
    EXPECT_THAT(get("/v1/notifications/preferences", other).body, HasSubstr(R"("failedJobs":false)"));
    EXPECT_THAT(get("/v1/notifications/preferences").body, HasSubstr(R"("failedJobs":true)"));
    fail_at("2026-11-22T03:00:00Z", "message", other);
    run_at("2026-11-22T04:07:00Z");
    EXPECT_EQ(written("count(*)"), "0") << "another shop's failure, and one who did not ask";
    choose(other, R"({"dailySummary":false,"lowStock":false,"failedJobs":true})");
    run_at("2026-11-22T05:07:00Z");
    EXPECT_EQ(written("string_agg(recipient, ',')"), "owner@elsewhere.example");
}

// The link of a mail ends what its reader had chosen; choosing it again is louder than the link, but not than a mailbox that is gone.
TEST_F(AlertsTest, AChoiceOfOnesOwnLiftsAnUnsubscribe) {
    const auto choice = [](std::string_view daily) {
        return post("/v1/notifications/preferences", fmt::format(R"({{"dailySummary":{},"lowStock":false}})", daily))
            .body;
    };
    const auto suppress = [](std::string_view reason) {
        app->database().execute(fmt::format(
            "insert into mail_suppressions (scope, list, address, reason, detail, created_at) select m.tenant_id, "
            "'daily_summary', u.email, '{}', null, now() from users u join memberships m on m.user_id = u.id "
            "where u.email = 'owner@duka.example'",
            reason));
    };
    const auto suppressed = [] { return app->database().value("select count(*) from mail_suppressions"); };
    EXPECT_THAT(choice("true"), HasSubstr(R"("dailySummary":true)"));
    suppress("unsubscribe");
    EXPECT_THAT(get("/v1/notifications/preferences").body, HasSubstr(R"("dailySummary":false)"));
    choice("false");
    EXPECT_EQ(suppressed(), "1");
    EXPECT_THAT(choice("true"), HasSubstr(R"("dailySummary":true)"));
    EXPECT_EQ(suppressed(), "0");
    suppress("bounce");
    EXPECT_THAT(choice("true"), HasSubstr(R"("dailySummary":false)"));
    app->database().execute("truncate mail_suppressions");
}

}  // namespace
