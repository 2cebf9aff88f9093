// Who may send: turns by tenant, fast and slow.
#include "pos/modules/webhooks/webhooks_for_test.h"

namespace {

using namespace pos::webhooks_test;

class WebhookTurnsTest : public WebhooksTest {};

// A tenant whose endpoints all hang has a few workers and no more, whichever queue its jobs are in; who waits is woken in turn.
TEST_F(WebhookTurnsTest, ATenantHasAFewTurnsAtOnce) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(204, "")); });
    std::vector<std::string> ids;
    for (int i = 0; i < 6; ++i) ids.push_back(add(server.url(fmt::format("/{}", i))).id);
    happen();
    fan_out();
    for (std::size_t i = 0; i < 4; ++i)
        app->database().execute(fmt::format(
            "update webhook_queues set leased_until = now() + interval '1 minute' where endpoint_id = '{}'", ids[i]));
    const auto waiting = [] { return rows("select count(*) from webhook_queues where waiting_since is not null"); };
    app->database().execute("truncate outbox_jobs");
    serve(ids[4]);
    serve(ids[5]);
    EXPECT_EQ(server.request_count(), 0U);
    EXPECT_EQ(waiting(), "2");
    EXPECT_EQ(jobs(), "") << "woken by who gives a turn back";
    app->database().execute(
        fmt::format("update webhook_queues set leased_until = null where endpoint_id = '{}'", ids[0]));
    serve_among(false, ids[0]);
    EXPECT_EQ(server.request_count(), 1U);
    EXPECT_EQ(waiting(), "1");
    EXPECT_EQ(jobs(), "webhooks.serve_failing") << "the one that has waited for the longest";
    EXPECT_EQ(rows("select data->>'endpointId' from outbox_jobs where name = 'webhooks.serve_failing'"), ids[4]);
    // Of another tenant nobody waits.
    const auto theirs =
        post("/v1/webhooks", fmt::format(R"({{"url":"{}","eventTypes":["*"]}})", server.url("/9")), other);
    ASSERT_EQ(theirs.status, 201) << theirs.body;
    const auto their_tenant = *base::Uuid::from_string(text(body<Tenant>(get("/v1/tenant", other)).id));
    const WebhookEndpointId their_id(*base::Uuid::from_string(read(theirs).id));
    EXPECT_EQ(post("/v1/webhooks/" + read(theirs).id + "/ping", "{}", other).status, 200);
    app->run(app->host().services().use<WebhookSender>().serve(
        db::tenant_db(app->host().databases(), their_tenant, async::Loop::now() + std::chrono::seconds(30)), their_id,
        false, std::make_shared<jobs::Cancellation>()));
    EXPECT_EQ(server.request_count(), 2U);
    // A turn of the dead is counted until its lease ends, and what is due is found by the sweep.
    app->database().execute("update webhook_queues set leased_until = now() - interval '1 second'");
    serve(ids[5]);
    EXPECT_EQ(server.request_count(), 3U);
}

// Not proved, slow, or enabled again: such an endpoint is served by the other workers, also where its job came to the fast ones.
TEST_F(WebhookTurnsTest, WhoHasNotProvedItselfIsNotAmongTheFast) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, "")); });
    const auto made = add(server.url("/"));
    const auto ping = [&] {
        EXPECT_EQ(post("/v1/webhooks/" + made.id + "/ping", "{}").status, 200);
        app->database().execute("truncate outbox_jobs");
    };
    ping();
    serve_among(true, made.id);
    EXPECT_EQ(server.request_count(), 0U);
    EXPECT_EQ(jobs(), "webhooks.serve_failing");
    serve_among(false, made.id);
    EXPECT_EQ(server.request_count(), 1U);
    EXPECT_TRUE(is_fast(made.id));
    ping();
    serve_among(false, made.id);
    EXPECT_EQ(jobs(), "webhooks.serve") << "it has proved itself";
    serve_among(true, made.id);
    EXPECT_EQ(server.request_count(), 2U);
    const auto change = [&](std::string_view body) {
        EXPECT_EQ(patch("/v1/webhooks/" + made.id, std::string(body),
                        static_cast<std::int32_t>(version_in(get("/v1/webhooks/" + made.id))))
                      .status,
                  200);
    };
    change(R"({"description":"The accountant's"})");
    EXPECT_TRUE(is_fast(made.id));
    change(R"({"enabled":true})");
    EXPECT_FALSE(is_fast(made.id)) << "enabled again: it may hang as before";
    ping();
    serve_among(false, made.id);
    EXPECT_TRUE(is_fast(made.id));
    change(fmt::format(R"({{"url":"{}"}})", server.url("/another")));
    EXPECT_FALSE(is_fast(made.id)) << "another URL is another endpoint";
}

TEST_F(WebhookTurnsTest, WhatSettlesSaysWhoIsFast) {
    const auto made = add("https://93.184.216.34/");
    const WebhookEndpointId id(*base::Uuid::from_string(made.id));
    const auto settle = [&](bool has_succeeded, bool has_failed, bool took_long) {
        const auto settled = app->run(tenant_db().one(
            hooks::settle, id, std::vector<WebhookDeliveryId>{}, std::vector<std::int32_t>{},
            std::vector<std::string>{}, std::vector<std::int32_t>{}, std::vector<std::int32_t>{},
            std::vector<std::string>{}, std::vector<std::int32_t>{}, has_succeeded, has_failed, 432'000, took_long));
        return settled && settled->is_fast;
    };
    EXPECT_FALSE(settle(false, false, false));
    EXPECT_FALSE(settle(true, false, true)) << "200, and late";
    EXPECT_TRUE(settle(true, false, false));
    EXPECT_TRUE(settle(false, false, false)) << "what was cancelled says nothing";
    EXPECT_TRUE(settle(true, true, false)) << "an error that comes at once holds up nobody";
    EXPECT_FALSE(settle(true, true, true)) << "one of eight hangs";
    EXPECT_TRUE(settle(true, false, false));
    EXPECT_FALSE(settle(false, true, false));
}

}  // namespace
