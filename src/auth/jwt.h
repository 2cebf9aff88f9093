#pragma once
// Signed access tokens: compact JWS (RFC 7515) holding a claims set (RFC 7519), by the rules of RFC 8725 and RFC 9068.
// The algorithm comes from the key, never from the token; iss, aud, exp and typ are always checked.
// JwtSigner and JwtVerifier own OpenSSL contexts: one of each per thread. VerifiedTokenCache likewise; it has no lock.
//
//     auth::JwtVerifier verifier{keys, {.issuer = "https://api.example", .audience = "api"}};
//     const auto claims = verifier.verify(token, clock.now());
//     if (!claims) return unauthorized(auth::code_text(claims.error().code));   // "ERR_JWT_EXPIRED"
//     use(claims->subject, claims->tenant_id);

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwk.h"
#include "base/hash.h"
#include "base/time.h"
#include "base/uuid.h"

namespace auth {

inline constexpr std::string_view access_token_type = "at+jwt";  // RFC 9068 §2.1
inline constexpr std::size_t max_token_bytes = std::size_t{8} * 1024;

struct Claims {
    std::string subject;                        // sub
    std::optional<base::Uuid> tenant_id;        // tid
    std::optional<base::Uuid> session_id;       // sid
    std::optional<base::Uuid> device_id;        // under the name that the service gives it (device_claim)
    base::Timestamp expires_at;                 // exp, required
    std::optional<base::Timestamp> issued_at;   // iat
    std::optional<base::Timestamp> not_before;  // nbf
    std::string token_id;                       // jti, empty when absent
    std::string issuer;                         // iss
    std::vector<std::string> audience;          // aud, one or several
};

// The codes of https://github.com/panva/jose (code_text gives their spelling).
enum class JwtErrorCode : std::uint8_t {
    jwt_expired,
    jwt_claim_validation_failed,
    jwt_invalid,
    jws_invalid,
    jws_signature_verification_failed,
    jose_alg_not_allowed,
    jose_not_supported,
    jwks_no_matching_key,
    jwks_multiple_matching_keys,
};

[[nodiscard]] std::string_view code_text(JwtErrorCode code);

enum class ClaimFault : std::uint8_t { none, missing, invalid, check_failed };

[[nodiscard]] std::string_view to_string(ClaimFault fault);

// Every text is a literal or the verifier's: an error costs no allocation and repeats nothing of what the sender wrote.
struct JwtError {
    JwtErrorCode code{};
    std::string_view claim;  // "exp", "typ", ...: empty unless one claim or header member is to blame
    ClaimFault reason = ClaimFault::none;
    std::string_view message;  // fit for error_description of RFC 6750 §3
};

struct JwtSignerOptions {
    std::string type{access_token_type};
    std::string device_claim{};  // the name of Claims::device_id; empty: tokens name no device
};

class JwtSigner {
public:
    // Throws std::invalid_argument when the set has no current key.
    explicit JwtSigner(const KeySet& keys, const JwtSignerOptions& options = {});

    // Claims as given: nothing is defaulted. Whole seconds are written as integers.
    [[nodiscard]] std::string sign(const Claims& claims);

private:
    KeyOperations key_;
    std::string encoded_header_;
    std::string device_claim_;
};

struct JwtVerifierOptions {
    std::string issuer;                           // required, compared byte by byte
    std::string audience;                         // required, must be among the token's
    std::string type{access_token_type};          // case-insensitive, "application/" may precede it (RFC 7515 §4.1.9)
    std::string device_claim{};                   // as the signer's; empty: none is read
    std::vector<Algorithm> algorithms;            // empty: those of the keys in the set
    std::chrono::seconds leeway{0};               // at most a minute
    std::optional<std::chrono::seconds> max_age;  // counted from iat, which becomes required
    bool require_subject = true;                  // RFC 9068 §2.2
};

class JwtVerifier {
public:
    // Throws std::invalid_argument: no keys, an empty issuer, audience or type, a leeway outside 0..60 s.
    JwtVerifier(const KeySet& keys, JwtVerifierOptions options);
    ~JwtVerifier();
    JwtVerifier(JwtVerifier&&) noexcept;
    JwtVerifier& operator=(JwtVerifier&&) noexcept;

    // `token` alone, without the "Bearer" scheme and without white space. Expired means exp <= now - leeway.
    [[nodiscard]] std::expected<Claims, JwtError> verify(std::string_view token, base::Timestamp now);

private:
    struct State;
    std::unique_ptr<State> state_;
};

// What stands behind the scheme `Bearer`, which is case-insensitive, of an Authorization header; of whatever characters.
[[nodiscard]] std::optional<std::string_view> bearer_credentials(std::string_view authorization);
// The token of an Authorization header: scheme case-insensitive, exactly one space, b64token characters (RFC 6750 §2.1).
// nullopt for anything else; tell "no header" from "bad header" by whether there is one.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

// Claims of tokens that were verified before, by SHA-256 of the token. Bounded, 4-way set-associative, no allocation but
// the claims themselves. An entry is never served at or past its exp, nor past `max_age` after it was verified, which
// bounds how long a withdrawn key is honoured. It only skips the signature check: a caller that knows of revoked
// sessions checks that for cached claims too, or calls drop_session() when it learns of one and refuses it on insert.
class VerifiedTokenCache {
public:
    struct Options {
        std::size_t capacity = 4096;  // rounded up to a power of two, at least 4
        std::chrono::seconds max_age{60};
    };

    explicit VerifiedTokenCache(Options options);

    // Null when unknown or too old. The claims stay valid as long as the caller holds them.
    [[nodiscard]] std::shared_ptr<const Claims> find(std::string_view token, base::Timestamp now);
    std::shared_ptr<const Claims> insert(std::string_view token, Claims claims, base::Timestamp now);
    // Walks the whole table: microseconds for some thousand entries.
    void drop_session(const base::Uuid& session_id);
    // On rotation, when a key leaves the set.
    void clear();
    [[nodiscard]] std::size_t size() const;

private:
    struct Entry {
        base::Digest256 digest{};
        std::shared_ptr<const Claims> claims;  // null: free
        base::Timestamp usable_until;
        std::uint64_t last_use = 0;
    };

    static constexpr std::size_t ways = 4;
    [[nodiscard]] std::size_t first_entry(const base::Digest256& digest) const;

    Options options_;
    std::vector<Entry> entries_;
    std::uint64_t uses_ = 0;
};

// What a request does: the cache first, then the verifier, whose success is remembered.
[[nodiscard]] std::expected<std::shared_ptr<const Claims>, JwtError> verify_cached(JwtVerifier& verifier,
                                                                                   VerifiedTokenCache& cache,
                                                                                   std::string_view token,
                                                                                   base::Timestamp now);

}  // namespace auth
