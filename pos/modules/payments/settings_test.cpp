#include "pos/modules/payments/settings.h"

#include <gtest/gtest.h>

namespace {

using pos::PaymentSettings;

constexpr auto key = "2026a:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

std::string fault_of(const PaymentSettings& settings, const std::string& public_url,
                     app::Environment environment = app::Environment::production) {
    app::Settings app;
    app.environment = environment;
    app.public_url = public_url;
    schema::Issues issues("environment");
    check_payment_settings(settings, app, issues);
    return issues.empty() ? "" : issues.list().front().pointer;
}

TEST(PaymentSettings, KeysAreRead) {
    PaymentSettings settings;
    EXPECT_EQ(fault_of(settings, ""), "") << "payments are off";
    settings.credentials_keys = key;
    EXPECT_EQ(fault_of(settings, "https://api.duka.example"), "");
    settings.credentials_keys = "2026a:short";
    EXPECT_EQ(fault_of(settings, "https://api.duka.example"), "/CREDENTIALS_KEYS");
}

TEST(PaymentSettings, AnAddressThatMpesaDoesNotCallIsRefused) {
    PaymentSettings settings;
    settings.credentials_keys = key;
    for (const auto* url : {"https://mpesa.duka.example", "https://duka.example/M-PESA", "https://exec.example",
                            "https://sqldata.example", "https://duka.example/safaricom", "https://query.example"}) {
        EXPECT_EQ(fault_of(settings, url), "/PUBLIC_URL") << url;
        settings.payment_callback_url = "https://callbacks.duka.example";
        EXPECT_EQ(fault_of(settings, url), "") << url;
        settings.payment_callback_url = url;
        EXPECT_EQ(fault_of(settings, "https://api.duka.example"), "/PAYMENT_CALLBACK_URL") << url;
        settings.payment_callback_url.reset();
    }
    EXPECT_EQ(fault_of(settings, "http://api.duka.example"), "/PUBLIC_URL") << "providers call over https";
    EXPECT_EQ(fault_of(settings, "http://api.duka.example", app::Environment::development), "");
}

TEST(PaymentSettings, ThePlatformsCredentialsAreByProvider) {
    PaymentSettings settings;
    settings.billing_mpesa_credentials = "{}";
    ASSERT_NE(settings.platform_credentials("mpesa"), nullptr);
    EXPECT_EQ(*settings.platform_credentials("mpesa"), "{}");
    for (const auto* other : {"stripe", "flutterwave", "paystack"})
        EXPECT_EQ(settings.platform_credentials(other), nullptr) << other;
    settings.billing_flutterwave_credentials = "{1}";
    settings.billing_paystack_credentials = "{2}";
    EXPECT_EQ(*settings.platform_credentials("flutterwave"), "{1}");
    EXPECT_EQ(*settings.platform_credentials("paystack"), "{2}");
    EXPECT_EQ(settings.platform_credentials("paypal"), nullptr);
}

}  // namespace
