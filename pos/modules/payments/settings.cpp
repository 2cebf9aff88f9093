#include "pos/modules/payments/settings.h"

#include <fmt/format.h>

#include <type_traits>

#include "auth/credential_keys.h"
#include "base/random.h"
#include "http/middleware/ip_network.h"
#include "payments/flutterwave/credentials.h"
#include "payments/mpesa/callback_url.h"
#include "payments/mpesa/credentials.h"
#include "payments/paystack/credentials.h"
#include "payments/pesapal/credentials.h"
#include "payments/reading.h"
#include "payments/stripe/credentials.h"
#include "payments/stripe/objects.h"

namespace pos {

namespace {

void check_keys(const PaymentSettings& settings, schema::Issues& issues) {
    if (!settings.credentials_keys) return;
    base::SecureRandom random;
    const auto ring = auth::CredentialKeys::parse(*settings.credentials_keys, random);
    if (!ring) issues.add("/CREDENTIALS_KEYS", "invalid_format", ring.error());
}

void check_sources(const PaymentSettings& settings, schema::Issues& issues) {
    for (const auto& text : settings.mpesa_callback_sources) {
        if (!http::IPNetwork::parse(text))
            issues.add("/MPESA_CALLBACK_SOURCES", "invalid_format", text + " is no network: 196.201.214.0/24");
    }
}

void check_callback_url(const PaymentSettings& settings, const app::Settings& app, schema::Issues& issues) {
    const bool is_own = settings.payment_callback_url.has_value();
    const std::string pointer = is_own ? "/PAYMENT_CALLBACK_URL" : "/PUBLIC_URL";
    const auto& url = is_own ? *settings.payment_callback_url : app.public_url;
    if (is_own && url.ends_with('/')) issues.add(pointer, "invalid_format", "without a slash at the end");
    if (!settings.credentials_keys) return;
    if (const auto word = ::payments::mpesa::forbidden_word(url); !word.empty()) {
        issues.add(pointer, "invalid_value",
                   "M-Pesa calls back to no URL with \"" + std::string(word) +
                       "\" in it: set PAYMENT_CALLBACK_URL to another name of this service");
    }
    if (app.environment == app::Environment::production && !url.starts_with("https://"))
        issues.add(pointer, "required",
                   "providers call back over https: PUBLIC_URL or PAYMENT_CALLBACK_URL says where");
}

template <class Credentials>
void check_own_account(std::string_view variable, const std::optional<std::string>& text,
                       const PaymentSettings& settings, const app::Settings& app, schema::Issues& issues) {
    if (!text) return;
    const auto pointer = fmt::format("/{}", variable);
    const auto credentials = ::payments::read<Credentials>(*text);
    if (!credentials) issues.add(pointer, "invalid_format", "no credentials of this provider: see the guide");
    if (credentials && credentials->is_live() && app.uses_sandboxes())
        issues.add(pointer, "live",
                   "these are live keys, and PROVIDER_MODE is sandbox: give keys of the provider's sandbox");
    if (!settings.credentials_keys && app.environment == app::Environment::production)
        issues.add("/CREDENTIALS_KEYS", "required", fmt::format("payments need it, and {} is set", variable));
}

void check_own_accounts(const PaymentSettings& settings, const app::Settings& app, schema::Issues& issues) {
    using namespace ::payments;
    const auto check = [&]<class Credentials>(std::type_identity<Credentials>, std::string_view variable,
                                              const std::optional<std::string>& text) {
        check_own_account<Credentials>(variable, text, settings, app, issues);
    };
    check(std::type_identity<mpesa::Credentials>(), "BILLING_MPESA_CREDENTIALS", settings.billing_mpesa_credentials);
    check(std::type_identity<stripe::Credentials>(), "BILLING_STRIPE_CREDENTIALS", settings.billing_stripe_credentials);
    check(std::type_identity<flutterwave::Credentials>(), "BILLING_FLUTTERWAVE_CREDENTIALS",
          settings.billing_flutterwave_credentials);
    check(std::type_identity<paystack::Credentials>(), "BILLING_PAYSTACK_CREDENTIALS",
          settings.billing_paystack_credentials);
    check(std::type_identity<pesapal::Credentials>(), "BILLING_PESAPAL_CREDENTIALS",
          settings.billing_pesapal_credentials);
}

}  // namespace

const std::string* PaymentSettings::platform_credentials(std::string_view provider) const {
    const auto pointer_to = [](const std::optional<std::string>& text) { return text ? &*text : nullptr; };
    if (provider == "mpesa") return pointer_to(billing_mpesa_credentials);
    if (provider == "stripe") return pointer_to(billing_stripe_credentials);
    if (provider == "flutterwave") return pointer_to(billing_flutterwave_credentials);
    if (provider == "paystack") return pointer_to(billing_paystack_credentials);
    if (provider == "pesapal") return pointer_to(billing_pesapal_credentials);
    return nullptr;
}

std::string callback_base(const PaymentSettings& settings, const app::Settings& app) {
    if (settings.payment_callback_url) return *settings.payment_callback_url;
    if (!app.public_url.empty()) return app.public_url;
    return "http://127.0.0.1:" + std::to_string(app.port);
}

void check_payment_settings(const PaymentSettings& settings, const app::Settings& app, schema::Issues& issues) {
    check_keys(settings, issues);
    check_sources(settings, issues);
    check_callback_url(settings, app, issues);
    check_own_accounts(settings, app, issues);
}

}  // namespace pos
