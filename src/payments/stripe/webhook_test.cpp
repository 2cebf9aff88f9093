// Events of Stripe: which bytes are believed, what each says of an attempt, and that hostile ones say nothing.

#include "payments/stripe/webhook.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/hash.h"
#include "base/strings.h"
#include "client/client_for_test.h"
#include "payments/state.h"
#include "payments/stripe/signature.h"
#include "payments/stripe/stripe.h"

namespace payments::stripe {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const base::Uuid attempt_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
const base::Uuid refund_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b02");
const base::Timestamp signed_at{std::chrono::seconds(1'705'300'000)};
const std::string secret = "whsec_test_secret";

std::string v1(std::string_view bytes, std::string_view key = secret, std::string_view time = "1705300000") {
    return base::hex_encode(base::as_chars(base::hmac_sha256(key, fmt::format("{}.{}", time, bytes))));
}
std::string signature_of(std::string_view bytes) { return "t=1705300000,v1=" + v1(bytes); }

Credentials credentials() { return {.secret_key = "sk_test_abc", .webhook_secrets = {secret}}; }

std::expected<VerifiedCallback, CallbackRefusal> verify(std::string_view bytes) {
    return verify_event(credentials(), bytes, signature_of(bytes), signed_at);
}

std::string event(std::string_view type, std::string_view object, std::string_view more = R"("livemode":false)") {
    return fmt::format(
        R"({{"id":"evt_1","object":"event","api_version":"2026-07-29.dahlia","created":1705299990,"type":"{}",{},"data":{{"object":{}}}}})",
        type, more, object);
}

std::string with_ids(std::string_view object) {
    std::string text(object);
    const auto put = [&](std::string_view mark, const std::string& id) {
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
            text.replace(at, mark.size(), id);
    };
    put("ATTEMPT", attempt_id.to_string());
    put("REFUND", refund_id.to_string());
    return text;
}

Claim claim_of(std::string_view type, std::string_view object) {
    const auto verified = verify(event(type, with_ids(object)));
    EXPECT_TRUE(verified) << type;
    if (!verified || verified->claims.size() != 1) {
        ADD_FAILURE() << type << " " << object;
        return {};
    }
    EXPECT_EQ(verified->reply, R"({"received":true})");
    EXPECT_EQ(verified->claims[0].dedupe_key, "evt_1");
    EXPECT_EQ(verified->claims[0].evidence.source, Source::callback);
    return verified->claims[0];
}

// ---- Signatures -------------------------------------------------------------------------------------------------

std::string refusal(std::string_view header, std::string_view bytes, std::vector<std::string> secrets,
                    base::Timestamp now = signed_at) {
    return std::string(refusal_of_signature(header, bytes, secrets, now).value_or(""));
}

TEST(StripeSignature, TheKnownVectorIsTaken) {
    const std::string_view body = R"({"id":"evt_1","object":"event","type":"payment_intent.succeeded"})";
    EXPECT_EQ(v1(body), "67e7e67f7be123931af5e25dce1b3564513fbb4c290f17d44e77344a4bef37f1");
    EXPECT_EQ(
        refusal("t=1705300000,v1=67e7e67f7be123931af5e25dce1b3564513fbb4c290f17d44e77344a4bef37f1", body, {secret}),
        "");
}

TEST(StripeSignature, AnyOfSeveralIsEnoughWhileASecretIsRolled) {
    const std::string old = v1("body", "whsec_old");
    const std::string fresh = v1("body", "whsec_new");
    const std::string both = "t=1705300000,v1=" + old + ",v1=" + fresh + ",v0=" + v1("body", "x");
    EXPECT_EQ(refusal(both, "body", {"whsec_old"}), "");
    EXPECT_EQ(refusal(both, "body", {"whsec_new"}), "");
    EXPECT_EQ(refusal("t=1705300000,v1=" + fresh, "body", {"whsec_old", "whsec_new"}), "");
    EXPECT_NE(refusal(both, "body", {"whsec_other"}), "");
    EXPECT_EQ(refusal("v1=" + fresh + " , t=1705300000", "body", {"whsec_new"}), "");
}

TEST(StripeSignature, TimeIsTakenThreeHundredSecondsEitherWay) {
    const auto header = signature_of("body");
    for (const auto away : {-300s, -1s, 0s, 300s}) EXPECT_EQ(refusal(header, "body", {secret}, signed_at + away), "");
    EXPECT_THAT(refusal(header, "body", {secret}, signed_at + 301s), HasSubstr("ago"));
    EXPECT_THAT(refusal(header, "body", {secret}, signed_at - 301s), HasSubstr("ahead"));
    // Another time than was signed.
    EXPECT_NE(refusal("t=1705300001,v1=" + v1("body"), "body", {secret}), "");
}

TEST(StripeSignature, WhatIsNoneIsRefused) {
    const std::string good = v1("body");
    std::string many = "t=1705300000";
    for (int i = 0; i < 20; ++i) many += ",v1=" + v1("other");
    std::string upper = good;
    for (char& c : upper) c = static_cast<char>(c >= 'a' ? c - 32 : c);
    const std::string none[] = {"",
                                ",",
                                "=",
                                "t=1705300000",
                                "t=1705300000,v1=",
                                "v1=" + good,
                                "t=,v1=" + good,
                                "t=x,v1=" + good,
                                "t=-1705300000,v1=" + good,
                                "t= 1705300000,v1=" + good,
                                "t=1705300000.0,v1=" + good,
                                "t=99999999999999999999,v1=" + good,
                                "t=1705300000,t=1705300000,v1=" + good,
                                "t=1705300000,v0=" + good,
                                "t=1705300000,V1=" + good,
                                "t=1705300000,v1=" + upper,
                                "t=1705300000,v1=" + good.substr(1),
                                "t=1705300000,v1=" + good + "0",
                                "t=1705300000,v1= " + good,
                                "t=1705300000;v1=" + good,
                                many + ",v1=" + good,
                                std::string(10'000, ',') + "t=1705300000,v1=" + good};
    for (const auto& header : none) EXPECT_NE(refusal(header, "body", {secret}), "") << header;
    EXPECT_NE(refusal(signature_of("body"), "body ", {secret}), "");
    EXPECT_NE(refusal(signature_of("body"), "body", {}), "");
    EXPECT_NE(refusal("t=1705300000,v1=" + v1("body", ""), "body", {""}), "");
    // As it is written, not what it might be the Base64 of.
    EXPECT_NE(refusal("t=1705300000,v1=" + v1("body", "test_secret"), "body", {secret}), "");
}

// ---- Whose ------------------------------------------------------------------------------------------------------

TEST(StripeEvents, OfTheOtherModeAreRefused) {
    const std::string object = R"({"object":"payment_intent","id":"pi_1"})";
    auto live = credentials();
    live.secret_key = "rk_live_abc";
    const auto of_test = event("payment_intent.created", object);
    const auto of_live = event("payment_intent.created", object, R"("livemode":true)");
    EXPECT_TRUE(verify(of_test));
    EXPECT_TRUE(verify_event(live, of_live, signature_of(of_live), signed_at));
    for (const auto* const more : {R"("livemode":true)", R"("livemode":null)", R"("x":1)"}) {
        const auto refused = verify(event("payment_intent.created", object, more));
        ASSERT_FALSE(refused) << more;
        EXPECT_EQ(refused.error().status, 400);
    }
    EXPECT_FALSE(verify_event(live, of_test, signature_of(of_test), signed_at));
}

TEST(StripeEvents, ComeByOneRouteWithTheHeader) {
    client::TestClient http;
    const Stripe driver(*http.operator->(), http.loop());
    const Account account{.credentials = {R"({"secretKey":"sk_test_abc","webhookSecrets":["whsec_test_secret"]})"}};
    const auto bytes = event("payment_intent.created", R"({"object":"payment_intent","id":"pi_1"})");
    http::Headers headers;
    EXPECT_EQ(driver.verify_callback(account, "events", bytes, headers, signed_at).error().status, 400);
    headers.append("stripe-signature", signature_of(bytes));
    EXPECT_TRUE(driver.verify_callback(account, "events", bytes, headers, signed_at));
    EXPECT_EQ(driver.verify_callback(account, "stk", bytes, headers, signed_at).error().status, 404);
    EXPECT_EQ(driver.verify_callback({}, "events", bytes, headers, signed_at).error().status, 400);
    const Account without{.credentials = {R"({"secretKey":"sk_test_abc","webhookSecrets":[]})"}};
    EXPECT_EQ(driver.verify_callback(without, "events", bytes, headers, signed_at).error().status, 400);
}

// ---- What they say ----------------------------------------------------------------------------------------------

constexpr std::string_view succeeded =
    R"({"object":"payment_intent","id":"pi_1","status":"succeeded","amount":15000,"amount_received":15000,"currency":"kes",)"
    R"("latest_charge":"ch_1","client_secret":"pi_1_secret_x","metadata":{"attempt_id":"ATTEMPT"}})";

TEST(StripeEvents, ASuccessProvesItself) {
    const auto claim = claim_of("payment_intent.succeeded", succeeded);
    EXPECT_EQ(claim.attempt, attempt_id);
    EXPECT_EQ(claim.evidence.finding, Finding::paid);
    EXPECT_EQ(claim.evidence.provider_id, "pi_1");
    EXPECT_EQ(claim.evidence.receipt, "ch_1");
    EXPECT_EQ(claim.evidence.amount, base::Money{15000});
    EXPECT_EQ(claim.evidence.currency, "KES");
    EXPECT_EQ(claim.evidence.at, base::Timestamp(std::chrono::seconds(1'705'299'990)));
    EXPECT_TRUE(is_proof(claim.evidence));
    const auto charge = claim_of(
        "charge.succeeded",
        R"({"object":"charge","id":"ch_1","status":"succeeded","paid":true,"captured":true,"amount_captured":15000,)"
        R"("currency":"kes","payment_intent":"pi_1","metadata":{"attempt_id":"ATTEMPT"}})");
    EXPECT_EQ(charge.attempt, attempt_id);
    EXPECT_EQ(charge.evidence.receipt, "ch_1");
    EXPECT_EQ(charge.evidence.provider_id, "pi_1");
    EXPECT_TRUE(is_proof(charge.evidence));
}

// Whatever the type says: the object inside is what happened.
TEST(StripeEvents, OnlyTheObjectIsBelieved) {
    const auto claim = claim_of("payment_intent.succeeded",
                                R"({"object":"payment_intent","id":"pi_1","status":"requires_payment_method"})");
    EXPECT_EQ(claim.evidence.finding, Finding::processing);
    EXPECT_EQ(claim_of("payment_intent.created", succeeded).evidence.finding, Finding::paid);
}

TEST(StripeEvents, WhatIsNoProofIsAskedAfter) {
    const struct {
        std::string_view type;
        std::string_view object;
        Finding finding;
    } cases[] = {
        {"payment_intent.created", R"({"object":"payment_intent","id":"pi_1","status":"requires_payment_method"})",
         Finding::processing},
        {"payment_intent.processing", R"({"object":"payment_intent","id":"pi_1","status":"processing"})",
         Finding::processing},
        {"payment_intent.requires_action", R"({"object":"payment_intent","id":"pi_1","status":"requires_action"})",
         Finding::processing},
        {"payment_intent.amount_capturable_updated",
         R"({"object":"payment_intent","id":"pi_1","status":"requires_capture"})", Finding::processing},
        {"payment_intent.payment_failed",
         R"({"object":"payment_intent","id":"pi_1","status":"requires_payment_method","last_payment_error":{"type":"card_error","code":"card_declined"}})",
         Finding::processing},
        {"payment_intent.succeeded", R"({"object":"payment_intent","id":"pi_1","status":"succeeded"})", Finding::paid},
        {"payment_intent.succeeded",
         R"({"object":"payment_intent","id":"pi_1","status":"succeeded","amount_received":15000,"currency":"kes"})",
         Finding::paid},
        {"payment_intent.succeeded",
         R"({"object":"payment_intent","id":"pi_1","status":"succeeded","latest_charge":"ch_1","currency":"kes"})",
         Finding::paid},
        {"checkout.session.completed",
         R"({"object":"checkout.session","id":"cs_1","status":"complete","payment_status":"paid","payment_intent":"pi_1","amount_total":15000,"currency":"kes"})",
         Finding::paid},
        {"checkout.session.completed",
         R"({"object":"checkout.session","id":"cs_1","status":"complete","payment_status":"unpaid","payment_intent":"pi_1"})",
         Finding::processing},
        {"checkout.session.async_payment_succeeded",
         R"({"object":"checkout.session","id":"cs_1","status":"complete","payment_status":"paid","payment_intent":"pi_1"})",
         Finding::paid},
        {"checkout.session.async_payment_failed",
         R"({"object":"checkout.session","id":"cs_1","status":"complete","payment_status":"unpaid","payment_intent":"pi_1"})",
         Finding::processing},
        {"charge.succeeded",
         R"({"object":"charge","id":"ch_1","status":"succeeded","paid":true,"captured":false,"payment_intent":"pi_1"})",
         Finding::processing},
        {"charge.succeeded", R"({"object":"charge","id":"ch_1","status":"succeeded","payment_intent":"pi_1"})",
         Finding::processing},
        {"charge.failed",
         R"({"object":"charge","id":"ch_1","status":"failed","paid":false,"failure_code":"card_declined","payment_intent":"pi_1"})",
         Finding::processing},
    };
    const Attempt attempt{.state = State::pending, .amount = base::Money{15000}, .currency = "KES"};
    for (const auto& one : cases) {
        const auto claim = claim_of(one.type, one.object);
        EXPECT_EQ(claim.evidence.finding, one.finding) << one.type;
        EXPECT_FALSE(is_proof(claim.evidence)) << one.type;
        const auto decision = decide(attempt, claim.evidence);
        EXPECT_FALSE(decision.changes) << one.type;
        EXPECT_FALSE(decision.credits) << one.type;
        EXPECT_TRUE(decision.ask) << one.type;
    }
}

TEST(StripeEvents, AnEndIsOfTheAttemptAlone) {
    EXPECT_EQ(
        claim_of(
            "payment_intent.canceled",
            R"({"object":"payment_intent","id":"pi_1","status":"canceled","cancellation_reason":"requested_by_customer"})")
            .evidence.finding,
        Finding::cancelled);
    EXPECT_EQ(
        claim_of("payment_intent.canceled",
                 R"({"object":"payment_intent","id":"pi_1","status":"canceled","cancellation_reason":"automatic"})")
            .evidence.finding,
        Finding::timed_out);
    const auto expired = claim_of(
        "checkout.session.expired",
        R"({"object":"checkout.session","id":"cs_1","status":"expired","payment_status":"unpaid","client_reference_id":"ATTEMPT"})");
    EXPECT_EQ(expired.evidence.finding, Finding::timed_out);
    EXPECT_EQ(expired.evidence.second_id, "cs_1");
    EXPECT_EQ(expired.attempt, attempt_id);
}

// Events of one attempt in any order, each twice: the last word is the success's.
TEST(StripeEvents, InAnyOrderTheyCreditOnce) {
    std::vector<std::pair<std::string_view, std::string_view>> events{
        {"payment_intent.created", R"({"object":"payment_intent","id":"pi_1","status":"requires_payment_method"})"},
        {"payment_intent.payment_failed",
         R"({"object":"payment_intent","id":"pi_1","status":"requires_payment_method"})"},
        {"payment_intent.canceled", R"({"object":"payment_intent","id":"pi_1","status":"canceled"})"},
        {"checkout.session.expired", R"({"object":"checkout.session","id":"cs_1","status":"expired"})"},
        {"checkout.session.completed",
         R"({"object":"checkout.session","id":"cs_1","status":"complete","payment_status":"paid"})"},
        {"payment_intent.succeeded", succeeded}};
    std::ranges::sort(events);
    do {
        Attempt attempt{.state = State::sent, .amount = base::Money{15000}, .currency = "KES"};
        int credits = 0;
        for (int round = 0; round < 2; ++round) {
            for (const auto& one : events) {
                const auto decision = decide(attempt, claim_of(one.first, one.second).evidence);
                attempt.state = decision.next;
                credits += decision.credits ? 1 : 0;
            }
        }
        ASSERT_EQ(credits, 1);
        ASSERT_EQ(attempt.state, State::succeeded);
    } while (std::ranges::next_permutation(events).found);
}

TEST(StripeEvents, RefundsAreTheirOwnNews) {
    const auto charge = claim_of(
        "charge.refunded",
        R"({"object":"charge","id":"ch_1","status":"succeeded","paid":true,"captured":true,"amount_captured":15000,)"
        R"("amount_refunded":6000,"currency":"kes","payment_intent":"pi_1","metadata":{"attempt_id":"ATTEMPT"}})");
    // Its sum would be counted beside its parts.
    EXPECT_EQ(charge.evidence.finding, Finding::paid);
    EXPECT_EQ(charge.evidence.amount, base::Money{15000});
    EXPECT_FALSE(charge.refund);

    const struct {
        std::string_view type;
        std::string_view status;
        Refunded::Outcome outcome;
    } cases[] = {{"refund.created", "pending", Refunded::Outcome::pending},
                 {"refund.updated", "succeeded", Refunded::Outcome::done},
                 {"refund.failed", "failed", Refunded::Outcome::refused}};
    for (const auto& one : cases) {
        const auto claim = claim_of(
            one.type,
            fmt::format(
                R"({{"object":"refund","id":"re_1","status":"{}","amount":6000,"currency":"kes","payment_intent":"pi_1",)"
                R"("metadata":{{"refund_id":"REFUND","attempt_id":"ATTEMPT"}}}})",
                one.status));
        ASSERT_TRUE(claim.refund) << one.type;
        EXPECT_EQ(claim.refund->id, refund_id);
        EXPECT_EQ(claim.refund->amount, base::Money{6000});
        EXPECT_EQ(claim.refund->refunded.outcome, one.outcome);
        EXPECT_EQ(claim.refund->refunded.provider_id, "re_1");
        EXPECT_EQ(claim.attempt, attempt_id);
        EXPECT_EQ(claim.note, "");
        EXPECT_EQ(claim.evidence.finding, Finding::processing);
    }
    const auto elsewhere = claim_of(
        "refund.created",
        R"({"object":"refund","id":"re_2","status":"succeeded","amount":5,"currency":"kes","payment_intent":"pi_1"})");
    ASSERT_TRUE(elsewhere.refund);
    EXPECT_FALSE(elsewhere.refund->id);
    EXPECT_EQ(elsewhere.note, "A refund of KES 0.05 was made at Stripe (re_2): succeeded");
}

TEST(StripeEvents, DisputesAreNoted) {
    const auto claim =
        claim_of("charge.dispute.created",
                 R"({"object":"dispute","id":"dp_1","status":"needs_response","reason":"fraudulent","amount":15000,)"
                 R"("currency":"kes","charge":"ch_1","payment_intent":"pi_1"})");
    EXPECT_EQ(claim.note, "The payer's bank disputes KES 150.00 (Stripe's dp_1): fraudulent, needs_response");
    EXPECT_EQ(claim.evidence.finding, Finding::processing);
    EXPECT_EQ(claim.evidence.code, "dispute_needs_response");
    EXPECT_EQ(claim.evidence.provider_id, "pi_1");
    EXPECT_FALSE(claim.refund);
    const auto lost =
        claim_of("charge.dispute.closed",
                 R"({"object":"dispute","id":"dp_1","status":"lost","reason":"fraudulent","amount":15000,)"
                 R"("currency":"kes","charge":"ch_1","payment_intent":"pi_1"})");
    ASSERT_TRUE(lost.refund) << "the money has gone back";
    EXPECT_EQ(lost.refund->amount, base::Money{15000});
    EXPECT_EQ(lost.refund->refunded.provider_id, "dp_1");
    EXPECT_EQ(lost.evidence.code, "dispute_lost");
    EXPECT_EQ(claim.dispute.value().state, Claim::DisputeNews::State::open);
    EXPECT_EQ(claim.dispute.value().provider_id, "dp_1");
    EXPECT_EQ(lost.dispute.value().state, Claim::DisputeNews::State::lost);
}

TEST(StripeEvents, OfADisputeThatIsWonNothingWentBack) {
    for (const std::string_view status : {"won", "warning_closed", "prevented"}) {
        const auto claim = claim_of("charge.dispute.closed",
                                    fmt::format(R"({{"object":"dispute","id":"dp_1","status":"{}","amount":15000,)"
                                                R"("currency":"kes","charge":"ch_1","payment_intent":"pi_1"}})",
                                                status));
        EXPECT_EQ(claim.dispute.value().state, Claim::DisputeNews::State::won) << status;
        ASSERT_TRUE(claim.refund) << status;
        EXPECT_EQ(claim.refund->refunded.outcome, Refunded::Outcome::refused) << status;
        EXPECT_EQ(claim.refund->refunded.provider_id, "dp_1") << status;
    }
}

TEST(StripeEvents, OfNothingWeKnowClaimNothing) {
    const std::string others[] = {
        event("invoice.paid", R"({"object":"invoice","id":"in_1"})"),
        event("customer.subscription.created", R"({"object":"subscription","id":"sub_1"})"),
        event("charge.succeeded", R"({"object":"charge","id":"ch_1","status":"succeeded"})"),  // of no payment intent
        event("x", "null"),
        event("x", "[]"),
        event("x", R"({"object":7})"),
        event("x", R"({"object":"payment_intent"})"),
        event("x", R"({"object":"payment_intent","id":"../../etc"})"),
        event("x", R"({"object":"payment_intent","id":"pi_1","amount_received":"much"})"),
        R"({"id":"evt_1","livemode":false})",
        R"({"id":"evt_1/2","livemode":false,"data":{"object":{}}})",
        R"({"livemode":false})",
        "{}",
        "[]",
        "null",
        "",
        "<html>",
        "\xff\xfe",
        std::string("\0\0", 2),
        std::string(1000, '['),
    };
    for (const auto& bytes : others) {
        const auto verified = verify(bytes);
        ASSERT_TRUE(verified) << bytes;
        EXPECT_THAT(verified->claims, IsEmpty()) << bytes;
    }
}

TEST(StripeEvents, HostileValuesAreCut) {
    const std::string length(9'000, 'x');
    const auto claim =
        claim_of("payment_intent.payment_failed",
                 R"({"object":"payment_intent","id":"pi_1","status":")" + length + R"(","currency":")" + length +
                     R"(","last_payment_error":{"type":"card_error","code":")" + length + R"(","message":")" + "é" +
                     std::string(499, 'x') + "é" + R"("},)" + R"("metadata":{"attempt_id":"' or 1=1"}})");
    EXPECT_FALSE(claim.attempt);
    EXPECT_LE(claim.evidence.code.size(), 80U);
    EXPECT_LE(claim.evidence.currency.size(), 8U);
    EXPECT_LE(claim.evidence.text.size(), 500U);
    EXPECT_TRUE(base::is_utf8(claim.evidence.text));
    EXPECT_THAT(claim_of("payment_intent.succeeded", succeeded).evidence.text, Not(HasSubstr("secret")));
}

}  // namespace

}  // namespace payments::stripe
