// Sales that name what they are paid by: before it is there, behind it, while it goes back, and when it stays after all.

#include <gmock/gmock.h>

#include "pos/testing/payments.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::Finding;
using ::testing::HasSubstr;
using ::testing::Not;

class PaidSalesTest : public PaymentsTest {};

TEST_F(PaidSalesTest, ASaleThatComesBehindItsMoneyIsPaidAtOnce) {
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    const auto receipt = next_receipt();
    learn(intent, paid(10'000, receipt));
    const auto sale = sell(sale_json(10'000, request_id, intent));
    EXPECT_EQ(payment_of(sale), fmt::format("accepted {} {}", intent, receipt));
    EXPECT_THAT(get("/v1/sales/" + sale).body, Not(HasSubstr("payment_intent")));
}

TEST_F(PaidSalesTest, ASaleWithoutTheIntentIsFoundByItsId) {
    const auto request_id = next_id();
    const auto sale = sell(sale_json(10'000, request_id));
    const auto before = feed("sales", sale);
    const auto intent = start(order(10'000, request_id));
    const auto receipt = next_receipt();
    learn(intent, paid(10'000, receipt));
    EXPECT_EQ(payment_of(sale), fmt::format("accepted {} {}", intent, receipt));
    EXPECT_NE(feed("sales", sale), before);
    const auto again = post("/v1/payment-intents", order(10'000, sale));
    EXPECT_EQ(again.status, 409);
    EXPECT_THAT(again.body, HasSubstr("payment.already_paid"));
}

TEST_F(PaidSalesTest, WhatBecomesOfAPaymentIsTold) {
    app->database().execute("truncate webhook_endpoints, webhook_events cascade");
    ASSERT_EQ(post("/v1/webhooks", R"({"url":"https://93.184.216.34/","eventTypes":["sale.payment_updated"]})").status,
              201);
    const auto told = [](const std::string& sale) {
        return rows(
            fmt::format("select count(*) from webhook_events where type = 'sale.payment_updated' "
                        "and convert_from(body, 'UTF8')::jsonb->'data'->>'saleId' = '{}'",
                        sale));
    };
    const auto request_id = next_id();
    const auto sale = sell(sale_json(10'000, request_id));
    EXPECT_EQ(told(sale), "0");
    const auto intent = start(order(10'000, request_id));
    learn(intent, paid(10'000, next_receipt()));
    EXPECT_EQ(told(sale), "1");
    learn(intent, paid(10'000, ""));
    EXPECT_EQ(told(sale), "1");
    const auto refund = refund_order(10'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    EXPECT_EQ(payment_of(sale).substr(0, 8), "reversed");
    EXPECT_EQ(told(sale), "2");
}

TEST_F(PaidSalesTest, AnIntentPaysOneSale) {
    const auto intent = paid_intent(10'000);
    const auto first = sell(sale_json(10'000, next_id(), intent));
    const auto second = sell(sale_json(10'000, next_id(), intent));
    EXPECT_THAT(payment_of(first), HasSubstr("accepted " + intent));
    EXPECT_EQ(payment_of(second), "unverified - -");
    EXPECT_THAT(get("/v1/sales?flag=payment_intent_unfit").body, HasSubstr(second));
}

// While it is on its way back it pays nothing; should it stay, it does.
TEST_F(PaidSalesTest, WhatIsOnItsWayBackPaysNoSaleUntilItStays) {
    const auto subject = next_id();
    const auto intent = start(order(10'000, subject));
    learn(intent, paid(10'000, next_receipt()));
    mpesa->refund_outcome = ::payments::Refunded::Outcome::unknown;
    const auto refund = refund_order(10'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    EXPECT_THAT(get(path(intent)).body, HasSubstr("on its way back"));
    const auto sale = sell(sale_json(10'000, subject, intent));
    EXPECT_EQ(payment_of(sale), fmt::format("unverified {} -", intent));
    EXPECT_THAT(get("/v1/sales/" + sale).body, HasSubstr("payment_intent_open"));
    const auto settle = [&] {
        const IntentId id(*base::Uuid::from_string(intent));
        app->run(db().transaction([&](db::Db tx) { return intents().settle_waiting(tx, id); }));
    };
    settle();
    EXPECT_THAT(payment_of(sale), HasSubstr("unverified"));
    mpesa->refund_outcome = ::payments::Refunded::Outcome::refused;
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 200);
    settle();
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + intent));
}

// What came too late is owed back, and waits for no sale; the sale that names it is paid by it all the same.
TEST_F(PaidSalesTest, LateMoneyWhoseRefundFailsPaysTheSaleThatNamesIt) {
    const auto subject = next_id();
    const auto intent = start(order(10'000, subject));
    learn(intent, said(Finding::timed_out));
    learn(intent, paid(10'000, next_receipt()));
    EXPECT_EQ(rows("select state from payment_refund_tasks"), "open");
    mpesa->refund_outcome = ::payments::Refunded::Outcome::unknown;
    const auto refund = refund_order(10'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    const auto sale = sell(sale_json(10'000, subject, intent));
    EXPECT_EQ(payment_of(sale), fmt::format("unverified {} -", intent));
    mpesa->refund_outcome = ::payments::Refunded::Outcome::refused;
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 200);
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + intent));
    EXPECT_EQ(rows("select state from payment_refund_tasks"), "done");
}

TEST_F(PaidSalesTest, WhatWentBackInPartPaysNoSaleInFull) {
    const auto subject = next_id();
    const auto intent = start(order(10'000, subject));
    learn(intent, paid(10'000, next_receipt()));
    const auto refund = refund_order(4'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    const auto sale = sell(sale_json(10'000, subject, intent));
    EXPECT_EQ(payment_of(sale), fmt::format("unverified {} -", intent));
    EXPECT_THAT(get("/v1/sales/" + sale).body, HasSubstr("payment_intent_open"));
    const IntentId id(*base::Uuid::from_string(intent));
    app->run(db().transaction([&](db::Db tx) { return intents().settle_waiting(tx, id); }));
    EXPECT_EQ(payment_of(sale), fmt::format("unverified {} -", intent));
    EXPECT_EQ(rows("select reason || ' ' || amount || ' ' || state from payment_refund_tasks"),
              "subject_unfit 6000 open");
    // What is left is the shop's, somebody says.
    EXPECT_EQ(post("/v1/payment-refund-tasks/" + intent + "/dismiss", R"({"note":"one of two"})").status, 200);
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + intent));
}

// Of a till without a network: it was sold, and sent back by the office, before the sale arrived.
TEST_F(PaidSalesTest, ASaleBehindTheWholeRefundIsReversedAsOneBeforeItIs) {
    const auto subject = next_id();
    const auto intent = start(order(10'000, subject));
    learn(intent, paid(10'000, next_receipt()));
    const auto refund = refund_order(10'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    EXPECT_EQ(state(intent), "refunded");
    const auto sale = sell(sale_json(10'000, subject, intent));
    EXPECT_EQ(payment_of(sale), fmt::format("reversed {} -", intent));
    EXPECT_THAT(get("/v1/sales/" + sale).body, HasSubstr("payment_intent_open"));
}

TEST_F(PaidSalesTest, TwoSalesAtOnceDoNotShareAnIntent) {
    const auto intent = paid_intent(10'000);
    std::vector<http::InjectedRequest> both;
    for (int i = 0; i < 8; ++i) both.push_back(request("/v1/sales", sale_json(10'000, next_id(), intent)));
    for (const auto& reply : app->run(all_at_once(std::move(both)))) EXPECT_EQ(reply.status, 201) << reply.body;
    EXPECT_EQ(rows("select count(*) from payments where status = 'accepted'"), "1");
    EXPECT_EQ(rows("select count(*) from payments where status = 'unverified' and intent_id is null"), "7");
}

TEST_F(PaidSalesTest, WhatDoesNotFitIsTakenAndFlagged) {
    const auto intent = paid_intent(10'000);
    const auto of_another_amount = sell(sale_json(20'000, next_id(), intent));
    const auto of_nobody = sell(sale_json(10'000, next_id(), next_id()));
    const auto open = start(order(10'000, next_id()));
    const auto too_early = sell(sale_json(10'000, next_id(), open));
    EXPECT_EQ(payment_of(of_another_amount), "unverified - -");
    EXPECT_EQ(payment_of(of_nobody), "unverified - -");
    EXPECT_EQ(payment_of(too_early), "unverified " + open + " -");
    EXPECT_THAT(get("/v1/sales/" + of_nobody).body, HasSubstr("payment_intent_unfit"));
    EXPECT_THAT(get("/v1/sales/" + too_early).body, HasSubstr("payment_intent_open"));
}

// Whichever commits first, the other one finds it.
TEST_F(PaidSalesTest, MoneyAndSaleAtOnceFindEachOther) {
    for (int i = 0; i < 20; ++i) {
        const auto request_id = next_id();
        const auto intent = start(order(10'000, request_id));
        const auto reply = app->run(while_paid(request("/v1/sales", sale_json(10'000, request_id, intent)), intent,
                                               paid(10'000, next_receipt())));
        EXPECT_EQ(reply.status, 201) << reply.body;
        EXPECT_EQ(rows(fmt::format("select status from payments where intent_id = '{}'", intent)), "accepted");
    }
}

// Whatever a refund does while the sale is recorded, the sale's payment says what became of the money.
TEST_F(PaidSalesTest, ARefundThatEndsWhileTheSaleIsRecordedIsSeen) {
    for (int i = 0; i < 8; ++i) {
        const auto subject = next_id();
        const auto intent = start(order(10'000, subject));
        learn(intent, paid(10'000, next_receipt()));
        const auto refund = refund_order(10'000);
        mpesa->refund_outcome = ::payments::Refunded::Outcome::unknown;
        EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
        mpesa->refund_outcome = ::payments::Refunded::Outcome::done;
        std::vector<http::InjectedRequest> both;
        both.push_back(request("/v1/sales", sale_json(10'000, subject, intent)));
        both.push_back(request(path(intent) + "/refund", refund));
        for (const auto& reply : app->run(all_at_once(std::move(both)))) EXPECT_LT(reply.status, 300) << reply.body;
    }
    EXPECT_EQ(rows("select string_agg(distinct status, ',') from payments where intent_id is not null"), "reversed");
}

}  // namespace
