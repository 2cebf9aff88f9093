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
    using News = ::payments::Claim::RefundNews;

    void SetUp() override {
        RefundsTest::SetUp();
        mpesa->refund_list = {.refunds = {}, .whole = true, .is_offered = true};
    }
    // An event that says so much, and not of which refund. How often the provider is asked what has gone back.
    static std::int64_t tell(const std::string& intent, std::int64_t amount, Outcome outcome) {
        app->database().execute("delete from outbox_jobs");
        app->run(db().transaction([&](db::Db tx) {
            return intents().apply_refund(
                tx, id_of(intent),
                {.amount = {amount}, .refunded = {.outcome = outcome, .code = "said", .text = "one without a number"}});
        }));
        return std::stoll(rows("select count(*) from outbox_jobs where name = 'payments.ask_refunds'"));
    }
    // … and it is asked.
    static bool hear(const std::string& intent, std::int64_t amount, Outcome outcome) {
        EXPECT_EQ(tell(intent, amount, outcome), 1);
        return app->run(intents().ask_refunds(db(), id_of(intent), {}));
    }
    static IntentId id_of(const std::string& intent) { return IntentId(*base::Uuid::from_string(intent)); }
    // What the provider's list has, by its own names.
    void lists(std::vector<News> refunds, bool whole = true) const {
        mpesa->refund_list = {.refunds = std::move(refunds), .whole = whole, .is_offered = true};
    }
    static News news(std::string name, std::int64_t amount, Outcome outcome, std::optional<std::string> ours = {}) {
        return {.id = ours ? base::Uuid::from_string(*ours) : std::nullopt,
                .amount = {amount},
                .refunded = {.outcome = outcome, .provider_id = std::move(name)}};
    }
    static std::string concern(const std::string& intent) {
        return rows(fmt::format("select coalesce(concern, '-') from payment_intents where id = '{}'", intent));
    }
    // Ours, pending at the provider under that name: its id.
    std::string pending(const std::string& intent, std::int64_t amount, std::string name) const {
        mpesa->refund_outcome = Outcome::pending;
        mpesa->refund_name = std::move(name);
        const auto made = post(path(intent) + "/refund", refund(amount));
        EXPECT_EQ(made.status, 201) << made.body;
        return member_in(made.body, "id");
    }
};

TEST_F(NamelessNewsTest, AreNoFactAboutAnyRefund) {
    const auto intent = paid_intent(10'000);
    const auto first = pending(intent, 3'000, "re_1");
    for (const auto outcome : {Outcome::refused, Outcome::done, Outcome::pending, Outcome::unknown}) {
        EXPECT_EQ(tell(intent, 3'000, outcome), 1);
        EXPECT_EQ(tell(intent, 4'000, outcome), 1);
        EXPECT_EQ(sums(intent), "0 3000 succeeded");
    }
    EXPECT_EQ(rows("select count(*) from payment_refunds"), "1");
}

// The first refund failed, and was said to have; its event comes when the second one of that amount is on its way.
TEST_F(NamelessNewsTest, ALateFailureOfTheFirstDoesNotEndTheSecond) {
    const auto intent = paid_intent(10'000);
    mpesa->refund_outcome = Outcome::refused;
    post(path(intent) + "/refund", refund(3'000));
    const auto second = pending(intent, 3'000, "re_2");
    lists({news("re_1", 3'000, Outcome::refused), news("re_2", 3'000, Outcome::pending, second)});
    EXPECT_TRUE(hear(intent, 3'000, Outcome::refused));
    EXPECT_EQ(sums(intent), "0 3000 succeeded");
    lists({news("re_2", 3'000, Outcome::done, second)});
    EXPECT_TRUE(hear(intent, 3'000, Outcome::done));
    EXPECT_EQ(sums(intent), "3000 0 succeeded");
}

// Their events are the same bytes.
TEST_F(NamelessNewsTest, TwoOfOneAmountThatFailAreBothOver) {
    const auto intent = paid_intent(10'000);
    const auto first = pending(intent, 3'000, "re_1");
    const auto second = pending(intent, 3'000, "re_2");
    lists({news("re_1", 3'000, Outcome::refused, first), news("re_2", 3'000, Outcome::pending, second)});
    EXPECT_TRUE(hear(intent, 3'000, Outcome::refused));
    EXPECT_EQ(sums(intent), "0 3000 succeeded");
    lists({news("re_1", 3'000, Outcome::refused, first), news("re_2", 3'000, Outcome::refused, second)});
    EXPECT_TRUE(hear(intent, 3'000, Outcome::refused));
    EXPECT_EQ(sums(intent), "0 0 succeeded");
}

TEST_F(NamelessNewsTest, OneThatWasMadeElsewhereCountsOnceHoweverOftenItIsTold) {
    const auto intent = paid_intent(15'000);
    lists({news("re_7", 6'000, Outcome::done)});
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(hear(intent, 6'000, Outcome::done));
        EXPECT_EQ(sums(intent), "6000 0 succeeded");
    }
    lists({news("re_7", 6'000, Outcome::done), news("re_8", 6'000, Outcome::done)});
    EXPECT_TRUE(hear(intent, 6'000, Outcome::done));
    EXPECT_EQ(sums(intent), "12000 0 succeeded");
    EXPECT_EQ(concern(intent), "-");
}

TEST_F(NamelessNewsTest, WhatAPersonWroteDownIsNotCountedAgain) {
    const auto intent = paid_intent(15'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund(6'000, next_id(), R"(,"byHand":true)")).status, 201);
    lists({news("re_7", 6'000, Outcome::done)});
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(hear(intent, 6'000, Outcome::done));
        EXPECT_EQ(sums(intent), "6000 0 succeeded");
    }
    EXPECT_EQ(rows("select by_hand || ' ' || provider_id from payment_refunds"), "true re_7");
    // It did not go back after all: what a person has said is theirs to mend.
    lists({news("re_7", 6'000, Outcome::refused)});
    EXPECT_TRUE(hear(intent, 6'000, Outcome::refused));
    EXPECT_EQ(sums(intent), "6000 0 succeeded");
    EXPECT_EQ(concern(intent), "amount_differs");
}

// Its reply was lost: it is held already, and the list does not say whose it is.
TEST_F(NamelessNewsTest, WhatMayBeOursIsNotCountedAgain) {
    const auto intent = paid_intent(15'000);
    mpesa->refund_outcome = Outcome::unknown;
    post(path(intent) + "/refund", refund(6'000));
    auto unsigned_one = news("re_7", 6'000, Outcome::done);
    unsigned_one.may_be_ours = true;
    lists({unsigned_one});
    EXPECT_TRUE(hear(intent, 6'000, Outcome::done));
    EXPECT_EQ(sums(intent), "0 6000 succeeded");
    EXPECT_EQ(concern(intent), "amount_differs");
    // One that bears another's name was made elsewhere.
    lists({news("re_8", 6'000, Outcome::done)});
    EXPECT_TRUE(hear(intent, 6'000, Outcome::done));
    EXPECT_EQ(sums(intent), "6000 6000 succeeded");
}

// Each open refund is asked after by its own id where the list has nothing of it.
TEST_F(NamelessNewsTest, OpenRefundsAreAskedAfterByTheirOwnIds) {
    const auto intent = paid_intent(15'000);
    const auto first = pending(intent, 3'000, "re_1");
    const auto second = pending(intent, 4'000, "re_2");
    mpesa->refunds.clear();
    lists({news("re_1", 3'000, Outcome::pending, first)}, false);
    mpesa->asked_outcome = Outcome::done;
    EXPECT_FALSE(hear(intent, 3'000, Outcome::refused)) << "it is asked again: the list is not whole";
    EXPECT_THAT(mpesa->asked_refunds, ::testing::ElementsAre("re_2"));
    EXPECT_EQ(rows(fmt::format("select state from payment_refunds where id = '{}'", second)), "succeeded");
    EXPECT_TRUE(mpesa->refunds.empty()) << "nothing is sent";
    EXPECT_EQ(sums(intent), "4000 3000 succeeded");
}

// What the sweep asks of the provider: of one that was made there nothing but what became of it, by the provider's name.
TEST_F(NamelessNewsTest, OneThatWasMadeElsewhereIsNeverSent) {
    for (const auto end : {Outcome::unknown, Outcome::pending, Outcome::done, Outcome::refused}) {
        const auto intent = paid_intent(15'000);
        app->run(db().transaction([&](db::Db tx) {
            return intents().apply_refund(tx, id_of(intent), news("re_9", 3'031, Outcome::pending));
        }));
        app->database().execute(fmt::format(
            "update payment_refunds set created_at = created_at - interval '2 hours' where intent_id = '{}'", intent));
        const auto row = rows(fmt::format("select id from payment_refunds where intent_id = '{}'", intent));
        mpesa->refunds.clear();
        mpesa->asked_refunds.clear();
        mpesa->asked_outcome = end;
        mpesa->refund_outcome = Outcome::refused;
        std::ignore = app->run(intents().ask_refund(db(), RefundId(*base::Uuid::from_string(row)), {}));
        EXPECT_TRUE(mpesa->refunds.empty()) << "it would be a second refund";
        EXPECT_THAT(mpesa->asked_refunds, ::testing::ElementsAre("re_9"));
        EXPECT_EQ(sums(intent), end == Outcome::done      ? "3031 0 succeeded"
                                : end == Outcome::refused ? "0 0 succeeded"
                                                          : "0 3031 succeeded");
        EXPECT_EQ(concern(intent), end == Outcome::unknown ? "amount_differs" : "-");
    }
}

TEST_F(NamelessNewsTest, AProviderWithoutAListIsForPeople) {
    const auto intent = paid_intent(15'000);
    mpesa->refund_list = {};
    EXPECT_TRUE(hear(intent, 6'000, Outcome::done));
    EXPECT_EQ(sums(intent), "0 0 succeeded");
    EXPECT_EQ(concern(intent), "amount_differs");
}

// Called failed, another one took its place, and it went through after all.
TEST_F(NamelessNewsTest, NeverMoreThanWasPaid) {
    const auto intent = paid_intent(10'000);
    mpesa->refund_outcome = Outcome::refused;
    const auto first = member_in(post(path(intent) + "/refund", refund(10'000)).body, "id");
    mpesa->refund_outcome = Outcome::done;
    mpesa->refund_name = "re_2";
    const auto second = member_in(post(path(intent) + "/refund", refund(10'000)).body, "id");
    lists({news("re_1", 10'000, Outcome::done, first), news("re_2", 10'000, Outcome::done, second),
           news("re_3", 1, Outcome::done)});
    EXPECT_TRUE(hear(intent, 10'000, Outcome::done));
    EXPECT_EQ(sums(intent), "10000 0 refunded");
    EXPECT_EQ(concern(intent), "amount_differs");
    EXPECT_EQ(rows("select string_agg(state, ' ' order by created_at, id) from payment_refunds"), "failed succeeded");
}

TEST_F(NamelessNewsTest, ADisputeIsNothingThatAPersonWroteDown) {
    const auto intent = paid_intent(15'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund(6'000, next_id(), R"(,"byHand":true)")).status, 201);
    auto lost = news("dp_1", 6'000, Outcome::done);
    lost.may_be_written_down = false;
    app->run(db().transaction([&](db::Db tx) { return intents().apply_refund(tx, id_of(intent), lost); }));
    EXPECT_EQ(sums(intent), "12000 0 succeeded");
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
    const auto tell = [](const std::string& intent, Outcome outcome, const std::string& name = "re_9") {
        std::ignore = app->run(db().transaction([&](db::Db tx) {
            return intents().apply_refund(tx, IntentId(*base::Uuid::from_string(intent)),
                                          {.amount = {10'000}, .refunded = {.outcome = outcome, .provider_id = name}});
        }));
    };
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    const auto sale = sell(sale_json(10'000, request_id, intent));
    learn(intent, paid(10'000, next_receipt()));
    for (const auto* name : {"re_1", "re_2"}) {
        tell(intent, Outcome::done, name);
        EXPECT_THAT(payment_of(sale), HasSubstr("reversed"));
        tell(intent, Outcome::refused, name);
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
    dispute(disputed, DisputeNews::State::open);
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
