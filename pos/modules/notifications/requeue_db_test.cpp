// A Redis that forgets its jobs: the mails that wait for them leave all the same.

#include <gmock/gmock.h>

#include "mail/mailbox.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/testing/background.h"

namespace {

using namespace pos;
using namespace pos::testing;

constexpr std::string_view scheduler_token = "a token of the external scheduler, long enough";

class RequeueTest : public BackgroundTest {
protected:
    static void SetUpTestSuite() {
        set_up(definition(), [](app::Settings& settings) { settings.scheduler_token = scheduler_token; });
    }
    void SetUp() override {
        BackgroundTest::SetUp();
        app->database().execute("truncate notifications");
        auto batch =
            db::tenant_db(app->host().databases(), base::Uuid::nil(), async::Loop::now() + std::chrono::seconds(20))
                .batch();
        for (const std::string name : {"old", "new"}) {
            app->host().services().use<Notifier>().add(batch, ReceiptMail::sample(),
                                                       {.key = name, .recipient = name + "@example.com"});
        }
        app->host().services().use<Notifier>().add(
            batch, ReceiptMail::sample(), {.key = "sms", .recipient = "+254712345678", .channel = Channel::sms});
        app->run(batch.commit());
        app->database().execute(
            "delete from outbox_jobs; update notifications set created_at = now() - interval '2 hours' "
            "where idempotency_key in ('old', 'sms')");
    }
    static std::string states() {
        return rows(
            "select string_agg(idempotency_key || ' ' || state, ', ' order by idempotency_key) from notifications");
    }
};

TEST_F(RequeueTest, WhatHasWaitedForAnHourIsSentAndToldOf) {
    const auto background = start();
    const auto reply = app->send(
        http::Method::post, "/internal/schedules/notifications.requeue/trigger", "",
        {.headers = {{"Authorization", fmt::format("Bearer {}", scheduler_token)}, {"Idempotency-Key", "now"}}});
    EXPECT_EQ(reply.status, 202) << reply.body;
    EXPECT_TRUE(becomes(states, "new queued, old sent, sms sent")) << "the other one's job may be under way";
    EXPECT_TRUE(app->log().contains("messages have waited for an hour"));
    EXPECT_EQ(app->app().parts().use<mail::Mailbox>().newest().size(), 1U);
    stop(*background);
}

}  // namespace
