#include "pos/modules/payments/reference.h"

#include <algorithm>

#include "base/strings.h"

namespace pos {

namespace {

constexpr std::size_t longest_reference = 64;
constexpr std::size_t shortest_number = 3;

bool is_letter_or_digit(char c) { return base::is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string normalised_reference(std::string_view reference) {
    std::string normalised;
    for (const char c : reference) {
        if (!is_letter_or_digit(c)) continue;
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        normalised += upper == 'O' ? '0' : upper;
    }
    return normalised;
}

TypedReference TypedReference::read(std::string_view typed) {
    TypedReference reference{.normalised = normalised_reference(typed)};
    if (reference.normalised.size() > longest_reference) return {};
    const auto is_digit = [](char c) { return base::is_ascii_digit(c); };
    if (reference.normalised.size() >= shortest_number && std::ranges::all_of(reference.normalised, is_digit)) {
        const auto first = std::min(reference.normalised.find_first_not_of('0'), reference.normalised.size());
        reference.number = reference.normalised.substr(first);
    }
    return reference;
}

std::string kept_text(std::string_view sent, std::size_t most_bytes) {
    if (!base::is_utf8(sent)) return {};
    std::string kept;
    for (const char c : sent) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20U && byte != 0x7FU) kept += c;
    }
    if (kept.size() <= most_bytes) return kept;
    auto end = most_bytes;
    while (end > 0 && (static_cast<unsigned char>(kept[end]) & 0xC0U) == 0x80U) --end;
    kept.resize(end);
    return kept;
}

}  // namespace pos
