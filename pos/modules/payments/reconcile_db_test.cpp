// What nobody has told us, we ask for; what nobody knows is for people, and never called failed.
#include "pos/modules/payments/reconcile.h"

#include <gmock/gmock.h>

#include "pos/testing/payment_callbacks.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;
using ::testing::HasSubstr;

class ReconcileTest : public CallbacksTest {
protected:
    static db::SystemDb system() {
        return db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(20));
    }
    static std::string jobs(std::string_view name) {
        return rows(fmt::format("select count(*) from outbox_jobs where name = '{}'", name));
    }
    static void make_due() {
        app->database().execute("update payment_intents set next_query_at = now() - interval '1 second'");
    }
    static void age(std::string_view interval) {
        app->database().execute(
            fmt::format("update payment_intents set created_at = created_at - interval '{}', "
                        "expires_at = expires_at - interval '{}', next_query_at = now() - interval '1 second'",
                        interval, interval));
    }
    static void resume(const std::string& intent) {
        app->run(resume_intent(db(), &intents(), IntentId(*base::Uuid::from_string(intent)), {}));
    }
    static std::string seconds_to_query() {
        return rows("select round(extract(epoch from next_query_at - created_at)) from payment_intents");
    }
    bool pull() {
        return app->run(pull_account(db(), &intents(), PaymentAccountId(*base::Uuid::from_string(account)), {}));
    }
    void pulls(std::vector<std::string> confirmations, bool whole = true) {
        mpesa->on_pull = [confirmations = std::move(confirmations), whole] {
            ::payments::Provider::Pulled pulled{.claims = {}, .whole = whole};
            for (const auto& json : confirmations) {
                for (auto& claim : ::payments::mpesa::read_callback("confirm", json)->claims) {
                    claim.evidence.source = Source::pull;
                    pulled.claims.push_back(std::move(claim));
                }
            }
            return pulled;
        };
    }
};

TEST_F(ReconcileTest, WhatIsDueIsTakenOnce) {
    start(order(15'000, next_id()));
    app->run(sweep(system(), &intents()));
    EXPECT_EQ(jobs("payments.resume"), "0") << "not due yet";
    make_due();
    app->run(sweep(system(), &intents()));
    app->run(sweep(system(), &intents()));
    EXPECT_EQ(jobs("payments.resume"), "1");
    // Its job was lost.
    make_due();
    app->run(sweep(system(), &intents()));
    EXPECT_EQ(jobs("payments.resume"), "2");
}

TEST_F(ReconcileTest, QueriesFollowThePlanAndAfterwardsADay) {
    const auto intent = start(order(15'000, next_id()));
    for (const auto& [aged, next] : {std::pair("31 seconds", "60"), std::pair("30 seconds", "120"),
                                     std::pair("60 seconds", "300"), std::pair("3 minutes", "900")}) {
        age(aged);
        resume(intent);
        EXPECT_EQ(seconds_to_query(), next) << aged;
        EXPECT_EQ(state(intent), "pending");
    }
    age("11 minutes");
    resume(intent);
    EXPECT_EQ(state(intent), "unknown") << "the payer may have paid: nobody calls it failed";
    EXPECT_EQ(rows("select next_query_at between now() + interval '23 hours' and now() + interval '25 hours' "
                   "from payment_intents"),
              "t");
    EXPECT_THAT(get("/v1/payment-intents?state=unknown").body, HasSubstr(intent));
    EXPECT_EQ(mpesa->queries, 5);
}

// A payer who leaves a page is told of by nobody: it is asked after while it lives, and its end is asked for, not a day later.
TEST_F(ReconcileTest, TheEndOfAPageIsAskedFor) {
    const auto next_after = [](std::string_view since) {
        return rows(
            fmt::format("select round(extract(epoch from next_query_at - {}) / 60) from payment_intents", since));
    };
    const auto intent = start(order(15'000, next_id()));
    app->database().execute("update payment_intents set expires_at = created_at + interval '1 hour'");
    age("16 minutes");
    resume(intent);
    EXPECT_EQ(state(intent), "pending");
    EXPECT_EQ(next_after("now()"), "10");
    age("40 minutes");
    resume(intent);
    age("6 minutes");
    resume(intent);
    EXPECT_EQ(state(intent), "unknown");
    EXPECT_EQ(next_after("created_at"), "76");
    mpesa->on_query = [](const auto&) { return Evidence{.source = Source::query, .finding = Finding::timed_out}; };
    age("15 minutes");
    resume(intent);
    EXPECT_EQ(state(intent), "expired");
}

// Where the provider can call it off, nobody can pay it any more.
TEST_F(ReconcileTest, WhatIsOverIsCalledOffWhereItCanBe) {
    const auto intent = start(order(15'000, next_id(), next_id(), next_phone(), "stripe"));
    age("2 hours");
    resume(intent);
    EXPECT_EQ(stripe->cancels, 1);
    EXPECT_EQ(state(intent), "expired");

    const auto paid_now = start(order(15'000, next_id(), next_id(), next_phone(), "stripe"));
    stripe->on_cancel = [](const auto&) { return Evidence{.source = Source::query, .finding = Finding::paid}; };
    age("2 hours");
    resume(paid_now);
    EXPECT_EQ(state(paid_now), "succeeded") << "the payer was faster";

    const auto lost = start(order(15'000, next_id(), next_id(), next_phone(), "stripe"));
    stripe->on_cancel = [](const auto&) { return Evidence{.source = Source::reply, .finding = Finding::lost}; };
    age("2 hours");
    resume(lost);
    EXPECT_EQ(state(lost), "unknown");
    stripe->on_cancel = nullptr;
    resume(lost);
    EXPECT_EQ(state(lost), "expired") << "tried again when it is asked after again";
}

// A start whose reply was lost is sent again; that the second one did not leave says nothing of the first.
TEST_F(ReconcileTest, ARepetitionThatDidNotLeaveIsStillLost) {
    const auto says = [](Finding finding) {
        return [finding](const auto&) {
            return ::payments::Started{.evidence = {.source = Source::reply, .finding = finding}};
        };
    };
    stripe->on_start = says(Finding::lost);
    stripe->on_query = [](const auto&) { return Evidence{.source = Source::query, .finding = Finding::lost}; };
    const auto intent = start(order(15'000, next_id(), next_id(), next_phone(), "stripe"));
    EXPECT_EQ(state(intent), "sent");
    stripe->on_start = says(Finding::not_sent);
    make_due();
    resume(intent);
    EXPECT_EQ(stripe->started.size(), 2U);
    EXPECT_EQ(state(intent), "sent") << "`created` could be called off here, and be paid there";
}

TEST_F(ReconcileTest, UndecidedRefundsAreAskedAfter) {
    const auto intent = paid_intent(15'000);
    mpesa->refund_outcome = ::payments::Refunded::Outcome::unknown;
    const auto made = post(path(intent) + "/refund", refund_order(5'000));
    EXPECT_EQ(made.status, 201) << made.body;
    app->run(sweep(system(), &intents()));
    EXPECT_EQ(jobs("payments.ask_refund"), "0") << "not yet";
    const auto older = [](std::string_view by) {
        app->database().execute(
            fmt::format("update payment_refunds set updated_at = updated_at - interval '{}', "
                        "created_at = created_at - interval '{}'",
                        by, by));
    };
    older("11 minutes");
    app->run(sweep(system(), &intents()));
    app->run(sweep(system(), &intents()));
    EXPECT_EQ(jobs("payments.ask_refund"), "1");
    older("12 minutes");
    app->run(sweep(system(), &intents()));
    EXPECT_EQ(jobs("payments.ask_refund"), "2");
    older("11 minutes");
    app->run(sweep(system(), &intents()));
    EXPECT_EQ(jobs("payments.ask_refund"), "2") << "rarer with its age";

    mpesa->refund_outcome = ::payments::Refunded::Outcome::done;
    const RefundId id(*base::Uuid::from_string(member_in(made.body, "id")));
    std::ignore = app->run(intents().ask_refund(db(), id, {}));
    EXPECT_EQ(rows("select refunded || ' ' || refund_held from payment_intents"), "5000 0");
    EXPECT_EQ(mpesa->refunds.at(0).id, mpesa->refunds.at(1).id) << "one key";
    std::ignore = app->run(intents().ask_refund(db(), id, {}));
    EXPECT_EQ(mpesa->refunds.size(), 2U) << "decided";
}

TEST_F(ReconcileTest, AQueryThatCouldNotBeAskedIsAskedAgainSoon) {
    const auto intent = start(order(15'000, next_id()));
    mpesa->on_query = [](const auto&) { return Evidence{.source = Source::query, .finding = Finding::lost}; };
    age("5 minutes");
    resume(intent);
    EXPECT_EQ(rows("select next_query_at < now() + interval '1 minute' from payment_intents"), "t");
    mpesa->on_query = [](const auto&) { return Evidence{.source = Source::query, .finding = Finding::refused}; };
    resume(intent);
    EXPECT_EQ(state(intent), "pending") << "a question that was refused says nothing of the payment";
}

TEST_F(ReconcileTest, ASuccessIsFoundByAsking) {
    const auto intent = start(order(15'000, next_id()));
    mpesa->on_query = [](const auto& attempt) {
        EXPECT_TRUE(attempt.provider_id.starts_with("ws_CO_"));
        return Evidence{.source = Source::query, .finding = Finding::paid, .code = "0"};
    };
    age("31 seconds");
    resume(intent);
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(rows("select next_query_at is null from payment_intents"), "t");
    // The receipt comes with the account's own list.
    pulls({confirmation("TAF7RT61SV", 15'000, "ORD-1")});
    EXPECT_TRUE(pull());
    EXPECT_EQ(rows("select receipt_code from payment_intents"), "TAF7RT61SV");
}

// The reply to a prompt was lost: it is never sent again, and the account's list says what became of it.
TEST_F(ReconcileTest, ALostPromptIsFoundInThePull) {
    mpesa->on_start = [](const auto&) {
        return ::payments::Started{.evidence = {.source = Source::reply, .finding = Finding::lost}};
    };
    mpesa->on_query = [](const auto&) { return Evidence{.source = Source::query, .finding = Finding::lost}; };
    const auto intent = start(order(15'000, next_id()));
    EXPECT_EQ(state(intent), "sent");
    age("16 minutes");
    resume(intent);
    EXPECT_EQ(state(intent), "unknown");
    EXPECT_EQ(mpesa->started.size(), 1U);
    app->run(find_unexplained(system(), &intents()));
    EXPECT_EQ(jobs("payments.pull"), "1");
    pulls({confirmation("TAF7RT61SV", 15'000, "ORD-1"), confirmation("TAF7RT62SV", 2'000, "somebody")});
    EXPECT_TRUE(pull());
    EXPECT_TRUE(pull());
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(c2b("TAF7RT61SV"), "matched intent");
    EXPECT_EQ(c2b("TAF7RT62SV"), "unmatched -");
    EXPECT_EQ(rows("select pulled_until is not null from payment_accounts where provider = 'mpesa'"), "t");
}

TEST_F(ReconcileTest, WhoHasNothingUnexplainedIsNotPulled) {
    paid_intent(15'000);
    app->run(find_unexplained(system(), &intents()));
    EXPECT_EQ(jobs("payments.pull"), "0");
}

TEST_F(ReconcileTest, AListThatIsNotWholeIsReadAgain) {
    pulls({confirmation("TAF7RT61SV", 15'000, "x")}, false);
    EXPECT_FALSE(pull());
    EXPECT_EQ(c2b("TAF7RT61SV"), "unmatched -") << "what came is kept";
    EXPECT_EQ(rows("select pulled_until is null from payment_accounts where provider = 'mpesa'"), "t");
}

// ---- People ------------------------------------------------------------------------------------------------------

class ResolveTest : public ReconcileTest {
protected:
    static std::string unknown_intent() {
        const auto intent = start(order(15'000, next_id()));
        learn(intent, {.source = Source::clock, .finding = Finding::overdue});
        EXPECT_EQ(state(intent), "unknown");
        return intent;
    }
    static InjectedResponse resolve(const std::string& intent, const std::string& json,
                                    const std::string& token = owner) {
        return post(path(intent) + "/resolve", json, token);
    }
};

TEST_F(ResolveTest, APersonSaysPaidWithAReceipt) {
    const auto intent = unknown_intent();
    EXPECT_EQ(resolve(intent, R"({"outcome":"paid"})").status, 422);
    EXPECT_EQ(resolve(intent, R"({"outcome":"paid","receiptCode":"TAF7RT61SV"})", viewer).status, 403);
    const auto reply = resolve(intent, R"({"outcome":"paid","receiptCode":"taf7rt61sv","note":"her phone shows it"})");
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(rows("select receipt_code from payment_intents"), "TAF7RT61SV");
    EXPECT_EQ(resolve(intent, R"({"outcome":"paid","receiptCode":"TAF7RT61SV"})").status, 200) << "said again";
    EXPECT_EQ(resolve(intent, R"({"outcome":"not_paid"})").status, 409);
    EXPECT_EQ(rows("select action || ' ' || subject_id from audit_events where action like 'payment_intent.%'"),
              "payment_intent.resolve_paid " + intent);
    // The account's confirmation is the same money.
    deliver("confirm", confirmation("TAF7RT61SV", 15'000, "x"));
    EXPECT_EQ(c2b("TAF7RT61SV"), "matched intent");
}

TEST_F(ResolveTest, APersonSaysNotPaidAndMoneyThatComesStillCounts) {
    const auto intent = unknown_intent();
    EXPECT_EQ(resolve(intent, R"({"outcome":"not_paid"})").status, 200);
    EXPECT_EQ(state(intent), "failed");
    deliver("stk", paid_by(intent, 15'000, "TAF7RT61SV"));
    EXPECT_EQ(state(intent), "succeeded");
}

TEST_F(ResolveTest, WhatRingsIsNotCalledOff) {
    const auto intent = start(order(15'000, next_id()));
    const auto reply = resolve(intent, R"({"outcome":"not_paid"})");
    EXPECT_EQ(reply.status, 409);
    EXPECT_THAT(reply.body, HasSubstr("payment.prompt_rings"));
    EXPECT_EQ(state(intent), "pending");
}

TEST_F(ResolveTest, AReceiptPaysOnce) {
    paid_intent(15'000, "TAF7RT61SV");
    const auto intent = unknown_intent();
    const auto reply = resolve(intent, R"({"outcome":"paid","receiptCode":"TAF7RT61SV"})");
    EXPECT_EQ(reply.status, 409);
    EXPECT_THAT(reply.body, HasSubstr("payment.receipt_used"));
    EXPECT_EQ(state(intent), "unknown");
    // Money of another amount is not what the person says.
    deliver("confirm", confirmation("TAF7RT62SV", 5'000, "x"));
    EXPECT_THAT(resolve(intent, R"({"outcome":"paid","receiptCode":"TAF7RT62SV"})").body,
                HasSubstr("payment.c2b_unfit"));
}

}  // namespace
