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
        app->database().execute("truncate notifications, notification_preferences, daily_sales, outbox_jobs");
    }
    // At a moment in Nairobi, which is three hours ahead.
    static void run_at(std::string_view utc) {
        app->run(write_alerts(app::JobScope(&app->host()), *base::parse_timestamp(utc)));
    }
    static void choose(const std::string& token, std::string_view json, int status = 200) {
        EXPECT_EQ(post("/v1/notifications/preferences", std::string(json), token).status, status);
    }
    static std::string written(std::string_view what) {
        return app->database().value(fmt::format("select {} from notifications", what)).value_or("");
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

TEST_F(AlertsTest, NobodyHearsOfWhatTheyMayNotRead) {
    const auto cashier = member("cashier@duka.example", "cashier");
    choose(cashier, R"({"dailySummary":true,"lowStock":false})", 403);
    choose(cashier, R"({"dailySummary":false,"lowStock":true})");
    app->database().execute("update notification_preferences set daily_summary = true, low_stock = false");
    run_at("2026-11-22T04:07:00Z");
    EXPECT_EQ(written("count(*)"), "0");
}

}  // namespace
