#pragma once
// Signatures of webhooks as Standard Webhooks says (its specification, "Signature scheme"): `v1` is HMAC-SHA-256 under a shared
// secret (`whsec_`), `v1a` is Ed25519 (`whsk_` signs, `whpk_` verifies). What is signed is `{id}.{timestamp}.{body}`, the body
// byte for byte. Values; any thread.
//
//     const auto key = webhooks::SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");      // else: what is wrong with it
//     const std::string header = webhooks::signature_header(keys, {.id = id, .timestamp = now, .body = body});
//
//     const auto fault = webhooks::verify(keys, webhooks::received(request), body, clock.now());      // nullopt: it is genuine
//
// While a secret is changed there are two of each: the header has a signature for each key, and one that fits is enough.

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace base {
class RandomSource;
}

namespace webhooks {

inline constexpr std::string_view id_header = "webhook-id";
inline constexpr std::string_view timestamp_header = "webhook-timestamp";
inline constexpr std::string_view signature_header_name = "webhook-signature";

// How far a timestamp may be from the receiver's clock, in both directions.
inline constexpr std::chrono::seconds usual_tolerance{300};

enum class Scheme : std::uint8_t { hmac, ed25519 };

// One message, about to leave.
struct Message {
    std::string_view id;        // the same at every attempt
    base::Timestamp timestamp;  // of this attempt; whole seconds are signed
    std::string_view body;
};

class SigningKey {
public:
    // `whsec_` and 24 to 64 bytes in Base64, or `whsk_` and the 32 bytes of an Ed25519 seed, with or without its public key behind
    // it. The error is for whoever typed it, and shows nothing of it.
    [[nodiscard]] static std::expected<SigningKey, std::string> parse(std::string_view text);
    // 32 bytes.
    [[nodiscard]] static SigningKey generate(Scheme scheme, base::RandomSource& random);

    [[nodiscard]] Scheme scheme() const noexcept { return scheme_; }
    // As parse() takes it: a secret.
    [[nodiscard]] std::string text() const;
    // What the receiver verifies with: `whpk_…`, or the shared secret itself.
    [[nodiscard]] std::string verifying_text() const;
    // "v1,…" or "v1a,…".
    [[nodiscard]] std::string sign(const Message& message) const;

private:
    SigningKey(Scheme scheme, std::string bytes, std::string public_key)
        : scheme_(scheme), bytes_(std::move(bytes)), public_key_(std::move(public_key)) {}

    Scheme scheme_;
    std::string bytes_;       // of Ed25519 the seed
    std::string public_key_;  // of Ed25519
};

// The value of `webhook-signature`: one signature a key, with a space between.
[[nodiscard]] std::string signature_header(std::span<const SigningKey> keys, const Message& message);
// The value of `webhook-timestamp`.
[[nodiscard]] std::string timestamp_text(base::Timestamp time);

class VerifyingKey {
public:
    // `whsec_` or `whpk_`.
    [[nodiscard]] static std::expected<VerifyingKey, std::string> parse(std::string_view text);

    [[nodiscard]] Scheme scheme() const noexcept { return scheme_; }
    // `signature`: the bytes behind "v1," or "v1a,".
    [[nodiscard]] bool fits(std::string_view signed_text, std::string_view signature) const;

private:
    VerifyingKey(Scheme scheme, std::string bytes) : scheme_(scheme), bytes_(std::move(bytes)) {}

    Scheme scheme_;
    std::string bytes_;
};

// What a request's headers say; empty where one is missing.
struct Received {
    std::string_view id;
    std::string_view timestamp;
    std::string_view signature;
};

enum class Fault : std::uint8_t {
    missing_header,
    bad_timestamp,  // no whole number of seconds
    too_old,
    too_new,
    no_signature_fits,
};
[[nodiscard]] std::string_view to_string(Fault fault);

// nullopt: one of the keys signed these bytes, and not long ago. At most 32 signatures are looked at. Whoever needs each message
// once remembers its id: a sender repeats what was not answered.
[[nodiscard]] std::optional<Fault> verify(std::span<const VerifyingKey> keys, const Received& received,
                                          std::string_view body, base::Timestamp now,
                                          std::chrono::seconds tolerance = usual_tolerance);

}  // namespace webhooks
