#include "sms/parts.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace sms {

namespace {

// 3GPP TS 23.038, without what is ASCII and stands for itself (the table below).
constexpr std::u32string_view beyond_ascii = U"£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
// ASCII that GSM-7 lacks, or has in its extension: two septets.
constexpr std::u32string_view not_in_gsm7 = U"`";
constexpr std::u32string_view extended = U"\f^{}\\[~]|€";

constexpr char32_t replacement = 0xFFFD;

// One code point and how many bytes it takes; what is no UTF-8 is U+FFFD, byte by byte.
std::pair<char32_t, std::size_t> next_of(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const auto first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < size) return {replacement, 1};
    char32_t value = first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return {replacement, 1};
        value = value << 6U | (byte(i) & 0x3FU);
    }
    return {value, size};
}

// 0: none.
std::uint32_t septets_of(char32_t c) {
    if (extended.contains(c)) return 2;
    if (c < 0x80) {
        const bool is_control = c < 0x20 && c != '\n' && c != '\r';
        return is_control || c == 0x7F || not_in_gsm7.contains(c) ? 0 : 1;
    }
    return beyond_ascii.contains(c) ? 1 : 0;
}

std::uint32_t utf16_of(char32_t c) { return c > 0xFFFF ? 2 : 1; }

struct Room {
    std::uint32_t alone;
    std::uint32_t of_several;
};
constexpr Room septets{.alone = 160, .of_several = 153};
constexpr Room code_units{.alone = 70, .of_several = 67};

// Of characters that are not torn apart.
std::uint32_t parts_of(const std::vector<std::uint32_t>& sizes, std::uint32_t units, Room room) {
    if (units == 0) return 0;
    if (units <= room.alone) return 1;
    std::uint32_t parts = 1;
    std::uint32_t used = 0;
    for (const auto size : sizes) {
        if (used + size > room.of_several) {
            ++parts;
            used = 0;
        }
        used += size;
    }
    return parts;
}

struct Plain {
    std::string_view text;
    std::string_view ascii;
};
constexpr auto typography = std::to_array<Plain>({
    {"\u2018", "'"},  {"\u2019", "'"},  {"\u201a", "'"},   {"\u201b", "'"},  {"\u2032", "'"},  {"\u02bc", "'"},
    {"`", "'"},       {"\u00b4", "'"},  {"\u201c", "\""},  {"\u201d", "\""}, {"\u201e", "\""}, {"\u201f", "\""},
    {"\u2033", "\""}, {"\u00ab", "\""}, {"\u00bb", "\""},  {"\u2039", "'"},  {"\u203a", "'"},  {"\u2010", "-"},
    {"\u2011", "-"},  {"\u2012", "-"},  {"\u2013", "-"},   {"\u2014", "-"},  {"\u2015", "-"},  {"\u2212", "-"},
    {"\u2022", "-"},  {"\u00b7", "-"},  {"\u2026", "..."}, {"\u00d7", "x"},  {"\u00a0", " "},  {"\u2002", " "},
    {"\u2003", " "},  {"\u2007", " "},  {"\u2009", " "},   {"\u200a", " "},  {"\u202f", " "},  {"\u3000", " "},
    {"\t", " "},      {"\u2028", "\n"}, {"\u2029", "\n"},  {"\u200b", ""},   {"\u200e", ""},   {"\u200f", ""},
    {"\u2060", ""},   {"\ufeff", ""},   {"\u00ad", ""},
});

}  // namespace

Measure measure(std::string_view utf8) {
    std::vector<std::uint32_t> in_gsm7;
    std::vector<std::uint32_t> in_ucs2;
    Measure result;
    std::uint32_t utf16 = 0;
    while (!utf8.empty()) {
        const auto next = next_of(utf8);
        utf8.remove_prefix(next.second);
        const auto size = septets_of(next.first);
        if (size == 0) result.encoding = Encoding::ucs2;
        in_gsm7.push_back(size);
        result.units += size;
        in_ucs2.push_back(utf16_of(next.first));
        utf16 += in_ucs2.back();
    }
    if (result.encoding == Encoding::ucs2) result.units = utf16;
    result.parts = result.encoding == Encoding::gsm7 ? parts_of(in_gsm7, result.units, septets)
                                                     : parts_of(in_ucs2, result.units, code_units);
    return result;
}

std::string plain(std::string_view utf8) {
    std::string out;
    while (!utf8.empty()) {
        const auto found =
            std::ranges::find_if(typography, [&](const Plain& one) { return utf8.starts_with(one.text); });
        if (found != typography.end()) {
            out += found->ascii;
            utf8.remove_prefix(found->text.size());
            continue;
        }
        const auto size = next_of(utf8).second;
        out += utf8.substr(0, size);
        utf8.remove_prefix(size);
    }
    return out;
}

}  // namespace sms
