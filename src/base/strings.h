#pragma once
// Text helpers that do not depend on the locale. Pure functions: any thread. Bytes travel as std::string_view and
// std::string; as_chars() views arrays of std::uint8_t that way.
//
//     base::iequals(name, "content-length");
//     base::base64url_encode(base::as_chars(base::sha256(body)));
//     if (const auto decoded = base::percent_decode(segment)) { ... }
//     base::utf8_length("Nyanya ½ kg");            // 11 code points; nullopt when it is not UTF-8

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace base {

[[nodiscard]] inline std::string_view as_chars(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// ---- ASCII ------------------------------------------------------------------------------------------------------

[[nodiscard]] constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
[[nodiscard]] constexpr bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
[[nodiscard]] std::string ascii_lower(std::string_view text);
// ASCII letters alone are folded.
[[nodiscard]] bool iequals(std::string_view left, std::string_view right);
// Without ASCII white space at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);
// Empty parts are kept: "a,,b" gives three, "" gives one. The parts view `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// ---- Numbers ----------------------------------------------------------------------------------------------------

template <std::integral Integer>
void append_integer(std::string& out, Integer value) {
    char buffer[std::numeric_limits<Integer>::digits10 + 3];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    out.append(buffer, result.ptr);
}

// The whole text as a decimal integer: optional '-', digits; nullopt when anything else or out of range.
template <std::integral Integer>
[[nodiscard]] std::optional<Integer> parse_integer(std::string_view text) {
    Integer value{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

// ---- Encodings --------------------------------------------------------------------------------------------------

// Everything but RFC 3986's unreserved characters becomes %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);
// nullopt on a '%' without two hexadecimal digits. '+' stays '+'. The result may hold any byte, zero included.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
// As percent_decode, and '+' is a space (application/x-www-form-urlencoded).
[[nodiscard]] std::optional<std::string> form_decode(std::string_view text);

[[nodiscard]] std::string hex_encode(std::string_view bytes);                // lower case
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);  // either case, even length

// RFC 4648. Decoding is strict: no white space, no foreign alphabet, unused bits zero, so that one value has one text.
[[nodiscard]] std::string base64_encode(std::string_view bytes);                   // §4, padded
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);     // §4, padding required
[[nodiscard]] std::string base64url_encode(std::string_view bytes);                // §5, no padding
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);  // §5, padding refused

// ---- UTF-8 ------------------------------------------------------------------------------------------------------

// Number of code points, or nullopt: overlong forms, surrogates and values above U+10FFFF are not UTF-8 (RFC 3629).
[[nodiscard]] std::optional<std::size_t> utf8_length(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);

// ---- Secrets ----------------------------------------------------------------------------------------------------

// Takes the same time wherever the difference is. Different lengths are told at once: a length is no secret here.
[[nodiscard]] bool constant_time_equal(std::string_view left, std::string_view right);

}  // namespace base
