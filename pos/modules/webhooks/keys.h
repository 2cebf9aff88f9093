#pragma once
// WebhookKeys: what the secrets of endpoints are sealed with: CREDENTIALS_KEYS, as those of payments are. Of the process; any
// thread.
//
//     row.sealed = keys.seal(tenant, row, key.text());               // 503 webhook.off, where no keys are set
//     const auto key = keys.open(tenant, id, sealed);                // nullopt: it was sealed with a key that is gone

#include <memory>
#include <optional>

#include "app/app.h"
#include "auth/credential_keys.h"
#include "pos/modules/payments/settings.h"
#include "pos/modules/webhooks/tables.h"
#include "webhooks/signature.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode webhooks_off{"webhook.off", 503, false, base::Action::contact,
                                              "Webhooks are not set up here: CREDENTIALS_KEYS is missing"};
}  // namespace errors

class WebhookKeys {
public:
    WebhookKeys(std::optional<auth::CredentialKeys> ring, base::RandomSource& random)
        : ring_(std::move(ring)), random_(&random) {}

    // Throws webhook.off.
    void require_on() const;
    [[nodiscard]] ::webhooks::SigningKey generate(WebhookSigning signing) const;
    [[nodiscard]] schema::Bytes seal(base::Uuid tenant, WebhookSecretId id, std::string_view text) const;
    [[nodiscard]] std::optional<::webhooks::SigningKey> open(base::Uuid tenant, WebhookSecretId id,
                                                             const schema::Bytes& sealed) const;

    enum class Sealed : std::uint8_t { by_first_key, by_another_key, lost };
    // With the first key, where another one has sealed it: what it was before.
    [[nodiscard]] Sealed reseal(base::Uuid tenant, WebhookSecretId id, schema::Bytes& sealed) const;

private:
    std::optional<auth::CredentialKeys> ring_;
    base::RandomSource* random_;
};

[[nodiscard]] std::unique_ptr<WebhookKeys> make_webhook_keys(const PaymentSettings& payments, const app::Settings& app,
                                                             base::SecureRandom& random);

}  // namespace pos
