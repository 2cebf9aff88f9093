#include "payments/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "schema/phone.h"

namespace payments {

namespace {

constexpr std::size_t longest_code = 60;
constexpr std::size_t most_digits = 15;

int decimals_of(std::string_view currency) {
    const auto known = base::find_currency(currency);
    return known ? known->decimals : 2;
}

bool are_digits(std::string_view text) { return std::ranges::all_of(text, base::is_ascii_digit); }

// Which words mean what; the first that fits.
struct Meaning {
    std::string_view word;
    std::string_view reason;
};
constexpr std::array<Meaning, 22> meanings{{{"insufficient", "insufficient_funds"},
                                            {"not enough", "insufficient_funds"},
                                            {"low balance", "insufficient_funds"},
                                            {"cancel", "cancelled_by_payer"},
                                            {"declined by user", "cancelled_by_payer"},
                                            {"rejected by user", "cancelled_by_payer"},
                                            {"user declined", "cancelled_by_payer"},
                                            {"user rejected", "cancelled_by_payer"},
                                            {"timeout", "payer_timeout"},
                                            {"timed out", "payer_timeout"},
                                            {"time out", "payer_timeout"},
                                            {"cannot be reached", "payer_timeout"},
                                            {"no response from user", "payer_timeout"},
                                            {"expired", "payer_timeout"},
                                            {"wrong pin", "wrong_pin"},
                                            {"incorrect pin", "wrong_pin"},
                                            {"invalid pin", "wrong_pin"},
                                            {"initiator information is invalid", "wrong_pin"},
                                            {"limit", "limit_reached"},
                                            {"exceeds", "limit_reached"},
                                            {"above the maximum", "limit_reached"},
                                            {"less than the minimum", "limit_reached"}}};

}  // namespace

std::string scalar(const schema::Json& member) {
    const std::string_view text = member.text;
    if (text.empty()) return {};
    if (text.front() == '"') return read<std::string>(text).value_or("");
    return base::is_ascii_digit(text.front()) || text.front() == '-' ? std::string(text) : "";
}

std::string cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
    return std::string(text.substr(0, most));
}

std::string words(std::string_view text) { return cut(schema::mask_phones(cut(text, longest_words)), longest_words); }

std::string code(std::string_view text) {
    if (text.empty() || text.size() > longest_code) return {};
    auto lower = base::ascii_lower(text);
    const auto is_usual = [](char c) {
        return base::is_ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
    };
    return std::ranges::all_of(lower, is_usual) ? lower : "";
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 20 && text.front() != '0' && are_digits(text);
}

std::string to_major(base::Money amount, std::string_view currency) {
    const int decimals = decimals_of(currency);
    std::int64_t scale = 1;
    for (int i = 0; i < decimals; ++i) scale *= 10;
    if (amount.minor % scale == 0) return fmt::format("{}", amount.minor / scale);
    return fmt::format("{}.{:0{}}", amount.minor / scale, amount.minor % scale, decimals);
}

std::optional<base::Money> from_major(const schema::Json& member, std::string_view currency) {
    const auto text = scalar(member);
    const auto point = text.find('.');
    const auto whole = std::string_view(text).substr(0, point);
    auto part = point == std::string::npos ? std::string_view() : std::string_view(text).substr(point + 1);
    const bool has_lone_point = point != std::string::npos && part.empty();
    if (whole.empty() || has_lone_point || !are_digits(whole) || !are_digits(part)) return std::nullopt;
    while (part.ends_with('0')) part.remove_suffix(1);
    const auto decimals = static_cast<std::size_t>(decimals_of(currency));
    if (part.size() > decimals || whole.size() + decimals > most_digits) return std::nullopt;
    const auto minor = std::string(whole).append(part).append(decimals - part.size(), '0');
    return base::Money{*base::parse_integer<std::int64_t>(minor)};
}

std::string_view reason_of(std::string_view text) {
    const auto lower = base::ascii_lower(text.substr(0, longest_words));
    for (const auto& [word, reason] : meanings)
        if (lower.contains(word)) return reason;
    return {};
}

}  // namespace payments
