#include "pos/modules/payments/settings.h"

#include <gtest/gtest.h>

namespace {

using pos::PaymentSettings;

constexpr auto key = "2026a:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

std::string fault_of(const PaymentSettings& settings, const std::string& public_url,
                     app::Environment environment = app::Environment::production,
                     std::optional<app::ProviderMode> mode = {}) {
    app::Settings app;
    app.provider_mode = mode;
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

TEST(PaymentSettings, CredentialsThatAreNoneAreRefused) {
    for (const auto& [pointer, member] :
         {std::pair("/BILLING_MPESA_CREDENTIALS", &PaymentSettings::billing_mpesa_credentials),
          std::pair("/BILLING_STRIPE_CREDENTIALS", &PaymentSettings::billing_stripe_credentials),
          std::pair("/BILLING_FLUTTERWAVE_CREDENTIALS", &PaymentSettings::billing_flutterwave_credentials),
          std::pair("/BILLING_PAYSTACK_CREDENTIALS", &PaymentSettings::billing_paystack_credentials),
          std::pair("/BILLING_PESAPAL_CREDENTIALS", &PaymentSettings::billing_pesapal_credentials)}) {
        PaymentSettings settings;
        settings.credentials_keys = key;
        for (const auto* text : {"{}", "[]", "no"}) {
            settings.*member = text;
            EXPECT_EQ(fault_of(settings, "https://api.duka.example"), pointer) << text;
        }
    }
}

// One that moves money is refused where nothing is to move; elsewhere either is taken: production is tried out with the sandbox, too.
TEST(PaymentSettings, LiveKeysOfThePlatformAreRefusedWithTheSandbox) {
    struct Keys {
        std::string pointer;
        std::optional<std::string> PaymentSettings::* member;
        std::string live;
        std::string sandbox;
    };
    const std::string mpesa =
        R"(,"kind":"paybill","shortCode":"174379","consumerKey":"key","consumerSecret":"secret","passkey":"p"})";
    const std::string pesapal = R"(,"consumerKey":"key","consumerSecret":"secret"})";
    const Keys all[] = {{"/BILLING_MPESA_CREDENTIALS", &PaymentSettings::billing_mpesa_credentials,
                         R"({"environment":"production")" + mpesa, R"({"environment":"sandbox")" + mpesa},
                        {"/BILLING_PESAPAL_CREDENTIALS", &PaymentSettings::billing_pesapal_credentials,
                         R"({"environment":"live")" + pesapal, R"({"environment":"sandbox")" + pesapal},
                        {"/BILLING_STRIPE_CREDENTIALS", &PaymentSettings::billing_stripe_credentials,
                         R"({"secretKey":"rk_live_4eC39"})", R"({"secretKey":"rk_test_4eC39"})"},
                        {"/BILLING_FLUTTERWAVE_CREDENTIALS", &PaymentSettings::billing_flutterwave_credentials,
                         R"({"secretKey":"FLWSECK-4eC39-X","email":"a@b.example"})",
                         R"({"secretKey":"FLWSECK_TEST-4eC39-X","email":"a@b.example"})"},
                        {"/BILLING_PAYSTACK_CREDENTIALS", &PaymentSettings::billing_paystack_credentials,
                         R"({"secretKey":"sk_live_4eC39","email":"a@b.example"})",
                         R"({"secretKey":"sk_test_4eC39","email":"a@b.example"})"}};
    for (const auto& [pointer, member, live, sandbox] : all) {
        PaymentSettings settings;
        settings.credentials_keys = key;
        const auto fault = [&](const std::string& credentials, std::optional<app::ProviderMode> mode,
                               app::Environment environment = app::Environment::production) {
            settings.*member = credentials;
            return fault_of(settings, "https://api.duka.example", environment, mode);
        };
        using app::ProviderMode;
        EXPECT_EQ(fault(live, ProviderMode::sandbox), pointer);
        EXPECT_EQ(fault(sandbox, ProviderMode::sandbox), "") << pointer;
        EXPECT_EQ(fault(live, std::nullopt), "") << pointer << ": production is live";
        EXPECT_EQ(fault(sandbox, std::nullopt), "") << pointer;
        EXPECT_EQ(fault(live, std::nullopt, app::Environment::development), pointer);
        EXPECT_EQ(fault(live, ProviderMode::live, app::Environment::development), "") << pointer;
    }
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
