#pragma once
// Password hashes (argon2id as PHC strings, readable by every argon2 library) and the rules for choosing a password.
// Pure functions: any thread. Hashing takes 19 MiB and some 20 ms: never on an event loop, see password_hasher.h.
//
//     const std::string stored = auth::hash_password(password, {}, random);
//     switch (auth::verify_password(stored, given)) { ... }
//     if (auth::needs_rehash(stored, {})) { ... }               // after a successful login
//     for (auth::PasswordFault fault : auth::check_password(chosen, {.email = email})) { ... }
//
// A password is the bytes that were sent; they must be UTF-8. They are neither normalised nor cut nor trimmed: a person
// who types an accented letter in its composed and its decomposed form has typed two passwords.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace base {
class RandomSource;
}

namespace auth {

// A longer one is refused before any hashing, which bounds the work a stranger can order (RFC 9106 itself allows 4 GiB).
inline constexpr std::size_t max_password_bytes = 1024;
inline constexpr std::size_t min_password_code_points = 8;  // OWASP ASVS 5.0 6.2.1
inline constexpr std::size_t recommended_password_code_points = 15;

// OWASP's minimum for argon2id.
struct PasswordParameters {
    std::uint32_t memory_kib = 19456;
    std::uint32_t iterations = 2;
    std::uint32_t parallelism = 1;
};

// "$argon2id$v=19$m=19456,t=2,p=1$<16 random bytes>$<32 bytes>". Throws std::invalid_argument for a password above
// max_password_bytes or parameters outside what verify_password accepts; std::bad_alloc when memory is short.
[[nodiscard]] std::string hash_password(std::string_view password, const PasswordParameters& parameters,
                                        base::RandomSource& random);

enum class PasswordVerdict : std::uint8_t {
    match,
    mismatch,
    // Not an argon2id v=19 string, or one whose parameters would exhaust the machine: 256 MiB, 16 passes, 8 lanes at
    // most. Worth an alarm, since only a changed database row can cause it.
    unusable_hash,
};

[[nodiscard]] PasswordVerdict verify_password(std::string_view stored, std::string_view password);

// True when any parameter, the salt or the tag is below what `parameters` gives, or `stored` is unusable.
[[nodiscard]] bool needs_rehash(std::string_view stored, const PasswordParameters& parameters);

// Costs what verify_password costs, for a login whose user does not exist: the reply's time must not tell.
void dummy_verify(std::string_view password, const PasswordParameters& parameters);

enum class PasswordFault : std::uint8_t {
    not_utf8,
    too_short,
    too_long,
    common,
    contains_email,
    contains_user_name,
    contains_service_name
};

// "auth.password_too_short" and so on; published, so never changed.
[[nodiscard]] std::string_view code_text(PasswordFault fault);
[[nodiscard]] std::string_view explain(PasswordFault fault);

// What an attacker would try first. A word of fewer than four characters is not looked for.
struct PasswordContext {
    std::string_view email;
    std::string_view user_name;  // each of its words counts
    std::string_view service_name;
};

// Every fault of a newly chosen password; empty when it is acceptable. There are no composition rules on purpose
// (NIST SP 800-63B-4 §3.1.1.2).
[[nodiscard]] std::vector<PasswordFault> check_password(std::string_view password, const PasswordContext& context);

// One of some 11,600 leaked passwords of eight characters and more, in any letter case, or one character repeated.
[[nodiscard]] bool is_common_password(std::string_view password);
[[nodiscard]] std::size_t common_password_count();

}  // namespace auth
