#include "pos/modules/notifications/messaging_settings.h"

namespace pos {

void check_messaging_settings(const MessagingSettings& settings, const app::Settings& app, schema::Issues& issues) {
    const bool in_production = app.environment == app::Environment::production;
    sms::check(settings.transport, in_production, issues);
    const auto& transport = settings.transport;
    if (app.uses_sandboxes() && transport.provider == "africastalking" &&
        transport.africastalking_username != "sandbox" && !transport.africastalking_username.empty() &&
        !transport.africastalking_base_url)
        issues.add("/AFRICASTALKING_USERNAME", "live",
                   "an app that sends for real, and PROVIDER_MODE is sandbox: give `sandbox`, and its key");
    // 500 shillings are a few hundred messages, and 500 dollars the profit of whoever pumps them.
    const auto prices = sms::Tariff::parse(settings.transport.prices);
    if (prices && prices->currency() != "KES" && !settings.daily_limit)
        issues.add(
            "/SMS_DAILY_LIMIT", "required",
            "in " + std::string(prices->currency()) + ", as SMS_PRICES: what messages of one tenant may cost a day");
    // Signatures are checked over the URL that the provider was given, and never over what a request says of itself.
    if (in_production && settings.transport.provider == "twilio" && app.public_url.empty())
        issues.add("/PUBLIC_URL", "required", "Twilio reports to it: PUBLIC_URL=https://api.duka.example");
}

}  // namespace pos
