// Stripe's amounts, the credentials of an account, and what people are told.

#include <gmock/gmock.h>

#include "client/client_for_test.h"
#include "payments/stripe/amount.h"
#include "payments/stripe/stripe.h"

namespace payments {

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(StripeAmounts, AreCountedAsStripeCounts) {
    using stripe::from_units;
    using stripe::to_units;
    EXPECT_EQ(to_units(base::Money{15000}, "KES"), 15000);
    EXPECT_EQ(to_units(base::Money{500}, "JPY"), 500);
    EXPECT_EQ(to_units(base::Money{500}, "RWF"), 500);
    EXPECT_EQ(to_units(base::Money{5000}, "UGX"), 500'000);
    EXPECT_EQ(to_units(base::Money{999'999}, "UGX"), 99'999'900);
    EXPECT_EQ(to_units(base::Money{1'000'000}, "UGX"), std::nullopt);
    EXPECT_EQ(to_units(base::Money{100}, "ISK"), 10'000);
    EXPECT_EQ(to_units(base::Money{300'000}, "MGA"), 3'000);
    EXPECT_EQ(to_units(base::Money{300'050}, "MGA"), std::nullopt);
    EXPECT_EQ(to_units(base::Money{5'000}, "JOD"), 5'000);
    EXPECT_EQ(to_units(base::Money{5'001}, "JOD"), std::nullopt);
    EXPECT_EQ(to_units(base::Money{99'999'999}, "USD"), 99'999'999);
    EXPECT_EQ(to_units(base::Money{100'000'000}, "USD"), std::nullopt);
    EXPECT_EQ(to_units(base::Money{-1}, "USD"), std::nullopt);
    EXPECT_EQ(to_units(base::Money{100}, "kes"), std::nullopt);
    EXPECT_EQ(from_units(500'000, "UGX"), base::Money{5000});
    EXPECT_EQ(from_units(3'000, "MGA"), base::Money{300'000});
    EXPECT_EQ(from_units(INT64_MAX, "MGA"), base::Money{INT64_MAX});
    EXPECT_EQ(from_units(15000, "KES"), base::Money{15000});
    for (const auto currency : stripe::currencies()) {
        ASSERT_TRUE(base::find_currency(currency)) << currency;
        const auto units = to_units(base::Money{10'000}, currency);
        ASSERT_TRUE(units) << currency;
        EXPECT_EQ(from_units(*units, currency), base::Money{10'000}) << currency;
    }
}

TEST(StripeCredentials, AreCheckedAndNeverShown) {
    client::TestClient http;
    const Stripe stripe(*http.operator->(), http.loop());
    const auto read = [&](std::string_view json) { return stripe.read_credentials(json); };
    const auto good = read(
        R"({"webhookSecrets":["whsec_a","whsec_b"],"secretKey":"sk_live_51HabcdefghijklmnopqrstuvWXYZ4Fq2","publishableKey":"pk_live_x"})");
    ASSERT_TRUE(good);
    EXPECT_EQ(stripe.shown(*good), "sk_live_…4Fq2");
    EXPECT_EQ(stripe.shown(schema::Json{R"({"secretKey":"rk_test_short"})"}), "rk_test_…");
    EXPECT_EQ(stripe.shown(schema::Json{"{}"}), "");
    EXPECT_TRUE(read(R"({"secretKey":"rk_test_abc"})"));
    for (
        const std::string_view bad :
        {"", "{}", "[]", R"({"secretKey":"pk_test_abc"})", R"({"secretKey":"sk_test_"})",
         R"({"secretKey":"sk_test_a b"})", R"({"secretKey":"sk_test_abc\r\nX: y"})", R"({"secretKey":"sk_other_abc"})",
         R"({"secretKey":"sk_test_abc","webhookSecrets":["abc"]})",
         R"({"secretKey":"sk_test_abc","webhookSecrets":["whsec_a","whsec_a","whsec_a","whsec_a","whsec_a","whsec_a"]})",
         R"({"secretKey":"sk_test_abc","publishableKey":"pk_live_x"})", R"({"secretKey":"sk_test_abc","other":1})"}) {
        const auto refused = read(bad);
        ASSERT_FALSE(refused) << bad;
        for (const auto& issue : refused.error().issues) EXPECT_THAT(issue.message, Not(HasSubstr("sk_test_abc")));
    }
}

TEST(StripeWords, AreThereForEveryCodeInBothLanguages) {
    client::TestClient http;
    const Stripe stripe(*http.operator->(), http.loop());
    for (const std::string_view code :
         {"succeeded", "requires_action", "insufficient_funds", "expired_card", "incorrect_cvc", "lost_card",
          "authentication_required", "card_not_supported", "processing_error", "amount_too_small", "permission_error",
          "session_expired", "canceled", "charge_disputed", "charge_already_refunded", "timeout", "connect", "http_502",
          "nobody_knows_this"}) {
        const auto english = stripe.saying(code, "en");
        const auto swahili = stripe.saying(code, "sw");
        EXPECT_THAT(english.text, Not(IsEmpty())) << code;
        EXPECT_THAT(swahili.text, Not(IsEmpty())) << code;
        EXPECT_NE(english.text, swahili.text) << code;
        EXPECT_EQ(english.may_try_again, swahili.may_try_again) << code;
    }
    // The holder of a stolen card is not told that it is known to be.
    EXPECT_EQ(stripe.saying("stolen_card", "en").text, stripe.saying("generic_decline", "en").text);
    // What may have been paid is not to be paid again.
    for (const auto* const code : {"timeout", "http_504", "api_error", "succeeded", "processing"})
        EXPECT_FALSE(stripe.saying(code, "en").may_try_again) << code;
}

}  // namespace

}  // namespace payments
