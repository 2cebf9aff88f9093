#include "payments/stripe/signature.h"

#include <array>
#include <cstdint>
#include <vector>

#include "base/hmac.h"
#include "base/strings.h"

namespace payments::stripe {

namespace {

// Far more than Stripe sends: two, while a secret is rolled.
constexpr std::size_t most_signatures = 16;
constexpr std::size_t longest_header = 4'096;

struct Header {
    std::string_view signed_at;  // as written: that is what was signed
    std::vector<std::string_view> signatures;
};

std::optional<Header> read_header(std::string_view text) {
    if (text.size() > longest_header) return std::nullopt;
    Header header;
    for (const auto part : base::split(text, ',')) {
        const auto item = base::trim(part);
        const auto equals = item.find('=');
        if (equals == std::string_view::npos) continue;
        const auto name = item.substr(0, equals);
        const auto value = item.substr(equals + 1);
        if (name == "t") {
            if (!header.signed_at.empty()) return std::nullopt;
            header.signed_at = value;
        } else if (name == "v1") {
            if (header.signatures.size() == most_signatures) return std::nullopt;
            header.signatures.push_back(value);
        }
    }
    return header;
}

std::optional<std::int64_t> seconds_of(std::string_view text) {
    if (text.empty() || text.size() > 12) return std::nullopt;
    for (const char c : text)
        if (!base::is_ascii_digit(c)) return std::nullopt;
    return base::parse_integer<std::int64_t>(text);
}

bool is_signed(const Header& header, std::string_view bytes, std::string_view secret) {
    base::HmacSha256 mac(secret);
    const auto digest = mac({header.signed_at, ".", bytes});
    const auto expected = base::hex_encode(base::as_chars(digest));
    bool found = false;
    for (const auto signature : header.signatures) found |= base::constant_time_equal(signature, expected);
    return found;
}

}  // namespace

std::optional<std::string_view> refusal_of_signature(std::string_view header, std::string_view bytes,
                                                     std::span<const std::string> secrets, base::Timestamp now) {
    if (secrets.empty()) return "the account has no webhook secret";
    const auto read = read_header(header);
    if (!read) return "Stripe-Signature cannot be read";
    const auto signed_at = seconds_of(read->signed_at);
    if (!signed_at) return "Stripe-Signature has no time";
    if (read->signatures.empty()) return "Stripe-Signature has no v1";
    bool is_ours = false;
    for (const auto& secret : secrets) is_ours |= !secret.empty() && is_signed(*read, bytes, secret);
    if (!is_ours) return "no secret of the account made this signature";
    const auto age = std::chrono::floor<std::chrono::seconds>(now) - base::Timestamp(std::chrono::seconds(*signed_at));
    if (age > signature_tolerance) return "signed more than 300 s ago";
    if (age < -signature_tolerance) return "signed more than 300 s ahead of our clock";
    return std::nullopt;
}

}  // namespace payments::stripe
