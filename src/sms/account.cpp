#include "sms/account.h"

#include <stdexcept>

namespace sms {

namespace {

template <class T>
std::expected<Account, schema::ReadError> read_as(std::string_view json) {
    auto account = schema::parse<T>(json);
    if (!account) return std::unexpected(std::move(account.error()));
    return Account(*std::move(account));
}

std::string ends_of(const std::string& text) {
    return text.size() < 12 ? text : text.substr(0, 4) + "…" + text.substr(text.size() - 4);
}

struct Name {
    std::string_view operator()(const CaptureAccount& /*account*/) const { return "capture"; }
    std::string_view operator()(const AfricasTalkingAccount& /*account*/) const { return "africastalking"; }
    std::string_view operator()(const TwilioAccount& /*account*/) const { return "twilio"; }
    std::string_view operator()(const WhatsappAccount& /*account*/) const { return "whatsapp"; }
};

struct Shown {
    std::string operator()(const CaptureAccount& /*account*/) const { return ""; }
    std::string operator()(const AfricasTalkingAccount& account) const { return account.username; }
    std::string operator()(const TwilioAccount& account) const { return ends_of(account.account_sid); }
    std::string operator()(const WhatsappAccount& account) const { return ends_of(account.phone_number_id); }
};

struct Json {
    std::string operator()(const CaptureAccount& /*account*/) const { return "{}"; }
    std::string operator()(const auto& account) const { return schema::to_json(account); }
};

}  // namespace

void TwilioAccount::check(const TwilioAccount& account, schema::Issues& issues) {
    if (account.api_key_sid.empty() != account.api_key_secret.empty())
        issues.add(account.api_key_sid.empty() ? "/apiKeySid" : "/apiKeySecret", "required",
                   "An API key has an SID and a secret.");
}

std::string_view provider_of(const Account& account) { return std::visit(Name{}, account); }

Channel channel_of(const Account& account) {
    return std::holds_alternative<WhatsappAccount>(account) ? Channel::whatsapp : Channel::sms;
}

std::string shown(const Account& account) { return std::visit(Shown{}, account); }

std::expected<Account, schema::ReadError> read_account(std::string_view provider, std::string_view json) {
    if (provider == "africastalking") return read_as<AfricasTalkingAccount>(json);
    if (provider == "twilio") return read_as<TwilioAccount>(json);
    if (provider == "whatsapp") return read_as<WhatsappAccount>(json);
    throw std::invalid_argument("sms: there is no provider " + std::string(provider));
}

std::string to_json(const Account& account) { return std::visit(Json{}, account); }

}  // namespace sms
