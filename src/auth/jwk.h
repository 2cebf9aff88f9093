#pragma once
// Keys of JSON Web Tokens (RFC 7517, 7518, 8037): one Key has one algorithm, for ever, so that a public key can never
// serve as an HMAC secret (RFC 8725 §3.1). Key and KeySet are immutable values that share their content: any thread.
// KeyOperations holds OpenSSL's contexts of one key: one per thread.
//
//     const auto key = auth::Key::from_pem(pem_text);                       // kid: RFC 7638 thumbprint
//     if (!key) fail(auth::explain(key.error()));
//     const auth::KeySet keys{{{*key, auth::KeyState::current}}};
//     reply.body = keys.public_jwks();                                      // Content-Type: auth::jwks_media_type

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

enum class Algorithm : std::uint8_t { eddsa, es256, rs256, hs256 };

// The "alg" value: "EdDSA" (Ed25519 alone), "ES256", "RS256", "HS256".
[[nodiscard]] std::string_view to_string(Algorithm algorithm);
// Exact spelling; everything else, every casing of "none" included, is nullopt.
[[nodiscard]] std::optional<Algorithm> algorithm_from_name(std::string_view name);

enum class KeyFault : std::uint8_t {
    malformed,        // neither a PEM nor a JWK that can be read
    unsupported,      // another key type, curve or algorithm, or not meant for signatures
    too_weak,         // HMAC secret under 32 bytes (RFC 7518 §3.2), RSA outside 2048..8192 bits (§3.3)
    looks_like_pem,   // a PEM text given as HMAC secret: the classic key confusion
    rsa_private_key,  // RS256 is for verifying others' tokens; give the public key
    mismatched,       // the public part does not belong to the private part, or "kid"/"alg" contradicts
};

[[nodiscard]] std::string_view explain(KeyFault fault);

class Key {
public:
    static constexpr std::size_t min_secret_bytes = 32;
    static constexpr std::size_t max_kid_bytes = 256;

    // A private key in PEM (PKCS #8, SEC 1) or a public one (SubjectPublicKeyInfo); never encrypted, at most 16 KiB.
    // Ed25519, P-256, and RSA public. An empty kid means the thumbprint.
    [[nodiscard]] static std::expected<Key, KeyFault> from_pem(std::string_view pem, std::string_view kid = {});
    // One JWK, public or private ("d"), or symmetric ("k").
    [[nodiscard]] static std::expected<Key, KeyFault> from_jwk(std::string_view json);
    // HS256. The bytes are used as they are; they should be random.
    [[nodiscard]] static std::expected<Key, KeyFault> from_secret(std::string_view secret, std::string_view kid = {});
    // A fresh EdDSA or ES256 key out of OpenSSL's generator; throws std::invalid_argument for the other two.
    [[nodiscard]] static Key generate(Algorithm algorithm);

    [[nodiscard]] Algorithm algorithm() const;
    [[nodiscard]] const std::string& kid() const;
    [[nodiscard]] bool can_sign() const;
    [[nodiscard]] bool is_symmetric() const { return algorithm() == Algorithm::hs256; }

    // RFC 7638 with SHA-256, base64url. Of a symmetric key too, which is why such a kid says nothing about the secret
    // only as long as the secret is random.
    [[nodiscard]] const std::string& thumbprint() const;
    // The public members alone; nullopt for a symmetric key, which has none.
    [[nodiscard]] std::optional<std::string> public_jwk() const;
    // PKCS #8, for writing a generated key to a file (mode 0600, please); nullopt when there is no private key.
    [[nodiscard]] std::optional<std::string> private_pem() const;

private:
    friend class KeyOperations;
    friend class KeySet;
    struct Material;
    explicit Key(std::shared_ptr<const Material> material) : material_(std::move(material)) {}
    static std::expected<Key, KeyFault> finish(Material material, std::string_view kid);

    std::shared_ptr<const Material> material_;
};

// Signing and verifying with one key. Not thread-safe: contexts are set up once and used again.
class KeyOperations {
public:
    explicit KeyOperations(Key key);
    ~KeyOperations();
    KeyOperations(KeyOperations&&) noexcept;
    KeyOperations& operator=(KeyOperations&&) noexcept;

    [[nodiscard]] const Key& key() const { return key_; }
    // The raw JWS signature: 64 bytes of r and s for ES256 (RFC 7518 §3.4), never DER. Throws std::logic_error when the
    // key cannot sign.
    [[nodiscard]] std::string sign(std::string_view input);
    // False for whatever is wrong: length, range, value.
    [[nodiscard]] bool verify(std::string_view input, std::string_view signature);

private:
    struct Contexts;
    Key key_;
    std::unique_ptr<Contexts> contexts_;
};

// Rotation: publish a key as `next` for longer than caches keep the set, make it `current`, leave the old one `retired`
// until its last token has expired. All three verify; `current` alone signs.
enum class KeyState : std::uint8_t { next, current, retired };

struct KeySetEntry {
    Key key;
    KeyState state = KeyState::current;
};

// The error codes of https://github.com/panva/jose, which clients already know.
enum class KeySelectionFault : std::uint8_t { no_matching_key, multiple_matching_keys };

inline constexpr std::string_view jwks_media_type = "application/jwk-set+json";

class KeySet {
public:
    static constexpr std::size_t max_keys = 32;

    // Throws std::invalid_argument: more than max_keys, two keys with one kid, two current keys, a current key that
    // cannot sign.
    explicit KeySet(std::vector<KeySetEntry> entries);
    // Somebody else's published set; every key of it verifies, none signs. Keys of unknown kinds and those not meant for
    // signatures are left out (RFC 7517 §5); a symmetric or private one makes the whole set `unsupported`.
    [[nodiscard]] static std::expected<KeySet, KeyFault> from_jwks(std::string_view json);

    [[nodiscard]] const std::vector<KeySetEntry>& entries() const { return entries_; }
    // Null when the set only verifies.
    [[nodiscard]] const Key* signing_key() const;
    // The position in entries() of the one key with that algorithm and, when the token names one, that kid.
    [[nodiscard]] std::expected<std::size_t, KeySelectionFault> select(Algorithm algorithm,
                                                                       std::optional<std::string_view> kid) const;
    // {"keys":[...]}: public members of the asymmetric keys in every state.
    [[nodiscard]] std::string public_jwks() const;

private:
    KeySet() = default;
    std::vector<KeySetEntry> entries_;
};

}  // namespace auth
