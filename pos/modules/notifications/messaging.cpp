#include "pos/modules/notifications/messaging.h"

#include <fmt/format.h>

#include <stdexcept>

#include "sms/parts.h"

namespace pos {

namespace {

constexpr std::int64_t millionths = 1'000'000;

bool in_production(const app::Settings& app) { return app.environment == app::Environment::production; }

// Twilio and WhatsApp have one address for all, and keys that do not say what they are.
sms::Endpoints endpoints_of(const MessagingSettings& own, const app::Settings& app) {
    auto endpoints = own.transport.endpoints();
    if (app.uses_sandboxes() && endpoints.africastalking.empty())
        endpoints.africastalking = sms::africastalking_sandbox;
    return endpoints;
}

}  // namespace

Messaging::Messaging(const MessagingSettings& own, const app::Settings& app, const base::Clock& clock)
    : sms_(own.transport.sms_account(in_production(app))),
      whatsapp_(own.transport.whatsapp_account()),
      sms_prices_(own.transport.tariff(sms::Channel::sms)),
      whatsapp_prices_(own.transport.tariff(sms::Channel::whatsapp)),
      endpoints_(endpoints_of(own, app)),
      daily_limit_(own.daily_limit.value_or(MessagingSettings::daily_limit_in_shillings) * millionths),
      per_number_(own.per_number),
      per_source_(own.per_source),
      base_url_(app.public_url.empty() ? fmt::format("http://localhost:{}", app.port) : app.public_url),
      outbox_(clock) {}

const sms::Account* Messaging::account_of(Channel channel) const {
    const auto& account = channel == Channel::whatsapp ? whatsapp_ : sms_;
    const bool is_to_a_phone = channel == Channel::sms || channel == Channel::whatsapp;
    return is_to_a_phone && account ? &*account : nullptr;
}

Messaging::Price Messaging::price_of(Channel channel, std::string_view number, std::string_view text) const {
    const bool is_sms = channel == Channel::sms;
    const auto parts = is_sms ? sms::measure(text).parts : 1U;
    if (parts == 0 || parts > sms::most_parts) throw std::logic_error("the text of a message is empty or too long");
    if (!sms::is_mobile(number)) throw base::Failure(errors::sms_not_mobile);
    const auto cost = (is_sms ? sms_prices_ : whatsapp_prices_).cost_of(number, parts);
    if (!cost) throw base::Failure(errors::sms_not_sent_there);
    return {static_cast<std::int32_t>(parts), cost->millionths};
}

std::string Messaging::callback_url(std::string_view account) const {
    return fmt::format("{}/v1/callbacks/sms/{}", base_url_, account);
}

std::unique_ptr<Messaging> make_messaging(const MessagingSettings& own, const app::Settings& app,
                                          const base::Clock& clock) {
    return std::make_unique<Messaging>(own, app, clock);
}

}  // namespace pos
