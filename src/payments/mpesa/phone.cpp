#include "payments/mpesa/phone.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace payments::mpesa {

namespace {

constexpr std::string_view country = "254";
constexpr std::size_t national_digits = 9;
constexpr std::size_t longest_typed = 64;

constexpr auto separators = std::to_array<std::string_view>({" ",      "\t",     "-",      ".",      "(",      ")",
                                                             "\u00a0",                      // no-break space
                                                             "\u2007", "\u2009", "\u202f",  // narrow ones
                                                             "\u2010", "\u2011", "\u2013",  // hyphens, a dash
                                                             "\u200b", "\u200c", "\u200d",  // of no width
                                                             "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u2060",
                                                             "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff"});

std::string without_separators(std::string_view typed) {
    std::string text;
    while (!typed.empty()) {
        const auto found =
            std::ranges::find_if(separators, [&](std::string_view separator) { return typed.starts_with(separator); });
        if (found == separators.end()) text += typed.front();
        typed.remove_prefix(found == separators.end() ? 1 : found->size());
    }
    return text;
}

bool drop(std::string_view& text, std::string_view prefix) {
    const bool is_there = text.starts_with(prefix);
    if (is_there) text.remove_prefix(prefix.size());
    return is_there;
}

std::string masked(std::string_view digits) {
    return std::string(digits.substr(0, 4)).append("****").append(digits.substr(digits.size() - 4));
}

}  // namespace

std::optional<std::string> normalise_phone(std::string_view typed) {
    if (typed.size() > longest_typed) return std::nullopt;
    const auto text = without_separators(typed);
    std::string_view digits = text;
    const bool is_international = drop(digits, "+") || drop(digits, "000") || drop(digits, "00");
    if (!std::ranges::all_of(digits, base::is_ascii_digit)) return std::nullopt;
    const bool has_country = (is_international || digits.size() > national_digits + 1) && drop(digits, country);
    if (is_international && !has_country) return std::nullopt;
    if (digits.size() == national_digits + 1) drop(digits, "0");
    if (digits.size() != national_digits || (digits.front() != '7' && digits.front() != '1')) return std::nullopt;
    return std::string(country).append(digits);
}

std::string mask_phone(std::string_view phone) {
    const bool is_one = phone.size() == 12 && std::ranges::all_of(phone, base::is_ascii_digit);
    return is_one ? masked(phone) : "****";
}

std::string mask_phones(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto* const end = std::ranges::find_if_not(text, base::is_ascii_digit);
        const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
        if (digits.empty()) {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        const bool is_phone = digits.size() >= national_digits && digits.size() <= 15 && digits.size() != 14;
        out += is_phone ? masked(digits) : std::string(digits);
        text.remove_prefix(digits.size());
    }
    return out;
}

}  // namespace payments::mpesa
