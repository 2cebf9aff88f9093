#pragma once
// AccountKeys: what tenants' accounts at providers of messages are sealed with: CREDENTIALS_KEYS, as those of payments are. Of the process;
// any thread.
//
//     row.credentials = keys.seal(tenant, channel, account);         // sms.off, where no keys are set
//     const auto account = keys.open(tenant, row);                   // nullopt: it was sealed with a key that is gone

#include <memory>
#include <optional>

#include "app/app.h"
#include "auth/credential_keys.h"
#include "pos/modules/payments/settings.h"
#include "pos/modules/sms/tables.h"
#include "sms/account.h"

namespace pos {

class AccountKeys {
public:
    explicit AccountKeys(std::optional<auth::CredentialKeys> keys) : keys_(std::move(keys)) {}

    [[nodiscard]] schema::Bytes seal(base::Uuid tenant, Channel channel, const sms::Account& account) const;
    [[nodiscard]] std::optional<sms::Account> open(base::Uuid tenant, const MessageAccount& row) const;

    enum class Sealed : std::uint8_t { by_first_key, by_another_key, lost };
    // With the first key, where another one has sealed it: what it was before.
    [[nodiscard]] Sealed reseal(base::Uuid tenant, MessageAccount& row) const;

private:
    std::optional<auth::CredentialKeys> keys_;
};

[[nodiscard]] std::unique_ptr<AccountKeys> make_account_keys(const PaymentSettings& payments, const app::Settings& app,
                                                             base::SecureRandom& random);

}  // namespace pos
