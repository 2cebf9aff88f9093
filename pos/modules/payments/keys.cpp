#include "pos/modules/payments/keys.h"

#include <array>
#include <stdexcept>

#include "base/hash.h"
#include "base/strings.h"

namespace pos {

namespace {

constexpr std::string_view credentials_purpose = "payment-credentials";
constexpr std::string_view callback_purpose = "payment-callback";
constexpr std::string_view secret_purpose = "payment-client-secret";

std::string row_of(base::Uuid tenant, base::Uuid row) { return tenant.to_string() + row.to_string(); }

// A ring of one key, which is as good as APP_SECRET: of a developer's own machine, and of tests.
std::string development_ring(std::string_view secret) {
    const auto key = base::hkdf_sha256(secret, "", "payment credentials");
    return "app:" + base::base64_encode(base::as_chars(key));
}

}  // namespace

const auth::CredentialKeys& PaymentKeys::ring() const {
    require_on();
    return *ring_;
}

void PaymentKeys::require_on() const {
    if (!ring_) throw base::Failure(errors::payments_off);
}

schema::Bytes PaymentKeys::seal_credentials(base::Uuid tenant, PaymentAccountId account, std::string_view json) const {
    return {ring().seal(credentials_purpose, row_of(tenant, account.uuid()), json)};
}

std::string PaymentKeys::credentials_of(base::Uuid tenant, const PaymentAccount& row) const {
    if (!row.credentials) throw base::Failure(errors::account_unreadable);
    auto json = ring().open(credentials_purpose, row_of(tenant, row.id.uuid()), row.credentials->value);
    if (!json) throw base::Failure(errors::account_unreadable);
    return *std::move(json);
}

PaymentKeys::Sealed PaymentKeys::sealed(base::Uuid tenant, const PaymentAccount& row) const {
    const auto name = row_of(tenant, row.id.uuid());
    const bool can_read = !row.credentials || ring().open(credentials_purpose, name, row.credentials->value);
    if (!can_read || !ring().open(callback_purpose, name, row.callback_token.value)) return Sealed::lost;
    const bool is_current =
        (!row.credentials || ring().is_current(row.credentials->value)) && ring().is_current(row.callback_token.value);
    return is_current ? Sealed::by_first_key : Sealed::by_another_key;
}

void PaymentKeys::reseal(base::Uuid tenant, PaymentAccount& row) const {
    const auto name = row_of(tenant, row.id.uuid());
    if (row.credentials) {
        const auto json = ring().open(credentials_purpose, name, row.credentials->value);
        if (json) row.credentials = {ring().seal(credentials_purpose, name, *json)};
    }
    const auto token = ring().open(callback_purpose, name, row.callback_token.value);
    if (token) {
        row.callback_token = {ring().seal(callback_purpose, name, *token)};
        return;
    }
    auto made = new_callback_token(tenant, row.id);
    // Its hash needs no key: where the provider was told it, it still calls.
    if (!row.former_token_hash) row.former_token_hash = std::move(row.callback_token_hash);
    row.callback_token_hash = std::move(made.hash);
    row.callback_token = std::move(made.sealed);
}

PaymentKeys::CallbackToken PaymentKeys::new_callback_token(base::Uuid tenant, PaymentAccountId account) const {
    std::array<std::uint8_t, 16> bytes{};
    random_->fill(bytes);
    auto text = base::hex_encode(base::as_chars(bytes));
    auto hash = hash_of_token(text);
    schema::Bytes sealed{ring().seal(callback_purpose, row_of(tenant, account.uuid()), text)};
    return {std::move(text), std::move(hash), std::move(sealed)};
}

std::string PaymentKeys::callback_token_of(base::Uuid tenant, const PaymentAccount& row) const {
    auto token = ring().open(callback_purpose, row_of(tenant, row.id.uuid()), row.callback_token.value);
    if (!token) throw base::Failure(errors::account_unreadable);
    return *std::move(token);
}

schema::Bytes PaymentKeys::hash_of_token(std::string_view token) {
    return {std::string(base::as_chars(base::sha256(token)))};
}

schema::Bytes PaymentKeys::seal_client_secret(base::Uuid tenant, IntentId intent, std::string_view secret) const {
    return {ring().seal(secret_purpose, row_of(tenant, intent.uuid()), secret)};
}

std::string PaymentKeys::client_secret_of(base::Uuid tenant, const PaymentIntent& intent) const {
    if (!intent.sealed_client_secret || !ring_) return {};
    return ring_->open(secret_purpose, row_of(tenant, intent.id.uuid()), intent.sealed_client_secret->value)
        .value_or("");
}

std::optional<auth::CredentialKeys> credential_ring(const PaymentSettings& settings, const app::Settings& app,
                                                    base::RandomSource& random) {
    auto text = settings.credentials_keys;
    if (!text && app.environment != app::Environment::production) text = development_ring(app.secret);
    if (!text) return std::nullopt;
    auto ring = auth::CredentialKeys::parse(*text, random);
    // lint: allow(thrown-type) at start, behind the settings' check: it ends the program
    if (!ring) throw std::runtime_error("CREDENTIALS_KEYS: " + ring.error());
    return *std::move(ring);
}

std::unique_ptr<PaymentKeys> make_payment_keys(const PaymentSettings& settings, const app::Settings& app,
                                               base::SecureRandom& random) {
    return std::make_unique<PaymentKeys>(credential_ring(settings, app, random), random);
}

}  // namespace pos
