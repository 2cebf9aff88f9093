#include "http/host.h"

#include <arpa/inet.h>

#include <array>
#include <optional>

#include "base/strings.h"

namespace http {

namespace {

constexpr std::size_t longest_address = 45;  // INET6_ADDRSTRLEN without its end

// unreserved and sub-delims of RFC 3986.
constexpr std::array<bool, 256> name_table = [] {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
    for (const char c : std::string_view("-._~!$&'()*+,;=")) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool is_name_char(char c) { return name_table[static_cast<unsigned char>(c)]; }

bool is_hex_digit(char c) {
    return base::is_ascii_digit(c) || (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'f');
}

bool is_registered_name(std::string_view name) {
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (is_name_char(name[i])) continue;
        const bool escape =
            name[i] == '%' && i + 2 < name.size() && is_hex_digit(name[i + 1]) && is_hex_digit(name[i + 2]);
        if (!escape) return false;
        i += 2;
    }
    return !name.empty();
}

// "v1.fe80:a": nobody has ever defined one.
bool is_future_address(std::string_view text) {
    const auto dot = text.find('.');
    if (text.empty() || base::ascii_lower(text[0]) != 'v' || dot == std::string_view::npos || dot < 2) return false;
    for (const char c : text.substr(1, dot - 1)) {
        if (!is_hex_digit(c)) return false;
    }
    for (const char c : text.substr(dot + 1)) {
        if (!is_name_char(c) && c != ':') return false;
    }
    return dot + 1 < text.size();
}

bool is_ip_literal(std::string_view text) {
    if (text.size() > longest_address) return false;
    std::array<char, longest_address + 1> terminated{};
    text.copy(terminated.data(), text.size());
    in6_addr address{};
    return inet_pton(AF_INET6, terminated.data(), &address) == 1 || is_future_address(text);
}

// port = *DIGIT: an empty one is the scheme's own.
bool is_port(std::string_view text) {
    if (text.empty()) return true;
    for (const char c : text) {
        if (!base::is_ascii_digit(c)) return false;
    }
    return base::parse_integer<std::uint16_t>(text).has_value();
}

}  // namespace

bool is_host(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || text.substr(0, end).contains('\0')) return false;
        const auto rest = text.substr(end + 1);
        return is_ip_literal(text.substr(1, end - 1)) && (rest.empty() || (rest[0] == ':' && is_port(rest.substr(1))));
    }
    const auto colon = text.find(':');
    if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
    return is_registered_name(text.substr(0, colon));
}

}  // namespace http
