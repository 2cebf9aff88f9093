#include "sms/settings.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <utility>

namespace sms {

namespace {

// A member of an account, and the variable that it comes from.
using Names = std::span<const std::pair<std::string_view, std::string_view>>;

constexpr auto africastalking_names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"/username", "/AFRICASTALKING_USERNAME"},
    {"/apiKey", "/AFRICASTALKING_API_KEY"},
    {"/sender", "/AFRICASTALKING_SENDER"},
    {"/callbackToken", "/AFRICASTALKING_CALLBACK_TOKEN"},
});
constexpr auto twilio_names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"/accountSid", "/TWILIO_ACCOUNT_SID"},
    {"/authToken", "/TWILIO_AUTH_TOKEN"},
    {"/previousAuthToken", "/TWILIO_PREVIOUS_AUTH_TOKEN"},
    {"/apiKeySid", "/TWILIO_API_KEY_SID"},
    {"/apiKeySecret", "/TWILIO_API_KEY_SECRET"},
    {"/sender", "/TWILIO_SENDER"},
});
constexpr auto whatsapp_names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"/phoneNumberId", "/WHATSAPP_PHONE_NUMBER_ID"},
    {"/token", "/WHATSAPP_TOKEN"},
    {"/appSecret", "/WHATSAPP_APP_SECRET"},
    {"/verifyToken", "/WHATSAPP_VERIFY_TOKEN"},
    {"/version", "/WHATSAPP_VERSION"},
});

std::string variable_of(Names names, std::string_view pointer) {
    const auto found = std::ranges::find(names, pointer, [](const auto& one) { return one.first; });
    return found == names.end() ? std::string(pointer) : std::string(found->second);
}

template <class T>
void check_account(const T& account, Names names, schema::Issues& issues) {
    for (const auto& issue : schema::check(account)) {
        const bool is_pattern = issue.code == "pattern";
        issues.add(variable_of(names, issue.pointer), issue.code,
                   is_pattern ? "It is missing, or is not what this provider gives." : issue.message);
    }
}

AfricasTalkingAccount africastalking_of(const Settings& from) {
    AfricasTalkingAccount account{.username = from.africastalking_username,
                                  .api_key = from.africastalking_api_key,
                                  .sender = from.africastalking_sender,
                                  .callback_token = from.africastalking_callback_token};
    if (from.per_second > 0) account.per_second = from.per_second;
    return account;
}

TwilioAccount twilio_of(const Settings& from) {
    TwilioAccount account{.account_sid = from.twilio_account_sid,
                          .auth_token = from.twilio_auth_token,
                          .previous_auth_token = from.twilio_previous_auth_token,
                          .api_key_sid = from.twilio_api_key_sid,
                          .api_key_secret = from.twilio_api_key_secret,
                          .sender = from.twilio_sender};
    if (from.per_second > 0) account.per_second = from.per_second;
    return account;
}

WhatsappAccount whatsapp_of(const Settings& from) {
    WhatsappAccount account{.phone_number_id = from.whatsapp_phone_number_id,
                            .token = from.whatsapp_token,
                            .app_secret = from.whatsapp_app_secret,
                            .verify_token = from.whatsapp_verify_token,
                            .version = from.whatsapp_version};
    if (from.per_second > 0) account.per_second = from.per_second;
    return account;
}

void check_prices(const Settings& settings, schema::Issues& issues) {
    const auto sms = Tariff::parse(settings.prices);
    const auto whatsapp = Tariff::parse(settings.whatsapp_prices);
    if (!sms) issues.add("/SMS_PRICES", "invalid_format", sms.error());
    if (!whatsapp) issues.add("/WHATSAPP_PRICES", "invalid_format", whatsapp.error());
    const bool is_whatsapp_on = !settings.whatsapp_phone_number_id.empty();
    if (sms && whatsapp && is_whatsapp_on && sms->currency() != whatsapp->currency())
        issues.add("/WHATSAPP_PRICES", "conflict", "SMS_PRICES has another currency, and one limit holds for both");
}

void check_whatsapp(const Settings& settings, schema::Issues& issues) {
    if (!settings.whatsapp_phone_number_id.empty()) return check_account(whatsapp_of(settings), whatsapp_names, issues);
    const bool is_begun = !settings.whatsapp_token.empty() || !settings.whatsapp_app_secret.empty() ||
                          !settings.whatsapp_verify_token.empty();
    if (is_begun) issues.add("/WHATSAPP_PHONE_NUMBER_ID", "required", "WhatsApp is off without it");
}

Tariff tariff_of(const std::string& prices, const char* variable) {
    auto tariff = Tariff::parse(prices);
    if (!tariff) throw std::logic_error(std::string(variable) + " has not been checked");
    return *std::move(tariff);
}

}  // namespace

std::optional<Account> Settings::sms_account(bool in_production) const {
    if (provider == "africastalking") return africastalking_of(*this);
    if (provider == "twilio") return twilio_of(*this);
    if (in_production) return std::nullopt;
    return CaptureAccount{};
}

std::optional<Account> Settings::whatsapp_account() const {
    if (whatsapp_phone_number_id.empty()) return std::nullopt;
    return whatsapp_of(*this);
}

Tariff Settings::tariff(Channel channel) const {
    return channel == Channel::whatsapp ? tariff_of(whatsapp_prices, "WHATSAPP_PRICES")
                                        : tariff_of(prices, "SMS_PRICES");
}

Endpoints Settings::endpoints() const {
    return {.africastalking = africastalking_base_url.value_or(""),
            .twilio = twilio_base_url.value_or(""),
            .whatsapp = whatsapp_base_url.value_or("")};
}

void check(const Settings& settings, bool in_production, schema::Issues& issues) {
    if (settings.provider == "africastalking") check_account(africastalking_of(settings), africastalking_names, issues);
    if (settings.provider == "twilio") check_account(twilio_of(settings), twilio_names, issues);
    if (settings.provider == "capture" && in_production)
        issues.add("/SMS_PROVIDER", "invalid_value", "capture sends nothing, so production refuses it");
    check_whatsapp(settings, issues);
    check_prices(settings, issues);
}

}  // namespace sms
