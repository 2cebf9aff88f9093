#pragma once
// What tenants' credentials at providers are sealed with. Of the process; any thread.
//
//     row.credentials = keys.seal_credentials(tenant, row.id, json);
//     const std::string json = keys.credentials_of(tenant, row);                  // payment.off, payment.account_unreadable

#include <memory>
#include <optional>
#include <string>

#include "app/app.h"
#include "auth/credential_keys.h"
#include "pos/modules/payments/settings.h"
#include "pos/modules/payments/tables.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode payments_off{"payment.off", 503, false, base::Action::contact,
                                              "Payments by a provider are not set up here"};
inline constexpr base::ErrorCode account_unreadable{
    "payment.account_unreadable", 503, false, base::Action::contact,
    "The account's credentials cannot be opened: type them in again, or give their key back"};
inline constexpr auto live_credentials =
    base::invalid("payment.live_credentials", "These keys move money, and this service works with sandboxes alone");
}  // namespace errors

class PaymentKeys {
public:
    PaymentKeys(std::optional<auth::CredentialKeys> ring, base::RandomSource& random)
        : ring_(std::move(ring)), random_(&random) {}

    // Throws payment.off.
    void require_on() const;
    [[nodiscard]] bool is_on() const noexcept { return ring_.has_value(); }

    [[nodiscard]] schema::Bytes seal_credentials(base::Uuid tenant, PaymentAccountId account,
                                                 std::string_view json) const;
    [[nodiscard]] std::string credentials_of(base::Uuid tenant, const PaymentAccount& row) const;

    enum class Sealed : std::uint8_t { by_first_key, by_another_key, lost };
    [[nodiscard]] Sealed sealed(base::Uuid tenant, const PaymentAccount& row) const;
    // With the first key. Credentials that no key opens stay as they are; for such a callback token there is a new one, and what comes by
    // the former one is still taken.
    void reseal(base::Uuid tenant, PaymentAccount& row) const;

    // 32 hex digits, which no word of M-Pesa's forbidden ones can be part of.
    struct CallbackToken {
        std::string text;
        schema::Bytes hash;
        schema::Bytes sealed;
    };
    [[nodiscard]] CallbackToken new_callback_token(base::Uuid tenant, PaymentAccountId account) const;
    [[nodiscard]] std::string callback_token_of(base::Uuid tenant, const PaymentAccount& row) const;
    // What a token is found by.
    [[nodiscard]] static schema::Bytes hash_of_token(std::string_view token);

    [[nodiscard]] schema::Bytes seal_client_secret(base::Uuid tenant, IntentId intent, std::string_view secret) const;
    // "" where it cannot be opened.
    [[nodiscard]] std::string client_secret_of(base::Uuid tenant, const PaymentIntent& intent) const;

private:
    [[nodiscard]] const auth::CredentialKeys& ring() const;

    std::optional<auth::CredentialKeys> ring_;
    base::RandomSource* random_;
};

// The ring of CREDENTIALS_KEYS; without it, outside of production, one of APP_SECRET. nullopt: tenants entrust nothing to this service.
[[nodiscard]] std::optional<auth::CredentialKeys> credential_ring(const PaymentSettings& settings,
                                                                  const app::Settings& app, base::RandomSource& random);

[[nodiscard]] std::unique_ptr<PaymentKeys> make_payment_keys(const PaymentSettings& settings, const app::Settings& app,
                                                             base::SecureRandom& random);

}  // namespace pos
