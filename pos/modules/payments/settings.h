#pragma once
// Where providers are, what credentials are sealed with, and whose account shops pay their subscription to.
//
//     .settings = app::settings<PaymentSettings, check_payment_settings>()

#include <optional>
#include <string>
#include <vector>

#include "app/settings.h"

namespace pos {

struct PaymentSettings {
    std::optional<std::string> credentials_keys;
    std::optional<std::string> mpesa_base_url;
    std::optional<std::string> stripe_base_url;
    std::optional<std::string> flutterwave_base_url;
    std::optional<std::string> paystack_base_url;
    std::optional<std::string> pesapal_base_url;
    std::vector<std::string> mpesa_callback_sources;
    std::optional<std::int64_t> payment_confirm_above;
    std::optional<std::string> payment_callback_url;
    std::optional<std::string> billing_mpesa_credentials;
    std::optional<std::string> billing_stripe_credentials;
    std::optional<std::string> billing_flutterwave_credentials;
    std::optional<std::string> billing_paystack_credentials;
    std::optional<std::string> billing_pesapal_credentials;

    friend constexpr auto describe(PaymentSettings*) {
        using schema::field;
        return schema::object<PaymentSettings>(
            "PaymentSettings",
            field<&PaymentSettings::credentials_keys>(
                "CREDENTIALS_KEYS",
                {.min_length = 1,
                 .max_length = 4'096,
                 .write_only = true,
                 .doc =
                     "What shops' payment credentials are sealed with: `id:base64` of 32 bytes each, comma-separated "
                     "(`2026a:`, then `openssl rand -base64 32`). The first one seals, all of them open. Not set: "
                     "made of APP_SECRET; in production payment accounts answer 503 `payment.off`."}),
            field<&PaymentSettings::mpesa_base_url>(
                "MPESA_BASE_URL", {.max_length = 500,
                                   .format = schema::Format::url,
                                   .doc = "Instead of Safaricom's own (by the account's environment, "
                                          "`https://api.safaricom.co.ke` or `https://sandbox.safaricom.co.ke`; with "
                                          "PROVIDER_MODE=sandbox the latter always): a simulator."}),
            field<&PaymentSettings::stripe_base_url>("STRIPE_BASE_URL",
                                                     {.max_length = 500,
                                                      .format = schema::Format::url,
                                                      .doc = "Instead of `https://api.stripe.com`: a simulator."}),
            field<&PaymentSettings::flutterwave_base_url>(
                "FLUTTERWAVE_BASE_URL", {.max_length = 500,
                                         .format = schema::Format::url,
                                         .doc = "Instead of `https://api.flutterwave.com`: a simulator."}),
            field<&PaymentSettings::paystack_base_url>("PAYSTACK_BASE_URL",
                                                       {.max_length = 500,
                                                        .format = schema::Format::url,
                                                        .doc = "Instead of `https://api.paystack.co`: a simulator."}),
            field<&PaymentSettings::pesapal_base_url>(
                "PESAPAL_BASE_URL", {.max_length = 500,
                                     .format = schema::Format::url,
                                     .doc = "Instead of Pesapal's own (by the account's environment, "
                                            "`https://pay.pesapal.com/v3` or `https://cybqa.pesapal.com/pesapalv3`; "
                                            "with PROVIDER_MODE=sandbox the latter always): a simulator."}),
            field<&PaymentSettings::mpesa_callback_sources>(
                "MPESA_CALLBACK_SOURCES",
                {.max_items = 100,
                 .defaulted = true,
                 .doc =
                     "Networks that M-Pesa calls back from, such as `196.201.214.0/24`. What comes from elsewhere is "
                     "kept, and believed only once M-Pesa says so when it is asked. Not set: any."}),
            field<&PaymentSettings::payment_confirm_above>(
                "PAYMENT_CONFIRM_ABOVE",
                {.min = 0,
                 .doc =
                     "A callback that is not signed (M-Pesa's) and tells of more than so many cents is believed only "
                     "once M-Pesa says so when it is asked. Not set: none has to be asked after."}),
            field<&PaymentSettings::payment_callback_url>(
                "PAYMENT_CALLBACK_URL",
                {.max_length = 500,
                 .format = schema::Format::url,
                 .doc = "Where providers reach `/v1/callbacks`, without a slash at the end, if it is not PUBLIC_URL. "
                        "M-Pesa takes no URL with `mpesa`, `m-pesa`, `safaricom`, `exe`, `exec`, `cmd`, `sql` or "
                        "`query` in it."}),
            field<&PaymentSettings::billing_mpesa_credentials>(
                "BILLING_MPESA_CREDENTIALS",
                {.min_length = 2,
                 .max_length = 10'000,
                 .write_only = true,
                 .doc =
                     "The account that shops pay their subscription to, as the JSON object that "
                     "POST /v1/payment-accounts takes as `credentials`. Not set: no subscription is paid by M-Pesa."}),
            field<&PaymentSettings::billing_stripe_credentials>(
                "BILLING_STRIPE_CREDENTIALS",
                {.min_length = 2,
                 .max_length = 10'000,
                 .write_only = true,
                 .doc = "The same of Stripe. What becomes of a payment is asked: it has no callback URL."}),
            field<&PaymentSettings::billing_flutterwave_credentials>(
                "BILLING_FLUTTERWAVE_CREDENTIALS", {.min_length = 2,
                                                    .max_length = 10'000,
                                                    .write_only = true,
                                                    .doc = "The same of Flutterwave. It has no callback URL either."}),
            field<&PaymentSettings::billing_paystack_credentials>(
                "BILLING_PAYSTACK_CREDENTIALS", {.min_length = 2,
                                                 .max_length = 10'000,
                                                 .write_only = true,
                                                 .doc = "The same of Paystack. It has no callback URL either."}),
            field<&PaymentSettings::billing_pesapal_credentials>(
                "BILLING_PESAPAL_CREDENTIALS",
                {.min_length = 2, .max_length = 10'000, .write_only = true, .doc = "The same of Pesapal."}));
    }

    // The platform's own credentials of a provider; nullptr: none.
    [[nodiscard]] const std::string* platform_credentials(std::string_view provider) const;
};

// Where providers call back to, without a slash at the end: PAYMENT_CALLBACK_URL, PUBLIC_URL, or this machine.
[[nodiscard]] std::string callback_base(const PaymentSettings& settings, const app::Settings& app);

void check_payment_settings(const PaymentSettings& settings, const app::Settings& app, schema::Issues& issues);

}  // namespace pos
