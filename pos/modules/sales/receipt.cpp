#include "pos/modules/sales/receipt.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "base/text.h"

namespace pos {

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

bool is_number(std::string_view digits, std::int64_t number) {
    return !digits.empty() && base::parse_integer<std::int64_t>(
                                  digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1))) == number;
}

}  // namespace

std::string TillNumber::text() const { return fmt::format("{}-{:02}-{:06}", location_code, device_number, device_seq); }

bool TillNumber::is(std::string_view receipt_number) const {
    if (!receipt_number.starts_with(location_code)) return false;
    const auto rest = receipt_number.substr(location_code.size());
    const auto dash = rest.find('-', 1);
    if (dash == std::string_view::npos || rest.front() != '-') return false;
    const auto device = rest.substr(1, dash - 1);
    const auto seq = rest.substr(dash + 1);
    const auto all_digits = [](std::string_view text) {
        return text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    return all_digits(device) && all_digits(seq) && is_number(device, device_number) && is_number(seq, device_seq);
}

std::string_view first_characters(std::string_view text, std::size_t most) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
        if (begins && characters++ == most) return text.substr(0, i);
    }
    return text;
}

std::string without_replacements(std::string_view text) {
    std::string kept;
    for (auto at = text.find(replacement_character); at != std::string_view::npos;
         at = text.find(replacement_character)) {
        kept += text.substr(0, at);
        text.remove_prefix(at + replacement_character.size());
    }
    return kept += text;
}

std::string printed_number(std::string_view sent) {
    // Cut first: no work is done on a megabyte of which 64 characters are kept.
    auto number = without_replacements(first_characters(sent, max_read_of_reference));
    base::normalise_identifier(number);
    return std::string(base::trim_unicode(first_characters(number, max_receipt_number)));
}

}  // namespace pos
