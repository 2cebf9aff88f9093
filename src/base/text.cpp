#include "base/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/strings.h"

namespace base {
namespace {

using CodePoint = utf8proc_int32_t;
using CodePoints = std::vector<CodePoint>;

// First and last code point.
struct Range {
    CodePoint first;
    CodePoint last;
};

// Property White_Space.
constexpr std::array spaces{Range{0x09, 0x0d},     Range{0x20, 0x20},     Range{0x85, 0x85},     Range{0xa0, 0xa0},
                            Range{0x1680, 0x1680}, Range{0x2000, 0x200a}, Range{0x2028, 0x2029}, Range{0x202f, 0x202f},
                            Range{0x205f, 0x205f}, Range{0x3000, 0x3000}};
// Letters and symbols that draw nothing: Hangul fillers, the Braille pattern without dots, the null notehead.
constexpr std::array blanks{Range{0x115f, 0x1160}, Range{0x2800, 0x2800}, Range{0x3164, 0x3164}, Range{0xffa0, 0xffa0},
                            Range{0x1d159, 0x1d159}};
// Nothing of a name: controls, soft hyphen, zero-width space, word joiner, byte order mark, bidirectional embeddings,
// overrides and isolates, deprecated format characters, annotations, the place of an object that is not there, and what is
// ignorable without being assigned. U+0000 is left for the schema to refuse.
constexpr std::array controls{Range{0x01, 0x08},       Range{0x0e, 0x1f},      Range{0x7f, 0x84},
                              Range{0x86, 0x9f},       Range{0xad, 0xad},      Range{0x180e, 0x180e},
                              Range{0x200b, 0x200b},   Range{0x202a, 0x202e},  Range{0x2060, 0x206f},
                              Range{0xfeff, 0xfeff},   Range{0xfff0, 0xfffc},  Range{0xe0000, 0xe001f},
                              Range{0xe0080, 0xe00ff}, Range{0xe01f0, 0xe0fff}};
// Invisible, yet part of how letters and symbols beside them are drawn: joiners, marks of direction, variation selectors.
constexpr std::array joiners{Range{0x034f, 0x034f},   Range{0x061c, 0x061c},   Range{0x17b4, 0x17b5},
                             Range{0x180b, 0x180d},   Range{0x180f, 0x180f},   Range{0x200c, 0x200f},
                             Range{0xfe00, 0xfe0f},   Range{0x13430, 0x13455}, Range{0x1bca0, 0x1bca3},
                             Range{0x1d173, 0x1d17a}, Range{0xe0020, 0xe007f}, Range{0xe0100, 0xe01ef}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, CodePoint c) {
    const auto after = std::ranges::upper_bound(ranges, c, {}, &Range::first);
    return after != ranges.begin() && c <= std::prev(after)->last;
}

bool is_space(CodePoint c) { return is_in(spaces, c); }
bool is_blank(CodePoint c) { return is_in(blanks, c); }
// Never a character, and for a program's own use alone: the last two of each plane, and 32 more.
bool is_noncharacter(CodePoint c) { return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef); }
bool is_control(CodePoint c) { return is_in(controls, c) || is_noncharacter(c); }
bool is_tag(CodePoint c) { return c >= 0xe0020 && c <= 0xe007f; }
bool is_mark(CodePoint c) {
    const auto category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

// Not modifier letters, which look like signs ("ʼ", "ー").
bool is_letter_or_digit(CodePoint c) {
    switch (utf8proc_category(c)) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_ND: return !is_blank(c);
        default: return false;
    }
}

// Nothing below U+0300 is changed by NFC.
bool is_surely_nfc(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<std::uint8_t>(c) < 0xcc; });
}

// Printable ASCII with single spaces inside: nothing to do.
bool is_plain(std::string_view text) {
    if (text.starts_with(' ') || text.ends_with(' ')) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] < ' ' || text[i] > '~') return false;
        if (text[i] == ' ' && text[i + 1] == ' ') return false;
    }
    return true;
}

// One code point at `offset` of well-formed text, which moves on.
CodePoint next_of(std::string_view text, std::size_t& offset) {
    CodePoint c = 0;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + offset,
                                       static_cast<utf8proc_ssize_t>(text.size() - offset), &c);
    offset += size > 0 ? static_cast<std::size_t>(size) : 1;
    return c;
}

std::string encode(const CodePoints& points) {
    std::string text;
    text.reserve(points.size());
    for (const CodePoint c : points) {
        std::array<utf8proc_uint8_t, 4> bytes{};
        const auto size = utf8proc_encode_char(c, bytes.data());
        text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
    }
    return text;
}

constexpr auto canonical = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
constexpr auto compatible = static_cast<utf8proc_option_t>(canonical | UTF8PROC_COMPAT);

// Full decomposition of one code point.
void append_decomposed(CodePoint c, utf8proc_option_t option, CodePoints& out) {
    std::array<CodePoint, 32> parts{};
    int last_class = 0;
    const auto count = utf8proc_decompose_char(c, parts.data(), parts.size(), option, &last_class);
    if (count < 0 || static_cast<std::size_t>(count) > parts.size()) {
        out.push_back(c);
    } else {
        out.insert(out.end(), parts.begin(), parts.begin() + count);
    }
}

int class_of(CodePoint c) { return utf8proc_get_property(c)->combining_class; }

// A stable order by class: class, place and code point in one number.
void order_run(std::span<CodePoint> run) {
    std::vector<std::uint64_t> keys(run.size());
    for (std::size_t i = 0; i < run.size(); ++i) {
        keys[i] = static_cast<std::uint64_t>(class_of(run[i])) << 53U | static_cast<std::uint64_t>(i) << 21U |
                  static_cast<std::uint64_t>(run[i]);
    }
    std::ranges::sort(keys);
    for (std::size_t i = 0; i < run.size(); ++i) run[i] = static_cast<CodePoint>(keys[i] & 0x1fffffU);
}

// Marks behind a letter in their canonical order. The library's own way is quadratic in the length of a run.
void order_marks(CodePoints& points) {
    for (auto run = points.begin(); run != points.end();) {
        const auto end = std::find_if(run, points.end(), [](CodePoint c) { return class_of(c) == 0; });
        if (end - run > 1) order_run({run, end});
        run = end == points.end() ? end : end + 1;
    }
}

std::string compose(CodePoints points) {
    order_marks(points);
    const auto size = utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()),
                                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (size >= 0) points.resize(static_cast<std::size_t>(size));
    return encode(points);
}

CodePoints decomposed(std::string_view text, utf8proc_option_t option = canonical) {
    CodePoints points;
    points.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) append_decomposed(next_of(text, i), option, points);
    return points;
}

// Keeps what `keeps(c, previously kept)` says; runs of white space become one space.
template <class Keeps>
std::string sieve(std::string_view text, Keeps keeps) {
    CodePoints kept;
    kept.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = next_of(text, i);
        const CodePoint before = kept.empty() ? 0 : kept.back();
        if (is_space(c)) {
            if (!kept.empty() && before != ' ') kept.push_back(' ');
        } else if (keeps(c, before)) {
            kept.push_back(c);
        }
    }
    return encode(kept);
}

constexpr CodePoint black_flag = 0x1f3f4;

// A name begins with nothing invisible; inside, tags spell the region of a flag and are hidden text elsewhere.
bool is_of_name(CodePoint c, CodePoint before) {
    if (is_control(c)) return false;
    if (is_tag(c)) return before == black_flag || is_tag(before);
    return before != 0 || !(is_in(joiners, c) || is_blank(c));
}

bool is_of_identifier(CodePoint c, CodePoint /*before*/) {
    return !is_control(c) && !is_in(joiners, c) && !is_blank(c);
}

template <class Keeps>
void normalise(std::string& text, Keeps keeps) {
    if (is_plain(text) || !is_utf8(text)) return;
    // Sieved first: an ignorable character between a letter and its accent keeps the two from composing.
    text = to_nfc(trim_unicode(sieve(text, keeps)));
}

}  // namespace

std::string to_nfc(std::string_view text) {
    if (is_surely_nfc(text) || !is_utf8(text)) return std::string(text);
    return compose(decomposed(text));
}

std::string_view trim_unicode(std::string_view text) {
    const auto is_trimmed = [](CodePoint c) { return is_space(c) || is_blank(c); };
    for (std::size_t i = 0; i < text.size();) {
        std::size_t after = i;
        if (!is_trimmed(next_of(text, after))) {
            text.remove_prefix(i);
            break;
        }
        i = after;
        if (i == text.size()) return {};
    }
    while (!text.empty()) {
        std::size_t start = text.size() - 1;
        while (start > 0 && (static_cast<std::uint8_t>(text[start]) & 0xc0U) == 0x80U) --start;
        std::size_t offset = start;
        if (!is_trimmed(next_of(text, offset))) break;
        text.remove_suffix(text.size() - start);
    }
    return text;
}

bool has_visible(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = next_of(text, i);
        const bool is_hidden = c == 0 || is_space(c) || is_blank(c) || is_control(c) || is_in(joiners, c);
        if (!is_hidden && !is_mark(c)) return true;
    }
    return false;
}

void normalise_free(std::string& text) {
    if (is_plain(text) || !is_utf8(text)) return;
    text = to_nfc(trim_unicode(text));
}

void normalise_name(std::string& text) { normalise(text, &is_of_name); }
void normalise_identifier(std::string& text) { normalise(text, &is_of_identifier); }

std::string comparison_key(std::string_view text) {
    std::string key(text);
    normalise_identifier(key);
    if (!is_utf8(key)) return key;
    // Code point by code point, as PostgreSQL does it: `ß` is not `ss`, and the two small sigmas are two letters.
    CodePoints points;
    points.reserve(key.size());
    for (std::size_t i = 0; i < key.size();) points.push_back(utf8proc_tolower(next_of(key, i)));
    return encode(points);
}

std::string letters_and_digits(std::string_view text) {
    if (!is_utf8(text)) return std::string(text);
    auto points = decomposed(text, compatible);
    std::erase_if(points, [](CodePoint c) { return !is_letter_or_digit(c); });
    return encode(points);
}

void ascii_upper(std::string& text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    }
}

}  // namespace base
