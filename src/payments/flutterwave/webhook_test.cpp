// Events of Flutterwave: who knows the secret hash is believed to know it, and nothing more. No event gives value.

#include "payments/flutterwave/webhook.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/hash.h"
#include "base/strings.h"
#include "client/client_for_test.h"
#include "payments/flutterwave/flutterwave.h"

namespace payments::flutterwave {

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const base::Uuid attempt_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
const std::string secret = "0f8e7d6c5b4a39281706";

Credentials credentials() {
    return {.secret_key = "FLWSECK_TEST-abc", .secret_hashes = {"another-secret-hash", secret}, .email = "a@b.example"};
}

http::Headers headers(std::string_view name, std::string_view value) {
    http::Headers all;
    all.set(name, value);
    return all;
}

std::string signature_of(std::string_view bytes, std::string_view key = secret) {
    return base::base64_encode(base::as_chars(base::hmac_sha256(key, bytes)));
}

std::string event(std::string_view name = "charge.completed", std::string_view status = "successful",
                  const std::string& reference = attempt_id.to_string()) {
    return fmt::format(
        R"({{"event":"{}","data":{{"id":285959875,"tx_ref":"{}","flw_ref":"FLW123","amount":150,"currency":"KES",)"
        R"("charged_amount":150,"app_fee":2.9,"status":"{}","payment_type":"mpesa",)"
        R"("customer":{{"phone_number":"254712345678"}}}},"event.type":"MPESA_TRANSACTION"}})",
        name, reference, status);
}

std::expected<VerifiedCallback, CallbackRefusal> verify(std::string_view bytes) {
    return verify_event(credentials(), bytes, headers("verif-hash", secret));
}

// ---- Who --------------------------------------------------------------------------------------------------------

TEST(FlutterwaveEvents, TheHashOrTheSignatureIsEnough) {
    const auto bytes = event();
    EXPECT_TRUE(verify_event(credentials(), bytes, headers("verif-hash", secret)));
    EXPECT_TRUE(verify_event(credentials(), bytes, headers("Verif-Hash", "another-secret-hash")));
    EXPECT_TRUE(verify_event(credentials(), bytes, headers("flutterwave-signature", signature_of(bytes))));
    EXPECT_TRUE(verify_event(credentials(), bytes,
                             headers("flutterwave-signature", signature_of(bytes, "another-secret-hash"))));
}

TEST(FlutterwaveEvents, WithoutItNothingIsBelieved) {
    const auto bytes = event();
    EXPECT_FALSE(verify_event(credentials(), bytes, {}));
    for (const std::string& wrong :
         {std::string(), secret + "0", secret.substr(1), " " + secret, base::ascii_lower("ANOTHER-SECRET-HASH2"),
          std::string("FLWSECK_TEST-abc"), std::string(4'000, 'x')}) {
        EXPECT_FALSE(verify_event(credentials(), bytes, headers("verif-hash", wrong))) << wrong;
        EXPECT_FALSE(verify_event(credentials(), bytes, headers("flutterwave-signature", wrong))) << wrong;
    }
    // A signature is of these bytes.
    EXPECT_FALSE(verify_event(credentials(), bytes + " ", headers("flutterwave-signature", signature_of(bytes))));
    EXPECT_FALSE(verify_event(credentials(), bytes, headers("flutterwave-signature", signature_of(bytes, ""))));
    auto none = credentials();
    none.secret_hashes.clear();
    EXPECT_FALSE(verify_event(none, bytes, headers("verif-hash", secret)));
    EXPECT_FALSE(verify_event(none, bytes, headers("verif-hash", "")));
    none.secret_hashes = {""};
    EXPECT_FALSE(verify_event(none, bytes, headers("verif-hash", "")));
}

// What is kept of a delivery does not hold the secret, and proves the same.
TEST(FlutterwaveEvents, TheSecretIsNotKept) {
    const auto bytes = event();
    for (const auto& sent : {headers("verif-hash", secret), headers("flutterwave-signature", signature_of(bytes))}) {
        const auto verified = verify_event(credentials(), bytes, sent);
        ASSERT_TRUE(verified);
        ASSERT_TRUE(verified->kept);
        for (const auto& [name, value] : *verified->kept) EXPECT_THAT(std::string(value), Not(HasSubstr(secret)));
        const auto again = verify_event(credentials(), bytes, *verified->kept);
        ASSERT_TRUE(again);
        ASSERT_THAT(again->claims, SizeIs(1));
        EXPECT_EQ(again->claims[0].dedupe_key, verified->claims[0].dedupe_key);
        EXPECT_FALSE(verify_event(credentials(), bytes + "\n", *verified->kept));
    }
}

// ---- What -------------------------------------------------------------------------------------------------------

TEST(FlutterwaveEvents, NoneGivesValue) {
    for (const auto* name : {"charge.completed", "charge.failed", "transfer.completed", "something.new", ""}) {
        for (const auto* status : {"successful", "failed", "pending", ""}) {
            const auto verified = verify(event(name, status));
            ASSERT_TRUE(verified);
            EXPECT_EQ(verified->reply, R"({"received":true})");
            ASSERT_THAT(verified->claims, SizeIs(1)) << name;
            const auto& claim = verified->claims[0];
            EXPECT_EQ(claim.attempt, attempt_id);
            EXPECT_EQ(claim.evidence.finding, Finding::processing);
            EXPECT_EQ(claim.evidence.source, Source::callback);
            EXPECT_FALSE(is_proof(claim.evidence));
            // Nothing that a stranger says is what Flutterwave is asked by.
            EXPECT_EQ(claim.evidence.provider_id, "");
            EXPECT_EQ(claim.evidence.amount, std::nullopt);
            EXPECT_EQ(claim.evidence.receipt, "");
        }
    }
}

TEST(FlutterwaveEvents, ADecisionMeansToAsk) {
    for (const auto state : {State::sent, State::pending, State::unknown, State::failed, State::expired}) {
        const Attempt attempt{.state = state, .amount = base::Money{15000}, .currency = "KES"};
        const auto decision = decide(attempt, verify(event())->claims[0].evidence);
        EXPECT_TRUE(decision.ask);
        EXPECT_FALSE(decision.credits);
    }
    const Attempt paid{.state = State::succeeded, .amount = base::Money{15000}, .currency = "KES"};
    EXPECT_FALSE(decide(paid, verify(event("charge.completed", "failed"))->claims[0].evidence).changes);
}

TEST(FlutterwaveEvents, RepetitionsAreTheSameAndOthersAreNot) {
    EXPECT_EQ(verify(event())->claims[0].dedupe_key, verify(event())->claims[0].dedupe_key);
    EXPECT_NE(verify(event())->claims[0].dedupe_key, verify(event("charge.completed", "failed"))->claims[0].dedupe_key);
    EXPECT_THAT(verify(event())->claims[0].dedupe_key, SizeIs(64));
}

TEST(FlutterwaveEvents, WhatNamesNoAttemptOfOursIsKept) {
    const std::string none[] = {"",
                                "{}",
                                "[]",
                                "null",
                                "not json",
                                "\xff\xfe",
                                R"({"event":7})",
                                R"({"event":"charge.completed","data":null})",
                                R"({"event":"charge.completed","data":[]})",
                                R"({"event":"charge.completed","data":{"tx_ref":7}})",
                                event("charge.completed", "successful", "ORD-1027"),
                                event("charge.completed", "successful", ""),
                                std::string(100'000, '['),
                                R"({"data":{"tx_ref":")" + std::string(10'000, 'a') + "\"}}"};
    for (const auto& bytes : none) {
        const auto verified = verify_event(credentials(), bytes, headers("verif-hash", secret));
        ASSERT_TRUE(verified) << bytes.substr(0, 80);
        EXPECT_THAT(verified->claims, IsEmpty()) << bytes.substr(0, 80);
    }
}

TEST(FlutterwaveEvents, OfOtherKindsThereAreNone) {
    client::TestClient http;
    const Flutterwave driver(*http.operator->());
    const Account account{
        .id = base::Uuid::nil(),
        .credentials = {
            R"({"secretKey":"FLWSECK_TEST-abc","email":"a@b.example","secretHashes":["0f8e7d6c5b4a39281706"]})"}};
    EXPECT_TRUE(driver.verify_callback(account, "events", event(), headers("verif-hash", secret), {}));
    EXPECT_FALSE(driver.verify_callback(account, "stk", event(), headers("verif-hash", secret), {}));
    EXPECT_FALSE(driver.verify_callback({}, "events", event(), headers("verif-hash", secret), {}));
    // What was proved when it came is read by no secret.
    const auto read = driver.read_callback("events", event());
    ASSERT_TRUE(read);
    ASSERT_THAT(read->claims, SizeIs(1));
    EXPECT_EQ(read->claims[0].attempt, attempt_id);
    EXPECT_FALSE(driver.read_callback("stk", event()));
}

}  // namespace

}  // namespace payments::flutterwave
