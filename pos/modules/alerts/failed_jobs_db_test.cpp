// From a job that fails for good, in a worker, to the mail about it; and what the log says of summaries that nobody wrote.

#include <gmock/gmock.h>

#include "app/jobs.h"
#include "pos/modules/sales/events.h"
#include "pos/testing/background.h"

namespace {

using namespace pos;
using namespace pos::testing;

constexpr std::string_view scheduler_token = "a token of the external scheduler, long enough";

class FailedJobsTest : public BackgroundTest {
protected:
    static void SetUpTestSuite() {
        set_up(definition(), [](app::Settings& settings) { settings.scheduler_token = scheduler_token; });
    }
    void SetUp() override {
        BackgroundTest::SetUp();
        app->database().execute("truncate failed_jobs, notifications, notification_preferences");
    }
    // A row of the outbox, of the shop of the token's owner, as the relay moves it.
    static void add_job(std::string_view queue, std::string_view name, std::string_view options,
                        const std::string& token = owner) {
        const auto place = text(body<db::Page<Location>>(get("/v1/locations", token)).data.at(0).id);
        app->database().execute(fmt::format(
            "insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at) select "
            "tenant_id, gen_random_uuid(), nextval('outbox_position'), '{}', '{}', "
            "jsonb_build_object('tenantId', tenant_id), '{}', now() from locations where id = '{}'",
            queue, name, options, place));
    }
    static std::string failed(const std::string& queue) {
        return redis->command({"ZCARD", "bull:" + queue + ":failed"}).substr(0, 2);
    }
};

TEST_F(FailedJobsTest, WhatWillNotBeTriedAgainIsWrittenDownForItsShop) {
    const auto background = start({"events", "mail"});
    // Their data lacks everything: they fail for good, whatever tries they have left.
    add_job("events", "sale.created", R"({"attempts":20})");
    add_job("mail", "notifications.send", "{}", other);
    // Nobody of a shop waits for it.
    add_job("mail", "auth.forgot_password", "{}");
    EXPECT_TRUE(becomes([] { return failed("events") + failed("mail"); }, ":1:2"));
    EXPECT_EQ(rows("select string_agg(f.work || ' ' || u.email, ', ' order by f.work) from failed_jobs f "
                   "join memberships m on m.tenant_id = f.tenant_id join users u on u.id = m.user_id"),
              "message owner@elsewhere.example, sales_report owner@duka.example");
    EXPECT_EQ(rows("select count(*) from failed_jobs f join outbox_jobs o on o.id = f.id"), "0");
    stop(*background);
}

// Killed between the row and Redis: the job is found stalled and fails once more, under the same id.
TEST_F(FailedJobsTest, AFailureThatIsToldTwiceIsOneRow) {
    const auto background = start({"events"});
    add_job("events", "sale.created", R"({"attempts":1})");
    EXPECT_TRUE(becomes([] { return failed("events"); }, ":1"));
    const auto id = rows("select id from failed_jobs");
    const auto at = rows("select failed_at from failed_jobs");
    redis->command({"DEL", "bull:events:failed", "bull:events:" + id});
    app->database().execute(
        fmt::format("insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at) select "
                    "tenant_id, id, nextval('outbox_position'), 'events', 'sale.created', "
                    "jsonb_build_object('tenantId', tenant_id), '{{}}', now() from failed_jobs"));
    EXPECT_TRUE(becomes([] { return failed("events"); }, ":1"));
    EXPECT_EQ(rows("select count(*) || ' ' || min(failed_at) from failed_jobs"), "1 " + at);
    stop(*background);
}

// While the row cannot be written the job is not failed: it would be forgotten.
TEST_F(FailedJobsTest, AFailureThatCannotBeWrittenDownIsNotForgotten) {
    app->database().execute("alter table failed_jobs rename to elsewhere");
    const auto background = start({"events"});
    add_job("events", "sale.created", R"({"attempts":1})");
    EXPECT_TRUE(
        becomes([] { return app->log().contains("the end of a job was not recorded") ? "told" : "silence"; }, "told"));
    EXPECT_EQ(failed("events"), ":0");
    stop(*background);
    app->database().execute("alter table elsewhere rename to failed_jobs");
}

TEST_F(FailedJobsTest, SummariesThatNobodyWroteStandInTheLog) {
    EXPECT_EQ(post("/v1/notifications/preferences", R"({"dailySummary":true,"lowStock":false})").status, 200);
    // Where it is past nine in the morning now.
    const auto hour =
        std::chrono::floor<std::chrono::hours>(base::system_clock().now().time_since_epoch()).count() % 24;
    const auto offset = 12 - hour;
    const auto zone = offset == 0 ? std::string("Etc/UTC") : fmt::format("Etc/GMT{:+}", -offset);
    app->database().execute(fmt::format("update tenants set time_zone = '{}'", zone));
    const auto background = start({"maintenance"});
    const auto check = [](std::string key) {
        const auto reply = app->send(
            http::Method::post, "/internal/schedules/alerts.check/trigger", "",
            {.headers = {{"Authorization", fmt::format("Bearer {}", scheduler_token)}, {"Idempotency-Key", key}}});
        EXPECT_EQ(reply.status, 202) << reply.body;
    };
    check("now");
    EXPECT_TRUE(
        becomes([] { return app->log().contains("daily summaries are missing") ? "told" : "silence"; }, "told"));
    stop(*background);
}

}  // namespace
