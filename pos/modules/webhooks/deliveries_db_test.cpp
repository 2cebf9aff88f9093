// Deliveries that end as they should, whatever the endpoint does.
#include "pos/modules/webhooks/measures.h"
#include "pos/modules/webhooks/webhooks_for_test.h"

namespace {

using namespace pos::webhooks_test;

class WebhookDeliveriesTest : public WebhooksTest {};

TEST_F(WebhookDeliveriesTest, WhatArrivesCanBeVerifiedAndIsTheSameEachTime) {
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

TEST_F(WebhookDeliveriesTest, TwoSecretsTwoSignatures) {
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
TEST_F(WebhookDeliveriesTest, AttemptsCountAndEnd) {
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

TEST_F(WebhookDeliveriesTest, TheNextAttemptIsInTheFuture) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(503, "", "Retry-After: 7200\r\n")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    serve(made.id);
    EXPECT_EQ(rows("select round(extract(epoch from next_attempt_at - now()) / 60) from webhook_deliveries"), "120");
    EXPECT_EQ(rows("select name || ' ' || (options->>'delay')::bigint / 60000 from outbox_jobs "
                   "where name = 'webhooks.serve_failing' order by position desc limit 1"),
              "webhooks.serve_failing 119");
    EXPECT_EQ(queue("next_due_at = (select next_attempt_at from webhook_deliveries) and leased_until is null"), "t");
}

// While one worker has the lease, no other sends; when its lease is another's, what it takes is nothing.
TEST_F(WebhookDeliveriesTest, TwoWorkersNeverSendAtOnce) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(200, "")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    app->database().execute("update webhook_queues set leased_until = now() + interval '1 minute', claim = 7");
    serve(made.id);
    EXPECT_EQ(server.request_count(), 0U);
    const WebhookEndpointId id(*base::Uuid::from_string(made.id));
    const auto take = [&](std::int64_t claim, std::int32_t needed) {
        return app->run(tenant_db().all(hooks::take, id, claim, 8, needed)).size();
    };
    EXPECT_EQ(take(6, 25), 0U) << "a former holder";
    EXPECT_EQ(take(7, 61), 0U) << "a lease that ends before the request would";
    EXPECT_EQ(take(7, 25), 1U);
    EXPECT_EQ(take(7, 25), 0U) << "it is on its way";
    EXPECT_EQ(rows("select attempts from webhook_deliveries"), "1") << "counted before it leaves";
}

TEST_F(WebhookDeliveriesTest, HangingAndEndlessRepliesEndTheirAttempt) {
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

TEST_F(WebhookDeliveriesTest, A410DisablesAndTellsTheOwner) {
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

// Its owner has moved it while the old place was asked: what that one says is not said of the new one.
TEST_F(WebhookDeliveriesTest, A410OfAFormerUrlDisablesNothing) {
    std::atomic<bool> moves = true;
    ScriptedServer server([&](const ScriptedServer::Request& request) {
        if (moves.exchange(false))
            app->database().execute("update webhook_endpoints set url = url || 'new', version = version + 1");
        const bool is_new = request.target.ends_with("new");
        return Answer().send(is_new ? http_reply(204, "") : http_reply(410, "gone"));
    });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    serve(made.id);
    EXPECT_EQ(rows("select enabled from webhook_endpoints"), "t");
    EXPECT_EQ(rows("select count(*) from notifications where kind = 'webhook_disabled'"), "0");
    hasten();
    serve(made.id);
    EXPECT_EQ(server.request_count(), 2U);
    EXPECT_EQ(rows("select state from webhook_deliveries"), "succeeded");
}

TEST_F(WebhookDeliveriesTest, TheFiveDaysOfAFormerUrlAreNotTheNewOnes) {
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(500, "")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    serve(made.id);
    app->database().execute("update webhook_queues set failing_since = now() - interval '5 days'");
    EXPECT_EQ(patch("/v1/webhooks/" + made.id, fmt::format(R"({{"url":"{}"}})", server.url("/new")),
                    static_cast<std::int32_t>(version_in(get("/v1/webhooks/" + made.id))))
                  .status,
              200);
    hasten();
    serve(made.id);
    EXPECT_EQ(rows("select enabled from webhook_endpoints"), "t");
}

TEST_F(WebhookDeliveriesTest, FiveDaysWithoutASuccessDisable) {
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

TEST_F(WebhookDeliveriesTest, InOrderTheNextOneWaits) {
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

TEST_F(WebhookDeliveriesTest, WhatHasNoRoomIsCountedAndComesWhenAskedFor) {
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

// What was asked for and has no room is missed as before: nobody else would ask for it again.
TEST_F(WebhookDeliveriesTest, WhatStillHasNoRoomIsStillMissed) {
    const auto made = add("https://93.184.216.34/");
    for (int i = 0; i < 3; ++i) happen(fmt::format("P{}", i));
    app->run(fan_out_events(tenant_db(), &app->app().outbox, 0));
    EXPECT_EQ(queue("concat_ws(' ', pending, missed, missed_since = (select min(recorded_at) from webhook_events))"),
              "0 3 t")
        << "since the first of them happened";
    const auto ask = [&] {
        return read(post("/v1/webhooks/" + made.id + "/redeliver", R"({"since":"2020-01-01T00:00:00Z"})"));
    };
    app->database().execute("update webhook_queues set pending = 100");
    auto asked = ask();
    EXPECT_EQ(asked.count, 0);
    EXPECT_EQ(asked.missed, 3);
    EXPECT_EQ(queue(), "100 3 f");
    app->database().execute("update webhook_queues set pending = 98");
    asked = ask();
    EXPECT_EQ(asked.count, 2);
    EXPECT_EQ(asked.missed, 1);
    EXPECT_EQ(queue("missed_since is not null"), "t");
    app->database().execute("update webhook_queues set pending = 99");
    asked = ask();
    EXPECT_EQ(asked.count, 1) << "exactly as many as there is room for";
    EXPECT_EQ(asked.missed, 0);
    EXPECT_EQ(queue("missed_since is null"), "t");
}

TEST_F(WebhookDeliveriesTest, NothingPassesTheBoundOfWhatWaits) {
    const auto made = add("https://93.184.216.34/");
    EXPECT_EQ(post("/v1/webhooks/" + made.id + "/ping", "{}").status, 200);
    app->database().execute("update webhook_queues set pending = 100");
    const auto refused = post("/v1/webhooks/" + made.id + "/ping", "{}");
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.body, HasSubstr("webhook.full"));
    const auto again = fmt::format(R"({{"deliveryId":"{}"}})", rows("select id from webhook_deliveries"));
    EXPECT_EQ(post("/v1/webhooks/" + made.id + "/redeliver", again).status, 200) << "it waits already";
    app->database().execute("update webhook_deliveries set state = 'exhausted', next_attempt_at = null");
    EXPECT_EQ(post("/v1/webhooks/" + made.id + "/redeliver", again).status, 409);
    EXPECT_EQ(queue("pending"), "100");
    EXPECT_EQ(rows("select count(*) from webhook_events"), "1");
}

// A delivery has one body, whatever the endpoint asks for later.
TEST_F(WebhookDeliveriesTest, ADeliveryKeepsItsForm) {
    bool answers = false;
    ScriptedServer server([&](const auto&) { return Answer().send(http_reply(answers ? 200 : 500, "")); });
    const auto made = add(server.url("/"));
    happen();
    fan_out();
    serve(made.id);
    EXPECT_EQ(patch("/v1/webhooks/" + made.id, R"({"payload":"thin"})", 1).status, 200);
    happen("Unga");
    fan_out();
    answers = true;
    hasten();
    serve(made.id);
    hasten();
    serve(made.id);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 3U);
    std::map<std::string, std::set<std::string>> bodies;
    for (const auto& request : requests) bodies[request.header("webhook-id")].insert(request.body);
    for (const auto& [id, of_id] : bodies) EXPECT_EQ(of_id.size(), 1U) << id;
    EXPECT_THAT(requests.front().body, HasSubstr("Sugar"));
    const auto shown = [&](std::string_view where) {
        return get("/v1/webhooks/" + made.id + "/deliveries/" +
                   rows(fmt::format("select id from webhook_deliveries where {}", where)))
            .body;
    };
    EXPECT_THAT(shown("not is_thin"), HasSubstr("Sugar"));
    EXPECT_THAT(shown("is_thin"), Not(HasSubstr("Unga")));
}

// Redis was emptied, and with it every job: each row is found by what it says itself.
TEST_F(WebhookDeliveriesTest, TheSweepFindsWhatRedisLost) {
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
    EXPECT_EQ(sweep(), "webhooks.serve_failing") << "it has not proved itself";
    app->database().execute("update webhook_queues set is_fast = true, wake_at = now() - interval '2 hours'");
    lose();
    EXPECT_EQ(sweep(), "webhooks.serve");
    lose();
    EXPECT_EQ(sweep(), "") << "the new one may be on its way";
    app->database().execute("update webhook_queues set wake_at = null, leased_until = now() + interval '1 minute'");
    EXPECT_EQ(sweep(), "") << "somebody is at it";
    app->database().execute("update webhook_queues set leased_until = now() - interval '1 second', is_fast = false");
    EXPECT_EQ(sweep(), "webhooks.serve_failing") << "who was at it died";
}

TEST_F(WebhookDeliveriesTest, ListsDeliveriesByStateTypeAndTime) {
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

// What operators are told, and what is not their business: a turn that another endpoint of the tenant has.
TEST_F(WebhookDeliveriesTest, WhatWaitsIsCounted) {
    const auto measure = [] {
        app->run(measure_webhooks(db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(20)),
                                  &app->app().metrics));
    };
    const auto gauge = [](std::string_view name) { return app->app().metrics.gauge(name, "").value(); };
    const auto attempts = [](std::string_view outcome) {
        return app->app().metrics.counter("webhook_attempts_total", "", {{"outcome", std::string(outcome)}}).value();
    };
    ScriptedServer server([](const auto&) { return Answer().send(http_reply(500, "no")); });
    const auto made = add(server.url("/"));
    measure();
    EXPECT_EQ(gauge("webhooks_waiting"), 0);
    EXPECT_EQ(gauge("webhooks_late_seconds"), 0);
    happen();
    app->database().execute("update webhook_events set recorded_at = now() - interval '5 minutes'");
    measure();
    EXPECT_NEAR(gauge("webhooks_late_seconds"), 300, 20) << "nobody has taken the event on";
    fan_out();
    app->database().execute("update webhook_queues set next_due_at = now() - interval '10 minutes'");
    measure();
    EXPECT_EQ(gauge("webhooks_waiting"), 1);
    EXPECT_EQ(gauge("webhooks_failing_endpoints"), 0);
    EXPECT_NEAR(gauge("webhooks_late_seconds"), 600, 20);
    app->database().execute("update webhook_queues set waiting_since = now()");
    measure();
    EXPECT_EQ(gauge("webhooks_late_seconds"), 0);
    app->database().execute("update webhook_queues set waiting_since = null");
    const auto before = attempts("failed");
    serve(made.id);
    measure();
    EXPECT_EQ(attempts("failed"), before + 1);
    EXPECT_EQ(gauge("webhooks_waiting"), 1);
    EXPECT_EQ(gauge("webhooks_failing_endpoints"), 1);
    EXPECT_EQ(gauge("webhooks_late_seconds"), 0) << "it is to be tried again later";
}

// Whose endpoints they are and where they lead is theirs to choose: nothing of it is a label.
TEST_F(WebhookDeliveriesTest, HostsOfEndpointsMakeNoSeries) {
    std::vector<std::unique_ptr<ScriptedServer>> servers;
    const auto send_to_new_hosts = [&servers] {
        for (int i = 0; i < 3; ++i) {
            servers.push_back(
                std::make_unique<ScriptedServer>([](const auto&) { return Answer().send(http_reply(204, "")); }));
            const auto made = add(servers.back()->url("/" + std::to_string(servers.size())));
            EXPECT_EQ(post("/v1/webhooks/" + made.id + "/ping", "{}").status, 200);
            serve(made.id);
            EXPECT_EQ(servers.back()->request_count(), 1U);
        }
    };
    const auto lines = [] { return std::ranges::count(app->app().metrics.render(), '\n'); };
    send_to_new_hosts();
    const auto before = lines();
    send_to_new_hosts();
    EXPECT_EQ(lines(), before);
}

}  // namespace
