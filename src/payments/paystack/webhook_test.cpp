// Events of Paystack: which bytes are believed, what each says of an attempt, and that hostile ones say nothing.

#include "payments/paystack/webhook.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "client/client_for_test.h"
#include "payments/paystack/paystack.h"
#include "payments/paystack/signature.h"

namespace payments::paystack {

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const base::Uuid attempt_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
const std::string key = "sk_test_abc";

Credentials credentials() { return {.secret_key = key, .email = "a@b.example"}; }

std::expected<VerifiedCallback, CallbackRefusal> verify(std::string_view bytes) {
    return verify_event(credentials(), bytes, signature_of(bytes, key));
}

std::string event(std::string_view name, std::string_view data) {
    return fmt::format(R"({{"event":"{}","data":{}}})", name, data);
}

std::string charge(std::string_view status, std::string_view more = "", std::string_view amount = "15000") {
    return fmt::format(R"({{"id":4099260516,"domain":"test","status":"{}","reference":"{}","amount":{},)"
                       R"("currency":"KES","paid_at":"2025-07-09T16:32:10.000Z"{}}})",
                       status, attempt_id.to_string(), amount, more);
}

Claim claim_of(std::string_view name, std::string_view data) {
    const auto verified = verify(event(name, data));
    EXPECT_TRUE(verified) << name;
    if (!verified || verified->claims.size() != 1) {
        ADD_FAILURE() << name << " " << data;
        return {};
    }
    EXPECT_EQ(verified->reply, R"({"received":true})");
    EXPECT_EQ(verified->claims[0].evidence.source, Source::callback);
    EXPECT_EQ(verified->claims[0].attempt, attempt_id);
    return verified->claims[0];
}

// ---- Signatures -------------------------------------------------------------------------------------------------

TEST(PaystackSignature, TheKnownVectorIsTaken) {
    const std::string_view body = R"({"id":"evt_1","object":"event","type":"payment_intent.succeeded"})";
    const std::string_view known =
        "f637bef9fe0c689d46fbbd153c0037d8fc7ab1153684a3dac98a53ddf8757f429ba020e9e8f5074ebf2a8dc5b45035170befeb58e88b"
        "eddd168c09ef034aab87";
    EXPECT_EQ(signature_of(body, key), known);
    EXPECT_TRUE(is_signed(known, body, key));
}

TEST(PaystackSignature, WhatIsNoneIsRefused) {
    const auto bytes = event("charge.success", charge("success"));
    const auto good = signature_of(bytes, key);
    std::string upper = good;
    for (char& c : upper) c = static_cast<char>(c >= 'a' ? c - 32 : c);
    for (const std::string& wrong :
         {std::string(), upper, good.substr(1), good + "0", " " + good, signature_of(bytes, "sk_test_abd"),
          signature_of(bytes, ""), std::string(4'000, 'a')}) {
        EXPECT_FALSE(is_signed(wrong, bytes, key));
        EXPECT_FALSE(verify_event(credentials(), bytes, wrong));
    }
    EXPECT_FALSE(is_signed(good, bytes + " ", key));
    EXPECT_FALSE(is_signed(signature_of(bytes, ""), bytes, ""));
}

TEST(PaystackSignature, TestEventsAreNotForALiveKey) {
    auto live = credentials();
    live.secret_key = "sk_live_abc";
    const auto bytes = event("charge.success", charge("success"));
    EXPECT_TRUE(verify(bytes));
    EXPECT_FALSE(verify_event(live, bytes, signature_of(bytes, live.secret_key)));
}

// ---- What it says -----------------------------------------------------------------------------------------------

TEST(PaystackEvents, ASuccessProvesThePayment) {
    const auto claim = claim_of("charge.success", charge("success"));
    EXPECT_TRUE(is_proof(claim.evidence));
    EXPECT_EQ(claim.evidence.amount, base::Money{15000});
    EXPECT_EQ(claim.evidence.currency, "KES");
    EXPECT_EQ(claim.evidence.receipt, "4099260516");
    EXPECT_EQ(claim.evidence.at, base::parse_timestamp("2025-07-09T16:32:10Z"));
    EXPECT_EQ(claim.dedupe_key, "charge.success:4099260516");
    const Attempt other{.state = State::pending, .amount = base::Money{15001}, .currency = "KES"};
    EXPECT_FALSE(decide(other, claim.evidence).credits);
    const Attempt asked{.state = State::pending, .amount = base::Money{15000}, .currency = "KES"};
    EXPECT_TRUE(decide(asked, claim.evidence).credits);
}

TEST(PaystackEvents, WhateverElseIsSaidOfAChargeHasToBeAskedAfter) {
    const std::pair<std::string_view, std::string> cases[] = {
        {"charge.success", charge("failed")},
        {"charge.success", charge("pending")},
        {"charge.success", charge("")},
        {"charge.success", charge("success", "", "null")},
        {"charge.success", charge("success", "", "-1")},
        {"charge.failed", charge("failed", R"(,"gateway_response":"Insufficient Funds")")},
        {"charge.something", charge("reversed")},
    };
    for (const auto& [name, data] : cases) {
        const auto claim = claim_of(name, data);
        EXPECT_EQ(claim.evidence.finding, Finding::processing) << data;
        EXPECT_FALSE(is_proof(claim.evidence)) << data;
        const Attempt attempt{.state = State::pending, .amount = base::Money{15000}, .currency = "KES"};
        EXPECT_TRUE(decide(attempt, claim.evidence).ask) << data;
        EXPECT_FALSE(decide(attempt, claim.evidence).changes) << data;
    }
}

std::string refund(std::string_view status, std::string_view reference = R"("132013318360")",
                   std::string_view amount = R"("6000")") {
    return fmt::format(R"({{"status":"{}","transaction_reference":"{}","refund_reference":{},"amount":{},)"
                       R"("currency":"KES","domain":"test"}})",
                       status, attempt_id.to_string(), reference, amount);
}

// Without a name of ours or of the API's, whatever else they say: each delivery has Paystack asked what has gone back.
TEST(PaystackEvents, RefundsAreToldWithoutAName) {
    const struct {
        std::string_view name;
        std::string_view status;
        Refunded::Outcome outcome;
    } cases[] = {{"refund.processed", "processed", Refunded::Outcome::done},
                 {"refund.pending", "pending", Refunded::Outcome::pending},
                 {"refund.processing", "processing", Refunded::Outcome::pending},
                 {"refund.failed", "failed", Refunded::Outcome::refused}};
    for (const auto& one : cases) {
        const auto claim = claim_of(one.name, refund(one.status));
        EXPECT_EQ(claim.evidence.finding, Finding::processing);
        ASSERT_TRUE(claim.refund) << one.name;
        EXPECT_EQ(claim.refund->id, std::nullopt);
        EXPECT_EQ(claim.refund->refunded.provider_id, "");
        EXPECT_EQ(claim.refund->refunded.outcome, one.outcome) << one.name;
        EXPECT_EQ(claim.refund->amount, base::Money{6000});
        EXPECT_THAT(claim.refund->refunded.text, HasSubstr("132013318360"));
        EXPECT_EQ(claim.dedupe_key, fmt::format("{}:132013318360", one.name));
        EXPECT_TRUE(claim.is_hint);
        EXPECT_FALSE(claim.asks_of_paid);
    }
    EXPECT_THAT(claim_of("refund.pending", refund("pending", "null")).refund->refunded.text, Not(IsEmpty()));
    EXPECT_THAT(claim_of("refund.pending", refund("pending", "null")).dedupe_key, SizeIs(64));
    auto with_id = refund("processed");
    with_id.insert(1, R"("id":3018284,)");
    EXPECT_EQ(claim_of("refund.processed", with_id).refund->refunded.provider_id, "");
}

// A success is a fact, and told once; what is none has us ask each time it comes.
TEST(PaystackEvents, WhatIsNoSuccessIsAHint) {
    EXPECT_FALSE(claim_of("charge.success", charge("success")).is_hint);
    for (const auto* const status : {"failed", "abandoned", "ongoing"})
        EXPECT_TRUE(claim_of("charge.failed", charge(status)).is_hint) << status;
}

TEST(PaystackEvents, DisputesAreForPeople) {
    const auto dispute = [](std::string_view status, std::string_view resolution) {
        return fmt::format(
            R"({{"id":358950,"refund_amount":15000,"currency":"KES","status":"{}","resolution":{},)"
            R"("domain":"test","category":"chargeback","transaction":{{"id":4099260516,"reference":"{}"}}}})",
            status, resolution, attempt_id.to_string());
    };
    const auto made = claim_of("charge.dispute.create", dispute("awaiting-merchant-feedback", "null"));
    EXPECT_EQ(made.evidence.finding, Finding::processing);
    EXPECT_EQ(made.evidence.code, "dispute_awaiting-merchant-feedback");
    EXPECT_THAT(made.note, HasSubstr("KES 150"));
    EXPECT_FALSE(made.refund);
    using enum Claim::DisputeNews::State;
    ASSERT_TRUE(made.dispute);
    EXPECT_EQ(made.dispute->state, open);
    EXPECT_EQ(made.dispute->provider_id, "358950");
    EXPECT_EQ(made.dispute->amount, base::Money{15'000});
    const auto accepted = claim_of("charge.dispute.resolve", dispute("resolved", R"("merchant-accepted")"));
    EXPECT_EQ(accepted.evidence.code, "dispute_lost");
    EXPECT_EQ(accepted.dispute.value().state, lost);
    EXPECT_EQ(accepted.dispute.value().provider_id, "358950");
    const auto declined = claim_of("charge.dispute.resolve", dispute("resolved", R"("declined")"));
    EXPECT_EQ(declined.evidence.code, "dispute_won");
    EXPECT_EQ(declined.dispute.value().state, won);
}

TEST(PaystackEvents, RepetitionsAreTheSameEvent) {
    EXPECT_EQ(claim_of("charge.success", charge("success")).dedupe_key,
              claim_of("charge.success", charge("success", R"(,"log":null)")).dedupe_key);
    EXPECT_NE(claim_of("refund.processed", refund("processed", R"("1")")).dedupe_key,
              claim_of("refund.processed", refund("processed", R"("2")")).dedupe_key);
}

TEST(PaystackEvents, WhatNamesNoAttemptOfOursIsKept) {
    const std::string none[] = {"",
                                "{}",
                                "[]",
                                "null",
                                "not json",
                                "\xff\xfe",
                                R"({"event":7})",
                                event("charge.success", "null"),
                                event("charge.success", "[]"),
                                event("charge.success", R"({"status":"success","reference":"ORD-1027","id":1})"),
                                event("refund.processed", R"({"transaction_reference":"x","amount":"1"})"),
                                event("charge.dispute.create", "{}"),
                                event("transfer.success", charge("success")),
                                event("customeridentification.success", "{}"),
                                event("charge." + std::string(10'000, 'a'), charge("success")),
                                std::string(100'000, '[')};
    for (const auto& bytes : none) {
        const auto verified = verify(bytes);
        ASSERT_TRUE(verified) << bytes.substr(0, 80);
        EXPECT_THAT(verified->claims, IsEmpty()) << bytes.substr(0, 80);
    }
}

TEST(PaystackEvents, OfOtherKindsThereAreNone) {
    client::TestClient http;
    const Paystack driver(*http.operator->());
    const Account account{.id = base::Uuid::nil(),
                          .credentials = {R"({"secretKey":"sk_test_abc","email":"a@b.example"})"}};
    const auto bytes = event("charge.success", charge("success"));
    http::Headers headers;
    headers.set("X-Paystack-Signature", signature_of(bytes, key));
    EXPECT_TRUE(driver.verify_callback(account, "events", bytes, headers, {}));
    EXPECT_FALSE(driver.verify_callback(account, "stk", bytes, headers, {}));
    EXPECT_FALSE(driver.verify_callback(account, "events", bytes, {}, {}));
    EXPECT_FALSE(driver.verify_callback({}, "events", bytes, headers, {}));
    // What was proved when it came is read by no secret.
    const auto read = driver.read_callback("events", bytes);
    ASSERT_TRUE(read);
    EXPECT_THAT(read->claims, SizeIs(1));
    EXPECT_FALSE(driver.read_callback("stk", bytes));
}

}  // namespace

}  // namespace payments::paystack
