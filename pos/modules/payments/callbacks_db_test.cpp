// What providers send: kept before it is read, read once, and worth what it proves.
#include "pos/modules/payments/callbacks.h"

#include <gmock/gmock.h>

#include "pos/modules/maintenance/retention.h"
#include "pos/testing/payment_callbacks.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::Finding;
using ::testing::HasSubstr;

class ProviderCallbacksTest : public CallbacksTest {};

// ---- Taking ------------------------------------------------------------------------------------------------------

TEST_F(ProviderCallbacksTest, ASuccessCreditsOnceHoweverOftenItIsTold) {
    const auto intent = start(order(15'000, next_id()));
    const auto json = paid_by(intent, 15'000, "TAF7RT61SV");
    const auto reply = send_callback("stk", json);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.body, R"({"ResultCode":0,"ResultDesc":"Accepted"})");
    EXPECT_EQ(state(intent), "pending") << "received is not done";
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.event'"), "1");
    read_events();
    EXPECT_EQ(state(intent), "succeeded");
    for (int i = 0; i < 3; ++i) deliver("stk", json);
    deliver("stk", " " + json);  // the same in other bytes
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(rows("select receipt_code from payment_intents"), "TAF7RT61SV");
    EXPECT_EQ(rows("select deliveries from provider_events order by received_at limit 1"), "4");
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.event'"), "2")
        << "what is done is not read again";
}

TEST_F(ProviderCallbacksTest, ALateSuccessReplacesAFailure) {
    const auto intent = start(order(15'000, next_id()));
    deliver("stk", stk(intent, "1032"));
    EXPECT_EQ(state(intent), "cancelled");
    deliver("stk", paid_by(intent, 15'000, "TAF7RT61SV"));
    EXPECT_EQ(state(intent), "succeeded");
    deliver("stk", stk(intent, "1037"));
    EXPECT_EQ(state(intent), "succeeded");
}

// M-Pesa's id of the attempt was in the reply that was lost: the attempt's own URL says whose callback it is.
TEST_F(ProviderCallbacksTest, AnAttemptsOwnUrlFindsItWhoseReplyWasLost) {
    mpesa->on_start = [](const auto&) { return ::payments::Started{.evidence = {.finding = Finding::lost}}; };
    const auto intent = start(order(15'000, next_id()));
    const auto json = paid_by(intent, 15'000, "TAF7RT61SV");
    deliver("stk", json);
    EXPECT_EQ(state(intent), "sent") << "nothing tells whose it is";
    deliver("stk/" + intent, " " + json);
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(rows("select provider_id from payment_intents"), "ws_CO_" + intent);
    read_events();
    EXPECT_EQ(outcomes(), "applied, applied") << "the first one is woken by the id";
}

// What a callback says goes before where it came to.
TEST_F(ProviderCallbacksTest, AnAttemptsOwnUrlPaysNoOther) {
    const auto first = start(order(15'000, next_id()));
    const auto second = start(order(20'000, next_id()));
    deliver("stk/" + second, paid_by(first, 15'000, "TAF7RT61SV"));
    EXPECT_EQ(state(first), "succeeded");
    EXPECT_EQ(state(second), "pending");
    for (const auto* attempt : {"x", "0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8095"})
        deliver(fmt::format("stk/{}", attempt), paid_by(second, 20'000, "TAF7RT62SV"));
    EXPECT_EQ(state(second), "succeeded");
}

// Nobody is told whether a token, an account or a path was nearly right.
TEST_F(ProviderCallbacksTest, AForgedTokenIsRefusedAlike) {
    const auto intent = start(order(15'000, next_id()));
    const auto json = paid_by(intent, 15'000, "TAF7RT61SV");
    auto near = token;
    near.back() = near.back() == 'a' ? 'b' : 'a';
    for (const auto& wrong : {near, std::string("short"), token.substr(1), token + "0", std::string(200, 'f')}) {
        const auto reply = post("/v1/callbacks/m/" + wrong + "/stk", json, "");
        EXPECT_EQ(reply.status, 403) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("auth.callback_refused"));
    }
    EXPECT_EQ(post("/v1/callbacks/s/" + token + "/events", json, "").status, 403) << "of another provider";
    EXPECT_EQ(rows("select count(*) from provider_events"), "0");
    EXPECT_EQ(state(intent), "pending");
}

TEST_F(ProviderCallbacksTest, AnotherShopsIntentIsNotThere) {
    add_account("mpesa", "600001", other);
    const auto intent = start(order(15'000, next_id()));
    const auto tenant = *base::Uuid::from_string(rows("select tenant_id from payment_accounts where shown = '600001'"));
    const auto theirs = db::tenant_db(app->host().databases(), tenant, async::Loop::now() + std::chrono::seconds(20));
    const auto id = rows("select id from payment_accounts where shown = '600001'");
    const auto row = app->run(theirs.only(intents::account_by_id, PaymentAccountId(*base::Uuid::from_string(id))));
    const auto url = intents().open(tenant, row).callback_url;
    const auto reply =
        post("/v1/callbacks/m/" + url.substr(url.rfind('/') + 1) + "/stk", paid_by(intent, 15'000, "TAF7RT61SV"), "");
    EXPECT_EQ(reply.status, 200) << "whoever sends it is told nothing";
    const auto event = rows("select id from provider_events");
    app->run(process_event(theirs, &intents(), ProviderEventId(*base::Uuid::from_string(event))));
    EXPECT_EQ(state(intent), "pending");
    EXPECT_EQ(outcomes(), "unknown_attempt open");
}

TEST_F(ProviderCallbacksTest, AWrongAmountAndAUsedReceiptGiveNoValue) {
    const auto first = start(order(15'000, next_id()));
    deliver("stk", paid_by(first, 14'900, "TAF7RT61SV"));
    EXPECT_EQ(state(first), "unknown");
    EXPECT_EQ(rows("select concern from payment_intents"), "amount_differs");
    const auto second = start(order(20'000, next_id()));
    deliver("stk", paid_by(second, 20'000, "TAF7RT62SV"));
    EXPECT_EQ(state(second), "succeeded");
    const auto third = start(order(20'000, next_id()));
    deliver("stk", paid_by(third, 20'000, "TAF7RT62SV"));
    EXPECT_EQ(state(third), "unknown");
    EXPECT_EQ(rows(fmt::format("select concern from payment_intents where id = '{}'", third)), "receipt_used");
}

// What cannot be understood is kept, answered 200, and pays nothing.
TEST_F(ProviderCallbacksTest, GarbageGivesNoValue) {
    const auto intent = start(order(15'000, next_id()));
    const auto amount = R"({"Name":"Amount","Value":150.00})";
    for (const std::string& json :
         {std::string(), std::string("{}"), std::string("null"), std::string("<html>Request unsuccessful.</html>"),
          std::string("\0\xff", 2), std::string(R"({"Body":{}})"), std::string(200'000, '['), stk(intent, R"("")"),
          stk(intent, R"(" 0")"), stk(intent, "false"), stk(intent, "null"), stk(intent, "0"), stk(intent, "0", amount),
          stk(intent, "0", R"({"Name":"MpesaReceiptNumber","Value":"TAF7RT61SV"})")}) {
        deliver("stk", json);
        EXPECT_EQ(state(intent), "pending") << json.substr(0, 100);
    }
    EXPECT_NE(rows("select count(*) from provider_events where outcome = 'not_understood'"), "0");
    EXPECT_EQ(rows("select count(*) from provider_events where processed_at is null"), "0");
    deliver("stk", paid_by(intent, 15'000, "TAF7RT61SV"));
    EXPECT_EQ(state(intent), "succeeded");
}

TEST_F(ProviderCallbacksTest, OnlySoMuchGarbageIsKept) {
    for (int i = 0; i < 105; ++i) EXPECT_EQ(send_callback("stk", fmt::format("garbage {}", i)).status, 200);
    EXPECT_EQ(rows("select count(*) from provider_events"), std::to_string(most_not_understood));
    EXPECT_EQ(rows("select count(*) from provider_events where convert_from(body, 'UTF8') = 'garbage 104'"), "1");
    EXPECT_EQ(send_callback("stk", std::string(300'000, ' ')).status, 413);
}

// ---- Not done is not lost ----------------------------------------------------------------------------------------

// Whatever fails between the event and its effect leaves both undone; its repetition, or its own retry, completes it.
TEST_F(ProviderCallbacksTest, AnEventThatFailedIsCompleted) {
    for (const std::string& fails : {"payment_intents", "provider_events"}) {
        SetUp();
        const auto intent = start(order(15'000, next_id()));
        const auto json = paid_by(intent, 15'000, "TAF7RT61SV");
        EXPECT_EQ(send_callback("stk", json).status, 200);
        app->database().execute("truncate outbox_jobs");
        app->database().execute(fmt::format(
            "create or replace function refuse() returns trigger language plpgsql as $$ begin raise 'killed'; end $$; "
            "create trigger refuse before update on {} execute function refuse()",
            fails));
        EXPECT_ANY_THROW(read_events()) << fails;
        EXPECT_EQ(state(intent), "pending") << fails;
        EXPECT_EQ(rows("select count(*) from provider_events where processed_at is null"), "1") << fails;
        app->database().execute("drop function refuse() cascade");
        // The provider's repetition wakes it.
        EXPECT_EQ(send_callback("stk", json).status, 200);
        EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.event'"), "1") << fails;
        read_events();
        EXPECT_EQ(state(intent), "succeeded") << fails;
        EXPECT_EQ(rows("select count(*) from provider_events where processed_at is null"), "0") << fails;
    }
}

// A callback whose row cannot be written is no callback that was taken: its sender is told so.
TEST_F(ProviderCallbacksTest, WhatIsNotStoredIsNotAnswered) {
    const auto intent = start(order(15'000, next_id()));
    for (const std::string& fails : {"provider_events", "outbox_jobs"}) {
        app->database().execute(fmt::format(
            "create or replace function refuse() returns trigger language plpgsql as $$ begin raise 'killed'; end $$; "
            "create trigger refuse before insert on {} execute function refuse()",
            fails));
        EXPECT_GE(send_callback("stk", paid_by(intent, 15'000, "TAF7RT61SV")).status, 500) << fails;
        app->database().execute("drop function refuse() cascade");
        EXPECT_EQ(rows("select count(*) from provider_events"), "0") << fails;
    }
}

TEST_F(ProviderCallbacksTest, AnEventWhoseJobIsLostIsFoundByTheSweep) {
    const auto intent = start(order(15'000, next_id()));
    EXPECT_EQ(send_callback("stk", paid_by(intent, 15'000, "TAF7RT61SV")).status, 200);
    app->database().execute("truncate outbox_jobs");
    const auto system = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(20));
    app->run(sweep(system, &intents()));
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.event'"), "0") << "its job has a minute";
    app->database().execute("update provider_events set due_at = now() - interval '1 second'");
    app->run(sweep(system, &intents()));
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.event'"), "1");
    app->run(sweep(system, &intents()));
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.event'"), "1") << "it is leased";
}

// The callback is faster than the reply to our own request.
TEST_F(ProviderCallbacksTest, ACallbackBeforeOurOwnCommitWaits) {
    const auto early = next_id();
    deliver("stk", paid_by(early, 15'000, "TAF7RT61SV"));
    EXPECT_EQ(outcomes(), "unknown_attempt open");
    mpesa->on_start = [&](const ::payments::StartRequest&) { return ScriptedProvider::accepted("ws_CO_" + early); };
    app->database().execute("truncate outbox_jobs");
    const auto id = start(order(15'000, next_id()));
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.event'"), "1")
        << "the name became known, so what waited for it is read";
    read_events();
    EXPECT_EQ(state(id), "succeeded");
    EXPECT_EQ(outcomes(), "applied");
}

TEST_F(ProviderCallbacksTest, WhatNobodyEverKnowsIsAnOrphan) {
    deliver("stk", paid_by(next_id(), 15'000, "TAF7RT61SV"));
    app->database().execute("update provider_events set received_at = now() - interval '8 days'");
    read_events();
    EXPECT_EQ(outcomes(), "orphan");
}

// Bodies name payers: they are kept for as long as somebody may ask what was sent.
TEST_F(ProviderCallbacksTest, WhatWasSentGoesAfterNinetyDays) {
    const auto intent = start(order(15'000, next_id()));
    deliver("stk", paid_by(intent, 15'000, "TAF7RT61SV"));
    const auto clean_up = [] {
        return app->run(remove_expired(
            [] { return db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(30)); }));
    };
    app->database().execute("update provider_events set received_at = now() - interval '89 days'");
    EXPECT_EQ(clean_up().provider_events, 0);
    app->database().execute("update provider_events set received_at = now() - interval '91 days'");
    EXPECT_EQ(clean_up().provider_events, 1);
    EXPECT_EQ(state(intent), "succeeded");
}

// ---- Signatures --------------------------------------------------------------------------------------------------

TEST_F(ProviderCallbacksTest, ASignatureIsProvedBeforeAnythingIsStored) {
    const auto stripe_account = rows("select id from payment_accounts where provider = 'stripe'");
    const auto intent = start(order(15'000, next_id(), next_id(), next_phone(), "stripe"));
    stripe->on_callback =
        [&](std::string_view kind, std::string_view /*bytes*/,
            const http::Headers& headers) -> std::expected<::payments::VerifiedCallback, ::payments::CallbackRefusal> {
        EXPECT_EQ(kind, "events");
        if (headers.get("Stripe-Signature") != "right")
            return std::unexpected(::payments::CallbackRefusal{.detail = "wrong"});
        ::payments::Claim claim{.dedupe_key = "evt_1", .attempt = *base::Uuid::from_string(intent), .evidence = {}};
        claim.evidence = paid(15'000, "ch_1");
        return ::payments::VerifiedCallback{.claims = {std::move(claim)}, .reply = R"({"received":true})"};
    };
    const auto path = "/v1/callbacks/s/" + token_of(stripe_account) + "/events";
    EXPECT_EQ(post(path, "{}", "").status, 403);
    EXPECT_EQ(post(path, "{}", "", {{"Stripe-Signature", "wrong"}}).status, 403);
    EXPECT_EQ(rows("select count(*) from provider_events"), "0");
    const auto reply = post(path, "{}", "", {{"Stripe-Signature", "right"}, {"Cookie", "a=b"}});
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.body, R"({"received":true})");
    // The same event, signed anew, in other bytes.
    EXPECT_EQ(post(path, R"({"pending_webhooks":1})", "", {{"Stripe-Signature", "right"}}).status, 200);
    EXPECT_EQ(rows("select count(*) || ' ' || max(deliveries) from provider_events"), "1 2");
    EXPECT_EQ(rows("select headers::text from provider_events"),
              R"({"fields": [{"name": "Stripe-Signature", "value": "right"}]})");
    // The secret is rolled before the job reads it: what was proved stays so.
    stripe->on_callback = [on_callback = stripe->on_callback](std::string_view kind, std::string_view bytes,
                                                              const http::Headers& headers) {
        EXPECT_TRUE(headers.get("Stripe-Signature") == "right") << "nobody proves it again";
        return on_callback(kind, bytes, headers);
    };
    app->database().execute("update payment_accounts set credentials = null where provider = 'stripe'");
    read_events();
    EXPECT_EQ(state(intent), "succeeded");
}

// A header that is the secret itself is proved, and never stored.
TEST_F(ProviderCallbacksTest, WhatProvesTheSameIsKeptInItsPlace) {
    auto* flutterwave = ScriptedProvider::install(app->host(), "flutterwave");
    const auto flutterwave_account = add_account("flutterwave", "777777");
    flutterwave->on_callback =
        [](std::string_view /*kind*/, std::string_view /*bytes*/,
           const http::Headers& headers) -> std::expected<::payments::VerifiedCallback, ::payments::CallbackRefusal> {
        // What was stored is read without a proof: "right".
        if (headers.get("verif-hash") != "the secret" && headers.get("Stripe-Signature") != "right")
            return std::unexpected(::payments::CallbackRefusal{.detail = "wrong"});
        ::payments::Claim claim{.dedupe_key = "one", .attempt = base::Uuid::nil(), .evidence = {}};
        ::payments::VerifiedCallback verified{.claims = {std::move(claim)}, .reply = R"({"received":true})"};
        verified.kept = http::Headers();
        verified.kept->set("flutterwave-signature", "of it");
        return verified;
    };
    const auto path = "/v1/callbacks/flutterwave/" + token_of(flutterwave_account) + "/events";
    EXPECT_EQ(post(path, "{}", "").status, 403);
    EXPECT_EQ(post(path, "{}", "", {{"verif-hash", "another"}}).status, 403);
    EXPECT_EQ(post(path, "{}", "", {{"Verif-Hash", "the secret"}}).status, 200);
    EXPECT_EQ(rows("select headers::text from provider_events"),
              R"({"fields": [{"name": "flutterwave-signature", "value": "of it"}]})");
    read_events();
    EXPECT_EQ(outcomes(), "unknown_attempt open") << "believed";
    // Another provider's address takes nothing of it.
    const auto stripes = "/v1/callbacks/s/" + token_of(flutterwave_account) + "/events";
    EXPECT_EQ(post(stripes, "{}", "", {{"Verif-Hash", "the secret"}}).status, 403);
}

// Somebody who has proved to be the provider has us ask at once, not when the sweep comes.
TEST_F(ProviderCallbacksTest, AHintOfTheProvidersIsAskedAfterAtOnce) {
    const auto stripe_account = rows("select id from payment_accounts where provider = 'stripe'");
    const auto intent = start(order(15'000, next_id(), next_id(), next_phone(), "stripe"));
    stripe->on_callback = [&](auto, auto, const auto&) {
        ::payments::Claim claim{.dedupe_key = "evt_1", .attempt = *base::Uuid::from_string(intent), .evidence = {}};
        claim.evidence = said(Finding::processing);
        return ::payments::VerifiedCallback{.claims = {std::move(claim)}, .reply = "{}"};
    };
    const auto asked = "select count(*) from outbox_jobs where name = 'payments.resume'";
    EXPECT_EQ(rows(asked), "0");
    EXPECT_EQ(post("/v1/callbacks/s/" + token_of(stripe_account) + "/events", "{}", "").status, 200);
    read_events();
    EXPECT_EQ(rows(asked), "1");
    EXPECT_EQ(state(intent), "pending");
    EXPECT_EQ(stripe->queries, 0) << "by the job";
}

TEST_F(ProviderCallbacksTest, ADisputeThatIsWonIsNoneAnyMore) {
    const auto stripe_account = rows("select id from payment_accounts where provider = 'stripe'");
    const auto intent = start(order(15'000, next_id(), next_id(), next_phone(), "stripe"));
    learn(intent, paid(15'000, "ch_2"));
    using enum ::payments::Claim::DisputeNews::State;
    ::payments::Claim::DisputeNews news;
    stripe->on_callback =
        [&](std::string_view, std::string_view bytes,
            const http::Headers&) -> std::expected<::payments::VerifiedCallback, ::payments::CallbackRefusal> {
        ::payments::Claim claim{.dedupe_key = std::string(bytes),
                                .attempt = *base::Uuid::from_string(intent),
                                .evidence = said(Finding::processing),
                                .dispute = news,
                                .note = "The payer's bank disputes it"};
        return ::payments::VerifiedCallback{.claims = {std::move(claim)}, .reply = "{}"};
    };
    const auto tell = [&](::payments::Claim::DisputeNews::State what, std::string name = "dp_1") {
        news = {.state = what, .provider_id = std::move(name), .amount = base::Money{15'000}};
        EXPECT_EQ(post("/v1/callbacks/s/" + token_of(stripe_account) + "/events", next_id(), "").status, 200);
        read_events();
        return rows(
            fmt::format("select case when disputed then 'disputed' else coalesce(concern, '-') end from "
                        "payment_intents where id = '{}'",
                        intent));
    };
    EXPECT_EQ(tell(open), "disputed");
    EXPECT_EQ(tell(open), "disputed");
    EXPECT_EQ(tell(won), "-");
    // News come in any order: what is decided does not start again.
    EXPECT_EQ(tell(open), "-");
    EXPECT_EQ(tell(open, "dp_2"), "disputed");
    EXPECT_EQ(tell(won, "dp_1"), "disputed");
    // Of one that is lost the money has gone, and what went back is asked.
    stripe->refund_list = {.refunds = {}, .whole = true, .is_offered = true};
    EXPECT_EQ(tell(lost, "dp_2"), "disputed");
    EXPECT_THAT(get(path(intent)).body, HasSubstr("hand nothing out"));
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.ask_refunds'"), "1");
    ::payments::Claim::RefundNews back{
        .amount = base::Money{15'000},
        .refunded = {.outcome = ::payments::Refunded::Outcome::done, .provider_id = "re_1"}};
    app->run(db().transaction(
        [&](db::Db tx) { return intents().apply_refund(tx, IntentId(*base::Uuid::from_string(intent)), back); }));
    EXPECT_EQ(rows(fmt::format("select state || coalesce(concern, '-') from payment_intents where id = '{}'", intent)),
              "refunded-");
}

// ---- Strangers ---------------------------------------------------------------------------------------------------

class StrangersTest : public CallbacksTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(definition(), {},
                                     {{"JWT_SECRET", "another secret of the tests, 32 bytes or more"},
                                      {"MPESA_CALLBACK_SOURCES", "196.201.214.0/24"},
                                      {"PAYMENT_CONFIRM_ABOVE", "1000000"}});
        ScriptedProvider::install(app->host());
        ScriptedProvider::install(app->host(), "stripe");
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
    }
};

// A callback from elsewhere is kept, and credits nothing until M-Pesa says so when it is asked.
TEST_F(StrangersTest, ASuccessFromElsewhereIsAskedAfter) {
    const auto intent = start(order(15'000, next_id()));
    deliver("stk", paid_by(intent, 15'000, "TAF7RT61SV"));
    EXPECT_EQ(state(intent), "pending");
    EXPECT_EQ(rows("select trusted from provider_events"), "f");
    EXPECT_EQ(rows("select next_query_at <= now() from payment_intents"), "t");
    EXPECT_EQ(outcomes(), "waits_for_query open");
    mpesa->on_query = [](const auto&) { return said(Finding::paid, ::payments::Source::query); };
    app->run(resume_intent(db(), &intents(), IntentId(*base::Uuid::from_string(intent)), {}));
    EXPECT_EQ(state(intent), "succeeded");
    read_events();
    EXPECT_EQ(outcomes(), "confirmed");
    EXPECT_EQ(rows("select coalesce(receipt_code, '-') from payment_intents"), "-") << "a stranger's receipt is none";
}

TEST_F(StrangersTest, AFailureFromElsewhereEndsNothing) {
    const auto intent = start(order(15'000, next_id()));
    deliver("stk", stk(intent, "1032"));
    EXPECT_EQ(state(intent), "pending");
}

TEST_F(StrangersTest, MoneyFromElsewherePaysNothingUntilThePullHasIt) {
    const auto intent = start(order(15'000, next_id()));
    deliver("confirm", confirmation("TAF7RT61SV", 100, "ORD-1"));
    EXPECT_EQ(state(intent), "pending");
    EXPECT_EQ(rows("select proven || ' ' || amount from c2b_payments"), "false 100");
    mpesa->on_pull = [] {
        auto claims = ::payments::mpesa::read_callback("confirm", confirmation("TAF7RT61SV", 15'000, "ORD-1"))->claims;
        return ::payments::Provider::Pulled{.claims = std::move(claims), .whole = true};
    };
    EXPECT_TRUE(app->run(pull_account(db(), &intents(), PaymentAccountId(*base::Uuid::from_string(account)), {})));
    EXPECT_EQ(rows("select proven || ' ' || amount from c2b_payments"), "true 15000")
        << "the provider's word replaces the stranger's";
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(c2b("TAF7RT61SV"), "matched intent");
}

// ---- Large amounts -----------------------------------------------------------------------------------------------

class BeliefTest : public CallbacksTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(
            definition(), {},
            {{"JWT_SECRET", "another secret of the tests, 32 bytes or more"}, {"PAYMENT_CONFIRM_ABOVE", "1000000"}});
        ScriptedProvider::install(app->host());
        ScriptedProvider::install(app->host(), "stripe");
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
    }
};

// By whichever of M-Pesa's URLs it is told.
TEST_F(BeliefTest, WhatIsNotSignedIsAskedAfterAboveTheLimit) {
    const auto small = start(order(1'000'000, next_id()));
    deliver("stk", paid_by(small, 1'000'000, "TAF7RT6001"));
    EXPECT_EQ(state(small), "succeeded");
    const auto large = start(order(1'000'100, next_id()));
    deliver("stk", paid_by(large, 1'000'100, "TAF7RT6002"));
    EXPECT_EQ(state(large), "pending");
    app->database().execute("update payment_intents set next_query_at = now() + interval '1 minute'");
    deliver("confirm", confirmation("TAF7RT6003", 1'000'100, "ORD-1"));
    EXPECT_EQ(state(large), "pending") << "a confirmation is no better proof than a callback";
    EXPECT_EQ(rows(fmt::format("select next_query_at <= now() from payment_intents where id = '{}'", large)), "t")
        << "M-Pesa is asked";
    EXPECT_EQ(rows("select proven from c2b_payments where receipt = 'TAF7RT6003'"), "f");
}

}  // namespace
