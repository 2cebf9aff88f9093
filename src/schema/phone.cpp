#include "schema/phone.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace schema {

namespace {

constexpr std::string_view country = "254";
constexpr std::size_t national_digits = 9;
constexpr std::size_t shortest_landline = 7;
constexpr std::size_t least_digits = 7;
constexpr std::size_t most_digits = 15;
constexpr std::size_t longest_typed = 40;  // characters

constexpr auto separators = std::to_array<std::string_view>(
    {" ",      "\t",     "-",      ".",      "(",      ")",      "\u00a0", "\u2000", "\u2001", "\u2002", "\u2003",
     "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000",  // spaces
     "\u00ad", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212",            // hyphens, dashes, a minus
     "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c",  // of no width
     "\u202d", "\u202e", "\u2060", "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff"});

bool drop(std::string_view& text, std::string_view prefix) {
    const bool is_there = text.starts_with(prefix);
    if (is_there) text.remove_prefix(prefix.size());
    return is_there;
}

// Digits of a country behind what dials out, and nothing more yet: at most three.
bool is_country_alone(std::string_view text) {
    if (!drop(text, "+") && !drop(text, "000") && !drop(text, "00")) return false;
    return !text.empty() && text.size() <= 3;
}

// Without what does not count. The 0 that is dialled inside a country alone stands in brackets behind the country: "+44 (0)20".
std::string without_separators(std::string_view typed) {
    std::string text;
    while (!typed.empty()) {
        if (is_country_alone(text) && drop(typed, "(0)")) continue;
        const auto found =
            std::ranges::find_if(separators, [&](std::string_view separator) { return typed.starts_with(separator); });
        if (found == separators.end()) text += typed.front();
        typed.remove_prefix(found == separators.end() ? 1 : found->size());
    }
    return text;
}

// Of a link that was pasted, or a code that was scanned. RFC 3986 §3.1: schemes are of any case.
std::string_view without_scheme(std::string_view typed) {
    constexpr std::string_view scheme = "tel:";
    const auto text = base::trim(typed);
    return base::ascii_lower(text.substr(0, scheme.size())) == scheme ? text.substr(scheme.size()) : typed;
}

bool is_mobile(std::string_view national) {
    return national.size() == national_digits && (national.front() == '7' || national.front() == '1');
}

bool is_national(std::string_view national) {
    if (national.empty() || national.front() == '0') return false;
    if (national.front() == '7' || national.front() == '1') return is_mobile(national);
    return national.size() >= shortest_landline && national.size() <= national_digits;
}

std::optional<std::string> of_kenya(std::string_view national) {
    if (national.size() > shortest_landline) drop(national, "0");
    if (!is_national(national)) return std::nullopt;
    return std::string("+").append(country).append(national);
}

// Numbers of North America and of Russia have eleven digits: fewer are one of Kenya behind a plus that does not belong there.
std::optional<std::string> of_the_world(std::string_view digits) {
    if (drop(digits, country)) return of_kenya(digits);
    if (digits.size() < least_digits || digits.size() > most_digits || digits.front() == '0') return std::nullopt;
    if ((digits.front() == '1' || digits.front() == '7') && digits.size() != 11) return std::nullopt;
    return std::string("+").append(digits);
}

std::string masked(std::string_view digits) {
    return std::string(digits.substr(0, 4)).append("****").append(digits.substr(digits.size() - 4));
}

}  // namespace

std::optional<std::string> normalise_phone(std::string_view typed) {
    if (typed.size() > 4 * longest_typed) return std::nullopt;
    const auto length = base::utf8_length(typed);
    if (!length || *length > longest_typed) return std::nullopt;
    const auto text = without_separators(without_scheme(typed));
    std::string_view digits = text;
    const bool has_plus = drop(digits, "+");
    if (digits.empty() || !std::ranges::all_of(digits, base::is_ascii_digit)) return std::nullopt;
    if (has_plus || drop(digits, "000") || drop(digits, "00")) return of_the_world(digits);
    if (digits.size() > national_digits + 1) return drop(digits, country) ? of_kenya(digits) : std::nullopt;
    // A landline without its 0 could be anything.
    if (digits.front() != '0' && !is_mobile(digits)) return std::nullopt;
    return of_kenya(digits);
}

bool is_mobile_of_kenya(std::string_view number) {
    return drop(number, "+") && drop(number, country) && is_mobile(number) &&
           std::ranges::all_of(number, base::is_ascii_digit);
}

std::string mask_phone(std::string_view number) {
    const std::string sign = drop(number, "+") ? "+" : "";
    const bool is_one = number.size() >= national_digits && number.size() <= most_digits &&
                        std::ranges::all_of(number, base::is_ascii_digit);
    return is_one ? sign + masked(number) : "****";
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
        // Fourteen are a time: 20240115103021.
        const bool is_phone = digits.size() >= national_digits && digits.size() <= most_digits && digits.size() != 14;
        out += is_phone ? masked(digits) : std::string(digits);
        text.remove_prefix(digits.size());
    }
    return out;
}

}  // namespace schema
