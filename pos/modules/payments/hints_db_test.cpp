// Providers that tell that something has happened, and not what: Pesapal. They are asked, each time, also about what is paid.
#include "payments/flutterwave/webhook.h"
#include "payments/pesapal/ipn.h"
#include "pos/testing/payment_callbacks.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;

class HintsTest : public CallbacksTest {
protected:
    void SetUp() override {
        CallbacksTest::SetUp();
        pesapal = ScriptedProvider::install(app->host(), "pesapal");
        pesapal->on_start = [](const auto&) { return ScriptedProvider::accepted("b945e4af"); };
        pesapal->on_callback = [](std::string_view, std::string_view bytes, const http::Headers&) {
            return ::payments::pesapal::read_ipn(bytes);
        };
        pesapal_token = token_of(add_account("pesapal", "700700"));
    }

    static std::string begin() { return start(order(15'000, next_id(), next_id(), next_phone(), "pesapal")); }
    InjectedResponse tell(const std::string& intent, std::string_view tracking_id = "b945e4af") const {
        return post(fmt::format("/v1/callbacks/pesapal/{}/ipn", pesapal_token),
                    fmt::format(R"({{"OrderNotificationType":"IPNCHANGE","OrderTrackingId":"{}",)"
                                R"("OrderMerchantReference":"{}"}})",
                                tracking_id, intent),
                    "");
    }
    // … and what comes of it: the jobs that it leaves.
    void hear(const std::string& intent) const {
        const auto reply = tell(intent);
        EXPECT_EQ(reply.status, 200) << reply.body;
        const auto before = asked();
        read_events();
        for (auto left = asked() - before; left > 0; --left) ask(intent);
    }
    static std::int64_t asked() {
        return std::stoll(rows("select count(*) from outbox_jobs where name = 'payments.resume'"));
    }
    static void ask(const std::string& intent) {
        app->run(resume_intent(db(), &intents(), IntentId(*base::Uuid::from_string(intent)), {}));
    }
    void says(Finding finding, std::string receipt = {}) const {
        pesapal->on_query = [finding, receipt](const ::payments::AttemptRef& attempt) {
            Evidence evidence{.source = Source::query, .finding = finding, .code = "said"};
            if (finding == Finding::paid || finding == Finding::refunded) evidence.amount = attempt.amount;
            evidence.receipt = receipt;
            return evidence;
        };
    }

    ScriptedProvider* pesapal = nullptr;
    std::string pesapal_token;
};

TEST_F(HintsTest, PaysNothingByItselfAndHasTheProviderAsked) {
    const auto intent = begin();
    says(Finding::processing);
    const auto reply = tell(intent);
    EXPECT_EQ(reply.body, R"({"orderNotificationType":"IPNCHANGE","orderTrackingId":"b945e4af",)"
                          R"("orderMerchantReference":")" +
                              intent + R"(","status":200})");
    read_events();
    EXPECT_EQ(state(intent), "pending");
    EXPECT_EQ(asked(), 1);
    ask(intent);
    EXPECT_EQ(state(intent), "pending");
    says(Finding::paid, "QDU9Z4K1X2");
    hear(intent);
    EXPECT_EQ(state(intent), "succeeded");
}

// A failure and the success after it are told by the same bytes, within a second.
TEST_F(HintsTest, EachDeliveryIsAsked) {
    const auto intent = begin();
    says(Finding::declined);
    hear(intent);
    EXPECT_EQ(state(intent), "failed");
    says(Finding::paid, "QDU9Z4K1X2");
    hear(intent);
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(rows("select string_agg(deliveries::text, ' ') from provider_events"), "2") << "kept once";
    for (int i = 0; i < 5; ++i) hear(intent);
}

// However often it is told, one question of an attempt waits at a time; what was asked a moment ago is asked again a moment later.
TEST_F(HintsTest, ManyDeliveriesAreNotAsManyQuestions) {
    const auto intent = begin();
    tell(intent);
    read_events();
    tell(intent);
    read_events();
    const auto of_jobs = [](std::string_view what) {
        return rows(
            fmt::format("select string_agg(distinct {}, ' ') from outbox_jobs where name = 'payments.resume'", what));
    };
    EXPECT_EQ(of_jobs("options #>> '{de,id}'"), "ask " + intent);
    app->database().execute("delete from outbox_jobs");
    says(Finding::processing);
    ask(intent);
    tell(intent);
    read_events();
    EXPECT_EQ(of_jobs("options ->> 'delay'"), "3000");
}

// Flutterwave's events are hints as well, and signed: the same bytes again are news.
TEST_F(HintsTest, ASignedHintIsAskedEachTimeItComes) {
    auto* flutterwave = ScriptedProvider::install(app->host(), "flutterwave");
    flutterwave->on_callback = [](std::string_view, std::string_view bytes, const http::Headers&) {
        return ::payments::flutterwave::read_event(bytes);
    };
    const auto its_token = token_of(add_account("flutterwave", "700701"));
    const auto intent = start(order(15'000, next_id(), next_id(), next_phone(), "flutterwave"));
    const auto hear_it = [&] {
        const auto before = asked();
        post(fmt::format("/v1/callbacks/flutterwave/{}/events", its_token),
             fmt::format(R"({{"event":"charge.completed","data":{{"id":1,"tx_ref":"{}","status":"successful"}}}})",
                         intent),
             "");
        read_events();
        for (auto left = asked() - before; left > 0; --left) ask(intent);
    };
    hear_it();
    EXPECT_EQ(flutterwave->queries, 1);
    EXPECT_EQ(state(intent), "pending");
    flutterwave->on_query = [](const ::payments::AttemptRef& attempt) {
        return Evidence{
            .source = Source::query, .finding = Finding::paid, .amount = attempt.amount, .receipt = "FLW-7"};
    };
    hear_it();
    EXPECT_EQ(flutterwave->queries, 2);
    EXPECT_EQ(state(intent), "succeeded");
    hear_it();
    EXPECT_EQ(flutterwave->queries, 2) << "of what is paid it says nothing new";
    EXPECT_EQ(rows("select string_agg(deliveries::text, ' ') from provider_events"), "3");
}

TEST_F(HintsTest, WhatIsPaidIsAskedAfterAsWell) {
    const auto intent = begin();
    says(Finding::paid, "QDU9Z4K1X2");
    hear(intent);
    says(Finding::refunded);
    hear(intent);
    EXPECT_EQ(state(intent), "refunded");
    EXPECT_EQ(rows("select count(*) from payment_intents where next_query_at is null"), "1");
}

TEST_F(HintsTest, AQuestionWithoutAnAnswerIsAskedAgain) {
    const auto intent = begin();
    says(Finding::paid, "QDU9Z4K1X2");
    hear(intent);
    says(Finding::lost);
    hear(intent);
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(rows("select count(*) from payment_intents where next_query_at > now()"), "1");
    says(Finding::refunded);
    ask(intent);
    EXPECT_EQ(state(intent), "refunded");
}

// The reply was lost: the notification brings the name to ask by.
TEST_F(HintsTest, BringsTheNameOfAnAttemptWhoseReplyWasLost) {
    pesapal->on_start = [](const auto&) { return ::payments::Started{.evidence = {.finding = Finding::lost}}; };
    const auto intent = begin();
    EXPECT_EQ(state(intent), "sent");
    says(Finding::paid, "QDU9Z4K1X2");
    hear(intent);
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(rows("select provider_id from payment_intents"), "b945e4af");
}

TEST_F(HintsTest, OfNobodyIsKeptAndAsksNobody) {
    const auto intent = begin();
    const auto before = pesapal->queries;
    EXPECT_EQ(tell("ORD-7", "c0ffee00").status, 200);
    EXPECT_EQ(tell(next_id()).status, 200);
    EXPECT_EQ(post(fmt::format("/v1/callbacks/pesapal/{}/ipn", pesapal_token), "<html>", "").status, 200);
    EXPECT_EQ(post("/v1/callbacks/pesapal/0123456789abcdef0123456789abcdef/ipn", "{}", "").status, 403);
    EXPECT_EQ(post(fmt::format("/v1/callbacks/pesapal/{}/ipn", token), "{}", "").status, 403) << "of another provider";
    read_events();
    EXPECT_EQ(pesapal->queries, before);
    EXPECT_EQ(state(intent), "pending");
}

}  // namespace
