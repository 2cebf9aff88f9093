#pragma once
// Small values that travel through a client and come back unaltered: cursors, tickets, the CSRF double submit. Signed,
// not encrypted: the client can read them. Immutable after construction: any thread.
//
//     const auth::SignedValues values{{.secret = secret}};
//     const std::string ticket = values.sign("websocket-ticket", payload, clock.now() + 30s);
//     const std::optional<std::string> back = values.verify("websocket-ticket", ticket, clock.now());
//     const std::string csrf = auth::make_csrf_token(values, session_id, random);
//     if (!auth::check_csrf_token(values, session_id, header)) { ... }

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace base {
class RandomSource;
}

namespace auth {

class SignedValues {
public:
    static constexpr std::size_t min_secret_bytes = 32;
    static constexpr std::size_t max_text_bytes = 4096;

    struct Options {
        std::string secret;
        // Still accepted, no longer used for signing: how a secret is changed without turning clients away.
        std::vector<std::string> previous_secrets;
    };

    // Throws std::invalid_argument for a secret under min_secret_bytes.
    explicit SignedValues(Options options);

    // base64url(expiry and payload) "." base64url(HMAC-SHA-256). A value signed for one purpose never verifies for another.
    // Without expires_at it never expires. Throws std::length_error when the text would exceed max_text_bytes.
    [[nodiscard]] std::string sign(std::string_view purpose, std::string_view payload,
                                   std::optional<base::Timestamp> expires_at = std::nullopt) const;
    // The payload; nullopt when altered, of another purpose, or at or past its expiry.
    [[nodiscard]] std::optional<std::string> verify(std::string_view purpose, std::string_view text,
                                                    base::Timestamp now) const;

    // The bare tag of a message, base64url, 43 characters.
    [[nodiscard]] std::string tag(std::string_view purpose, std::string_view message) const;
    [[nodiscard]] bool check_tag(std::string_view purpose, std::string_view message, std::string_view tag) const;

private:
    // First the current secret's key, then the previous ones'.
    std::vector<std::string> secrets_;
};

// Signed double submit (OWASP CSRF Prevention): random bytes and an HMAC that binds them to the session, so that neither a
// sibling domain's cookie nor another session's token passes. Sent as a readable cookie, expected back in a header.
[[nodiscard]] std::string make_csrf_token(const SignedValues& values, std::string_view session_id,
                                          base::RandomSource& random);
[[nodiscard]] bool check_csrf_token(const SignedValues& values, std::string_view session_id, std::string_view token);

}  // namespace auth
