// What banks decide, and what comes back or goes in parts: in any order of the news.

#include <gmock/gmock.h>

#include "pos/modules/payments/reconcile.h"
#include "pos/testing/payments.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using Outcome = ::payments::Refunded::Outcome;
using RefundNews = ::payments::Claim::RefundNews;

class DisputesTest : public PaymentsTest {
protected:
    static IntentId id_of(const std::string& intent) { return IntentId(*base::Uuid::from_string(intent)); }
    static bool tell(const std::string& intent, RefundNews news) {
        return app->run(db().transaction([&](db::Db tx) { return intents().apply_refund(tx, id_of(intent), news); }));
    }
    static RefundNews news(std::string name, std::int64_t amount, Outcome outcome) {
        return {.amount = {amount}, .refunded = {.outcome = outcome, .provider_id = std::move(name)}};
    }
    static bool decide(const std::string& intent, DisputeNews news) {
        return app->run(db().transaction([&](db::Db tx) { return intents().note_dispute(tx, id_of(intent), news); }));
    }
    static InjectedResponse send_back(const std::string& intent, std::int64_t amount, std::string_view more = "") {
        return post(path(intent) + "/refund", refund_order(amount, more));
    }
    static constexpr std::string_view by_hand = R"(,"byHand":true)";
    static std::string sums(const std::string& intent) {
        return rows(
            fmt::format("select state || ' ' || refunded || case when disputed then ' disputed' else '' end || "
                        "coalesce(' ' || concern, '') from payment_intents where id = '{}'",
                        intent));
    }
    static std::string task() {
        return rows(
            "select string_agg(amount || ' ' || reason || ' ' || state, ', ' order by created_at) "
            "from payment_refund_tasks");
    }
    static std::string sell_on_credit(const std::string& subject, std::int64_t amount) {
        const auto json = sale_json(amount, subject);
        return sell(json.substr(0, json.find(R"("payments":)")) +
                    fmt::format(R"("creditTotal":{},"payments":[]}})", amount));
    }
};

TEST_F(DisputesTest, WhatALostOneTakesIsNotWhatWentBackBefore) {
    const auto intent = paid_intent(10'000);
    mpesa->refund_name = "re_1";
    EXPECT_EQ(send_back(intent, 2'000).status, 201);
    const DisputeNews open{.provider_id = "dp_1", .amount = {8'000}, .currency = "KES"};
    EXPECT_TRUE(decide(intent, open));
    auto lost = open;
    lost.state = DisputeNews::State::lost;
    EXPECT_TRUE(decide(intent, lost));
    EXPECT_EQ(sums(intent), "succeeded 2000 disputed");
    EXPECT_THAT(send_back(intent, 8'000).body, HasSubstr("payment.disputed"));
    EXPECT_TRUE(tell(intent, news("dp_1", 8'000, Outcome::done)));
    EXPECT_EQ(sums(intent), "refunded 10000");
}

// Whom the provider does not tell writes it down.
TEST_F(DisputesTest, APersonWritesDownWhatALostOneHasTaken) {
    const auto intent = paid_intent(10'000);
    dispute(intent, DisputeNews::State::open);
    EXPECT_THAT(send_back(intent, 10'000, by_hand).body, HasSubstr("payment.disputed"));
    dispute(intent, DisputeNews::State::lost);
    EXPECT_THAT(send_back(intent, 10'000).body, HasSubstr("payment.disputed"));
    EXPECT_EQ(send_back(intent, 10'000, by_hand).status, 201);
    EXPECT_EQ(sums(intent), "refunded 10000");
}

TEST_F(DisputesTest, WhatWasWonIsNotLost) {
    const auto intent = paid_intent(10'000);
    const auto lost = DisputeNews{.state = DisputeNews::State::lost, .provider_id = "dp_1", .amount = {10'000}};
    const auto won = DisputeNews{.state = DisputeNews::State::won, .provider_id = "dp_1", .amount = {10'000}};
    EXPECT_TRUE(decide(intent, lost));
    EXPECT_TRUE(decide(intent, won));
    EXPECT_FALSE(decide(intent, lost));
    EXPECT_EQ(sums(intent), "succeeded 0");
}

// No other concern hides it, and it hides none.
TEST_F(DisputesTest, StayBesideOtherConcerns) {
    const auto intent = start(order(10'000, next_id()));
    learn(intent, said(::payments::Finding::cancelled));
    dispute(intent, DisputeNews::State::open);
    learn(intent, paid(10'000, next_receipt()));
    EXPECT_EQ(sums(intent), "succeeded 0 disputed paid_after_end");
    EXPECT_THAT(get(path(intent)).body, HasSubstr(R"("concern":"disputed")"));
    EXPECT_THAT(send_back(intent, 10'000).body, HasSubstr("payment.disputed"));
    dispute(intent, DisputeNews::State::won);
    EXPECT_EQ(sums(intent), "succeeded 0 paid_after_end");
    EXPECT_EQ(task(), "10000 paid_after_end open");
}

TEST_F(DisputesTest, InAnotherCurrencyAreForPeople) {
    const auto intent = paid_intent(10'000);
    EXPECT_TRUE(
        decide(intent, {.state = DisputeNews::State::lost, .provider_id = "dp_1", .amount = {80}, .currency = "USD"}));
    auto back = news("dp_1", 80, Outcome::done);
    back.currency = "USD";
    EXPECT_TRUE(tell(intent, back));
    EXPECT_EQ(sums(intent), "succeeded 0 disputed currency_differs");
}

// ---- Refunds, in any order of their news -------------------------------------------------------------------------

TEST_F(DisputesTest, WhetherARefundThatFailedIsDoneIsAsked) {
    const auto intent = paid_intent(10'000);
    mpesa->refund_name = "re_1";
    EXPECT_EQ(send_back(intent, 10'000).status, 201);
    EXPECT_TRUE(tell(intent, news("re_1", 10'000, Outcome::refused)));
    app->database().execute("delete from outbox_jobs");
    EXPECT_TRUE(tell(intent, news("re_1", 10'000, Outcome::done)));
    EXPECT_EQ(sums(intent), "succeeded 0");
    EXPECT_EQ(rows("select data->>'refund' is not null from outbox_jobs where name = 'payments.ask_refunds'"), "t");
    const RefundId id(*base::Uuid::from_string(rows("select id from payment_refunds")));
    mpesa->asked_outcome = Outcome::unknown;
    const auto ask = [&] { return app->run(intents().ask_failed_refund(db(), id, {})); };
    EXPECT_FALSE(ask()) << "nobody knows";
    mpesa->asked_outcome = Outcome::refused;
    EXPECT_TRUE(ask());
    EXPECT_EQ(sums(intent), "succeeded 0");
    mpesa->asked_outcome = Outcome::done;
    EXPECT_TRUE(ask());
    EXPECT_EQ(sums(intent), "refunded 10000");
}

TEST_F(DisputesTest, ARefundMadeElsewhereThatFailedFirstIsNone) {
    const auto intent = paid_intent(10'000);
    EXPECT_TRUE(tell(intent, news("re_9", 10'000, Outcome::refused)));
    EXPECT_TRUE(tell(intent, news("re_9", 10'000, Outcome::done)));
    EXPECT_EQ(sums(intent), "succeeded 0");
    EXPECT_EQ(rows("select string_agg(state, ' ') from payment_refunds"), "failed");
}

// A part of a debt's payment goes back, is paid by another one, and has not gone back after all: that part is owed, not all.
TEST_F(DisputesTest, OfADebtThatIsPaidTwiceInPartThePartIsOwed) {
    const auto subject = next_id();
    sell_on_credit(subject, 10'000);
    const auto first = start(order(10'000, subject));
    learn(first, paid(10'000, next_receipt()));
    mpesa->refund_name = "re_1";
    EXPECT_EQ(send_back(first, 3'000).status, 201);
    const auto second = start(order(3'000, subject));
    learn(second, paid(3'000, next_receipt()));
    EXPECT_EQ(task(), "");
    EXPECT_TRUE(tell(first, news("re_1", 3'000, Outcome::refused)));
    EXPECT_EQ(task(), "3000 subject_paid open");
    mpesa->refund_name = "re_2";
    EXPECT_EQ(send_back(first, 3'000).status, 201);
    EXPECT_EQ(task(), "3000 subject_paid done");
    EXPECT_THAT(post("/v1/payment-intents", order(100, subject)).body, HasSubstr("payment.already_paid"));
}

// Nine instead of ten came: that much is owed back, and somebody says that it was sent.
TEST_F(DisputesTest, OtherMoneyIsOwedAsItCameAndCanBeSentBack) {
    const auto intent = start(order(10'000, next_id(), next_id(), next_phone(), "stripe"));
    learn(intent, paid(9'000, "ch_other"));
    EXPECT_EQ(sums(intent), "unknown 0 amount_differs");
    EXPECT_EQ(post(path(intent) + "/resolve", R"({"outcome":"not_paid"})").status, 200);
    EXPECT_EQ(task(), "9000 amount_differs open");
    EXPECT_THAT(send_back(intent, 9'000).body, HasSubstr("payment.not_refundable"));
    EXPECT_EQ(send_back(intent, 9'001, by_hand).status, 409);
    EXPECT_EQ(send_back(intent, 4'000, by_hand).status, 201);
    EXPECT_EQ(task(), "5000 amount_differs open");
    EXPECT_TRUE(tell(intent, news("re_5", 5'000, Outcome::done)));
    EXPECT_TRUE(tell(intent, news("re_5", 5'000, Outcome::done)));
    EXPECT_EQ(task(), "5000 amount_differs done");
    EXPECT_EQ(sums(intent), "failed 0 amount_differs");
    EXPECT_THAT(send_back(intent, 1, by_hand).body, HasSubstr("payment.not_refundable"));
}

}  // namespace
