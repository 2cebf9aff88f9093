// One money pays one thing, by whichever way it is told of; and money that nothing takes is on a list.
#include <gmock/gmock.h>

#include "pos/modules/sales/phone_payments.h"
#include "pos/testing/payment_callbacks.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;
using ::testing::HasSubstr;

class DoublePaymentsTest : public CallbacksTest {
protected:
    static std::string named_order(std::string_view reference, std::int64_t amount, const std::string& subject) {
        return fmt::format(R"({{"clientRequestId":"{}","provider":"mpesa","amount":{},"subjectId":"{}","phone":"{}",)"
                           R"("locationId":"{}","reference":"{}"}})",
                           next_id(), amount, subject, next_phone(), location(), reference);
    }
    // A query that says "paid", and neither how much nor by which receipt.
    static void learn_by_query(const std::string& intent) {
        learn(intent, {.source = Source::query, .finding = Finding::paid, .code = "0"});
    }
    static std::string sell_with_code(std::int64_t amount, std::string_view code) {
        auto json = sale_json(amount, next_id());
        json.insert(json.find(R"("method":"mpesa")"), fmt::format(R"("reference":"{}",)", code));
        return sell(json);
    }
    static std::string now_confirmation(std::string_view receipt, std::int64_t cents, std::string_view reference) {
        auto json = confirmation(receipt, cents, reference);
        const auto at = json.find("20261120120000");
        return json.replace(at, 14, rows("select to_char(now() at time zone 'Africa/Nairobi', 'YYYYMMDDHH24MISS')"));
    }
    static void sweep_waiting() {
        const auto system = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(20));
        app->run(sweep(system, &intents()));
        const auto ids = rows(
            "select string_agg(distinct data ->> 'id', ',') from outbox_jobs where name = 'payments.settle_waiting'");
        app->database().execute("delete from outbox_jobs where name = 'payments.settle_waiting'");
        for (const auto id : base::split(ids, ',')) {
            if (id.empty()) continue;
            app->run(db().transaction(
                [&](db::Db tx) { return intents().settle_waiting(tx, IntentId(*base::Uuid::from_string(id))); }));
        }
    }
    static async::Task<void> both_paid(std::string one, std::string two) {
        const auto id = [](const std::string& text) { return IntentId(*base::Uuid::from_string(text)); };
        co_await async::when_all(intents().apply_now(db(), id(one), paid(15'000, next_receipt())),
                                 intents().apply_now(db(), id(two), paid(15'000, next_receipt())));
    }
    static std::string tasks() {
        return rows("select string_agg(reason || ' ' || state, ', ' order by created_at) from payment_refund_tasks");
    }
    static std::string concern(const std::string& intent) {
        return rows(
            fmt::format("select case when disputed then 'disputed' else coalesce(concern, '-') end from "
                        "payment_intents where id = '{}'",
                        intent));
    }
};

// ---- Told of twice -----------------------------------------------------------------------------------------------

// What M-Pesa shows of a reference is what comes back with the money.
TEST_F(DoublePaymentsTest, ALongReferenceIsFoundAsItWasShown) {
    int number = 0;
    for (const auto* reference : {"INVOICE-2026-0010027", "Table 5, Mama Njeri", "###"}) {
        const auto amount = 33'300 + 100 * number;
        const auto intent = start(named_order(reference, amount, next_id()));
        learn_by_query(intent);
        EXPECT_EQ(state(intent), "succeeded");
        const auto receipt = fmt::format("TAF7RT8{:03}", ++number);
        deliver("confirm", now_confirmation(receipt, amount, ::payments::mpesa::shown_reference(reference)));
        EXPECT_EQ(rows(fmt::format("select receipt_code from payment_intents where id = '{}'", intent)), receipt)
            << reference;
        EXPECT_EQ(c2b(receipt), "matched intent") << reference;
    }
}

// Buy Goods: nothing is typed, and nothing comes back but the amount.
TEST_F(DoublePaymentsTest, MoneyWithoutAReferenceIsTheOneThatWaitsForItsReceipt) {
    const auto intent = start(named_order("ORD-1", 44'400, next_id()));
    learn_by_query(intent);
    const auto sale = sell_with_code(44'400, "TAF7RT9001");
    deliver("confirm", now_confirmation("TAF7RT9001", 44'400, ""));
    EXPECT_EQ(rows("select receipt_code from payment_intents"), "TAF7RT9001");
    EXPECT_THAT(payment_of(sale), HasSubstr("unverified")) << "the same money pays no second sale";
}

TEST_F(DoublePaymentsTest, MoneyThatMayBeAnothersVerifiesNothingByItself) {
    const auto intent = start(named_order("ORD-1", 44'400, next_id()));
    learn_by_query(intent);
    const auto sale = sell_with_code(44'400, "TAF7RT9002");
    deliver("confirm", now_confirmation("TAF7RT9002", 44'400, "somebody else"));
    EXPECT_EQ(c2b("TAF7RT9002"), "unmatched -");
    EXPECT_THAT(payment_of(sale), HasSubstr("unverified"));
    // It was another's: the attempt has its own receipt now.
    deliver("stk", paid_by(intent, 44'400, "TAF7RT9003"));
    app->run(match_again(db(), &intents(), "mpesa", "TAF7RT9002"));
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted"));
}

// A query of M-Pesa's names no amount.
TEST_F(DoublePaymentsTest, PaidAShillingLessIsNotPaid) {
    const auto intent = start(named_order("ORD-1", 21'300, next_id()));
    deliver("stk", paid_by(intent, 21'200, "TAF7RT9004"));
    EXPECT_EQ(state(intent), "unknown");
    EXPECT_EQ(concern(intent), "amount_differs");
    learn_by_query(intent);
    EXPECT_EQ(state(intent), "unknown") << "that something was paid is known already";
    // And its money is not another sale's.
    const auto sale = sell_with_code(21'200, "TAF7RT9004");
    deliver("confirm", confirmation("TAF7RT9004", 21'200, "x"));
    EXPECT_THAT(payment_of(sale), HasSubstr("unverified"));
    EXPECT_EQ(c2b("TAF7RT9004"), "matched intent");
    EXPECT_EQ(post(path(intent) + "/resolve", R"({"outcome":"not_paid"})").status, 200);
    EXPECT_EQ(state(intent), "failed");
    EXPECT_EQ(rows("select amount || ' ' || reason from payment_refund_tasks"), "21200 amount_differs");
}

TEST_F(DoublePaymentsTest, OneNameAtTheProviderIsOneAttempt) {
    mpesa->on_start = [](const auto&) { return ScriptedProvider::accepted("ws_CO_same"); };
    const auto first = start(order(10'000, next_id()));
    const auto second = start(order(10'000, next_id()));
    EXPECT_EQ(state(first), "pending");
    EXPECT_EQ(state(second), "sent") << "nobody knows what it is called";
    EXPECT_EQ(rows("select count(*) from payment_intents where provider_id = 'ws_CO_same'"), "1");
}

TEST_F(DoublePaymentsTest, MoneyOfAnotherAccountIsNotMatched) {
    add_account("mpesa", "600123");
    app->database().execute(
        fmt::format("update payment_accounts set enabled = id = '{}' where provider = 'mpesa'", account));
    const auto intent = start(named_order("ORD-1", 15'000, next_id()));
    learn(intent, said(Finding::timed_out));
    deliver("confirm", confirmation("TAF7RT9005", 15'000, "x"));
    app->database().execute(
        "update c2b_payments set account_id = (select id from payment_accounts where shown = '600123')");
    const auto reply = post("/v1/c2b-payments/" + rows("select id from c2b_payments") + "/match",
                            fmt::format(R"({{"intentId":"{}"}})", intent));
    EXPECT_EQ(reply.status, 409);
    EXPECT_THAT(reply.body, HasSubstr("payment.c2b_unfit"));
    EXPECT_EQ(state(intent), "expired");
}

// ---- Paid, and for nothing ---------------------------------------------------------------------------------------

// Two prompts of one sale are both paid before the till sends it.
TEST_F(DoublePaymentsTest, PaidTwiceBeforeTheSaleIsOwedBackOnce) {
    const auto sale_request = next_id();
    const auto first = start(order(20'100, sale_request));
    app->database().execute("update payment_intents set created_at = created_at - interval '6 minutes'");
    const auto second = start(order(20'100, sale_request));
    learn(first, paid(20'100, next_receipt()));
    learn(second, paid(20'100, next_receipt()));
    EXPECT_EQ(rows("select count(*) from payment_intents where waits"), "2");
    const auto sale = sell(sale_json(20'100, sale_request, second));
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + second));
    sweep_waiting();
    sweep_waiting();
    EXPECT_EQ(tasks(), "subject_paid open");
    EXPECT_EQ(concern(first), "subject_paid");
    EXPECT_EQ(concern(second), "-");
    EXPECT_EQ(rows("select count(*) from payment_intents where waits"), "0");
}

TEST_F(DoublePaymentsTest, PaidByPhoneAndSoldForCashIsOwedBack) {
    const auto sale_request = next_id();
    const auto intent = start(order(20'100, sale_request));
    learn(intent, paid(20'100, next_receipt()));
    sell(sale_json(20'100, sale_request, "", "cash"));
    sweep_waiting();
    EXPECT_EQ(tasks(), "subject_paid open");
}

TEST_F(DoublePaymentsTest, ASaleThatDoesNotNameItsMoneyIsPaidByIt) {
    const auto sale_request = next_id();
    const auto intent = start(order(20'100, sale_request));
    learn(intent, paid(20'100, next_receipt()));
    const auto sale = sell(sale_json(20'100, sale_request));
    EXPECT_THAT(payment_of(sale), HasSubstr("unverified"));
    sweep_waiting();
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + intent));
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
}

TEST_F(DoublePaymentsTest, LateMoneyPaysASaleThatDoesNotNameIt) {
    const auto sale_request = next_id();
    const auto phone = next_phone();
    const auto intent = start(order(20'100, sale_request, next_id(), phone));
    learn(intent, said(Finding::cancelled));
    learn(intent, paid(20'100, next_receipt()));
    EXPECT_EQ(tasks(), "paid_after_end open");
    EXPECT_EQ(post("/v1/payment-intents", order(20'100, sale_request, next_id(), phone)).status, 200);
    const auto sale = sell(sale_json(20'100, sale_request));
    sweep_waiting();
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + intent));
    EXPECT_EQ(tasks(), "paid_after_end done");
    EXPECT_EQ(concern(intent), "-");
}

TEST_F(DoublePaymentsTest, MoneyThatNoSaleComesForIsForPeopleAfterADay) {
    const auto sale_request = next_id();
    const auto intent = start(order(20'100, sale_request));
    learn(intent, paid(20'100, next_receipt()));
    sweep_waiting();
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
    app->database().execute("update payment_intents set paid_at = paid_at - interval '25 hours'");
    sweep_waiting();
    EXPECT_EQ(tasks(), "subject_missing open");
    // A till that was offline for days.
    const auto sale = sell(sale_json(20'100, sale_request, intent));
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted"));
    EXPECT_EQ(tasks(), "subject_missing done");
}

// More of them than one sweep takes, paid before the one that is due, and of a sale that has come: all of it on its way back; a part of it
// gone; a day old, and a part on its way; disputed.
TEST_F(DoublePaymentsTest, WhatIsOnItsWayBackDoesNotCrowdTheSweep) {
    const auto sold = next_id();
    const auto first = start(order(20'100, sold));
    learn(first, paid(20'100, next_receipt()));
    sell(sale_json(20'100, sold, "", "cash"));
    const auto copies = [&](int number, std::string_view age, int held, int back, bool disputed = false) {
        app->database().execute(
            fmt::format("insert into payment_intents select (jsonb_populate_record(i, jsonb_build_object("
                        "'id', gen_random_uuid(), 'client_request_id', gen_random_uuid(), 'receipt_code', null, "
                        "'provider_id', null, 'paid_at', now() - interval '{}', 'refund_held', {}, 'refunded', {}, "
                        "'disputed', {}))).* from payment_intents i, generate_series(1, {}) where i.id = '{}'",
                        age, held, back, disputed, number, first));
    };
    copies(251, "1 hour", 20'100, 0);
    copies(251, "1 hour", 0, 5'000);
    copies(251, "2 days", 100, 5'000);
    copies(251, "2 days", 0, 0, true);
    app->database().execute(fmt::format("update payment_intents set refund_held = amount where id = '{}'", first));
    const auto subject = next_id();
    const auto due = start(order(20'100, subject));
    learn(due, paid(20'100, next_receipt()));
    const auto sale = sell(sale_json(20'100, subject));
    EXPECT_THAT(payment_of(sale), HasSubstr("unverified"));
    EXPECT_EQ(rows("select count(*) from payment_intents where waits"), "1006");

    const auto system = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(20));
    app->run(sweep(system, &intents()));
    EXPECT_EQ(rows("select string_agg(data ->> 'id', ',') from outbox_jobs where name = 'payments.settle_waiting'"),
              due);
    sweep_waiting();
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + due));
    EXPECT_EQ(tasks(), "");

    // The refund of the first has failed: its sale was paid in cash. What is left of another is for people when the day is over.
    app->database().execute(fmt::format("update payment_intents set refund_held = 0 where id = '{}'", first));
    app->database().execute(
        "update payment_intents set paid_at = now() - interval '25 hours' where id = (select id from payment_intents "
        "where waits and refund_held = 0 and refunded = 5000 limit 1)");
    sweep_waiting();
    EXPECT_EQ(rows("select string_agg(reason || ' ' || amount, ', ' order by reason) from payment_refund_tasks"),
              "subject_paid 20100, subject_unfit 15100");
    EXPECT_EQ(rows("select count(*) from payment_intents where waits"), "1004") << "it still pays its sale";
    app->run(sweep(system, &intents()));
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payments.settle_waiting'"), "0");
    app->database().execute("update payment_intents set paid_at = now() - interval '31 days'");
    app->run(sweep(system, &intents()));
    EXPECT_EQ(rows("select count(*) from payment_intents where waits and disputed"), "251") << "what is disputed alone";
}

// What was sold on credit, paid once more while the first payment was on its way back: one of the two is owed back.
TEST_F(DoublePaymentsTest, CreditThatIsPaidWhileTheFirstGoesBackIsOwedBackWhenThatStays) {
    const auto request = next_id();
    auto json = sale_json(15'000, request);
    sell(json.substr(0, json.find(R"("payments":)")) + R"("creditTotal":15000,"payments":[]})");
    const auto first = start(order(15'000, request));
    learn(first, paid(15'000, next_receipt()));
    mpesa->refund_outcome = ::payments::Refunded::Outcome::unknown;
    const auto refund = refund_order(15'000);
    EXPECT_EQ(post(path(first) + "/refund", refund).status, 201);
    learn(start(order(15'000, request)), paid(15'000, next_receipt()));
    EXPECT_EQ(tasks(), "");
    mpesa->refund_outcome = ::payments::Refunded::Outcome::refused;
    EXPECT_EQ(post(path(first) + "/refund", refund).status, 200);
    EXPECT_EQ(tasks(), "subject_paid open");
}

// Two phones pay one credit in the same second: one of them is owed back.
TEST_F(DoublePaymentsTest, TwoPaymentsOfOneCreditAtOnceAreOneAndOneOwedBack) {
    for (int i = 0; i < 6; ++i) {
        const auto request = next_id();
        auto json = sale_json(15'000, request);
        sell(json.substr(0, json.find(R"("payments":)")) + R"("creditTotal":15000,"payments":[]})");
        const auto one = start(order(15'000, request));
        auto other = order(15'000, request);
        other.insert(1, fmt::format(R"("otherIntentIds":["{}"],)", one));
        const auto two = start(other);
        app->run(both_paid(one, two));
    }
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks where reason = 'subject_paid' and state = 'open'"), "6");
}

// The sale names an attempt, and other money pays it: the attempt's own is not its money, whatever becomes of it.
TEST_F(DoublePaymentsTest, WhatOtherMoneyPaidIsNoneOfTheAttemptThatTheSaleNames) {
    const auto request = next_id();
    const auto intent = start(order(20'100, request));
    const auto sale = sell(sale_json(20'100, request, intent));
    deliver("confirm", confirmation("TAF7RT9007", 20'100, "x"));
    const auto payment = rows(fmt::format("select id from payments where sale_id = '{}'", sale));
    EXPECT_EQ(post("/v1/c2b-payments/" + rows("select id from c2b_payments") + "/match",
                   fmt::format(R"({{"subjectId":"{}"}})", payment))
                  .status,
              200);
    learn(intent, paid(20'100, next_receipt()));
    EXPECT_EQ(tasks(), "subject_paid open");
    const auto refund = refund_order(20'100);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    EXPECT_EQ(payment_of(sale), "accepted - TAF7RT9007");
    EXPECT_EQ(tasks(), "subject_paid done");
}

// A task that says "send it back", and a sale that is paid by the same money: never both.
TEST_F(DoublePaymentsTest, WhatPaysAfterAllIsNotOwedBack) {
    const auto tell = [](const std::string& intent, ::payments::Refunded::Outcome outcome, std::int64_t amount) {
        std::ignore = app->run(db().transaction([&](db::Db tx) {
            return intents().apply_refund(
                tx, IntentId(*base::Uuid::from_string(intent)),
                {.amount = {amount}, .refunded = {.outcome = outcome, .provider_id = "re_9"}});
        }));
    };
    using Outcome = ::payments::Refunded::Outcome;
    const auto request = next_id();
    const auto whole = start(order(20'100, request));
    learn(whole, paid(20'100, next_receipt()));
    app->database().execute("update payment_intents set paid_at = paid_at - interval '25 hours'");
    sweep_waiting();
    tell(whole, Outcome::done, 20'100);
    EXPECT_EQ(tasks(), "subject_missing done");
    const auto sale = sell(sale_json(20'100, request, whole));
    EXPECT_EQ(payment_of(sale), fmt::format("reversed {} -", whole));
    tell(whole, Outcome::refused, 20'100);
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + whole));
    EXPECT_EQ(tasks(), "subject_missing done");
    EXPECT_EQ(concern(whole), "-");

    // Of a part it needs a person's word, before and after.
    const auto other = next_id();
    const auto part = start(order(20'300, other));
    learn(part, paid(20'300, next_receipt()));
    const auto refund = refund_order(5'000);
    EXPECT_EQ(post(path(part) + "/refund", refund).status, 201);
    const auto second = sell(sale_json(20'300, other, part));
    sweep_waiting();
    tell(part, Outcome::done, 15'300);
    EXPECT_EQ(payment_of(second), fmt::format("reversed {} -", part));
    tell(part, Outcome::refused, 15'300);
    EXPECT_EQ(payment_of(second), fmt::format("unverified {} -", part));
}

// The phone is not asked for what no money can pay any more.
TEST_F(DoublePaymentsTest, ASaleThatNamesMoneyOnItsWayBackAsksNobodyForMore) {
    const auto request = next_id();
    const auto intent = start(order(20'100, request));
    learn(intent, paid(20'100, next_receipt()));
    mpesa->refund_outcome = ::payments::Refunded::Outcome::unknown;
    const auto refund = refund_order(20'100);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    sell(sale_json(20'100, request, intent));
    const auto again = post("/v1/payment-intents", order(20'100, request));
    EXPECT_EQ(again.status, 409) << again.body;
    EXPECT_THAT(again.body, HasSubstr("payment.already_paid"));
}

// Whoever works through the list sends back what is left.
TEST_F(DoublePaymentsTest, ATaskSaysWhatIsLeftToSendBack) {
    const auto intent = start(order(20'100, next_id()));
    learn(intent, said(Finding::cancelled));
    learn(intent, paid(20'100, next_receipt()));
    const auto refund = refund_order(5'000);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    EXPECT_EQ(rows("select amount || ' ' || state from payment_refund_tasks"), "15100 open");
}

// Somebody says that it is kept, and the sale comes after that.
TEST_F(DoublePaymentsTest, WhatIsKeptPaysTheSaleThatComesAfterwards) {
    const auto first = next_id();
    const auto second = next_id();
    const auto whole = start(order(20'100, first));
    const auto part = start(order(20'300, second));
    learn(whole, paid(20'100, next_receipt()));
    learn(part, paid(20'300, next_receipt()));
    const auto refund = refund_order(5'000);
    EXPECT_EQ(post(path(part) + "/refund", refund).status, 201);
    app->database().execute("update payment_intents set paid_at = paid_at - interval '25 hours'");
    sweep_waiting();
    for (const auto& intent : {whole, part})
        EXPECT_EQ(post("/v1/payment-refund-tasks/" + intent + "/dismiss", R"({"note":"the till is offline"})").status,
                  200);
    const auto unnamed = sell(sale_json(20'100, first));
    const auto named = sell(sale_json(20'300, second, part));
    sweep_waiting();
    EXPECT_THAT(payment_of(unnamed), HasSubstr("accepted " + whole));
    EXPECT_THAT(payment_of(named), HasSubstr("accepted " + part));
    EXPECT_EQ(concern(part), "-");
}

// Typed while it is on its way back: when it stays, it pays.
TEST_F(DoublePaymentsTest, ATypedCodeIsLookedAtAgainWhenTheMoneyStays) {
    const auto subject = next_id();
    const auto receipt = next_receipt();
    const auto intent = start(order(20'100, subject));
    learn(intent, said(Finding::cancelled));
    learn(intent, paid(20'100, receipt));
    mpesa->refund_outcome = ::payments::Refunded::Outcome::unknown;
    const auto refund = refund_order(20'100);
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 201);
    auto json = sale_json(20'100, subject);
    json.insert(json.find(R"("method":"mpesa")"), fmt::format(R"("reference":"{}",)", receipt));
    const auto sale = sell(json);
    app->run(settle_typed_codes(db(), &intents(), SaleId(*base::Uuid::from_string(sale))));
    EXPECT_THAT(payment_of(sale), HasSubstr("unverified"));
    EXPECT_EQ(tasks(), "paid_after_end open");
    mpesa->refund_outcome = ::payments::Refunded::Outcome::refused;
    EXPECT_EQ(post(path(intent) + "/refund", refund).status, 200);
    EXPECT_EQ(payment_of(sale), fmt::format("accepted {} {}", intent, receipt));
    EXPECT_EQ(tasks(), "paid_after_end done");
}

// What the sale itself would refuse, the sweep does not take either.
TEST_F(DoublePaymentsTest, MoneyOfAnotherPlaceOrCurrencyPaysNoSaleOfItsSubject) {
    const auto there = next_id();
    const auto at_first = start(order(20'100, there));
    learn(at_first, paid(20'100, next_receipt()));
    const auto made = post("/v1/locations", R"({"name":"Branch","code":"ZZ"})");
    EXPECT_EQ(made.status, 201) << made.body;
    auto json = sale_json(20'100, there);
    const auto place = json.find(location());
    const auto at_branch = sell(json.replace(place, location().size(), member_in(made.body, "id")));

    const auto here = next_id();
    const auto in_shillings = start(order(20'200, here));
    learn(in_shillings, paid(20'200, next_receipt()));
    app->database().execute(fmt::format("update payment_intents set currency = 'UGX' where id = '{}'", in_shillings));
    const auto in_dollars = sell(sale_json(20'200, here));
    sweep_waiting();
    EXPECT_EQ(payment_of(at_branch), "unverified - -");
    EXPECT_EQ(payment_of(in_dollars), "unverified - -");
    EXPECT_EQ(tasks(), "subject_unfit open, subject_unfit open");
}

// Whoever asks by the sale's id, and whoever asks by its clientRequestId, ask for one thing.
TEST_F(DoublePaymentsTest, ASaleIsOneSubjectByItsTwoNames) {
    const auto phone = next_phone();
    const auto request = next_id();
    const auto id = next_id();
    const auto early = start(order(15'000, id, next_id(), phone));
    learn(early, paid(15'000, next_receipt()));
    auto json = sale_json(15'000, request);
    json.insert(1, fmt::format(R"("id":"{}",)", id));
    EXPECT_EQ(sell(json), id);
    for (const auto& name : {id, request}) {
        const auto again = post("/v1/payment-intents", order(15'000, name, next_id(), phone));
        EXPECT_EQ(again.status, 200) << again.body;
        EXPECT_EQ(member_in(again.body, "id"), early);
        EXPECT_THAT(get("/v1/payment-intents?subjectId=" + name).body, HasSubstr(early)) << name;
    }
    EXPECT_EQ(mpesa->started.size(), 1U);
    sweep_waiting();
    EXPECT_THAT(get("/v1/sales/" + id).body, HasSubstr(R"("status":"accepted")"));

    // On credit, which is owed once.
    const auto owed_request = next_id();
    const auto owed_id = next_id();
    learn(start(order(15'000, owed_id)), paid(15'000, next_receipt()));
    auto owed = sale_json(15'000, owed_request);
    owed = owed.substr(0, owed.find(R"("payments":)")) + R"("creditTotal":15000,"payments":[]})";
    owed.insert(1, fmt::format(R"("id":"{}",)", owed_id));
    sell(owed);
    sweep_waiting();
    for (const auto& name : {owed_id, owed_request}) {
        const auto reply = post("/v1/payment-intents", order(15'000, name));
        EXPECT_THAT(reply.body, HasSubstr("payment.already_paid")) << name;
    }
}

// What came for the account is in the account's currency, and the sale in the shop's.
TEST_F(DoublePaymentsTest, MoneyThatComesByItselfPaysNoSaleInAnotherCurrency) {
    const auto sale = sell_with_code(20'100, "TAF7RT9008");
    app->database().execute("update tenants set currency = 'UGX'");
    deliver("confirm", confirmation("TAF7RT9008", 20'100, "x"));
    EXPECT_EQ(c2b("TAF7RT9008"), "unmatched -");
    EXPECT_THAT(payment_of(sale), HasSubstr("unverified"));
    const auto payment = rows(fmt::format("select id from payments where sale_id = '{}'", sale));
    EXPECT_EQ(post("/v1/c2b-payments/" + rows("select id from c2b_payments") + "/match",
                   fmt::format(R"({{"subjectId":"{}"}})", payment))
                  .status,
              422);
    app->database().execute("update tenants set currency = 'KES'");
}

// A person's word that it is kept does not settle what the bank decides.
TEST_F(DoublePaymentsTest, DisputedMoneyIsNotKept) {
    const auto subject = next_id();
    const auto intent = start(order(20'100, subject));
    learn(intent, paid(20'100, next_receipt()));
    app->database().execute("update payment_intents set paid_at = paid_at - interval '25 hours'");
    sweep_waiting();
    dispute(intent, DisputeNews::State::open);
    const auto sale = sell(sale_json(20'100, subject, intent));
    EXPECT_EQ(post("/v1/payment-refund-tasks/" + intent + "/dismiss", R"({"note":"ours"})").status, 200);
    EXPECT_EQ(payment_of(sale), fmt::format("unverified {} -", intent));
}

TEST_F(DoublePaymentsTest, DisputedMoneyPaysNothingUntilItIsWon) {
    const auto subject = next_id();
    const auto phone = next_phone();
    const auto intent = start(order(20'100, subject, next_id(), phone));
    learn(intent, paid(20'100, next_receipt()));
    dispute(intent, DisputeNews::State::open);
    EXPECT_THAT(get(path(intent)).body, HasSubstr("The payer disputes this payment"));
    const auto sale = sell(sale_json(20'100, subject, intent));
    EXPECT_EQ(payment_of(sale), fmt::format("unverified {} -", intent));
    EXPECT_THAT(get("/v1/sales/" + sale).body, HasSubstr("payment_intent_open"));
    app->database().execute("update payment_intents set paid_at = paid_at - interval '25 hours'");
    sweep_waiting();
    EXPECT_EQ(concern(intent), "disputed");
    EXPECT_EQ(tasks(), "");
    dispute(intent, DisputeNews::State::won);
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + intent));
}

// Two friends pay parts of one sale: who asks for one of the parts again is given that one.
TEST_F(DoublePaymentsTest, OfSeveralPartsTheOneThatIsAskedForIsGiven) {
    const auto subject = next_id();
    const auto phones = std::pair(next_phone(), next_phone());
    const auto first = start(order(10'000, subject, next_id(), phones.first));
    auto json = order(5'000, subject, next_id(), phones.second);
    EXPECT_EQ(post("/v1/payment-intents", json).status, 409) << "the app does not say that it is another part";
    json.insert(1, fmt::format(R"("otherIntentIds":["{}"],)", first));
    const auto second = start(json);
    const auto again = post("/v1/payment-intents", order(10'000, subject, next_id(), phones.first));
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(member_in(again.body, "id"), first);
    EXPECT_NE(second, first);
}

TEST_F(DoublePaymentsTest, WhatIsOwedIsPaidOnce) {
    const auto request = next_id();
    auto json = sale_json(15'000, request);
    const auto at = json.find(R"("payments":)");
    json = json.substr(0, at) + R"("creditTotal":15000,"payments":[]})";
    const auto sale = sell(json);
    // By either of its names, one prompt.
    const auto first = start(order(15'000, sale));
    EXPECT_EQ(post("/v1/payment-intents", order(15'000, request)).status, 409);
    learn(first, paid(15'000, next_receipt()));
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
    const auto again = post("/v1/payment-intents", order(15'000, request));
    EXPECT_EQ(again.status, 409);
    EXPECT_THAT(again.body, HasSubstr("payment.already_paid"));
    // One that was begun before the sale.
    app->database().execute("update payment_intents set state = 'expired', receipt_code = null");
    const auto one = start(order(15'000, request));
    app->database().execute("update payment_intents set created_at = created_at - interval '6 minutes'");
    const auto two = start(order(15'000, request));
    learn(one, paid(15'000, next_receipt()));
    learn(two, paid(15'000, next_receipt()));
    EXPECT_EQ(tasks(), "subject_paid open");
}

TEST_F(DoublePaymentsTest, AKeyIsOfOneSubjectByEitherOfItsNames) {
    const auto request = next_id();
    const auto key = next_id();
    const auto phone = next_phone();
    const auto intent = start(order(15'000, request, key, phone));
    const auto sale = sell(sale_json(15'000, request, intent));
    learn(intent, paid(15'000, next_receipt()));
    const auto again = post("/v1/payment-intents", order(15'000, sale, key, phone));
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(member_in(again.body, "id"), intent);
    const auto other = post("/v1/payment-intents", order(15'000, next_id(), key, phone));
    EXPECT_EQ(other.status, 422) << "another sale is not paid by it: " << other.body;
    EXPECT_THAT(other.body, HasSubstr("idempotency.key_reused"));
}

// Shops share the operator's account at a provider: whatever one calls its request, its attempt is its own there.
TEST_F(DoublePaymentsTest, TheProviderNamesAttemptsByOurOwnIds) {
    const auto key = next_id();
    const auto intent = start(order(15'000, next_id(), key));
    EXPECT_NE(intent, key);
    EXPECT_EQ(mpesa->started.front().id.to_string(), intent);
}

// The sale names an attempt that came to nothing; the next one pays it.
TEST_F(DoublePaymentsTest, AnotherAttemptPaysTheSaleThatNamesTheFirst) {
    const auto sale_request = next_id();
    const auto first = start(order(20'100, sale_request));
    const auto sale = sell(sale_json(20'100, sale_request, first));
    learn(first, said(Finding::cancelled));
    const auto second = start(order(20'100, sale_request));
    learn(second, paid(20'100, next_receipt()));
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + second));
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
    // The first is paid all the same.
    learn(first, paid(20'100, next_receipt()));
    EXPECT_EQ(tasks(), "subject_paid open");
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + second));
}

TEST_F(DoublePaymentsTest, MoneyForAPaymentThatWasVerifiedOtherwiseIsOwedBack) {
    const auto sale_request = next_id();
    const auto intent = start(order(20'100, sale_request));
    const auto sale = sell(sale_json(20'100, sale_request, intent));
    deliver("confirm", confirmation("TAF7RT9006", 20'100, "x"));
    const auto payment = rows(fmt::format("select id from payments where sale_id = '{}'", sale));
    const auto matched = post("/v1/c2b-payments/" + rows("select id from c2b_payments") + "/match",
                              fmt::format(R"({{"subjectId":"{}"}})", payment));
    EXPECT_EQ(matched.status, 200) << matched.body;
    learn(intent, paid(20'100, next_receipt()));
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(tasks(), "subject_paid open");
    EXPECT_THAT(payment_of(sale), HasSubstr("TAF7RT9006"));
}

}  // namespace
