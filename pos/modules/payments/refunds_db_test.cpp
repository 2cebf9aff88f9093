// Money that goes back: never more than came, whoever asks at once.

#include <gmock/gmock.h>

#include <map>

#include "pos/testing/payments.h"

namespace {

using namespace pos;
using namespace pos::testing;
using Outcome = ::payments::Refunded::Outcome;
using ::testing::HasSubstr;

class RefundsTest : public PaymentsTest {
protected:
    static std::string refund(std::int64_t amount, const std::string& key = next_id(), std::string_view more = "") {
        return fmt::format(R"({{"clientRequestId":"{}","amount":{},"reason":"returned"{}}})", key, amount, more);
    }
    static std::string sums(const std::string& intent) {
        return rows(
            fmt::format("select refunded || ' ' || refund_held || ' ' || state from payment_intents "
                        "where id = '{}'",
                        intent));
    }
};

TEST_F(RefundsTest, TwentyAtOnceAreOne) {
    const auto intent = paid_intent(10'000);
    std::vector<http::InjectedRequest> asked;
    for (int i = 0; i < 20; ++i) asked.push_back(request(path(intent) + "/refund", refund(6'000)));
    int made = 0;
    for (const auto& reply : app->run(all_at_once(std::move(asked)))) {
        made += reply.status == 201;
        if (reply.status != 201) EXPECT_THAT(reply.body, HasSubstr("payment.refund_exceeds"));
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(mpesa->refunds.size(), 1U);
    EXPECT_EQ(sums(intent), "6000 0 succeeded");
}

TEST_F(RefundsTest, AmountsThatAreNoneAreRefused) {
    const auto intent = paid_intent(10'000);
    for (const auto amount : {-1, 0}) EXPECT_EQ(post(path(intent) + "/refund", refund(amount)).status, 422) << amount;
    EXPECT_EQ(post(path(intent) + "/refund", refund(10'001)).status, 409);
    EXPECT_EQ(post(path(intent) + "/refund", refund(10'000)).status, 201);
    EXPECT_EQ(sums(intent), "10000 0 refunded");
    EXPECT_THAT(post(path(intent) + "/refund", refund(1)).body, HasSubstr("payment.refund_exceeds"));
}

TEST_F(RefundsTest, WhatNobodyKnowsIsHeldAndWhatFailedIsFree) {
    const auto intent = paid_intent(10'000);
    mpesa->refund_outcome = Outcome::unknown;
    const auto json = refund(6'000);
    const auto first = post(path(intent) + "/refund", json);
    EXPECT_THAT(first.body, HasSubstr(R"("state":"unknown")"));
    EXPECT_EQ(sums(intent), "0 6000 succeeded");
    EXPECT_EQ(post(path(intent) + "/refund", refund(6'000)).status, 409);
    mpesa->refund_outcome = Outcome::refused;
    const auto again = post(path(intent) + "/refund", json);
    EXPECT_EQ(again.status, 200);
    EXPECT_THAT(again.body, HasSubstr(R"("state":"failed")"));
    EXPECT_EQ(sums(intent), "0 0 succeeded");
    EXPECT_EQ(mpesa->refunds.at(0).id, mpesa->refunds.at(1).id);
    mpesa->refund_outcome = Outcome::done;
    EXPECT_EQ(post(path(intent) + "/refund", refund(6'000)).status, 201);
    EXPECT_EQ(sums(intent), "6000 0 succeeded");
}

// Each refund is told of once as it begins and once as it ends, with the payment's location.
TEST_F(RefundsTest, RefundsAreTold) {
    app->database().execute("truncate webhook_endpoints, webhook_events cascade");
    ASSERT_EQ(post("/v1/webhooks", R"({"url":"https://93.184.216.34/","eventTypes":["refund.*"]})").status, 201);
    const auto told = [] {
        return rows(
            "select string_agg(type || ' ' || (convert_from(body, 'UTF8')::jsonb->'data'->>'amount') || ' ' || "
            "(convert_from(body, 'UTF8')::jsonb->'data'->>'state'), ', ' order by position) from webhook_events "
            "where type like 'refund.%'");
    };
    const auto intent = paid_intent(10'000);
    mpesa->refund_outcome = Outcome::unknown;
    const auto json = refund(6'000);
    EXPECT_EQ(post(path(intent) + "/refund", json).status, 201);
    EXPECT_EQ(told(), "refund.created 6000 pending");
    mpesa->refund_outcome = Outcome::refused;
    EXPECT_EQ(post(path(intent) + "/refund", json).status, 200);
    EXPECT_EQ(post(path(intent) + "/refund", json).status, 200);
    EXPECT_EQ(told(), "refund.created 6000 pending, refund.failed 6000 failed");
    app->database().execute("truncate webhook_events cascade");
    EXPECT_EQ(post(path(intent) + "/refund", refund(10'000, next_id(), R"(,"byHand":true)")).status, 201);
    EXPECT_EQ(told(), "refund.created 10000 succeeded, refund.succeeded 10000 succeeded");
    EXPECT_EQ(rows("select distinct place from webhook_events where type like 'refund.%'"), location());
}

// A provider without keys must not be sent it twice.
TEST_F(RefundsTest, ARepetitionSaysThatItIsOne) {
    const auto intent = paid_intent(10'000);
    mpesa->refund_outcome = Outcome::unknown;
    const auto json = refund(6'000);
    for (int i = 0; i < 3; ++i) EXPECT_THAT(post(path(intent) + "/refund", json).status, ::testing::AnyOf(200, 201));
    std::vector<http::InjectedRequest> asked;
    const auto at_once = refund(1'000);
    for (int i = 0; i < 5; ++i) asked.push_back(request(path(intent) + "/refund", at_once));
    std::ignore = app->run(all_at_once(std::move(asked)));
    std::map<base::Uuid, int> first;
    for (const auto& sent : mpesa->refunds) first[sent.id] += sent.repeat ? 0 : 1;
    EXPECT_EQ(mpesa->refunds.size(), 8U);
    EXPECT_EQ(first.size(), 2U);
    for (const auto& [id, times] : first) EXPECT_EQ(times, 1) << id.to_string();
}

// ---- News without a name -----------------------------------------------------------------------------------------

class NamelessNewsTest : public RefundsTest {
protected:
    void tell(const std::string& intent, std::int64_t amount, Outcome outcome, std::string text) {
        app->run(db().transaction([&](db::Db tx) {
            return intents().apply_refund(
                tx, IntentId(*base::Uuid::from_string(intent)),
                {.amount = {amount}, .refunded = {.outcome = outcome, .code = "said", .text = std::move(text)}});
        }));
    }
};

TEST_F(NamelessNewsTest, TheirAmountTellsWhichRefundItIs) {
    const auto intent = paid_intent(10'000);
    mpesa->refund_outcome = Outcome::pending;
    for (const auto amount : {6'000, 1'000}) post(path(intent) + "/refund", refund(amount));
    EXPECT_EQ(sums(intent), "0 7000 succeeded");
    tell(intent, 6'000, Outcome::pending, "number 1");
    EXPECT_EQ(sums(intent), "0 7000 succeeded");
    tell(intent, 6'000, Outcome::done, "number 1");
    EXPECT_EQ(sums(intent), "6000 1000 succeeded");
    tell(intent, 1'000, Outcome::refused, "number 2");
    EXPECT_EQ(sums(intent), "6000 0 succeeded");
    EXPECT_EQ(rows("select count(*) from payment_refunds"), "2");
}

// The reply, or the answer to a question, has said it already; the event says it once more.
TEST_F(NamelessNewsTest, ASuccessThatIsKnownIsNotCountedAgain) {
    const auto intent = paid_intent(10'000);
    post(path(intent) + "/refund", refund(3'000));
    EXPECT_EQ(sums(intent), "3000 0 succeeded");
    tell(intent, 3'000, Outcome::done, "number 1");
    EXPECT_EQ(sums(intent), "3000 0 succeeded");
    // Another one of that amount, which nobody here has made.
    tell(intent, 3'000, Outcome::done, "number 2");
    EXPECT_EQ(sums(intent), "6000 0 succeeded");
    tell(intent, 4'000, Outcome::done, "number 3");
    EXPECT_EQ(sums(intent), "10000 0 refunded");
}

// The same, of one whose reply was lost: what was said of the loss, or told of it on its way, makes it no other one.
TEST_F(NamelessNewsTest, ASuccessThatWasAskedForIsNotCountedAgain) {
    for (const auto told_on_its_way : {false, true}) {
        const auto intent = paid_intent(10'000);
        const auto json = refund(3'000);
        mpesa->refund_outcome = Outcome::unknown;
        mpesa->refund_text = "no answer";
        post(path(intent) + "/refund", json);
        if (told_on_its_way) tell(intent, 3'000, Outcome::pending, "one without a number");
        mpesa->refund_outcome = Outcome::done;
        mpesa->refund_text.clear();
        EXPECT_EQ(post(path(intent) + "/refund", json).status, 200);
        tell(intent, 3'000, Outcome::done, "number 1");
        EXPECT_EQ(sums(intent), "3000 0 succeeded");
        EXPECT_EQ(post(path(intent) + "/refund", json).status, 200);
        tell(intent, 3'000, Outcome::done, "number 2");
        EXPECT_EQ(sums(intent), "6000 0 succeeded") << "made elsewhere";
    }
}

// A late failure of the first is none of the second.
TEST_F(NamelessNewsTest, AFailureOfOneOfSeveralIsNobodys) {
    const auto intent = paid_intent(10'000);
    mpesa->refund_outcome = Outcome::refused;
    post(path(intent) + "/refund", refund(3'000));
    EXPECT_EQ(sums(intent), "0 0 succeeded");
    mpesa->refund_outcome = Outcome::pending;
    post(path(intent) + "/refund", refund(3'000));
    tell(intent, 3'000, Outcome::refused, "one without a number");
    EXPECT_EQ(sums(intent), "0 3000 succeeded");
    tell(intent, 3'000, Outcome::done, "number 2");
    EXPECT_EQ(sums(intent), "3000 0 succeeded");
}

TEST_F(NamelessNewsTest, WhatIsNotDoneAndNobodyKnowsIsNothing) {
    const auto intent = paid_intent(10'000);
    for (const auto outcome : {Outcome::pending, Outcome::unknown, Outcome::refused})
        tell(intent, 3'000, outcome, "number 1");
    EXPECT_EQ(sums(intent), "0 0 succeeded");
    // What a person has sent is theirs.
    post(path(intent) + "/refund", refund(2'000, next_id(), R"(,"byHand":true)"));
    tell(intent, 2'000, Outcome::done, "number 2");
    EXPECT_EQ(sums(intent), "4000 0 succeeded");
}

TEST_F(RefundsTest, OneThatFailsAfterwardsIsFreeAgain) {
    const auto intent = paid_intent(10'000);
    const auto made = post(path(intent) + "/refund", refund(10'000));
    EXPECT_EQ(sums(intent), "10000 0 refunded");
    const auto id = base::Uuid::from_string(member_in(made.body, "id"));
    std::ignore = app->run(db().transaction([&](db::Db tx) {
        return intents().apply_refund(tx, IntentId(*base::Uuid::from_string(intent)),
                                      {.id = id, .amount = {10'000}, .refunded = {.outcome = Outcome::refused}});
    }));
    EXPECT_EQ(sums(intent), "0 0 succeeded");
}

TEST_F(RefundsTest, OneThatWasMadeElsewhereCounts) {
    const auto intent = paid_intent(10'000);
    for (int i = 0; i < 2; ++i) {
        std::ignore = app->run(db().transaction([&](db::Db tx) {
            return intents().apply_refund(
                tx, IntentId(*base::Uuid::from_string(intent)),
                {.amount = {4'000}, .refunded = {.outcome = Outcome::done, .provider_id = "re_1"}});
        }));
    }
    EXPECT_EQ(sums(intent), "4000 0 succeeded");
    EXPECT_EQ(post(path(intent) + "/refund", refund(6'001)).status, 409);
    auto all = paid(10'000, "");
    all.finding = ::payments::Finding::refunded;
    learn(intent, all);
    learn(intent, all);
    EXPECT_EQ(sums(intent), "10000 0 refunded");
    EXPECT_THAT(get(path(intent) + "/refunds").body, HasSubstr("made at the provider"));
}

// News of a refund may be faster than that of the payment: the payment is asked after, and the news is kept.
TEST_F(RefundsTest, NewsBeforeThePaymentWaits) {
    const auto intent = start(order(10'000, next_id()));
    const auto news = [&] {
        return app->run(db().transaction([&](db::Db tx) {
            return intents().apply_refund(
                tx, IntentId(*base::Uuid::from_string(intent)),
                {.amount = {4'000}, .refunded = {.outcome = Outcome::done, .provider_id = "re_1"}});
        }));
    };
    EXPECT_FALSE(news());
    EXPECT_EQ(sums(intent), "0 0 pending");
    learn(intent, paid(10'000, next_receipt()));
    EXPECT_TRUE(news());
    EXPECT_EQ(sums(intent), "4000 0 succeeded");
}

TEST_F(RefundsTest, TheSaleIsUnpaidAndTheTaskDone) {
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    const auto sale = sell(sale_json(10'000, request_id, intent));
    learn(intent, paid(10'000, next_receipt()));
    EXPECT_EQ(post(path(intent) + "/refund", refund(10'000)).status, 201);
    EXPECT_THAT(payment_of(sale), HasSubstr("reversed"));

    const auto late = start(order(10'000, next_id()));
    learn(late, said(::payments::Finding::timed_out));
    learn(late, paid(10'000, next_receipt()));
    EXPECT_EQ(post(path(late) + "/refund", refund(10'000)).status, 201);
    EXPECT_EQ(rows("select state from payment_refund_tasks"), "done");
}

// A refund that was done may fail days later: the sale is paid again, and what is owed is on the list again.
TEST_F(RefundsTest, WhatDidNotGoBackIsTheSalesAgain) {
    const auto tell = [](const std::string& intent, Outcome outcome) {
        std::ignore = app->run(db().transaction([&](db::Db tx) {
            return intents().apply_refund(
                tx, IntentId(*base::Uuid::from_string(intent)),
                {.amount = {10'000}, .refunded = {.outcome = outcome, .provider_id = "re_9"}});
        }));
    };
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    const auto sale = sell(sale_json(10'000, request_id, intent));
    learn(intent, paid(10'000, next_receipt()));
    for (int i = 0; i < 2; ++i) {
        tell(intent, Outcome::done);
        EXPECT_THAT(payment_of(sale), HasSubstr("reversed"));
        tell(intent, Outcome::refused);
        EXPECT_EQ(sums(intent), "0 0 succeeded");
        EXPECT_THAT(payment_of(sale), HasSubstr("accepted"));
    }
    const auto late = start(order(10'000, next_id()));
    learn(late, said(::payments::Finding::timed_out));
    learn(late, paid(10'000, next_receipt()));
    tell(late, Outcome::done);
    EXPECT_EQ(rows("select state from payment_refund_tasks"), "done");
    tell(late, Outcome::refused);
    EXPECT_EQ(rows("select state || coalesce(note, '') from payment_refund_tasks"), "open");
}

TEST_F(RefundsTest, NothingGoesBackOfNothing) {
    const auto intent = start(order(10'000, next_id()));
    EXPECT_THAT(post(path(intent) + "/refund", refund(100)).body, HasSubstr("payment.not_refundable"));
    const auto disputed = paid_intent(10'000);
    app->run(db().transaction([&](db::Db tx) {
        return intents().raise(tx, IntentId(*base::Uuid::from_string(disputed)), IntentConcern::disputed);
    }));
    EXPECT_THAT(post(path(disputed) + "/refund", refund(100)).body, HasSubstr("payment.disputed"));
    EXPECT_TRUE(mpesa->refunds.empty());
}

TEST_F(RefundsTest, APersonMayHaveSentIt) {
    const auto intent = paid_intent(10'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund(10'000, next_id(), R"(,"byHand":true)")).status, 201);
    EXPECT_TRUE(mpesa->refunds.empty());
    EXPECT_EQ(sums(intent), "10000 0 refunded");
}

}  // namespace
