// Subscriptions against the whole service: billed once, paid once, reminded until it is paid, shut and open again.
#include <gmock/gmock.h>

#include <algorithm>

#include "async/sync.h"
#include "auth/authenticator.h"
#include "base/strings.h"
#include "pos/modules/billing/clock.h"
#include "pos/modules/payments/intents.h"
#include "pos/testing/scripted_provider.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;
using ::testing::HasSubstr;
using ::testing::Not;

class BillingTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(
            definition(), {},
            {{"JWT_SECRET", "another secret of the tests, 32 bytes or more"},
             {"BILLING_MPESA_CREDENTIALS", R"({"environment":"sandbox","kind":"paybill","shortCode":"999999",)"
                                           R"("consumerKey":"key","consumerSecret":"secret","passkey":"passkey"})"},
             {"BILLING_STRIPE_CREDENTIALS", R"({"secretKey":"sk_test_of_the_tests"})"}});
        ScriptedProvider::install(app->host());
        ScriptedProvider::install(app->host(), "stripe");
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
        viewer = member("viewer@duka.example", "viewer");
    }
    void SetUp() override {
        app->database().execute(
            "truncate subscription_credits, subscription_invoices, subscriptions, plans, payment_intents, "
            "payment_accounts, payment_refund_tasks, notifications, outbox_jobs cascade; "
            "update tenants set status = 'active'");
        add_plan("DUKA", 150'000, R"({"seats":3,"locations":null})", 14);
        add_plan("KUBWA", 300'000, R"({"seats":10,"locations":null})", 14);
        forget_sessions();
    }

    static void add_plan(std::string_view code, std::int64_t price, std::string_view limits, int trial_days) {
        app->database().execute(
            fmt::format("insert into plans (code, name, price, currency, period, limits, trial_days, is_default, "
                        "is_offered, created_at, updated_at) "
                        "values ('{0}', '{0}', {1}, 'KES', 'month', '{2}', {3}, false, true, now(), now())",
                        code, price, limits, trial_days));
    }
    static std::string rows(std::string_view query) { return app->database().value(query).value_or(""); }
    static std::string row(std::string_view columns) {
        return rows(fmt::format("select {} from subscriptions order by created_at desc limit 1", columns));
    }
    static void forget_sessions() { app->host().services().use<auth::Authenticator>().invalidate_all(); }

    // So many days later, as far as the subscription is concerned. By way of another century: periods are unique at each moment.
    static void pass(int days) {
        app->database().execute(fmt::format(
            "update subscriptions set period_start = period_start - ({0}), period_end = period_end - ({0}), "
            "grace_until = grace_until - ({0}); "
            "update subscription_invoices set period_start = period_start - 100000 - ({0}); "
            "update subscription_invoices set period_start = period_start + 100000, period_end = period_end - ({0}), "
            "due_on = due_on - ({0})",
            days));
    }
    static BillingRun clock() {
        const auto done = app->run(run_billing(app::JobScope(&app->host())));
        forget_sessions();
        return done;
    }
    static async::Task<std::vector<BillingRun>> clocks(int count) {
        std::vector<async::Task<BillingRun>> runs;
        for (int i = 0; i < count; ++i) runs.push_back(run_billing(app::JobScope(&app->host())));
        co_return co_await async::when_all(std::move(runs));
    }

    static InjectedResponse choose(std::string_view plan = "DUKA", const std::string& token = owner) {
        return post("/v1/subscription", fmt::format(R"({{"planCode":"{}"}})", plan), token);
    }
    static InjectedResponse cancel() { return post("/v1/subscription/cancel", ""); }
    static std::string next_id() { return fmt::format("0197f0c2-0000-7000-9000-{:012}", ++numbers); }
    static InjectedResponse push(const std::string& key = next_id(), std::string_view provider = "mpesa") {
        return post(
            "/v1/bv-payments/subscription-stk-push",
            fmt::format(R"({{"clientRequestId":"{}","provider":"{}","phone":"07{:08}"}})", key, provider, ++numbers));
    }
    static std::string intent_of(const std::string& key) {
        return rows(fmt::format("select id from payment_intents where client_request_id = '{}'", key));
    }
    static std::string started(std::string_view provider = "mpesa") {
        const auto key = next_id();
        const auto reply = push(key, provider);
        EXPECT_EQ(reply.status, 202) << reply.body;
        return intent_of(key);
    }
    static void learn(const std::string& intent, Evidence evidence) {
        const auto tenant =
            base::Uuid::from_string(rows(fmt::format("select tenant_id from payment_intents where id = '{}'", intent)));
        const auto db =
            db::tenant_db(app->host().databases(), tenant.value(), async::Loop::now() + std::chrono::seconds(20));
        auto& intents = app->host().services().use<PaymentIntents>();
        std::ignore = app->run(intents.apply_now(db, IntentId(*base::Uuid::from_string(intent)), std::move(evidence)));
        forget_sessions();
    }
    static void succeed(const std::string& intent, std::int64_t amount = 150'000) {
        learn(intent, {.source = Source::callback,
                       .finding = Finding::paid,
                       .amount = base::Money{amount},
                       .currency = "KES",
                       .receipt = fmt::format("SUB{:07}", ++numbers),
                       .code = "0"});
        EXPECT_EQ(rows(fmt::format("select state from payment_intents where id = '{}'", intent)), "succeeded");
    }
    static void pay() { succeed(started()); }

    // A shop with a paid period that ends in so many days.
    static void paid_until(int days) {
        EXPECT_EQ(choose().status, 200);
        pass(14);
        pay();
        const auto left = rows("select period_end - (now() at time zone 'Africa/Nairobi')::date from subscriptions");
        pass(std::stoi(left) - days);
    }
    static std::string days_left() { return row("period_end - (now() at time zone 'Africa/Nairobi')::date"); }
    static std::string notices() {
        return rows(
            "select coalesce(string_agg(split_part(idempotency_key, ':', 3), ' ' order by created_at, id), '') "
            "from notifications where channel = 'email' and kind = 'subscription'");
    }
    static std::string mails_to_leave() {
        return rows(
            "select count(*) from notifications where channel = 'email' and kind = 'subscription' and state = 'queued' "
            "and (expires_at is null or expires_at > now())");
    }

    static inline int numbers = 0;
};

// ---- Without plans -----------------------------------------------------------------------------------------------

TEST_F(BillingTest, WithoutASubscriptionEverythingWorks) {
    EXPECT_EQ(clock().begun, 0);
    const auto reply = get("/v1/subscription", viewer);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(R"("subscription":null)"));
    EXPECT_EQ(get("/v1/products").status, 200);
    EXPECT_THAT(push().body, HasSubstr("subscription.none"));
    EXPECT_THAT(cancel().body, HasSubstr("subscription.none"));
}

TEST_F(BillingTest, ADefaultPlanIsEveryShopsTrial) {
    app->database().execute("update plans set is_default = code = 'DUKA'");
    EXPECT_EQ(clock().begun, 2);
    EXPECT_EQ(clock().begun, 0);
    EXPECT_EQ(row("state || ' ' || period_end - period_start"), "trialing 14");
}

// ---- B1 ----------------------------------------------------------------------------------------------------------

TEST_F(BillingTest, FiveClocksAtOnceAndLaterMakeOneInvoiceAndOneMail) {
    EXPECT_EQ(choose().status, 200);
    EXPECT_EQ(choose("DUKA", other).status, 200);
    pass(8);
    std::ignore = app->run(clocks(5));
    clock();
    EXPECT_EQ(rows("select count(*) || ' ' || count(distinct subscription_id) from subscription_invoices"), "2 2");
    EXPECT_EQ(notices(), "upcoming upcoming");
}

TEST_F(BillingTest, WhoCancelsBehindTheClocksBackHasNoFurtherPeriod) {
    paid_until(3);
    clock();
    EXPECT_EQ(rows("select string_agg(state, ' ' order by created_at) from subscription_invoices"), "paid open");
    EXPECT_EQ(cancel().status, 200);
    EXPECT_EQ(rows("select string_agg(state, ' ' order by created_at) from subscription_invoices"), "paid void");
    pass(3);
    std::ignore = app->run(clocks(5));
    forget_sessions();
    EXPECT_EQ(row("state"), "cancelled");
    EXPECT_EQ(rows("select count(*) from subscription_invoices"), "2");
    EXPECT_EQ(get("/v1/products").status, 402);
}

// ---- B3 ----------------------------------------------------------------------------------------------------------

TEST_F(BillingTest, AtEachStepAPaymentEndsTheReminders) {
    for (const auto& step : billing::dunning_plan) {
        SetUp();
        paid_until(7);
        pass(7 + static_cast<int>(step.behind.count()));
        clock();
        ASSERT_EQ(mails_to_leave(), "1") << step.name;
        EXPECT_THAT(notices(), HasSubstr(std::string(step.name)));
        pay();
        EXPECT_EQ(mails_to_leave(), "0") << step.name << ": it was written, and is not sent any more";
        EXPECT_EQ(row("state"), "active") << step.name;
        for (int i = 0; i < 3; ++i) clock();
        EXPECT_EQ(mails_to_leave(), "0") << step.name;
    }
}

TEST_F(BillingTest, AtEachStepACancellationEndsTheReminders) {
    for (const auto& step : billing::dunning_plan) {
        SetUp();
        paid_until(7);
        pass(7 + static_cast<int>(step.behind.count()));
        clock();
        EXPECT_EQ(cancel().status, 200);
        for (const int days : {0, 3, 30}) {
            pass(days);
            clock();
        }
        EXPECT_EQ(mails_to_leave(), "0") << step.name;
        EXPECT_EQ(row("state"), "cancelled") << step.name;
    }
}

TEST_F(BillingTest, WhoDoesNothingHearsOfEachStepAndIsSuspended) {
    paid_until(8);
    for (int day = 0; day < 60; ++day) {
        clock();
        pass(1);
    }
    EXPECT_EQ(notices(), "upcoming due_tomorrow due overdue grace last_days suspended");
    EXPECT_EQ(row("state"), "suspended");
    EXPECT_EQ(rows("select status from tenants where id = (select tenant_id from subscriptions)"), "suspended");
}

// ---- B4 ----------------------------------------------------------------------------------------------------------

TEST_F(BillingTest, InEachStateTheOwnerCanReadPayChangeAndCancel) {
    const struct {
        std::string_view state;
        int days_left;
        int products;
    } cases[] = {{"trialing", 5, 200}, {"active", 5, 200},      {"past_due", -2, 200},
                 {"grace", -9, 200},   {"suspended", -20, 402}, {"cancelled", -20, 402}};
    for (const auto& one : cases) {
        SetUp();
        EXPECT_EQ(choose().status, 200);
        pass(14);
        if (one.state != "trialing") pay();
        const auto left = rows("select period_end - (now() at time zone 'Africa/Nairobi')::date from subscriptions");
        pass(std::stoi(left) - one.days_left);
        if (one.state == "cancelled") EXPECT_EQ(cancel().status, 200);
        clock();
        ASSERT_EQ(row("state"), one.state);
        for (const auto* path : {"/v1/plans", "/v1/subscription", "/v1/subscription/invoices", "/v1/tenant",
                                 "/v1/users", "/v1/report-runs"})
            EXPECT_EQ(get(path).status, 200) << one.state << path;
        const auto goods = get("/v1/products");
        EXPECT_EQ(goods.status, one.products) << one.state;
        if (one.products == 402) {
            EXPECT_THAT(goods.body, HasSubstr("subscription.suspended"));
            EXPECT_THAT(goods.body, HasSubstr(R"("action":"pay")"));
            EXPECT_THAT(goods.body, HasSubstr(R"("retriable":true)"));
        }
        if (one.state != "cancelled")
            EXPECT_EQ(post("/v1/subscription", R"({"phone":"+254712345678"})").status, 200) << one.state;
        EXPECT_EQ(push().status, 202) << one.state;
        EXPECT_EQ(cancel().status, 200) << one.state;
    }
}

std::string sale_json(const std::string& at, int number) {
    return fmt::format(
        R"({{"clientRequestId":"0197f0c2-0000-7000-a000-{:012}","locationId":"{}","occurredAt":"2026-11-20T09:00:00Z",)"
        R"("lines":[{{"lineNumber":1,"name":"Sugar","quantity":"1","unitPrice":100,"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
        R"("taxTotal":0,"total":100,"payments":[{{"method":"cash","amount":100,"tendered":100}}]}})",
        number, at);
}

TEST_F(BillingTest, WhatASuspendedShopHasSoldIsTaken) {
    const auto at = location();
    paid_until(1);
    clock();
    pass(20);
    clock();
    ASSERT_EQ(row("state"), "suspended");
    EXPECT_EQ(get("/v1/sales").status, 402);
    EXPECT_EQ(post("/v1/sales", sale_json(at, ++numbers)).status, 201);
    EXPECT_EQ(get("/v1/auth/me").status, 200);
    pay();
    EXPECT_EQ(get("/v1/sales").status, 200) << "open as soon as it is paid";
    EXPECT_EQ(get("/v1/products", other).status, 200) << "another shop has nothing to do with it";
}

// ---- B5 ----------------------------------------------------------------------------------------------------------

TEST_F(BillingTest, PaidDaysAreNeverLost) {
    for (const int early : {20, 0, -3}) {
        SetUp();
        paid_until(early);
        clock();
        pay();
        EXPECT_EQ(row("period_start - (now() at time zone 'Africa/Nairobi')::date"), fmt::to_string(early));
    }
}

TEST_F(BillingTest, ASuspendedShopPaysFromToday) {
    paid_until(1);
    clock();
    pass(41);
    clock();
    ASSERT_EQ(row("state"), "suspended");
    pay();
    EXPECT_EQ(row("state || ' ' || (period_start = (now() at time zone 'Africa/Nairobi')::date)"), "active true");
    EXPECT_EQ(rows("select count(*) from subscription_invoices where state = 'open'"), "0");
}

TEST_F(BillingTest, OnePeriodMayBePaidAhead) {
    paid_until(10);
    pay();
    EXPECT_THAT(push().body, HasSubstr("subscription.paid_ahead"));
}

// ---- B6 ----------------------------------------------------------------------------------------------------------

// A phone that answered too late, a second phone, and a card, all for one invoice.
TEST_F(BillingTest, ThreePaymentsOfOneInvoiceAreOnePeriodAndCredit) {
    std::array order{0, 1, 2};
    do {
        SetUp();
        EXPECT_EQ(choose().status, 200);
        pass(14);
        std::array<std::string, 3> paid;
        paid[0] = started();
        learn(paid[0], {.source = Source::query, .finding = Finding::timed_out, .code = "1037"});
        paid[1] = started();
        paid[2] = started("stripe");
        for (const auto which : order) succeed(paid.at(static_cast<std::size_t>(which)));
        EXPECT_EQ(row("state"), "active");
        EXPECT_EQ(rows("select count(*) from subscriptions"), "1");
        EXPECT_EQ(rows("select count(*) || ' ' || sum(price) from subscription_invoices where state = 'paid'"),
                  "1 150000");
        EXPECT_EQ(rows("select sum(amount) from subscription_credits"), "300000");
        EXPECT_EQ(rows("select count(*) from payment_intents where concern = 'subject_paid'"), "2");
        // The credit pays the next two.
        for (int i = 0; i < 2; ++i) {
            pass(std::stoi(days_left()));
            EXPECT_EQ(clock().invoices, 1);
            EXPECT_EQ(row("state"), "active");
        }
        EXPECT_EQ(rows("select sum(amount) from subscription_credits"), "0");
        EXPECT_EQ(notices(), "");
    } while (std::ranges::next_permutation(order).found);
}

TEST_F(BillingTest, WhatComesForAVoidInvoiceIsCredit) {
    paid_until(3);
    const auto intent = started();
    EXPECT_EQ(cancel().status, 200);
    succeed(intent);
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
    EXPECT_EQ(rows("select sum(amount) from subscription_credits"), "150000");
    EXPECT_EQ(days_left(), "3");
}

TEST_F(BillingTest, TheSameRequestAgainRingsOnceAndBillsOnce) {
    paid_until(3);
    const auto key = next_id();
    const auto json = fmt::format(R"({{"clientRequestId":"{}","phone":"0712345678"}})", key);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(post("/v1/bv-payments/subscription-stk-push", json).status, 202);
        if (i == 1) succeed(intent_of(key));
    }
    EXPECT_EQ(rows("select count(*) from payment_intents where client_request_id = '" + key + "'"), "1");
    EXPECT_EQ(rows("select count(*) from subscription_invoices"), "2");
}

// Another key was given the payment of the first: it is told of it, too, however late.
TEST_F(BillingTest, AKeyThatWasGivenAPaymentBillsNothing) {
    paid_until(3);
    const auto ask = [](const std::string& key) {
        return post("/v1/bv-payments/subscription-stk-push",
                    fmt::format(R"({{"clientRequestId":"{}","phone":"0712345678"}})", key));
    };
    const auto first = next_id();
    const auto second = next_id();
    EXPECT_EQ(ask(first).status, 202);
    const auto given = ask(second);
    EXPECT_EQ(given.status, 202) << given.body;
    EXPECT_THAT(given.body, HasSubstr(intent_of(first)));
    succeed(intent_of(first));
    const auto invoices = rows("select count(*) from subscription_invoices");
    for (const auto& key : {first, second, second}) {
        const auto again = ask(key);
        EXPECT_EQ(again.status, 202) << again.body;
        EXPECT_THAT(again.body, HasSubstr(intent_of(first)));
        EXPECT_THAT(again.body, HasSubstr(fmt::format(R"("clientRequestId":"{}")", key)));
    }
    EXPECT_EQ(rows("select count(*) from subscription_invoices"), invoices);
}

// ---- B7 ----------------------------------------------------------------------------------------------------------

TEST_F(BillingTest, WhileNobodyKnowsOfAPaymentNothingGetsWorse) {
    paid_until(1);
    clock();
    const auto intent = started();
    app->database().execute("update payment_intents set state = 'unknown' where id = '" + intent + "'");
    const auto told = notices();
    for (const int days : {1, 7, 7, 30}) {
        pass(days);
        app->database().execute(
            fmt::format("update payment_intents set created_at = created_at - interval '{} days'", days));
        clock();
        EXPECT_EQ(row("state"), "active");
        EXPECT_EQ(notices(), told);
        EXPECT_EQ(get("/v1/products").status, 200);
    }
    app->database().execute("update payment_intents set state = 'failed' where id = '" + intent + "'");
    clock();
    EXPECT_EQ(row("state"), "suspended");
    succeed(intent);
    EXPECT_EQ(row("state"), "active") << "it was paid after all";
}

// A prompt that is begun when the time is over keeps no shop open: else one an hour would do so for ever.
TEST_F(BillingTest, AnAttemptThatBeginsTooLateHoldsNothingUp) {
    paid_until(1);
    clock();
    pass(20);
    std::ignore = started();
    clock();
    EXPECT_EQ(row("state"), "suspended");
}

// ---- Plans -------------------------------------------------------------------------------------------------------

TEST_F(BillingTest, AnotherPlanBeginsWithTheNextPeriodOnceOneIsPaid) {
    EXPECT_EQ(choose().status, 200);
    EXPECT_EQ(choose("KUBWA").status, 200);
    EXPECT_EQ(row("plan_code"), "KUBWA") << "on trial: at once";
    EXPECT_EQ(choose().status, 200);
    pass(14);
    pay();
    EXPECT_EQ(choose("KUBWA").status, 200);
    EXPECT_EQ(row("plan_code || ' ' || next_plan_code"), "DUKA KUBWA");
    pass(std::stoi(days_left()) - 2);
    clock();
    succeed(started(), 300'000);
    EXPECT_EQ(row("plan_code || ' ' || coalesce(next_plan_code, '-') || ' ' || (limits ->> 'seats')"), "KUBWA - 10");
    EXPECT_THAT(choose("NONE").body, HasSubstr("plan.unknown"));
}

TEST_F(BillingTest, ACancellationThatWaitsIsTakenBack) {
    paid_until(5);
    EXPECT_EQ(cancel().status, 200);
    EXPECT_EQ(row("state || ' ' || cancels_at_end"), "active true");
    EXPECT_EQ(post("/v1/subscription", "{}").status, 200);
    EXPECT_EQ(row("cancels_at_end"), "f");
}

TEST_F(BillingTest, ASecondSubscriptionHasNoTrial) {
    EXPECT_EQ(choose().status, 200);
    pass(14);
    EXPECT_EQ(cancel().status, 200);
    EXPECT_EQ(row("state"), "cancelled");
    forget_sessions();
    EXPECT_EQ(get("/v1/products").status, 402);
    EXPECT_EQ(choose().status, 200);
    EXPECT_EQ(row("state"), "suspended");
    EXPECT_EQ(get("/v1/products").status, 402);
    pay();
    EXPECT_EQ(row("state"), "active");
    EXPECT_EQ(get("/v1/products").status, 200);
}

TEST_F(BillingTest, LocationsAreCounted) {
    EXPECT_EQ(choose().status, 200);
    app->database().execute(R"(update subscriptions set limits = '{"seats":3,"locations":1}')");
    const auto refused = post("/v1/locations", R"({"code":"B2","name":"Second"})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.body, HasSubstr("plan.locations"));
    EXPECT_EQ(post("/v1/locations", R"({"code":"B2","name":"Second"})", other).status, 201);
}

// ---- Entitlement -------------------------------------------------------------------------------------------------

TEST_F(BillingTest, TheEntitlementSaysUntilWhenATillMaySell) {
    EXPECT_EQ(choose().status, 200);
    const auto reply = get("/v1/subscription", viewer).body;
    const auto at = reply.find(R"("entitlement":")") + 15;
    const auto token = reply.substr(at, reply.find('"', at) - at);
    const auto first = token.find('.');
    const auto second = token.find('.', first + 1);
    const auto header = base::base64url_decode(token.substr(0, first)).value();
    const auto claims = base::base64url_decode(token.substr(first + 1, second - first - 1)).value();
    EXPECT_THAT(header, HasSubstr("entitlement+jwt"));
    EXPECT_THAT(claims, HasSubstr(R"("plan":"DUKA")"));
    EXPECT_THAT(claims, HasSubstr(R"("state":"trialing")"));
    EXPECT_THAT(claims, HasSubstr(R"("seats":3)"));
    EXPECT_THAT(claims, HasSubstr(R"("offlineUntil":")"));
    EXPECT_EQ(get("/v1/products", token).status, 401) << "it is no access token";
}

// ---- Whose money it is -------------------------------------------------------------------------------------------

TEST_F(BillingTest, AShopDoesNotDecideWhatItHasPaidUs) {
    EXPECT_EQ(choose().status, 200);
    pass(14);
    const auto intent = started();
    learn(intent, {.source = Source::callback, .finding = Finding::cancelled, .code = "1032"});
    for (const auto* json : {R"({"outcome":"paid","receiptCode":"FREE123456"})", R"({"outcome":"not_paid"})"}) {
        const auto reply = post("/v1/payment-intents/" + intent + "/resolve", json);
        EXPECT_EQ(reply.status, 422);
        EXPECT_THAT(reply.body, HasSubstr("payment.purpose_refused"));
    }
    EXPECT_EQ(rows("select state from payment_intents"), "cancelled");
    EXPECT_EQ(rows("select count(*) from subscription_credits"), "0");
}

TEST_F(BillingTest, WhatComesAfterTheEndIsTheShopsCredit) {
    EXPECT_EQ(choose().status, 200);
    pass(14);
    const auto intent = started();
    EXPECT_EQ(cancel().status, 200);
    succeed(intent);
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
    EXPECT_EQ(rows("select sum(amount) from subscription_credits"), "150000");
    // The next subscription takes it.
    EXPECT_EQ(choose().status, 200);
    forget_sessions();
    EXPECT_EQ(push().status, 202);
    EXPECT_EQ(row("state"), "active");
    EXPECT_EQ(rows("select sum(amount) from subscription_credits"), "0");
}

TEST_F(BillingTest, MoneyThatGoesBackAndForthIsCreditAsOften) {
    EXPECT_EQ(choose().status, 200);
    pass(14);
    const auto one = started();
    const auto two = started("stripe");
    succeed(one);
    succeed(two);
    const auto credit = [] { return rows("select sum(amount) from subscription_credits"); };
    EXPECT_EQ(credit(), "150000");
    const auto tell = [&](::payments::Refunded::Outcome outcome, const std::string& name,
                          std::int64_t amount = 150'000) {
        const auto tenant = base::Uuid::from_string(rows("select tenant_id from payment_intents limit 1")).value();
        const auto db = db::tenant_db(app->host().databases(), tenant, async::Loop::now() + std::chrono::seconds(20));
        auto& intents = app->host().services().use<PaymentIntents>();
        std::ignore = app->run(db.transaction([&](db::Db tx) {
            return intents.apply_refund(tx, IntentId(*base::Uuid::from_string(two)),
                                        {.amount = {amount}, .refunded = {.outcome = outcome, .provider_id = name}});
        }));
        return credit();
    };
    for (const auto* name : {"re_1", "re_2"}) {
        EXPECT_EQ(tell(::payments::Refunded::Outcome::done, name), "0");
        EXPECT_EQ(tell(::payments::Refunded::Outcome::refused, name), "150000");
    }
    // A part takes a part.
    EXPECT_EQ(tell(::payments::Refunded::Outcome::done, "re_3", 50'000), "100000");
    EXPECT_EQ(tell(::payments::Refunded::Outcome::done, "re_4", 60'000), "40000");
    EXPECT_EQ(tell(::payments::Refunded::Outcome::refused, "re_3", 50'000), "90000");
}

}  // namespace
