#include "auth/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

#include "base/random.h"
#include "base/strings.h"

namespace auth {

namespace {

constexpr std::string_view base32_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";     // RFC 4648 §6
constexpr std::string_view crockford_alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // nothing that looks like another
constexpr std::size_t recovery_code_bytes = 10;
constexpr std::size_t recovery_code_letters = 16;
constexpr std::size_t group_letters = 4;

// Whole groups of five bits; what is left over is filled up with zeros.
std::string encode_five_bits(std::string_view bytes, std::string_view alphabet) {
    std::string text;
    std::uint32_t kept = 0;
    unsigned bits = 0;
    for (const char byte : bytes) {
        kept = (kept << 8U) | static_cast<std::uint8_t>(byte);
        for (bits += 8; bits >= 5; bits -= 5) text.push_back(alphabet[(kept >> (bits - 5)) & 31U]);
        kept &= (1U << bits) - 1;
    }
    if (bits > 0) text.push_back(alphabet[(kept << (5 - bits)) & 31U]);
    return text;
}

std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, const std::array<std::uint8_t, 8>& message) {
    std::array<std::uint8_t, 20> digest{};
    unsigned length = digest.size();
    if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(), digest.data(),
             &length) == nullptr ||
        length != digest.size())
        throw std::runtime_error("HMAC-SHA-1 failed");
    return digest;
}

char recovery_letter(char typed) {
    const char letter = static_cast<char>(typed >= 'a' && typed <= 'z' ? typed - ('a' - 'A') : typed);
    switch (letter) {
        case 'O': return '0';
        case 'I':
        case 'L': return '1';
        default: return letter;
    }
}

}  // namespace

std::string make_totp_secret(base::RandomSource& random) {
    std::array<std::uint8_t, totp_secret_bytes> bytes{};
    random.fill(bytes);
    return std::string(base::as_chars(bytes));
}

std::int64_t totp_step(base::Timestamp now) {
    return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() / totp_step_seconds;
}

// RFC 4226 §5.3.
std::string totp_code(std::string_view secret, std::int64_t step) {
    std::array<std::uint8_t, 8> counter{};
    for (std::size_t i = 0; i < counter.size(); ++i)
        counter[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(step) >> (8 * (7 - i)));
    const auto digest = hmac_sha1(secret, counter);
    const std::size_t offset = digest.back() & 15U;
    const std::uint32_t number = (digest[offset] & 127U) << 24U |
                                 static_cast<std::uint32_t>(digest[offset + 1]) << 16U |
                                 static_cast<std::uint32_t>(digest[offset + 2]) << 8U | digest[offset + 3];
    auto digits = std::to_string(number % 1'000'000);
    return std::string(totp_digits - digits.size(), '0') + digits;
}

// All of them are compared, so that the time tells nothing.
std::optional<std::int64_t> find_totp(std::string_view secret, std::string_view code, base::Timestamp now) {
    std::optional<std::int64_t> found;
    for (auto step = totp_step(now) - totp_drift; step <= totp_step(now) + totp_drift; ++step) {
        if (base::constant_time_equal(totp_code(secret, step), code)) found = step;
    }
    return found;
}

std::optional<std::int64_t> find_totp_pair(std::string_view secret, std::string_view code, std::string_view next_code,
                                           base::Timestamp now) {
    std::optional<std::int64_t> found;
    const auto present = totp_step(now);
    for (auto step = present - totp_drift - 1; step <= present + totp_drift; ++step) {
        const bool is_first = base::constant_time_equal(totp_code(secret, step), code);
        const bool is_next = base::constant_time_equal(totp_code(secret, step + 1), next_code);
        if (is_first && is_next) found = step + 1;
    }
    return found;
}

std::string totp_uri(const TotpLabel& label, std::string_view secret) {
    if (label.issuer.contains(':')) throw std::invalid_argument("the issuer of a code may not have a colon");
    const auto issuer = base::percent_encode(label.issuer);
    return "otpauth://totp/" + issuer + ":" + base::percent_encode(label.account) +
           "?secret=" + totp_secret_text(secret) + "&issuer=" + issuer + "&algorithm=SHA1&digits=6&period=30";
}

std::string totp_secret_text(std::string_view secret) { return encode_five_bits(secret, base32_alphabet); }

std::string make_recovery_code(base::RandomSource& random) {
    std::array<std::uint8_t, recovery_code_bytes> bytes{};
    random.fill(bytes);
    const auto letters = encode_five_bits(base::as_chars(bytes), crockford_alphabet);
    std::string code;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (i > 0 && i % group_letters == 0) code.push_back('-');
        code.push_back(letters[i]);
    }
    return code;
}

std::optional<base::Digest256> recovery_code_digest(std::string_view text) {
    std::string letters;
    for (const char typed : text) {
        if (typed == '-' || base::is_ascii_space(typed)) continue;
        const char letter = recovery_letter(typed);
        if (!crockford_alphabet.contains(letter) || letters.size() == recovery_code_letters) return std::nullopt;
        letters.push_back(letter);
    }
    if (letters.size() != recovery_code_letters) return std::nullopt;
    return base::sha256("recovery-code:" + letters);
}

}  // namespace auth
