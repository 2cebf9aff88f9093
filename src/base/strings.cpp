#include "base/strings.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace base {
namespace {

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view hex_digits = "0123456789abcdef";

using Values = std::array<std::int8_t, 256>;

constexpr Values values_of(std::string_view alphabet) {
    Values values{};
    values.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}

constexpr Values base64_values = values_of(base64_alphabet);
constexpr Values base64url_values = values_of(base64url_alphabet);
constexpr Values hex_values = [] {
    Values values = values_of(hex_digits);
    for (int i = 10; i < 16; ++i) values[static_cast<std::size_t>('A' + i - 10)] = static_cast<std::int8_t>(i);
    return values;
}();

constexpr int value_of(const Values& values, char c) { return values[static_cast<std::uint8_t>(c)]; }

// 0 to 255, or -1.
constexpr int hex_pair(char high, char low) {
    const int left = value_of(hex_values, high);
    const int right = value_of(hex_values, low);
    return left < 0 || right < 0 ? -1 : left * 16 + right;
}

constexpr bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_ascii_digit(c) || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

std::optional<std::string> decode_percents(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int byte = hex_pair(text[i + 1], text[i + 2]);
            if (byte < 0) return std::nullopt;
            out.push_back(static_cast<char>(byte));
            i += 2;
        } else {
            out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return out;
}

std::string encode_base64(std::string_view bytes, std::string_view alphabet, bool padded) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    const auto byte_at = [bytes](std::size_t i) -> std::uint32_t {
        return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0;
    };
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::uint32_t bits = byte_at(i) << 16U | byte_at(i + 1) << 8U | byte_at(i + 2);
        const std::size_t characters = std::min<std::size_t>(bytes.size() - i, 3) + 1;
        for (std::size_t k = 0; k < 4; ++k) {
            if (k < characters)
                out.push_back(alphabet[(bits >> (18 - 6 * k)) & 63U]);
            else if (padded)
                out.push_back('=');
        }
    }
    return out;
}

// `text` without padding.
std::optional<std::string> decode_base64(std::string_view text, const Values& values) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned bit_count = 0;
    for (const char c : text) {
        const int value = value_of(values, c);
        if (value < 0) return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        bit_count += 6;
        if (bit_count < 8) continue;
        bit_count -= 8;
        out.push_back(static_cast<char>(bits >> bit_count));
        bits &= (1U << bit_count) - 1;
    }
    // RFC 4648 §3.5: the bits left over must be zero, or two texts would stand for the same bytes.
    if (bits != 0) return std::nullopt;
    return out;
}

// Size of the well-formed sequence at the head of `text`, whose first byte is not ASCII; 0 when it is not one.
// The ranges are those of the Unicode Standard, table 3-7.
std::size_t utf8_sequence_size(std::string_view text) {
    const auto byte_at = [text](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
    };
    const auto continues = [&byte_at](std::size_t i) { return (byte_at(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte_at(0);
    const unsigned second = byte_at(1);
    if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
    if ((first & 0xF0U) == 0xE0U) {
        const bool overlong = first == 0xE0 && second < 0xA0;
        const bool surrogate = first == 0xED && second > 0x9F;
        return !overlong && !surrogate && continues(1) && continues(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool overlong = first == 0xF0 && second < 0x90;
        const bool too_large = first == 0xF4 && second > 0x8F;
        return !overlong && !too_large && continues(1) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

// Number of leading ASCII bytes, in whole words of eight.
std::size_t ascii_words(std::string_view text) {
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + i, sizeof word);
        if ((word & 0x8080808080808080U) != 0) break;
    }
    return i;
}

}  // namespace

std::string ascii_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = ascii_lower(c);
    return out;
}

bool iequals(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           std::ranges::equal(left, right, [](char a, char b) { return ascii_lower(a) == ascii_lower(b); });
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_ascii_space(text.back())) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view upper_digits = "0123456789ABCDEF";  // RFC 3986 §2.1 asks for upper case
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            out.push_back(c);
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(c);
        out.push_back('%');
        out.push_back(upper_digits[byte >> 4U]);
        out.push_back(upper_digits[byte & 15U]);
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text) { return decode_percents(text, false); }
std::optional<std::string> form_decode(std::string_view text) { return decode_percents(text, true); }

std::string hex_encode(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        out.push_back(hex_digits[byte >> 4U]);
        out.push_back(hex_digits[byte & 15U]);
    }
    return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int byte = hex_pair(text[i], text[i + 1]);
        if (byte < 0) return std::nullopt;
        out.push_back(static_cast<char>(byte));
    }
    return out;
}

std::string base64_encode(std::string_view bytes) { return encode_base64(bytes, base64_alphabet, true); }
std::string base64url_encode(std::string_view bytes) { return encode_base64(bytes, base64url_alphabet, false); }

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    return decode_base64(text, base64_values);
}

std::optional<std::string> base64url_decode(std::string_view text) { return decode_base64(text, base64url_values); }

std::optional<std::size_t> utf8_length(std::string_view text) {
    std::size_t count = 0;
    while (!text.empty()) {
        const std::size_t ascii = ascii_words(text);
        count += ascii;
        text.remove_prefix(ascii);
        if (text.empty()) break;
        const bool is_ascii = static_cast<std::uint8_t>(text.front()) < 0x80;
        const std::size_t size = is_ascii ? 1 : utf8_sequence_size(text);
        if (size == 0) return std::nullopt;
        ++count;
        text.remove_prefix(size);
    }
    return count;
}

bool is_utf8(std::string_view text) { return utf8_length(text).has_value(); }

bool constant_time_equal(std::string_view left, std::string_view right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace base
