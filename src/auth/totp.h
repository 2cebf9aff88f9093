#pragma once
// Time-based one-time passwords (RFC 6238) as authenticator apps show them: SHA-1, six digits, a new one each 30 seconds. Other hashes and
// lengths stand in the RFC, and many apps take them from the address and then show the wrong code. Pure functions: any thread.
//
//     const std::string secret = auth::make_totp_secret(random);
//     show_as_qr_code(auth::totp_uri({.issuer = "Hospital", .account = person.email}, secret));    // otpauth://totp/…
//     const auto step = auth::find_totp(secret, code, now);
//     if (step && *step > last_step) store_step(*step);                                              // or it works a second time
//     const auto later = auth::find_totp_pair(secret, code, next_code, now);                          // guessing two is out of reach
//
// A recovery code is for whoever has lost the app: 80 random bits, so its plain digest may be stored.
//
//     const std::string code = auth::make_recovery_code(random);                        // "7K2M-QX4P-9RTV-H3DN"
//     const auto digest = auth::recovery_code_digest("7k2m qx4p 9rtv h3dn");            // as people type it; nullopt: the form of none

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/time.h"

namespace base {
class RandomSource;
}

namespace auth {

inline constexpr std::size_t totp_secret_bytes = 20;  // RFC 4226 §4, R6: as long as SHA-1's digest
inline constexpr std::int64_t totp_step_seconds = 30;
inline constexpr std::size_t totp_digits = 6;
// Clocks of phones go wrong, and people type slowly: so many steps earlier and later count as well (RFC 6238 §5.2).
inline constexpr std::int64_t totp_drift = 1;

[[nodiscard]] std::string make_totp_secret(base::RandomSource& random);
// The number of 30 seconds since 1970.
[[nodiscard]] std::int64_t totp_step(base::Timestamp now);
[[nodiscard]] std::string totp_code(std::string_view secret, std::int64_t step);

// The step of `code`, if it is the code of now or one of its neighbours. Nothing about what was used before.
[[nodiscard]] std::optional<std::int64_t> find_totp(std::string_view secret, std::string_view code,
                                                    base::Timestamp now);
// The same of two codes one behind the other: the later one's step. One of the two at least is of now or a neighbour. They are
// of 40 bits together, while a single code is hit by one guess in 333,333.
[[nodiscard]] std::optional<std::int64_t> find_totp_pair(std::string_view secret, std::string_view code,
                                                         std::string_view next_code, base::Timestamp now);

struct TotpLabel {
    std::string_view issuer;   // who asks for the codes, as the app shows it; no colon
    std::string_view account;  // whose they are
};
// What a QR code holds for an authenticator app.
[[nodiscard]] std::string totp_uri(const TotpLabel& label, std::string_view secret);
// The same secret for people who type it: base32 (RFC 4648 §6) without padding.
[[nodiscard]] std::string totp_secret_text(std::string_view secret);

[[nodiscard]] std::string make_recovery_code(base::RandomSource& random);
// Case, blanks and hyphens do not count; O is 0, I and L are 1 (Crockford's base32, which writes none of these and no U).
[[nodiscard]] std::optional<base::Digest256> recovery_code_digest(std::string_view text);

}  // namespace auth
