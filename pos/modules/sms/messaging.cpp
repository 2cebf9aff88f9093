#include "pos/modules/sms/messaging.h"

#include <fmt/format.h>

#include <stdexcept>

#include "pos/modules/payments/keys.h"
#include "sms/parts.h"

namespace pos {

namespace {

constexpr std::string_view account_purpose = "message-account";
constexpr std::int64_t millionths = 1'000'000;

std::string row_of(base::Uuid tenant, Channel channel) {
    return tenant.to_string() + std::string(schema::name_of(channel));
}

bool in_production(const app::Settings& app) { return app.environment == app::Environment::production; }

}  // namespace

Messaging::Messaging(const MessagingSettings& own, const app::Settings& app, const base::Clock& clock,
                     std::optional<auth::CredentialKeys> keys)
    : sms_(own.transport.sms_account(in_production(app))),
      whatsapp_(own.transport.whatsapp_account()),
      sms_prices_(own.transport.tariff(sms::Channel::sms)),
      whatsapp_prices_(own.transport.tariff(sms::Channel::whatsapp)),
      endpoints_(own.transport.endpoints()),
      daily_limit_(own.daily_limit * millionths),
      per_number_(own.per_number),
      per_source_(own.per_source),
      base_url_(app.public_url.empty() ? fmt::format("http://localhost:{}", app.port) : app.public_url),
      keys_(std::move(keys)),
      outbox_(clock) {}

const sms::Account* Messaging::account_of(Channel channel) const {
    const auto& account = channel == Channel::whatsapp ? whatsapp_ : sms_;
    return channel != Channel::email && account ? &*account : nullptr;
}

Messaging::Price Messaging::price_of(Channel channel, std::string_view number, std::string_view text) const {
    const bool is_sms = channel == Channel::sms;
    const auto parts = is_sms ? sms::measure(text).parts : 1U;
    if (parts == 0 || parts > sms::most_parts) throw std::logic_error("the text of a message is empty or too long");
    const auto cost = (is_sms ? sms_prices_ : whatsapp_prices_).cost_of(number, parts);
    if (!cost) throw base::Failure(errors::sms_not_sent_there);
    return {static_cast<std::int32_t>(parts), cost->millionths};
}

schema::Bytes Messaging::seal(base::Uuid tenant, Channel channel, const sms::Account& account) const {
    if (!keys_) throw base::Failure(errors::sms_off);
    return {keys_->seal(account_purpose, row_of(tenant, channel), sms::to_json(account))};
}

std::optional<sms::Account> Messaging::open(base::Uuid tenant, const MessageAccount& row) const {
    if (!keys_) return std::nullopt;
    const auto json = keys_->open(account_purpose, row_of(tenant, row.channel), row.credentials.value);
    if (!json) return std::nullopt;
    auto account = sms::read_account(row.provider, *json);
    if (!account) return std::nullopt;
    return *std::move(account);
}

std::string Messaging::callback_url(std::string_view account) const {
    return fmt::format("{}/v1/callbacks/sms/{}", base_url_, account);
}

std::unique_ptr<Messaging> make_messaging(const MessagingSettings& own, const PaymentSettings& payments,
                                          const app::Settings& app, const base::Clock& clock,
                                          base::SecureRandom& random) {
    return std::make_unique<Messaging>(own, app, clock, credential_ring(payments, app, random));
}

}  // namespace pos
