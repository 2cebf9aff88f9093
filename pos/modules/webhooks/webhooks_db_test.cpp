// Endpoints, events in their transaction, and deliveries that end as they should, whatever the endpoint does.
#include <gmock/gmock.h>

#include "pos/modules/webhooks/events.h"
#include "pos/modules/webhooks/module.h"
#include "pos/modules/webhooks/sender.h"
#include "pos/testing/shop.h"
#include "testing/scripted_server.h"
#include "webhooks/plan.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::Answer;
using ::testing::HasSubstr;
using ::testing::http_reply;
using ::testing::Not;
using ::testing::ScriptedServer;

// The members that tests look at, of any of the replies.
struct Reply {
    std::string id;
    std::int32_t version = 0;
    std::optional<std::string> secret;
    std::optional<std::string> public_key;
    std::int64_t pending = 0;
    std::int64_t missed = 0;
    std::int64_t count = 0;
    std::string delivery_id;

    friend constexpr auto describe(Reply*) {
        using schema::field;
        return schema::object<Reply>(
            "TestReply", field<&Reply::id>("id", {.defaulted = true}),
            field<&Reply::version>("version", {.defaulted = true}), field<&Reply::secret>("secret"),
            field<&Reply::public_key>("publicKey"), field<&Reply::pending>("pending", {.defaulted = true}),
            field<&Reply::missed>("missed", {.defaulted = true}), field<&Reply::count>("count", {.defaulted = true}),
            field<&Reply::delivery_id>("deliveryId", {.defaulted = true}));
    }
};

Reply read(const InjectedResponse& reply) {
    auto value = schema::parse<Reply>(reply.body, {.max_bytes = reply.body.size() + 1, .lenient = true});
    if (!value) throw std::runtime_error(reply.body);
    return *std::move(value);
}

class WebhookEndpointsTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(definition(), {},
                                     {{"JWT_SECRET", "another secret of the tests, 32 bytes or more"},
                                      {"CLIENT_ALLOW_LOOPBACK", "true"},
                                      {"WEBHOOK_TIMEOUT_SECONDS", "1"},
                                      {"WEBHOOK_MAX_PENDING", "100"}});
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
        viewer = member("viewer@duka.example", "viewer");
    }
    void SetUp() override {
        app->database().execute(
            "truncate webhook_attempts, webhook_deliveries, webhook_events, webhook_queues, webhook_secrets, "
            "webhook_endpoints, outbox_jobs, notifications cascade");
    }

    static std::string rows(std::string_view query) { return app->database().value(query).value_or(""); }
    static base::Uuid tenant() { return *base::Uuid::from_string(text(body<Tenant>(get("/v1/tenant")).id)); }
    static db::Db tenant_db() {
        return db::tenant_db(app->host().databases(), tenant(), async::Loop::now() + std::chrono::seconds(30));
    }
    static Reply add(const std::string& url, std::string_view more = "", std::string_view types = R"(["*"])") {
        const auto reply = post("/v1/webhooks", fmt::format(R"({{"url":"{}","eventTypes":{}{}}})", url, types, more));
        EXPECT_EQ(reply.status, 201) << reply.body;
        return read(reply);
    }
    static void happen(std::string_view name = "Sugar") {
        const auto reply = post("/v1/products", fmt::format(R"({{"name":"{}"}})", name));
        EXPECT_EQ(reply.status, 201) << reply.body;
    }
    static void fan_out() { app->run(fan_out_events(tenant_db(), &app->app().outbox, 100)); }
    static void serve(const std::string& id) {
        const WebhookEndpointId endpoint(*base::Uuid::from_string(id));
        app->run(app->host().services().use<WebhookSender>().serve(tenant_db(), endpoint,
                                                                   std::make_shared<jobs::Cancellation>()));
    }
    static void hasten() {
        app->database().execute(
            "update webhook_deliveries set next_attempt_at = now() where state = 'pending' "
            "and next_attempt_at is not null");
    }
    static std::string states() {
        return rows(
            "select string_agg(concat_ws(' ', event_type, state, attempts, last_outcome, last_status), ', ' "
            "order by position, endpoint_id) from webhook_deliveries");
    }
    static std::string queue(std::string_view columns = "concat_ws(' ', pending, missed, failing_since is not null)") {
        return rows(fmt::format("select {} from webhook_queues", columns));
    }
};

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
            R"({"locationIds":["0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01"]})", owner, 422, "location.unknown"},
           {"a viewer", "GET", "/v1/webhooks", "", viewer, 403},
           {"another shop", "GET", "/v1/webhooks/{hook}", "", other, 404},
           {"another shop's rotation", "POST", "/v1/webhooks/{hook}/rotate-secret", "{}", other, 404},
           {"both of two", "POST", "/v1/webhooks/{hook}/redeliver", "{}", owner, 422, "webhook.one_of_two"},
           {"delete", "DELETE", "/v1/webhooks/{hook}", "", owner, 204},
           {"gone", "GET", "/v1/webhooks/{hook}", "", owner, 404}});
    EXPECT_EQ(rows("select string_agg(action, ' ' order by at) from audit_events where action like 'webhook.%'"),
              "webhook.create webhook.change webhook.change webhook.delete");
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
    EXPECT_EQ(rotate(R"({"overlapHours":0})").status, 200) << "expired ones do not count";
    EXPECT_EQ(rows("select count(*) from webhook_secrets where expires_at is null or expires_at > now()"), "1");
}

TEST_F(WebhookEndpointsTest, AnEventIsOfItsTransaction) {
    happen();
    EXPECT_EQ(rows("select count(*) from webhook_events"), "0") << "nobody has asked";
    const auto made = add("https://93.184.216.34/");
    const auto jobs = rows("select count(*) from outbox_jobs");
    EXPECT_EQ(post("/v1/products", R"({"name":"Unga","categoryId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01"})").status,
              422);
    EXPECT_EQ(rows("select count(*) from webhook_events"), "0") << "rolled back with its product";
    EXPECT_EQ(rows("select count(*) from outbox_jobs"), jobs);
    const auto product = read(post("/v1/products", R"({"name":"Unga"})"));
    EXPECT_EQ(rows("select type || ' ' || subject from webhook_events"), "product.created " + product.id);
    EXPECT_EQ(rows("select data->>'tenantId' from outbox_jobs where name = 'webhooks.fan_out'"), tenant().to_string());
    const auto stored = rows("select convert_from(body, 'UTF8') from webhook_events");
    EXPECT_THAT(stored, HasSubstr(R"("type":"product.created")"));
    EXPECT_THAT(stored, HasSubstr(R"("name":"Unga")"));
    EXPECT_EQ(rows("select convert_from(thin_body, 'UTF8')::jsonb->'data' from webhook_events"),
              fmt::format(R"({{"id": "{}"}})", product.id));
    const auto id = product.id;
    EXPECT_EQ(patch("/v1/products/" + id, R"({"name":"Unga 2kg"})", 1).status, 200);
    EXPECT_EQ(del("/v1/products/" + id, 2).status, 204);
    EXPECT_EQ(rows("select string_agg(type || ' ' || (convert_from(body, 'UTF8')::jsonb->'data'->>'version'), ', ' "
                   "order by position) from webhook_events"),
              "product.created 1, product.changed 2, product.deleted 2");
}

TEST_F(WebhookEndpointsTest, WhoAskedForWhatGetsIt) {
    const auto here = location();
    add("https://93.184.216.34/all");
    add("https://93.184.216.34/products", "", R"(["product.*"])");
    add("https://93.184.216.34/sales", "", R"(["sale.created","payment.*"])");
    add("https://93.184.216.34/off", R"(,"enabled":false)");
    happen();
    fan_out();
    fan_out();
    EXPECT_EQ(rows("select count(*) from webhook_deliveries"), "2");
    EXPECT_EQ(rows("select string_agg(right(p.url, 3) || ' ' || pending || ' ' || missed, ', ' order by p.url) "
                   "from webhook_queues q join webhook_endpoints p on p.id = q.endpoint_id"),
              "all 1 0, off 0 1, cts 1 0, les 0 0");
    EXPECT_EQ(rows("select string_agg(name, ' ') from outbox_jobs where name = 'webhooks.serve'"),
              "webhooks.serve webhooks.serve");
}

TEST_F(WebhookEndpointsTest, WhatArrivesCanBeVerifiedAndIsTheSameEachTime) {
    int failures = 2;
    ScriptedServer server([&](const auto&) {
        return Answer().send(failures-- > 0 ? http_reply(500, "not now") : http_reply(200, "thanks"));
    });
    const auto made = add(server.url("/hook"));
    happen("Sukari \xF0\x9F\x8D\xAC 1e3 1.10 9007199254740993 \\u00e9");
    fan_out();
    for (int i = 0; i < 3; ++i) {
        hasten();
        serve(made.id);
    }
    EXPECT_EQ(states(), "product.created succeeded 3 succeeded 200");
    EXPECT_EQ(queue(), "0 0 f");
    const auto delivery = rows("select id from webhook_deliveries");
    EXPECT_EQ(
        read(post("/v1/webhooks/" + made.id + "/redeliver", fmt::format(R"({{"deliveryId":"{}"}})", delivery))).count,
        1);
    serve(made.id);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    const ::webhooks::VerifyingKey keys[] = {*::webhooks::VerifyingKey::parse(*made.secret)};
    for (const auto& request : requests) {
        EXPECT_EQ(request.body, requests.front().body);
        EXPECT_EQ(request.header("webhook-id"), requests.front().header("webhook-id"));
        EXPECT_EQ(verify(keys,
                         {request.header("webhook-id"), request.header("webhook-timestamp"),
                          request.header("webhook-signature")},
                         request.body, base::system_clock().now()),
                  std::nullopt);
    }
    const auto shown = get("/v1/webhooks/" + made.id + "/deliveries/" + delivery).body;
    EXPECT_THAT(shown, HasSubstr(R"("number":4)"));
    EXPECT_THAT(shown, HasSubstr("not now"));
}

TEST_F(WebhookEndpointsTest, TwoSecretsTwoSignatures) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(204, "")); });
    const auto made = add(server.url("/"));
    const auto rotated = read(post("/v1/webhooks/" + made.id + "/rotate-secret", "{}"));
    EXPECT_EQ(post("/v1/webhooks/" + made.id + "/ping", "{}").status, 200);
    serve(made.id);
    const auto request = server.requests().at(0);
    for (const auto& secret : {*made.secret, *rotated.secret}) {
        const ::webhooks::VerifyingKey keys[] = {*::webhooks::VerifyingKey::parse(secret)};
        EXPECT_EQ(verify(keys,
                         {request.header("webhook-id"), request.header("webhook-timestamp"),
                          request.header("webhook-signature")},
                         request.body, base::system_clock().now()),
                  std::nullopt);
    }
}

// Always 403, and whoever sent it is killed now and then before it is written down: the attempts have an end.
TEST_F(WebhookEndpointsTest, AttemptsCountAndEnd) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(403, "no")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    for (int i = 0; i < 20; ++i) {
        app->database().execute("update webhook_queues set leased_until = null");
        if (i == 3 || i == 5)
            app->database().execute("update webhook_deliveries set attempts = attempts + 1, sent = sent + 1");
        hasten();
        serve(made.id);
    }
    EXPECT_EQ(states(), "product.created exhausted 9 refused 403");
    EXPECT_EQ(server.request_count(), 7U);
    EXPECT_EQ(queue(), "0 0 t");
    // Counted as the last one, and nobody wrote down how it ended.
    app->database().execute("update webhook_deliveries set state = 'pending', attempts = 9, next_attempt_at = now()");
    serve(made.id);
    EXPECT_EQ(rows("select state from webhook_deliveries"), "exhausted");
    EXPECT_EQ(server.request_count(), 7U);
}

TEST_F(WebhookEndpointsTest, TheNextAttemptIsInTheFuture) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(503, "", "Retry-After: 7200\r\n")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    serve(made.id);
    EXPECT_EQ(rows("select round(extract(epoch from next_attempt_at - now()) / 60) from webhook_deliveries"), "120");
    EXPECT_EQ(rows("select name || ' ' || (options->>'delay')::bigint / 60000 from outbox_jobs "
                   "where name = 'webhooks.serve_failing'"),
              "webhooks.serve_failing 119");
    EXPECT_EQ(queue("next_due_at = (select next_attempt_at from webhook_deliveries) and leased_until is null"), "t");
}

// While one worker has the lease, no other sends; when its lease is another's, what it takes is nothing.
TEST_F(WebhookEndpointsTest, TwoWorkersNeverSendAtOnce) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, "")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    app->database().execute("update webhook_queues set leased_until = now() + interval '1 minute', claim = 7");
    serve(made.id);
    EXPECT_EQ(server.request_count(), 0U);
    const WebhookEndpointId id(*base::Uuid::from_string(made.id));
    const auto take = [&](std::int64_t claim, std::int32_t needed) {
        return app->run(tenant_db().all(hooks::take, id, claim, 8, needed, false)).size();
    };
    EXPECT_EQ(take(6, 25), 0U) << "a former holder";
    EXPECT_EQ(take(7, 61), 0U) << "a lease that ends before the request would";
    EXPECT_EQ(take(7, 25), 1U);
    EXPECT_EQ(take(7, 25), 0U) << "it is on its way";
    EXPECT_EQ(rows("select attempts from webhook_deliveries"), "1") << "counted before it leaves";
}

TEST_F(WebhookEndpointsTest, HangingAndEndlessRepliesEndTheirAttempt) {
    int request = 0;
    ScriptedServer server([&](const auto&) {
        if (request++ == 0) return Answer().hold();
        return Answer().send("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n").flood(5'000'000'000);
    });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    serve(made.id);
    EXPECT_EQ(states(), "product.created pending 1 timed_out");
    hasten();
    serve(made.id);
    EXPECT_EQ(states(), "product.created succeeded 2 succeeded 200");
    EXPECT_EQ(rows("select max(octet_length(reply)) <= 1024 from webhook_attempts"), "t");
}

TEST_F(WebhookEndpointsTest, A410DisablesAndTellsTheOwner) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(410, "gone")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    serve(made.id);
    EXPECT_THAT(get("/v1/webhooks/" + made.id).body, HasSubstr(R"("disabledReason":"gone")"));
    EXPECT_EQ(
        rows(
            "select kind || ' ' || recipient from notifications where channel = 'email' and kind = 'webhook_disabled'"),
        "webhook_disabled owner@duka.example");
    hasten();
    serve(made.id);
    EXPECT_EQ(server.request_count(), 1U);
    happen("Unga");
    fan_out();
    EXPECT_EQ(queue(), "1 1 t") << "what waits stays, what comes is missed";
    EXPECT_EQ(rows("select count(*) from audit_events where action = 'webhook.disable'"), "1");
}

TEST_F(WebhookEndpointsTest, FiveDaysWithoutASuccessDisable) {
    bool answers = false;
    ScriptedServer server([&](const auto&) { return Answer().send(http_reply(answers ? 200 : 500, "")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    serve(made.id);
    app->database().execute("update webhook_queues set failing_since = now() - interval '4 days 23 hours'");
    hasten();
    serve(made.id);
    EXPECT_EQ(rows("select enabled from webhook_endpoints"), "t");
    app->database().execute("update webhook_queues set failing_since = now() - interval '5 days'");
    hasten();
    serve(made.id);
    EXPECT_EQ(rows("select disabled_reason from webhook_endpoints"), "failing");
    EXPECT_EQ(rows("select count(*) from notifications where channel = 'email' and kind = 'webhook_disabled'"), "1");
    answers = true;
    EXPECT_EQ(patch("/v1/webhooks/" + made.id, R"({"enabled":true})",
                    static_cast<std::int32_t>(version_in(get("/v1/webhooks/" + made.id))))
                  .status,
              200);
    hasten();
    serve(made.id);
    EXPECT_EQ(states(), "product.created succeeded 4 succeeded 200") << "what waited has arrived";
    EXPECT_EQ(queue(), "0 0 f");
}

TEST_F(WebhookEndpointsTest, InOrderTheNextOneWaits) {
    bool answers = false;
    ScriptedServer server([&](const auto&) { return Answer().send(http_reply(answers ? 200 : 500, "")); });
    const auto made = add(server.url("/"), R"(,"ordered":true)");
    const auto product = read(post("/v1/products", R"({"name":"Sugar"})"));
    EXPECT_EQ(patch("/v1/products/" + product.id, R"({"name":"Sukari"})", 1).status, 200);
    EXPECT_EQ(patch("/v1/products/" + product.id, R"({"name":"Sukari 1kg"})", 2).status, 200);
    happen("Unga");
    fan_out();
    const auto waits = [] {
        return rows("select count(*) from webhook_deliveries where state = 'pending' and next_attempt_at is null");
    };
    EXPECT_EQ(waits(), "2") << "the other product waits for nobody";
    serve(made.id);
    EXPECT_EQ(waits(), "2") << "the first has not arrived";
    answers = true;
    hasten();
    serve(made.id);
    EXPECT_EQ(queue("pending"), "0");
    std::vector<std::string> seen;
    for (const auto& request : server.requests()) {
        if (request.body.contains(product.id)) seen.push_back(request.header("webhook-id"));
    }
    const auto order = rows(fmt::format(
        "select string_agg(id::text, ' ' order by position) from webhook_events where subject = '{}'", product.id));
    ASSERT_GE(seen.size(), 4U);
    EXPECT_EQ(fmt::format("{} {} {}", seen[seen.size() - 3], seen[seen.size() - 2], seen.back()), order);
}

TEST_F(WebhookEndpointsTest, WhatHasNoRoomIsCountedAndComesWhenAskedFor) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, "")); });
    const auto made = add(server.url("/"));
    for (int i = 0; i < 3; ++i) happen(fmt::format("P{}", i));
    app->run(fan_out_events(tenant_db(), &app->app().outbox, 1));
    EXPECT_EQ(queue(), "1 2 f");
    EXPECT_THAT(get("/v1/webhooks/" + made.id).body, HasSubstr(R"("missed":2)"));
    serve(made.id);
    EXPECT_EQ(server.request_count(), 1U);
    const auto again = post("/v1/webhooks/" + made.id + "/redeliver", R"({"since":"2020-01-01T00:00:00Z"})");
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(read(again).count, 2);
    EXPECT_EQ(queue(), "2 0 f");
    serve(made.id);
    EXPECT_EQ(server.request_count(), 3U);
    EXPECT_EQ(read(post("/v1/webhooks/" + made.id + "/redeliver", R"({"since":"2020-01-01T00:00:00Z"})")).count, 0);
}

// Redis was emptied, and with it every job: each row is found by what it says itself.
TEST_F(WebhookEndpointsTest, TheSweepFindsWhatRedisLost) {
    const auto sweep = [] {
        const auto system = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(30));
        app->run(sweep_webhooks(system, &app->app().outbox));
        return rows("select coalesce(string_agg(name, ' ' order by position), '') from outbox_jobs");
    };
    const auto lose = [] { app->database().execute("truncate outbox_jobs"); };
    const auto made = add("https://93.184.216.34/");
    happen();
    lose();
    EXPECT_EQ(sweep(), "") << "its job may be on its way";
    app->database().execute("update webhook_events set recorded_at = now() - interval '1 minute'");
    EXPECT_EQ(sweep(), "webhooks.fan_out");
    lose();
    fan_out();
    lose();
    EXPECT_EQ(sweep(), "");
    app->database().execute(
        "update webhook_queues set next_due_at = now() - interval '2 hours', wake_at = now() - interval '2 hours'");
    EXPECT_EQ(sweep(), "webhooks.serve");
    lose();
    EXPECT_EQ(sweep(), "") << "the new one may be on its way";
    app->database().execute("update webhook_queues set wake_at = null, leased_until = now() + interval '1 minute'");
    EXPECT_EQ(sweep(), "") << "somebody is at it";
    app->database().execute(
        "update webhook_queues set leased_until = now() - interval '1 second', failing_since = now()");
    EXPECT_EQ(sweep(), "webhooks.serve_failing") << "who was at it died";
}

TEST_F(WebhookEndpointsTest, ListsDeliveriesByStateTypeAndTime) {
    const auto made = add("https://93.184.216.34/");
    happen();
    fan_out();
    const auto path = "/v1/webhooks/" + made.id + "/deliveries";
    const std::string count = R"("eventType")";
    const auto found = [&](std::string_view query) { return get(path + std::string(query)).body.contains(count); };
    EXPECT_TRUE(found(""));
    EXPECT_TRUE(found("?state=pending&eventType=product.created&since=2020-01-01T00:00:00Z"));
    EXPECT_FALSE(found("?state=exhausted"));
    EXPECT_FALSE(found("?eventType=sale.created"));
    EXPECT_FALSE(found("?until=2020-01-01T00:00:00Z"));
    EXPECT_EQ(get(path + "?state=lost").status, 422);
    const auto delivery = rows("select id from webhook_deliveries");
    const auto another = add("https://93.184.216.34/");
    EXPECT_EQ(get("/v1/webhooks/" + another.id + "/deliveries/" + delivery).status, 404) << "of another endpoint";
}

}  // namespace
