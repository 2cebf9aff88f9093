#include "auth/signed_value.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "base/hash.h"
#include "base/random.h"
#include "base/strings.h"

namespace auth {

namespace {

constexpr std::size_t expiry_bytes = 8;
constexpr std::size_t csrf_random_bytes = 16;
constexpr std::string_view csrf_purpose = "csrf";

// Length first: purpose "ab" with message "c" must not sign what "a" with "bc" does.
std::string mac_input(std::string_view purpose, std::string_view message) {
    std::string input;
    input.reserve(purpose.size() + message.size() + 8);
    base::append_integer(input, purpose.size());
    input.push_back(':');
    input += purpose;
    input += message;
    return input;
}

std::string write_expiry(std::optional<base::Timestamp> expires_at) {
    const auto bits = static_cast<std::uint64_t>(expires_at ? expires_at->time_since_epoch().count() : 0);
    std::string out(expiry_bytes, '\0');
    for (std::size_t i = 0; i < expiry_bytes; ++i) out[i] = static_cast<char>(bits >> (8 * (expiry_bytes - 1 - i)));
    return out;
}

base::Timestamp read_expiry(std::string_view bytes) {
    std::uint64_t bits = 0;
    for (const char c : bytes.substr(0, expiry_bytes)) bits = bits << 8U | static_cast<std::uint8_t>(c);
    return base::Timestamp(std::chrono::microseconds(static_cast<std::int64_t>(bits)));
}

}  // namespace

SignedValues::SignedValues(Options options) : secrets_(std::move(options.previous_secrets)) {
    secrets_.insert(secrets_.begin(), std::move(options.secret));
    if (std::ranges::any_of(secrets_, [](const std::string& secret) { return secret.size() < min_secret_bytes; })) {
        throw std::invalid_argument("a signing secret needs 32 bytes or more");
    }
}

std::string SignedValues::tag(std::string_view purpose, std::string_view message) const {
    return base::base64url_encode(base::as_chars(base::hmac_sha256(secrets_.front(), mac_input(purpose, message))));
}

bool SignedValues::check_tag(std::string_view purpose, std::string_view message, std::string_view tag) const {
    const auto given = base::base64url_decode(tag);
    if (!given) return false;
    const std::string input = mac_input(purpose, message);
    return std::ranges::any_of(secrets_, [&](const std::string& secret) {
        return base::constant_time_equal(base::as_chars(base::hmac_sha256(secret, input)), *given);
    });
}

std::string SignedValues::sign(std::string_view purpose, std::string_view payload,
                               std::optional<base::Timestamp> expires_at) const {
    if (expires_at && expires_at->time_since_epoch().count() <= 0)
        throw std::invalid_argument("a value expires after 1970");
    const std::string body = write_expiry(expires_at) + std::string(payload);
    std::string text = base::base64url_encode(body) + '.' + tag(purpose, body);
    if (text.size() > max_text_bytes) throw std::length_error("a signed value may have at most 4096 bytes");
    return text;
}

std::optional<std::string> SignedValues::verify(std::string_view purpose, std::string_view text,
                                                base::Timestamp now) const {
    const std::size_t dot = text.find('.');
    if (text.size() > max_text_bytes || dot == std::string_view::npos) return std::nullopt;
    auto body = base::base64url_decode(text.substr(0, dot));
    if (!body || body->size() < expiry_bytes || !check_tag(purpose, *body, text.substr(dot + 1))) return std::nullopt;
    const base::Timestamp expires_at = read_expiry(*body);
    if (expires_at != base::Timestamp{} && expires_at <= now) return std::nullopt;
    body->erase(0, expiry_bytes);
    return body;
}

std::string make_csrf_token(const SignedValues& values, std::string_view session_id, base::RandomSource& random) {
    std::array<std::uint8_t, csrf_random_bytes> bytes{};
    random.fill(bytes);
    const std::string nonce = base::base64url_encode(base::as_chars(bytes));
    // The nonce has a fixed length, so the two cannot run into each other.
    return nonce + '.' + values.tag(csrf_purpose, nonce + std::string(session_id));
}

bool check_csrf_token(const SignedValues& values, std::string_view session_id, std::string_view token) {
    constexpr std::size_t nonce_size = 22;
    if (session_id.empty() || token.size() != nonce_size + 1 + 43 || token[nonce_size] != '.') return false;
    const std::string_view nonce = token.substr(0, nonce_size);
    return values.check_tag(csrf_purpose, std::string(nonce) + std::string(session_id), token.substr(nonce_size + 1));
}

}  // namespace auth
