#include "pos/modules/payments/providers.h"

#include <algorithm>

#include "payments/flutterwave/flutterwave.h"
#include "payments/mpesa/mpesa.h"
#include "payments/paystack/paystack.h"
#include "payments/pesapal/pesapal.h"
#include "payments/stripe/stripe.h"

namespace pos {

void Providers::put(std::unique_ptr<::payments::Provider> provider) {
    std::erase_if(providers_, [&](const auto& known) { return known->traits().name == provider->traits().name; });
    providers_.push_back(std::move(provider));
}

::payments::Provider* Providers::find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(providers_, [&](const auto& provider) { return provider->traits().name == name; });
    return found == providers_.end() ? nullptr : found->get();
}

::payments::Provider& Providers::get(std::string_view name) const {
    if (auto* provider = find(name)) return *provider;
    std::string names;
    for (const auto& provider : providers_) names.append(names.empty() ? "" : ", ").append(provider->traits().name);
    throw base::Failure(errors::provider_unknown, {{"body", "/provider", "unknown", "one of these: " + names, {}}});
}

std::unique_ptr<Providers> make_providers(const PaymentSettings& settings, const app::LoopParts& parts,
                                          client::Client& http, redis::Client* redis, const base::Clock& clock) {
    auto providers = std::make_unique<Providers>();
    ::payments::MpesaOptions mpesa;
    mpesa.base_url = settings.mpesa_base_url;
    mpesa.sandbox_only = parts.settings.uses_sandboxes();
    mpesa.clock = &clock;
    providers->put(
        std::make_unique<::payments::Mpesa>(http, parts.loop, redis, parts.logger, parts.metrics, std::move(mpesa)));
    ::payments::StripeOptions stripe;
    if (settings.stripe_base_url) stripe.base_url = *settings.stripe_base_url;
    stripe.clock = &clock;
    providers->put(std::make_unique<::payments::Stripe>(http, parts.loop, std::move(stripe)));
    ::payments::FlutterwaveOptions flutterwave;
    if (settings.flutterwave_base_url) flutterwave.base_url = *settings.flutterwave_base_url;
    flutterwave.clock = &clock;
    providers->put(std::make_unique<::payments::Flutterwave>(http, std::move(flutterwave)));
    ::payments::PaystackOptions paystack;
    if (settings.paystack_base_url) paystack.base_url = *settings.paystack_base_url;
    paystack.clock = &clock;
    providers->put(std::make_unique<::payments::Paystack>(http, std::move(paystack)));
    ::payments::PesapalOptions pesapal;
    pesapal.base_url = settings.pesapal_base_url;
    pesapal.sandbox_only = parts.settings.uses_sandboxes();
    pesapal.clock = &clock;
    providers->put(std::make_unique<::payments::Pesapal>(http, std::move(pesapal)));
    return providers;
}

}  // namespace pos
