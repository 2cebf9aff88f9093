// Money that comes by itself: each receipt once, matched where exactly one thing fits, and otherwise on the list for people.
#include "pos/modules/payments/c2b.h"

#include <gmock/gmock.h>

#include "pos/modules/sales/phone_payments.h"
#include "pos/testing/payment_callbacks.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::Finding;
using ::testing::HasSubstr;

class C2bTest : public CallbacksTest {
protected:
    static std::string order_as(std::string_view reference, std::int64_t amount,
                                const std::string& subject = next_id()) {
        return fmt::format(R"({{"clientRequestId":"{}","provider":"mpesa","amount":{},"subjectId":"{}","phone":"{}",)"
                           R"("locationId":"{}","reference":"{}"}})",
                           next_id(), amount, subject, next_phone(), location(), reference);
    }
    void confirm(std::string_view receipt, std::int64_t cents, std::string_view reference) const {
        deliver("confirm", confirmation(receipt, cents, reference));
    }
    static std::string id_of(std::string_view receipt) {
        return rows(fmt::format("select id from c2b_payments where receipt = '{}'", receipt));
    }
    // A sale whose payment bears a code that the cashier typed.
    static std::string sell_with_code(std::int64_t amount, std::string_view code) {
        auto json = sale_json(amount, next_id());
        const auto at = json.find(R"("method":"mpesa")");
        json.insert(at, fmt::format(R"("reference":"{}",)", code));
        return sell(json);
    }
    static void settle(const std::string& sale) {
        app->run(settle_typed_codes(db(), &intents(), SaleId(*base::Uuid::from_string(sale))));
    }
    static InjectedResponse match(std::string_view receipt, const std::string& json, const std::string& token = owner) {
        return post("/v1/c2b-payments/" + id_of(receipt) + "/match", json, token);
    }
};

// ---- References --------------------------------------------------------------------------------------------------

TEST_F(C2bTest, ATypedReferenceIsMatchedWhereOneDocumentFits) {
    int number = 0;
    for (const std::string typed : {"INV1027", "inv-10 27", " INV1027", "INV1O27", "1027"}) {
        app->database().execute("update payment_intents set state = 'refunded', receipt_code = id::text");
        const auto intent = start(order_as("INV1027", 15'000));
        const auto receipt = fmt::format("TAF7RT6{:03}", ++number);
        confirm(receipt, 15'000, typed);
        EXPECT_EQ(state(intent), "succeeded") << typed;
        EXPECT_EQ(c2b(receipt), "matched intent") << typed;
    }
}

TEST_F(C2bTest, WhatDoesNotFitOneDocumentStaysOnTheList) {
    const auto intent = start(order_as("INV1027", 15'000));
    int number = 0;
    for (const std::string& typed : {std::string(), std::string(40, 'X'), std::string("27"), std::string("INV1028"),
                                     std::string("OTHER-9"), std::string("'; drop table sales; --")}) {
        const auto receipt = fmt::format("TAF7RT7{:03}", ++number);
        confirm(receipt, 15'000, typed);
        EXPECT_EQ(c2b(receipt), "unmatched -") << typed;
        EXPECT_EQ(state(intent), "pending") << typed;
    }
    // Two that end in the number: neither.
    start(order_as("POS-1027", 15'000));
    confirm("TAF7RT7100", 15'000, "1027");
    EXPECT_EQ(c2b("TAF7RT7100"), "unmatched -");
    // Another amount.
    confirm("TAF7RT7101", 14'900, "INV1027");
    EXPECT_EQ(c2b("TAF7RT7101"), "unmatched -");
    EXPECT_EQ(state(intent), "pending");
    const auto list = get("/v1/c2b-payments?state=unmatched&limit=50");
    EXPECT_EQ(list.status, 200) << list.body;
    EXPECT_THAT(list.body, HasSubstr("TAF7RT7101"));
    EXPECT_THAT(get("/v1/c2b-payments?state=matched").body, HasSubstr(R"("data":[])"));
}

TEST_F(C2bTest, AFailedPromptIsPaidByHandUnderItsReference) {
    const auto intent = start(order_as("INV1027", 15'000));
    learn(intent, said(Finding::timed_out));
    EXPECT_EQ(state(intent), "expired");
    confirm("TAF7RT61SV", 15'000, "INV1027");
    EXPECT_EQ(state(intent), "succeeded");
    // What is paid is open no more.
    confirm("TAF7RT62SV", 15'000, "INV1027");
    EXPECT_EQ(c2b("TAF7RT62SV"), "unmatched -");
}

TEST_F(C2bTest, ASaleThatWaitsIsFoundByItsReceiptNumber) {
    const auto sale = sell(sale_json(15'000, next_id()));
    const auto number = rows("select receipt_number from sales");
    confirm("TAF7RT61SV", 15'000, number);
    EXPECT_EQ(c2b("TAF7RT61SV"), "matched sale_payment") << number;
    EXPECT_EQ(payment_of(sale), "accepted - TAF7RT61SV");
    EXPECT_NE(feed("sales", sale), "");
}

// ---- One receipt, one payment ------------------------------------------------------------------------------------

TEST_F(C2bTest, ThePromptsOwnMoneyIsOnePayment) {
    const auto subject = next_id();
    const auto intent = start(order_as("INV1027", 15'000, subject));
    confirm("TAF7RT61SV", 15'000, "INV1027");
    deliver("stk", paid_by(intent, 15'000, "TAF7RT61SV"));
    confirm("TAF7RT61SV", 15'000, "INV1027");
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(rows("select coalesce(concern, '-') from payment_intents"), "-");
    EXPECT_EQ(rows("select count(*) from c2b_payments"), "1");
    // The other way round.
    const auto second = start(order_as("INV1028", 15'000));
    deliver("stk", paid_by(second, 15'000, "TAF7RT62SV"));
    confirm("TAF7RT62SV", 15'000, "INV1028");
    EXPECT_EQ(c2b("TAF7RT62SV"), "matched intent");
    EXPECT_EQ(rows(fmt::format("select coalesce(concern, '-') from payment_intents where id = '{}'", second)), "-");
}

// A query names no receipt; the account's own confirmation does.
TEST_F(C2bTest, ASuccessWithoutAReceiptLearnsItsOwn) {
    const auto intent = start(order_as("INV1027", 15'000));
    learn(intent, {.source = ::payments::Source::query, .finding = Finding::paid});
    EXPECT_EQ(rows("select coalesce(receipt_code, '-') from payment_intents"), "-");
    confirm("TAF7RT61SV", 15'000, "INV1027");
    EXPECT_EQ(rows("select receipt_code from payment_intents"), "TAF7RT61SV");
    EXPECT_EQ(c2b("TAF7RT61SV"), "matched intent");
}

// ---- Codes that were typed ---------------------------------------------------------------------------------------

TEST_F(C2bTest, ATypedCodeIsAcceptedWhicheverComesFirst) {
    const auto first = sell_with_code(15'000, "TAF7RT61SV");
    EXPECT_EQ(payment_of(first), "unverified - TAF7RT61SV");
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'sales.typed_codes'"), "1");
    settle(first);
    EXPECT_EQ(payment_of(first), "unverified - TAF7RT61SV") << "no money yet";
    confirm("TAF7RT61SV", 15'000, "");
    EXPECT_EQ(payment_of(first), "accepted - TAF7RT61SV");
    EXPECT_EQ(c2b("TAF7RT61SV"), "matched sale_payment");

    confirm("TAF7RT62SV", 15'000, "");
    EXPECT_EQ(c2b("TAF7RT62SV"), "unmatched -");
    const auto second = sell_with_code(15'000, "taf7-rt62sv");
    settle(second);
    EXPECT_EQ(payment_of(second), "accepted - TAF7RT62SV");
    EXPECT_EQ(c2b("TAF7RT62SV"), "matched sale_payment");
    // A second sale with the code is not paid by it.
    const auto third = sell_with_code(15'000, "TAF7RT62SV");
    settle(third);
    EXPECT_EQ(payment_of(third), "unverified - -");
}

TEST_F(C2bTest, ATypedCodeOfAnotherAmountIsForPeople) {
    const auto sale = sell_with_code(15'000, "TAF7RT61SV");
    confirm("TAF7RT61SV", 10'000, "");
    EXPECT_EQ(payment_of(sale), "unverified - TAF7RT61SV");
    EXPECT_EQ(c2b("TAF7RT61SV"), "unmatched -");
}

// The till lost its prompt, and the cashier typed what the customer's phone shows.
TEST_F(C2bTest, ACodeOfAPromptWhoseSaleNeverCamePaysTheSaleThatBearsIt) {
    const auto intent = paid_intent(15'000, "TAF7RT61SV");
    const auto sale = sell_with_code(15'000, "TAF7RT61SV");
    settle(sale);
    EXPECT_EQ(payment_of(sale), fmt::format("accepted {} TAF7RT61SV", intent));
    // Once.
    app->database().execute("update payments set external_ref = null");
    const auto second = sell_with_code(15'000, "TAF7RT61SV");
    settle(second);
    EXPECT_EQ(payment_of(second), "unverified - TAF7RT61SV");
}

// ---- People ------------------------------------------------------------------------------------------------------

TEST_F(C2bTest, APersonSaysWhatMoneyPays) {
    const auto intent = start(order_as("INV1027", 15'000));
    confirm("TAF7RT61SV", 15'000, "no idea");
    const auto json = fmt::format(R"({{"intentId":"{}"}})", intent);
    EXPECT_EQ(match("TAF7RT61SV", json, viewer).status, 403);
    const auto reply = match("TAF7RT61SV", json);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(R"("state":"matched","matchedKind":"intent")"));
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(match("TAF7RT61SV", json).status, 200) << "said again";
    EXPECT_EQ(rows("select count(*) from audit_events where action = 'c2b_payment.match'"), "1");
    EXPECT_EQ(rows("select matched_by is not null from c2b_payments"), "t");
    const auto other_intent = start(order_as("INV1028", 15'000));
    const auto again = match("TAF7RT61SV", fmt::format(R"({{"intentId":"{}"}})", other_intent));
    EXPECT_EQ(again.status, 409);
    EXPECT_THAT(again.body, HasSubstr("payment.c2b_matched"));
    EXPECT_EQ(state(other_intent), "pending");
}

TEST_F(C2bTest, APersonMatchesASalesPayment) {
    const auto sale = sell(sale_json(15'000, next_id()));
    const auto payment = rows("select id from payments");
    confirm("TAF7RT61SV", 15'000, "no idea");
    confirm("TAF7RT62SV", 14'000, "no idea");
    const auto json = fmt::format(R"({{"subjectId":"{}"}})", payment);
    const auto unfit = match("TAF7RT62SV", json);
    EXPECT_EQ(unfit.status, 422) << "another amount: " << unfit.body;
    const auto reply = match("TAF7RT61SV", json);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(payment_of(sale), "accepted - TAF7RT61SV");
    EXPECT_EQ(match("TAF7RT61SV", "{}").status, 422);
}

TEST_F(C2bTest, TheAmountsMustBeEqual) {
    const auto intent = start(order_as("INV1027", 15'000));
    confirm("TAF7RT61SV", 14'000, "no idea");
    const auto reply = match("TAF7RT61SV", fmt::format(R"({{"intentId":"{}"}})", intent));
    EXPECT_EQ(reply.status, 409);
    EXPECT_THAT(reply.body, HasSubstr("payment.c2b_unfit"));
    EXPECT_EQ(c2b("TAF7RT61SV"), "unmatched -");
}

// ---- Validation --------------------------------------------------------------------------------------------------

TEST_F(C2bTest, AValidationIsAcceptedUnlessTheShopSaysOtherwise) {
    start(order_as("INV1027", 15'000));
    const auto ask = [&](std::string_view reference) {
        const auto reply = send_callback("validate", confirmation("TAF7RT61SV", 15'000, reference));
        EXPECT_EQ(reply.status, 200) << reply.body;
        return reply.body;
    };
    EXPECT_THAT(ask("nothing of ours"), HasSubstr("Accepted"));
    const auto row = body<PaymentAccount>(get("/v1/payment-accounts/" + account));
    const auto changed = patch("/v1/payment-accounts/" + account, R"({"refusesUnknown":true})", row.meta.version);
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_THAT(ask("inv 1027"), HasSubstr("Accepted"));
    EXPECT_THAT(ask("nothing of ours"), HasSubstr("C2B00012"));
    EXPECT_EQ(rows("select count(*) from c2b_payments"), "0") << "a question is no money";
    EXPECT_EQ(rows("select count(*) from provider_events where processed_at is null"), "0");
    // Money that came all the same is never refused.
    confirm("TAF7RT61SV", 15'000, "nothing of ours");
    EXPECT_EQ(c2b("TAF7RT61SV"), "unmatched -");
}

}  // namespace
