#include "pos/modules/sms/account_keys.h"

#include "pos/modules/payments/keys.h"

namespace pos {

namespace {

constexpr std::string_view purpose = "message-account";

std::string row_of(base::Uuid tenant, Channel channel) {
    return tenant.to_string() + std::string(schema::name_of(channel));
}

}  // namespace

schema::Bytes AccountKeys::seal(base::Uuid tenant, Channel channel, const sms::Account& account) const {
    if (!keys_) throw base::Failure(errors::sms_off);
    return {keys_->seal(purpose, row_of(tenant, channel), sms::to_json(account))};
}

std::optional<sms::Account> AccountKeys::open(base::Uuid tenant, const MessageAccount& row) const {
    if (!keys_) return std::nullopt;
    const auto json = keys_->open(purpose, row_of(tenant, row.channel), row.credentials.value);
    if (!json) return std::nullopt;
    auto account = sms::read_account(row.provider, *json);
    if (!account) return std::nullopt;
    return *std::move(account);
}

AccountKeys::Sealed AccountKeys::reseal(base::Uuid tenant, MessageAccount& row) const {
    if (!keys_) throw base::Failure(errors::sms_off);
    const auto name = row_of(tenant, row.channel);
    const auto json = keys_->open(purpose, name, row.credentials.value);
    if (!json) return Sealed::lost;
    if (keys_->is_current(row.credentials.value)) return Sealed::by_first_key;
    row.credentials = {keys_->seal(purpose, name, *json)};
    return Sealed::by_another_key;
}

std::unique_ptr<AccountKeys> make_account_keys(const PaymentSettings& payments, const app::Settings& app,
                                               base::SecureRandom& random) {
    return std::make_unique<AccountKeys>(credential_ring(payments, app, random));
}

}  // namespace pos
