#include "auth/jwt.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "auth/json_object.h"
#include "base/strings.h"

namespace auth {

namespace {

using Failed = std::unexpected<JwtError>;

Failed fail(JwtErrorCode code, std::string_view message) { return Failed({code, {}, ClaimFault::none, message}); }

Failed claim_missing(std::string_view claim, std::string_view message) {
    return Failed({JwtErrorCode::jwt_claim_validation_failed, claim, ClaimFault::missing, message});
}

Failed claim_invalid(std::string_view claim, std::string_view message) {
    return Failed({JwtErrorCode::jwt_claim_validation_failed, claim, ClaimFault::invalid, message});
}

Failed claim_failed(std::string_view claim, std::string_view message) {
    return Failed({JwtErrorCode::jwt_claim_validation_failed, claim, ClaimFault::check_failed, message});
}

// 9999-12-31T23:59:59Z: beyond it a date has no text, and microseconds are far from overflow.
constexpr double max_seconds = 253402300799.0;

// ---- Writing --------------------------------------------------------------------------------------------------------

void append_name(std::string& out, std::string_view name) {
    if (out.back() != '{') out.push_back(',');
    out.push_back('"');
    out += name;
    out += "\":";
}

void append_string_claim(std::string& out, std::string_view name, std::string_view value) {
    append_name(out, name);
    append_json_string(out, value);
}

void append_uuid_claim(std::string& out, std::string_view name, const std::optional<base::Uuid>& value) {
    if (!value) return;
    append_name(out, name);
    out.push_back('"');
    value->append_to(out);
    out.push_back('"');
}

// NumericDate (RFC 7519 §2): seconds, a fraction only where there is one.
void append_time_claim(std::string& out, std::string_view name, base::Timestamp time) {
    constexpr std::int64_t per_second = 1'000'000;
    const std::int64_t microseconds = time.time_since_epoch().count();
    if (microseconds < 0) throw std::invalid_argument("a token's times lie after 1970");
    append_name(out, name);
    base::append_integer(out, microseconds / per_second);
    if (const std::int64_t fraction = microseconds % per_second; fraction != 0) {
        std::string digits = std::to_string(per_second + fraction);
        digits.front() = '.';
        out += digits.substr(0, digits.find_last_not_of('0') + 1);
    }
}

void append_audience(std::string& out, const std::vector<std::string>& audience) {
    if (audience.empty()) return;
    append_name(out, "aud");
    if (audience.size() == 1) {
        append_json_string(out, audience.front());
        return;
    }
    char separator = '[';
    for (const std::string& name : audience) {
        out.push_back(separator);
        append_json_string(out, name);
        separator = ',';
    }
    out.push_back(']');
}

std::string claims_json(const Claims& claims, std::string_view device_claim) {
    std::string out = "{";
    if (!claims.issuer.empty()) append_string_claim(out, "iss", claims.issuer);
    if (!claims.subject.empty()) append_string_claim(out, "sub", claims.subject);
    append_audience(out, claims.audience);
    append_uuid_claim(out, "tid", claims.tenant_id);
    append_uuid_claim(out, "sid", claims.session_id);
    if (!device_claim.empty()) append_uuid_claim(out, device_claim, claims.device_id);
    if (claims.issued_at) append_time_claim(out, "iat", *claims.issued_at);
    if (claims.not_before) append_time_claim(out, "nbf", *claims.not_before);
    append_time_claim(out, "exp", claims.expires_at);
    if (!claims.token_id.empty()) append_string_claim(out, "jti", claims.token_id);
    return out += '}';
}

// ---- Reading --------------------------------------------------------------------------------------------------------

struct CompactToken {
    std::string_view header;
    std::string_view payload;
    std::string_view signature;
    std::string_view signing_input;
};

std::optional<CompactToken> split_token(std::string_view token) {
    const std::size_t first = token.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = token.find('.', first + 1);
    // A third dot would be JWE's (RFC 7516 §3.1) or nonsense.
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
    const CompactToken parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                             token.substr(second + 1), token.substr(0, second)};
    // An empty payload is a detached one (RFC 7515 appendix F); an empty signature is an unsecured token.
    if (parts.header.empty() || parts.payload.empty() || parts.signature.empty()) return std::nullopt;
    return parts;
}

// crit names extensions that must be understood (RFC 7515 §4.1.11). We understand none, so any well-formed crit is
// "not supported" and any other is invalid.
std::optional<JwtError> check_critical(const simdjson::dom::object& header) {
    const auto critical = member(header, "crit");
    if (critical) {
        const JwtError malformed{JwtErrorCode::jws_invalid, "crit", ClaimFault::invalid, "malformed critical header"};
        simdjson::dom::array names;
        if (critical->get(names) != simdjson::SUCCESS || names.size() == 0) return malformed;
        for (const auto item : names) {
            std::string_view name;
            if (item.get(name) != simdjson::SUCCESS || name.empty()) return malformed;
        }
        return JwtError{JwtErrorCode::jose_not_supported, "crit", ClaimFault::none, "unsupported critical header"};
    }
    // RFC 7797 §7: a JWT may not have an unencoded payload.
    if (const auto encoded = member(header, "b64")) {
        bool value = false;
        if (encoded->get(value) != simdjson::SUCCESS || !value) {
            return JwtError{JwtErrorCode::jws_invalid, "b64", ClaimFault::invalid,
                            "unencoded payloads are not allowed"};
        }
    }
    return std::nullopt;
}

bool same_media_type(std::string_view given, std::string_view expected) {
    constexpr std::string_view prefix = "application/";
    const auto strip = [prefix](std::string_view text) {
        return base::iequals(text.substr(0, prefix.size()), prefix) ? text.substr(prefix.size()) : text;
    };
    return base::iequals(strip(given), strip(expected));
}

enum class Presence : std::uint8_t { absent, read, wrong };

Presence read_string(const simdjson::dom::object& object, std::string_view name, std::string& out) {
    const auto value = member(object, name);
    if (!value) return Presence::absent;
    std::string_view text;
    if (value->get(text) != simdjson::SUCCESS) return Presence::wrong;
    out = text;
    return Presence::read;
}

Presence read_uuid(const simdjson::dom::object& object, std::string_view name, std::optional<base::Uuid>& out) {
    const auto value = member(object, name);
    if (!value) return Presence::absent;
    std::string_view text;
    if (value->get(text) != simdjson::SUCCESS) return Presence::wrong;
    out = base::Uuid::from_string(text);
    return out ? Presence::read : Presence::wrong;
}

// A JSON number from 1970 to 9999; simdjson has refused 1e309 already, and JSON has no NaN.
Presence read_time(const simdjson::dom::object& object, std::string_view name, std::optional<base::Timestamp>& out) {
    const auto value = member(object, name);
    if (!value) return Presence::absent;
    if (std::int64_t whole = 0; value->get(whole) == simdjson::SUCCESS) {
        if (whole < 0 || whole > static_cast<std::int64_t>(max_seconds)) return Presence::wrong;
        out = base::Timestamp(std::chrono::seconds(whole));
        return Presence::read;
    }
    double seconds = 0;
    if (value->get(seconds) != simdjson::SUCCESS) return Presence::wrong;
    if (!(seconds >= 0 && seconds <= max_seconds)) return Presence::wrong;
    out = base::Timestamp(std::chrono::microseconds(std::llround(seconds * 1e6)));
    return Presence::read;
}

Presence read_audience(const simdjson::dom::object& object, std::vector<std::string>& out) {
    const auto value = member(object, "aud");
    if (!value) return Presence::absent;
    std::string_view text;
    if (value->get(text) == simdjson::SUCCESS) {
        out.emplace_back(text);
        return Presence::read;
    }
    simdjson::dom::array names;
    if (value->get(names) != simdjson::SUCCESS) return Presence::wrong;
    for (const auto item : names) {
        if (item.get(text) != simdjson::SUCCESS) return Presence::wrong;
        out.emplace_back(text);
    }
    return Presence::read;
}

// The claim whose name the service gives, and what is said when it is no UUID.
struct DeviceClaim {
    std::string name;
    std::string refusal;
};

std::expected<Claims, JwtError> read_claims(const simdjson::dom::object& payload, const DeviceClaim& device) {
    Claims claims;
    if (read_string(payload, "iss", claims.issuer) == Presence::wrong)
        return claim_invalid("iss", "\"iss\" claim must be a string");
    if (read_string(payload, "sub", claims.subject) == Presence::wrong)
        return claim_invalid("sub", "\"sub\" claim must be a string");
    if (read_string(payload, "jti", claims.token_id) == Presence::wrong)
        return claim_invalid("jti", "\"jti\" claim must be a string");
    if (read_audience(payload, claims.audience) == Presence::wrong)
        return claim_invalid("aud", "\"aud\" claim must be one or several strings");
    if (read_uuid(payload, "tid", claims.tenant_id) == Presence::wrong)
        return claim_invalid("tid", "\"tid\" claim must be a UUID");
    if (read_uuid(payload, "sid", claims.session_id) == Presence::wrong)
        return claim_invalid("sid", "\"sid\" claim must be a UUID");
    if (!device.name.empty() && read_uuid(payload, device.name, claims.device_id) == Presence::wrong)
        return claim_invalid(device.name, device.refusal);
    if (read_time(payload, "iat", claims.issued_at) == Presence::wrong)
        return claim_invalid("iat", "\"iat\" claim must be a number");
    if (read_time(payload, "nbf", claims.not_before) == Presence::wrong)
        return claim_invalid("nbf", "\"nbf\" claim must be a number");
    std::optional<base::Timestamp> expiry;
    switch (read_time(payload, "exp", expiry)) {
        case Presence::absent: return claim_missing("exp", "missing required \"exp\" claim");
        case Presence::wrong: return claim_invalid("exp", "\"exp\" claim must be a number");
        case Presence::read: claims.expires_at = *expiry;
    }
    return claims;
}

std::optional<JwtError> check_parties(const simdjson::dom::object& payload, const Claims& claims,
                                      const JwtVerifierOptions& options) {
    if (!member(payload, "iss")) return claim_missing("iss", "missing required \"iss\" claim").error();
    if (claims.issuer != options.issuer) return claim_failed("iss", "unexpected \"iss\" claim value").error();
    if (!member(payload, "aud")) return claim_missing("aud", "missing required \"aud\" claim").error();
    if (std::ranges::find(claims.audience, options.audience) == claims.audience.end()) {
        return claim_failed("aud", "unexpected \"aud\" claim value").error();
    }
    if (options.require_subject && claims.subject.empty()) {
        return claim_missing("sub", "missing required \"sub\" claim").error();
    }
    return std::nullopt;
}

std::optional<JwtError> check_times(const Claims& claims, const JwtVerifierOptions& options, base::Timestamp now) {
    if (claims.not_before && *claims.not_before > now + options.leeway) {
        return claim_failed("nbf", "\"nbf\" claim timestamp check failed").error();
    }
    const auto expired = [](std::string_view claim, std::string_view message) {
        return JwtError{JwtErrorCode::jwt_expired, claim, ClaimFault::check_failed, message};
    };
    // "on or after" (RFC 7519 §4.1.4): the very second of exp is too late.
    if (claims.expires_at <= now - options.leeway) return expired("exp", "\"exp\" claim timestamp check failed");
    if (!options.max_age) return std::nullopt;
    if (!claims.issued_at) return claim_missing("iat", "missing required \"iat\" claim").error();
    const auto age = now - *claims.issued_at;
    if (age - options.leeway > *options.max_age)
        return expired("iat", "\"iat\" claim timestamp check failed (too far in the past)");
    if (age < -options.leeway)
        return claim_failed("iat", "\"iat\" claim timestamp check failed (it should be in the past)").error();
    return std::nullopt;
}

}  // namespace

std::string_view code_text(JwtErrorCode code) {
    switch (code) {
        case JwtErrorCode::jwt_expired: return "ERR_JWT_EXPIRED";
        case JwtErrorCode::jwt_claim_validation_failed: return "ERR_JWT_CLAIM_VALIDATION_FAILED";
        case JwtErrorCode::jwt_invalid: return "ERR_JWT_INVALID";
        case JwtErrorCode::jws_invalid: return "ERR_JWS_INVALID";
        case JwtErrorCode::jws_signature_verification_failed: return "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
        case JwtErrorCode::jose_alg_not_allowed: return "ERR_JOSE_ALG_NOT_ALLOWED";
        case JwtErrorCode::jose_not_supported: return "ERR_JOSE_NOT_SUPPORTED";
        case JwtErrorCode::jwks_no_matching_key: return "ERR_JWKS_NO_MATCHING_KEY";
        case JwtErrorCode::jwks_multiple_matching_keys: return "ERR_JWKS_MULTIPLE_MATCHING_KEYS";
    }
    std::unreachable();
}

std::string_view to_string(ClaimFault fault) {
    switch (fault) {
        case ClaimFault::none: return "none";
        case ClaimFault::missing: return "missing";
        case ClaimFault::invalid: return "invalid";
        case ClaimFault::check_failed: return "check_failed";
    }
    std::unreachable();
}

// ---- JwtSigner ------------------------------------------------------------------------------------------------------

namespace {

Key signing_key_of(const KeySet& keys) {
    const Key* key = keys.signing_key();
    if (key == nullptr) throw std::invalid_argument("the key set has no current key to sign with");
    return *key;
}

}  // namespace

JwtSigner::JwtSigner(const KeySet& keys, const JwtSignerOptions& options)
    : key_(signing_key_of(keys)), device_claim_(options.device_claim) {
    std::string header = R"({"alg":")";
    header += to_string(key_.key().algorithm());
    header += R"(","typ":)";
    append_json_string(header, options.type);
    header += R"(,"kid":)";
    append_json_string(header, key_.key().kid());
    header += '}';
    encoded_header_ = base::base64url_encode(header);
}

std::string JwtSigner::sign(const Claims& claims) {
    std::string token = encoded_header_ + '.' + base::base64url_encode(claims_json(claims, device_claim_));
    const std::string signature = base::base64url_encode(key_.sign(token));
    token.push_back('.');
    token += signature;
    return token;
}

// ---- JwtVerifier ----------------------------------------------------------------------------------------------------

struct JwtVerifier::State {
    State(const KeySet& key_set, JwtVerifierOptions given) : keys(key_set), options(std::move(given)) {
        if (keys.entries().empty()) throw std::invalid_argument("a verifier needs a key");
        if (options.issuer.empty() || options.audience.empty() || options.type.empty()) {
            throw std::invalid_argument("a verifier needs an issuer, an audience and a type");
        }
        if (options.leeway < std::chrono::seconds(0) || options.leeway > std::chrono::seconds(60)) {
            throw std::invalid_argument("leeway is 0 to 60 seconds");
        }
        const bool from_keys = options.algorithms.empty();
        for (const KeySetEntry& entry : keys.entries()) {
            operations.emplace_back(entry.key);
            if (from_keys) options.algorithms.push_back(entry.key.algorithm());
        }
    }

    // The position of the key that the header asks for.
    std::expected<std::size_t, JwtError> select_key(const simdjson::dom::object& header) const;

    KeySet keys;
    JwtVerifierOptions options;
    DeviceClaim device{options.device_claim, "\"" + options.device_claim + "\" claim must be a UUID"};
    std::vector<KeyOperations> operations;
    JsonObjectReader reader;
};

std::expected<std::size_t, JwtError> JwtVerifier::State::select_key(const simdjson::dom::object& header) const {
    const auto name = string_member(header, "alg");
    if (!name) return fail(JwtErrorCode::jws_invalid, "missing or invalid \"alg\" header");
    const auto algorithm = algorithm_from_name(*name);
    if (!algorithm || std::ranges::find(options.algorithms, *algorithm) == options.algorithms.end()) {
        return fail(JwtErrorCode::jose_alg_not_allowed, "\"alg\" header value is not allowed");
    }
    if (const auto error = check_critical(header)) return Failed(*error);
    std::optional<std::string_view> kid;
    if (member(header, "kid")) {
        kid = string_member(header, "kid");
        if (!kid || kid->size() > Key::max_kid_bytes) return fail(JwtErrorCode::jws_invalid, "invalid \"kid\" header");
    }
    // jwk, jku, x5u and x5c are not even looked at: a token does not bring its own key (RFC 8725 §3.10).
    const auto selected = keys.select(*algorithm, kid);
    if (selected) return *selected;
    return selected.error() == KeySelectionFault::no_matching_key
               ? fail(JwtErrorCode::jwks_no_matching_key, "no key fits the token's header")
               : fail(JwtErrorCode::jwks_multiple_matching_keys,
                      "several keys fit: the token must name one by \"kid\"");
}

JwtVerifier::JwtVerifier(const KeySet& keys, JwtVerifierOptions options)
    : state_(std::make_unique<State>(keys, std::move(options))) {}
JwtVerifier::~JwtVerifier() = default;
JwtVerifier::JwtVerifier(JwtVerifier&&) noexcept = default;
JwtVerifier& JwtVerifier::operator=(JwtVerifier&&) noexcept = default;

std::expected<Claims, JwtError> JwtVerifier::verify(std::string_view token, base::Timestamp now) {
    State& state = *state_;
    const auto malformed = [] { return fail(JwtErrorCode::jws_invalid, "not a compact JWS"); };
    if (token.size() > max_token_bytes) return fail(JwtErrorCode::jws_invalid, "token is too long");
    const auto parts = split_token(token);
    if (!parts) return malformed();
    const auto header_text = base::base64url_decode(parts->header);
    const auto signature = base::base64url_decode(parts->signature);
    if (!header_text || !signature) return malformed();

    const auto header = state.reader.read(*header_text);
    if (!header) return fail(JwtErrorCode::jws_invalid, "token header is not a JSON object");
    const auto selected = state.select_key(*header);
    if (!selected) return Failed(selected.error());
    const auto given_type = string_member(*header, "typ");
    const bool type_fits = given_type && same_media_type(*given_type, state.options.type);
    if (!state.operations[*selected].verify(parts->signing_input, *signature)) {
        return fail(JwtErrorCode::jws_signature_verification_failed, "signature verification failed");
    }

    // Only what is signed is read from here on; the header's views end with the next read().
    const bool has_type = given_type.has_value();
    const auto payload_text = base::base64url_decode(parts->payload);
    if (!payload_text) return malformed();
    const auto payload = state.reader.read(*payload_text);
    if (!payload) return fail(JwtErrorCode::jwt_invalid, "claims set is not a JSON object");
    if (!has_type) return claim_missing("typ", "missing \"typ\" header");
    if (!type_fits) return claim_failed("typ", "unexpected \"typ\" header value");
    auto claims = read_claims(*payload, state.device);
    if (!claims) return claims;
    if (const auto error = check_parties(*payload, *claims, state.options)) return Failed(*error);
    if (const auto error = check_times(*claims, state.options, now)) return Failed(*error);
    return claims;
}

std::optional<std::string_view> bearer_credentials(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size() || !base::iequals(authorization.substr(0, scheme.size()), scheme))
        return std::nullopt;
    return authorization.substr(scheme.size());
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
    const auto credentials = bearer_credentials(authorization);
    if (!credentials) return std::nullopt;
    const std::string_view token = *credentials;
    // b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
    const std::size_t end = token.find_last_not_of('=');
    if (end == std::string_view::npos) return std::nullopt;
    const bool valid = std::ranges::all_of(token.substr(0, end + 1), [](char c) {
        const char lower = base::ascii_lower(c);
        return (lower >= 'a' && lower <= 'z') || base::is_ascii_digit(c) || std::string_view("-._~+/").contains(c);
    });
    return valid ? std::optional(token) : std::nullopt;
}

// ---- VerifiedTokenCache ---------------------------------------------------------------------------------------------

VerifiedTokenCache::VerifiedTokenCache(Options options) : options_(options) {
    if (options.capacity > (std::size_t{1} << 20U))
        throw std::invalid_argument("a token cache holds at most 2^20 entries");
    entries_.resize(std::bit_ceil(std::max(options.capacity, ways)));
}

// The set of a digest. Nobody can choose digests of tokens that verify, so no key of our own is needed.
std::size_t VerifiedTokenCache::first_entry(const base::Digest256& digest) const {
    std::uint64_t bits = 0;
    std::memcpy(&bits, digest.data(), sizeof bits);
    return static_cast<std::size_t>(bits) & (entries_.size() - 1) & ~(ways - 1);
}

std::shared_ptr<const Claims> VerifiedTokenCache::find(std::string_view token, base::Timestamp now) {
    if (token.size() > max_token_bytes) return nullptr;
    const base::Digest256 digest = base::sha256(token);
    const std::size_t first = first_entry(digest);
    for (std::size_t i = first; i < first + ways; ++i) {
        Entry& entry = entries_[i];
        if (!entry.claims || entry.digest != digest) continue;
        if (now < entry.usable_until) {
            entry.last_use = ++uses_;
            return entry.claims;
        }
        entry.claims.reset();
        return nullptr;
    }
    return nullptr;
}

std::shared_ptr<const Claims> VerifiedTokenCache::insert(std::string_view token, Claims claims, base::Timestamp now) {
    const base::Digest256 digest = base::sha256(token);
    const std::size_t first = first_entry(digest);
    // Preferred: the same token, then a free or outdated place, then the one unused for longest.
    Entry* chosen = &entries_[first];
    std::uint64_t oldest = UINT64_MAX;
    for (std::size_t i = first; i < first + ways; ++i) {
        Entry& entry = entries_[i];
        if (entry.claims && entry.digest == digest) {
            chosen = &entry;
            break;
        }
        const std::uint64_t rank = entry.claims && now < entry.usable_until ? entry.last_use : 0;
        if (rank < oldest) {
            oldest = rank;
            chosen = &entry;
        }
    }
    auto shared = std::make_shared<const Claims>(std::move(claims));
    const base::Timestamp usable_until = std::min<base::Timestamp>(shared->expires_at, now + options_.max_age);
    *chosen = Entry{digest, shared, usable_until, ++uses_};
    return shared;
}

void VerifiedTokenCache::drop_session(const base::Uuid& session_id) {
    for (Entry& entry : entries_) {
        if (entry.claims && entry.claims->session_id == session_id) entry.claims.reset();
    }
}

void VerifiedTokenCache::clear() {
    for (Entry& entry : entries_) entry.claims.reset();
}

std::size_t VerifiedTokenCache::size() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(entries_, [](const Entry& entry) { return entry.claims != nullptr; }));
}

std::expected<std::shared_ptr<const Claims>, JwtError> verify_cached(JwtVerifier& verifier, VerifiedTokenCache& cache,
                                                                     std::string_view token, base::Timestamp now) {
    if (auto known = cache.find(token, now)) return known;
    auto claims = verifier.verify(token, now);
    if (!claims) return Failed(claims.error());
    return cache.insert(token, *std::move(claims), now);
}

}  // namespace auth
