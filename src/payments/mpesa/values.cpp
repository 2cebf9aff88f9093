#include "payments/mpesa/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/strings.h"
#include "payments/mpesa/phone.h"

namespace payments::mpesa {

namespace {

constexpr std::chrono::hours nairobi{3};
constexpr std::size_t longest_id = 100;

bool is_letter(char c) { return base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z'; }
bool is_word(char c) { return is_letter(c) || base::is_ascii_digit(c) || c == '_'; }

// The parts of a time in Nairobi, of 14 digits.
std::optional<base::Timestamp> of_digits(std::string_view digits) {
    if (digits.size() != 14 || !std::ranges::all_of(digits, base::is_ascii_digit)) return std::nullopt;
    const auto text = fmt::format("{}-{}-{}T{}:{}:{}+03:00", digits.substr(0, 4), digits.substr(4, 2),
                                  digits.substr(6, 2), digits.substr(8, 2), digits.substr(10, 2), digits.substr(12, 2));
    return base::parse_timestamp(text);
}

struct Parts {
    std::chrono::year_month_day day;
    std::chrono::hh_mm_ss<std::chrono::seconds> time;
};
Parts in_nairobi(base::Timestamp time) {
    const auto local = std::chrono::floor<std::chrono::seconds>(time + nairobi);
    const auto day = std::chrono::floor<std::chrono::days>(local);
    return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<std::chrono::seconds>(local - day)};
}

std::string written(base::Timestamp time, bool compact) {
    const auto [day, clock] = in_nairobi(time);
    const auto format = compact ? "{:04}{:02}{:02}{:02}{:02}{:02}" : "{:04}-{:02}-{:02} {:02}:{:02}:{:02}";
    return fmt::format(fmt::runtime(format), static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()), clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count());
}

}  // namespace

std::optional<std::string> scalar(const schema::Json& member) {
    const std::string_view text = member.text;
    if (text.empty()) return std::nullopt;
    if (text.front() == '"') {
        auto read = schema::parse<std::string>(text, {.max_bytes = text.size(), .lenient = true});
        if (!read) return std::nullopt;
        return *std::move(read);
    }
    const bool is_number = base::is_ascii_digit(text.front()) || text.front() == '-';
    return is_number ? std::optional(std::string(text)) : std::nullopt;
}

std::string scalar_or_empty(const schema::Json& member) { return scalar(member).value_or(""); }

std::string shown_text(std::string_view text) {
    auto shown = mask_phones(text.substr(0, longest_text));
    while (!shown.empty() && !base::is_utf8(shown)) shown.pop_back();
    return shown;
}

std::optional<base::Money> money_of(std::string_view text) {
    constexpr std::size_t most_digits = 9;
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    auto part = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    if (point != std::string_view::npos && part.empty()) return std::nullopt;
    while (part.ends_with('0')) part.remove_suffix(1);
    if (whole.empty() || whole.size() > most_digits || part.size() > 2) return std::nullopt;
    if (!std::ranges::all_of(whole, base::is_ascii_digit) || !std::ranges::all_of(part, base::is_ascii_digit))
        return std::nullopt;
    const auto cents = std::string(part).append(2 - part.size(), '0');
    return base::Money{*base::parse_integer<std::int64_t>(std::string(whole).append(cents))};
}

std::optional<base::Timestamp> time_of(std::string_view text) {
    if (const auto time = of_digits(text)) return time;
    if (text.size() == 19 && text[10] == ' ') {
        std::string digits;
        std::ranges::copy_if(text, std::back_inserter(digits), base::is_ascii_digit);
        return of_digits(digits);
    }
    return base::parse_timestamp(text);
}

std::string compact_time(base::Timestamp time) { return written(time, true); }
std::string spaced_time(base::Timestamp time) { return written(time, false); }

bool is_receipt(std::string_view text) {
    const auto is_usual = [](char c) { return base::is_ascii_digit(c) || (c >= 'A' && c <= 'Z'); };
    return text.size() >= 6 && text.size() <= 20 && std::ranges::all_of(text, is_usual);
}

bool is_checkout_id(std::string_view text) {
    return !text.empty() && text.size() <= longest_id &&
           std::ranges::all_of(text, [](char c) { return is_word(c) || c == '-'; });
}

bool is_result_code(std::string_view text) {
    return !text.empty() && text.size() <= 40 &&
           std::ranges::all_of(text, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

}  // namespace payments::mpesa
