// Endpoints and their secrets, also while messages are under way.
#include "pos/modules/webhooks/webhooks_for_test.h"

namespace {

using namespace pos::webhooks_test;

class WebhookEndpointsTest : public WebhooksTest {};

TEST_F(WebhookEndpointsTest, Endpoints) {
    constexpr std::string_view good =
        R"({"url":"https://93.184.216.34/hook","eventTypes":["sale.*","product.created"]})";
    const Headers key{{"Idempotency-Key", "webhook-1"}};
    check({{"add", "POST", "/v1/webhooks", good, owner, 201, "whsec_", "hook", key},
           {"again, without the secret", "POST", "/v1/webhooks", good, owner, 201, R"("secret":null)", "", key},
           {"list", "GET", "/v1/webhooks", "", owner, 200, "{hook}"},
           {"show", "GET", "/v1/webhooks/{hook}", "", owner, 200, R"("pending":0)"},
           {"change", "PATCH", "/v1/webhooks/{hook}", R"({"enabled":false})", owner, 200, "by_hand"},
           {"ping of a disabled one", "POST", "/v1/webhooks/{hook}/ping", "{}", owner, 409, "webhook.disabled"},
           {"enable", "PATCH", "/v1/webhooks/{hook}", R"({"enabled":true})", owner, 200, R"("disabledReason":null)"},
           {"an event that is none", "POST", "/v1/webhooks",
            R"({"url":"https://93.184.216.34/","eventTypes":["sale.made"]})", owner, 422, "/eventTypes/0"},
           {"a resource that is none", "PATCH", "/v1/webhooks/{hook}", R"({"eventTypes":["boat.*"]})", owner, 422,
            "webhook.unknown_type"},
           {"no events", "PATCH", "/v1/webhooks/{hook}", R"({"eventTypes":[]})", owner, 422},
           {"a private address", "POST", "/v1/webhooks", R"({"url":"https://10.0.0.1/","eventTypes":["*"]})", owner,
            422, "url.private_address"},
           {"another private address", "PATCH", "/v1/webhooks/{hook}", R"({"url":"https://169.254.169.254/"})", owner,
            422, "url.private_address"},
           {"no encryption", "POST", "/v1/webhooks", R"({"url":"http://93.184.216.34/","eventTypes":["*"]})", owner,
            422, "url."},
           {"a location that is none", "PATCH", "/v1/webhooks/{hook}",
            R"({"locationIds":["0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01"]})", owner, 422, "/locationIds"},
           {"a location that is none, of a new one", "POST", "/v1/webhooks",
            R"({"url":"https://93.184.216.34/","eventTypes":["*"],)"
            R"("locationIds":["0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01"]})",
            owner, 422, "/locationIds"},
           {"blanks and doubles", "PATCH", "/v1/webhooks/{hook}",
            R"({"url":" https://93.184.216.34/hook\n","eventTypes":[" sale.*","sale.*","product.created"]})", owner,
            200, R"("eventTypes":["sale.*","product.created"])"},
           {"a resource without its star", "PATCH", "/v1/webhooks/{hook}", R"({"eventTypes":["sale"]})", owner, 422,
            R"("product.created")"},
           {"a viewer", "GET", "/v1/webhooks", "", viewer, 403},
           {"another shop", "GET", "/v1/webhooks/{hook}", "", other, 404},
           {"another shop's rotation", "POST", "/v1/webhooks/{hook}/rotate-secret", "{}", other, 404},
           {"both of two", "POST", "/v1/webhooks/{hook}/redeliver", "{}", owner, 422, "webhook.one_of_two"},
           {"delete", "DELETE", "/v1/webhooks/{hook}", "", owner, 204},
           {"gone", "GET", "/v1/webhooks/{hook}", "", owner, 404}});
    EXPECT_EQ(rows("select string_agg(action, ' ' order by at) from audit_events where action like 'webhook.%'"),
              "webhook.create webhook.change webhook.change webhook.change webhook.delete");
}

TEST_F(WebhookEndpointsTest, ASecretIsShownOnceAndSealed) {
    const auto made = add("https://93.184.216.34/");
    ASSERT_TRUE(made.secret);
    EXPECT_THAT(get("/v1/webhooks/" + made.id).body, Not(HasSubstr("whsec_")));
    EXPECT_EQ(rows("select count(*) from idempotency_keys where position('whsec_'::bytea in response) > 0"), "0");
    EXPECT_EQ(rows("select count(*) from webhook_secrets where position('whsec_'::bytea in sealed) > 0"), "0");
    const auto signed_otherwise = add("https://93.184.216.34/", R"(,"signing":"ed25519")");
    EXPECT_FALSE(signed_otherwise.secret);
    EXPECT_THAT(signed_otherwise.public_key.value_or(""), ::testing::StartsWith("whpk_"));
}

// Each former secret has its own end: a second rotation changes nothing of the first one's.
TEST_F(WebhookEndpointsTest, FormerSecretsLiveForTheirOwnTime) {
    const auto made = add("https://93.184.216.34/");
    const auto rotate = [&](std::string_view body) {
        return post("/v1/webhooks/" + made.id + "/rotate-secret", std::string(body));
    };
    EXPECT_EQ(rotate(R"({"overlapHours":24})").status, 200);
    app->database().execute(
        "update webhook_secrets set expires_at = expires_at - interval '23 hours', "
        "created_at = created_at - interval '23 hours' where expires_at is not null");
    EXPECT_EQ(rotate(R"({"overlapHours":24})").status, 200);
    EXPECT_EQ(rows("select string_agg(coalesce(round(extract(epoch from expires_at - now()) / 3600)::text, 'present'), "
                   "' ' order by expires_at nulls last) from webhook_secrets"),
              "1 24 present");
    EXPECT_EQ(rotate(R"({"overlapHours":1})").status, 200);
    EXPECT_EQ(rotate(R"({"overlapHours":1})").status, 200);
    EXPECT_EQ(rotate(R"({"overlapHours":1})").status, 409);
    app->database().execute(
        "update webhook_secrets set expires_at = now() - interval '1 second' where expires_at is not null");
    EXPECT_EQ(rotate(R"({"overlapHours":1})").status, 200) << "expired ones do not count";
    EXPECT_EQ(rows("select count(*) from webhook_secrets where expires_at is null or expires_at > now()"), "2");
}

// Five are live, one of them has leaked: the one that is made now is alone.
TEST_F(WebhookEndpointsTest, WithoutAnOverlapAllFormerSecretsEnd) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(204, "")); });
    const auto made = add(server.url("/"));
    const auto path = "/v1/webhooks/" + made.id + "/rotate-secret";
    for (int i = 0; i < 4; ++i) EXPECT_EQ(post(path, R"({"overlapHours":168})").status, 200);
    EXPECT_EQ(post(path, R"({"overlapHours":168})").status, 409);
    const auto rotated = post(path, R"({"overlapHours":0})");
    ASSERT_EQ(rotated.status, 200) << rotated.body;
    EXPECT_EQ(rows("select count(*) from webhook_secrets where expires_at is null or expires_at > now()"), "1");
    EXPECT_EQ(post("/v1/webhooks/" + made.id + "/ping", "{}").status, 200);
    serve(made.id);
    ASSERT_EQ(server.request_count(), 1U);
    const auto request = server.requests().at(0);
    EXPECT_FALSE(request.header("webhook-signature").contains(' ')) << "one signature";
    const ::webhooks::VerifyingKey keys[] = {*::webhooks::VerifyingKey::parse(*read(rotated).secret)};
    EXPECT_EQ(
        verify(keys,
               {request.header("webhook-id"), request.header("webhook-timestamp"), request.header("webhook-signature")},
               request.body, base::system_clock().now()),
        std::nullopt);
}

TEST_F(WebhookEndpointsTest, WhatIsAskedAgainUnderItsKeyIsDoneOnce) {
    const auto made = add("https://93.184.216.34/");
    const auto path = "/v1/webhooks/" + made.id;
    const auto asked = [&](std::string_view what, std::string_view body, std::string_view key) {
        return post(path + std::string(what), std::string(body), owner, {{"Idempotency-Key", std::string(key)}});
    };
    const auto first = asked("/rotate-secret", "{}", "r-1");
    ASSERT_EQ(first.status, 200) << first.body;
    EXPECT_TRUE(read(first).secret);
    const auto again = asked("/rotate-secret", "{}", "r-1");
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_FALSE(read(again).secret);
    EXPECT_EQ(rows("select count(*) from webhook_secrets"), "2") << "one rotation";
    EXPECT_EQ(rows("select count(*) from idempotency_keys where position('whsec_'::bytea in response) > 0"), "0");
    EXPECT_EQ(asked("/rotate-secret", R"({"overlapHours":0})", "r-1").status, 422) << "another request";
    const auto pinged = asked("/ping", "{}", "p-1");
    EXPECT_EQ(asked("/ping", "{}", "p-1").body, pinged.body);
    EXPECT_EQ(rows("select count(*) from webhook_deliveries"), "1");
    const auto sent_again = fmt::format(R"({{"deliveryId":"{}"}})", rows("select id from webhook_deliveries"));
    EXPECT_EQ(asked("/redeliver", sent_again, "d-1").body, asked("/redeliver", sent_again, "d-1").body);
    EXPECT_EQ(rows("select count(*) from audit_events where action = 'webhook.redeliver'"), "1");
}

// The second portion of a turn is signed with what was rotated behind the first.
TEST_F(WebhookEndpointsTest, ATurnUnderWaySignsWithTheNewSecret) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(204, "")); });
    const auto made = add(server.url("/"), R"(,"ordered":true)");
    const auto rotated = read(post("/v1/webhooks/" + made.id + "/rotate-secret", "{}"));
    const auto product = read(post("/v1/products", R"({"name":"Sugar"})"));
    EXPECT_EQ(patch("/v1/products/" + product.id, R"({"name":"Sukari"})", 1).status, 200);
    fan_out();
    constexpr std::string_view change_places =
        "update webhook_secrets set expires_at = case when expires_at is null then now() - interval '1 second' end";
    app->database().execute(std::string(change_places));
    app->database().execute("update webhook_queues set is_fast = true");
    app->database().execute(
        fmt::format("create function test_rotate() returns trigger language plpgsql as $$ begin {}; return new; end $$",
                    change_places));
    app->database().execute(
        "create trigger test_rotate after insert on webhook_attempts for each row execute function test_rotate()");
    serve_among(true, made.id);
    app->database().execute("drop function test_rotate() cascade");
    ASSERT_EQ(server.request_count(), 2U);
    const std::string secrets[] = {*made.secret, *rotated.secret};
    for (std::size_t i = 0; i < 2; ++i) {
        const auto request = server.requests().at(i);
        const ::webhooks::VerifyingKey keys[] = {*::webhooks::VerifyingKey::parse(secrets[i])};
        EXPECT_EQ(verify(keys,
                         {request.header("webhook-id"), request.header("webhook-timestamp"),
                          request.header("webhook-signature")},
                         request.body, base::system_clock().now()),
                  std::nullopt)
            << i;
    }
}

// Where it leads, and whether it leads anywhere, is asked with each portion.
TEST_F(WebhookEndpointsTest, ATurnUnderWayEndsWithItsEndpoint) {
    const auto made = add("https://93.184.216.34/");
    happen();
    fan_out();
    app->database().execute("update webhook_queues set leased_until = now() + interval '1 minute', claim = 3");
    EXPECT_EQ(patch("/v1/webhooks/" + made.id, R"({"enabled":false})", 1).status, 200);
    const WebhookEndpointId id(*base::Uuid::from_string(made.id));
    EXPECT_TRUE(app->run(tenant_db().all(hooks::take, id, 3, 8, 25)).empty());
    EXPECT_EQ(rows("select attempts from webhook_deliveries"), "0");
}

}  // namespace
