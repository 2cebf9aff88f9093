#include "webhooks/signature.h"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "base/hash.h"
#include "base/random.h"
#include "base/strings.h"

namespace webhooks {

namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::string_view private_prefix = "whsk_";
constexpr std::string_view public_prefix = "whpk_";
constexpr std::size_t ed25519_size = 32;
constexpr std::size_t ed25519_signature_size = 64;
constexpr std::size_t least_secret = 24;
constexpr std::size_t most_secret = 64;
constexpr std::size_t most_signatures = 32;

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Key private_key(std::string_view seed) {
    Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size()));
    if (!key) throw std::runtime_error("webhooks: OpenSSL takes no Ed25519 key");
    return key;
}

std::string public_key_of(std::string_view seed) {
    const auto key = private_key(seed);
    std::array<std::uint8_t, ed25519_size> bytes{};
    auto size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size) != 1 || size != bytes.size())
        throw std::runtime_error("webhooks: OpenSSL gives no Ed25519 public key");
    return std::string(base::as_chars(bytes));
}

std::string ed25519_sign(std::string_view seed, std::string_view text) {
    const auto key = private_key(seed);
    const Context context(EVP_MD_CTX_new());
    std::array<std::uint8_t, ed25519_signature_size> signature{};
    auto size = signature.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(text), text.size()) != 1 ||
        size != signature.size())
        throw std::runtime_error("webhooks: Ed25519 failed");
    return std::string(base::as_chars(signature));
}

bool ed25519_fits(std::string_view public_key, std::string_view text, std::string_view signature) {
    if (signature.size() != ed25519_signature_size) return false;
    const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key), public_key.size()));
    const Context context(EVP_MD_CTX_new());
    return key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

std::string hmac(std::string_view secret, std::string_view text) {
    return std::string(base::as_chars(base::hmac_sha256(secret, text)));
}

std::string signed_text(std::string_view id, std::string_view timestamp, std::string_view body) {
    std::string text;
    text.reserve(id.size() + timestamp.size() + body.size() + 2);
    return text.append(id).append(".").append(timestamp).append(".").append(body);
}

std::string_view version_of(Scheme scheme) { return scheme == Scheme::hmac ? "v1" : "v1a"; }

std::expected<std::string, std::string> read_secret(std::string_view base64) {
    auto bytes = base::base64_decode(base64);
    if (!bytes) return std::unexpected("what stands behind whsec_ is no Base64");
    if (bytes->size() < least_secret || bytes->size() > most_secret)
        return std::unexpected("a secret has 24 to 64 bytes behind whsec_");
    return *std::move(bytes);
}

}  // namespace

std::expected<SigningKey, std::string> SigningKey::parse(std::string_view text) {
    if (text.starts_with(secret_prefix)) {
        auto secret = read_secret(text.substr(secret_prefix.size()));
        if (!secret) return std::unexpected(std::move(secret.error()));
        return SigningKey(Scheme::hmac, *std::move(secret), {});
    }
    if (!text.starts_with(private_prefix)) return std::unexpected("a key begins with whsec_ or whsk_");
    auto bytes = base::base64_decode(text.substr(private_prefix.size()));
    if (!bytes || (bytes->size() != ed25519_size && bytes->size() != 2 * ed25519_size))
        return std::unexpected("a private key has 32 or 64 bytes in Base64 behind whsk_");
    auto seed = bytes->substr(0, ed25519_size);
    auto public_key = public_key_of(seed);
    if (bytes->size() > ed25519_size && !base::constant_time_equal(bytes->substr(ed25519_size), public_key))
        return std::unexpected("the second half of the private key is not its public key");
    return SigningKey(Scheme::ed25519, std::move(seed), std::move(public_key));
}

SigningKey SigningKey::generate(Scheme scheme, base::RandomSource& random) {
    std::array<std::uint8_t, ed25519_size> bytes{};
    random.fill(bytes);
    std::string text(base::as_chars(bytes));
    if (scheme == Scheme::hmac) return {scheme, std::move(text), {}};
    auto public_key = public_key_of(text);
    return {scheme, std::move(text), std::move(public_key)};
}

std::string SigningKey::text() const {
    if (scheme_ == Scheme::hmac) return std::string(secret_prefix) + base::base64_encode(bytes_);
    return std::string(private_prefix) + base::base64_encode(bytes_ + public_key_);
}

std::string SigningKey::verifying_text() const {
    return scheme_ == Scheme::hmac ? text() : std::string(public_prefix) + base::base64_encode(public_key_);
}

std::string SigningKey::sign(const Message& message) const {
    const auto text = signed_text(message.id, timestamp_text(message.timestamp), message.body);
    const auto signature = scheme_ == Scheme::hmac ? hmac(bytes_, text) : ed25519_sign(bytes_, text);
    return std::string(version_of(scheme_)) + "," + base::base64_encode(signature);
}

std::string signature_header(std::span<const SigningKey> keys, const Message& message) {
    std::string header;
    for (const auto& key : keys) header.append(header.empty() ? "" : " ").append(key.sign(message));
    return header;
}

std::string timestamp_text(base::Timestamp time) {
    std::string text;
    base::append_integer(text, std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
    return text;
}

std::expected<VerifyingKey, std::string> VerifyingKey::parse(std::string_view text) {
    if (text.starts_with(secret_prefix)) {
        auto secret = read_secret(text.substr(secret_prefix.size()));
        if (!secret) return std::unexpected(std::move(secret.error()));
        return VerifyingKey(Scheme::hmac, *std::move(secret));
    }
    if (!text.starts_with(public_prefix)) return std::unexpected("a key begins with whsec_ or whpk_");
    auto bytes = base::base64_decode(text.substr(public_prefix.size()));
    if (!bytes || bytes->size() != ed25519_size)
        return std::unexpected("a public key has 32 bytes in Base64 behind whpk_");
    return VerifyingKey(Scheme::ed25519, *std::move(bytes));
}

bool VerifyingKey::fits(std::string_view text, std::string_view signature) const {
    if (scheme_ == Scheme::hmac) return base::constant_time_equal(hmac(bytes_, text), signature);
    return ed25519_fits(bytes_, text, signature);
}

std::string_view to_string(Fault fault) {
    switch (fault) {
        case Fault::missing_header: return "missing_header";
        case Fault::bad_timestamp: return "bad_timestamp";
        case Fault::too_old: return "too_old";
        case Fault::too_new: return "too_new";
        case Fault::no_signature_fits: return "no_signature_fits";
    }
    return "";
}

std::optional<Fault> verify(std::span<const VerifyingKey> keys, const Received& received, std::string_view body,
                            base::Timestamp now, std::chrono::seconds tolerance) {
    if (received.id.empty() || received.timestamp.empty() || received.signature.empty()) return Fault::missing_header;
    const auto seconds = base::parse_integer<std::int64_t>(received.timestamp);
    const auto present = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    if (!seconds || *seconds < 0 || received.timestamp.size() > 12) return Fault::bad_timestamp;
    if (*seconds < present - tolerance.count()) return Fault::too_old;
    if (*seconds > present + tolerance.count()) return Fault::too_new;
    const auto text = signed_text(received.id, received.timestamp, body);
    std::size_t count = 0;
    for (const auto one : base::split(received.signature, ' ')) {
        if (++count > most_signatures) break;
        const auto comma = one.find(',');
        if (comma == std::string_view::npos) continue;
        const auto signature = base::base64_decode(one.substr(comma + 1));
        if (!signature) continue;
        for (const auto& key : keys) {
            if (one.substr(0, comma) == version_of(key.scheme()) && key.fits(text, *signature)) return std::nullopt;
        }
    }
    return Fault::no_signature_fits;
}

}  // namespace webhooks
