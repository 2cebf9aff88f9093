#include "pos/modules/webhooks/keys.h"

#include "pos/modules/payments/keys.h"

namespace pos {

namespace {

constexpr std::string_view purpose = "webhook-secret";

std::string row_of(base::Uuid tenant, WebhookSecretId id) { return tenant.to_string() + id.to_string(); }

}  // namespace

void WebhookKeys::require_on() const {
    if (!ring_) throw base::Failure(errors::webhooks_off);
}

::webhooks::SigningKey WebhookKeys::generate(WebhookSigning signing) const {
    using ::webhooks::Scheme;
    return ::webhooks::SigningKey::generate(signing == WebhookSigning::hmac ? Scheme::hmac : Scheme::ed25519, *random_);
}

schema::Bytes WebhookKeys::seal(base::Uuid tenant, WebhookSecretId id, std::string_view text) const {
    require_on();
    return {ring_->seal(purpose, row_of(tenant, id), text)};
}

std::optional<::webhooks::SigningKey> WebhookKeys::open(base::Uuid tenant, WebhookSecretId id,
                                                        const schema::Bytes& sealed) const {
    if (!ring_) return std::nullopt;
    const auto text = ring_->open(purpose, row_of(tenant, id), sealed.value);
    if (!text) return std::nullopt;
    auto key = ::webhooks::SigningKey::parse(*text);
    if (!key) return std::nullopt;
    return *std::move(key);
}

WebhookKeys::Sealed WebhookKeys::reseal(base::Uuid tenant, WebhookSecretId id, schema::Bytes& sealed) const {
    require_on();
    const auto text = ring_->open(purpose, row_of(tenant, id), sealed.value);
    if (!text) return Sealed::lost;
    if (ring_->is_current(sealed.value)) return Sealed::by_first_key;
    sealed = {ring_->seal(purpose, row_of(tenant, id), *text)};
    return Sealed::by_another_key;
}

std::unique_ptr<WebhookKeys> make_webhook_keys(const PaymentSettings& payments, const app::Settings& app,
                                               base::SecureRandom& random) {
    return std::make_unique<WebhookKeys>(credential_ring(payments, app, random), random);
}

}  // namespace pos
