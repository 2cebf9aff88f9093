#include "schema/formats.h"

#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include <re2/re2.h>

#include "base/money.h"
#include "base/strings.h"
#include "base/time_zone.h"
#include "schema/phone.h"

namespace schema::detail {

namespace {

constexpr std::uint32_t longest_email = 254;  // RFC 5321 §4.5.3.1.3, without the angle brackets
constexpr std::uint32_t longest_phone = 40;   // as people type it; E.164 has 16
constexpr std::uint32_t longest_code = 16;

constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alphanumeric(char c) { return is_upper(c) || (c >= 'a' && c <= 'z') || base::is_ascii_digit(c); }

template <class Predicate>
constexpr bool all_of(std::string_view text, Predicate predicate) {
    for (const char c : text) {
        if (!predicate(c)) return false;
    }
    return true;
}

// RFC 1123 §2.1: letters, digits and hyphens, no hyphen at either end, 63 characters.
bool is_host_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    while (true) {
        const std::size_t dot = host.find('.');
        if (!is_host_label(host.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        host.remove_prefix(dot + 1);
    }
}

// HTML, "valid email address" (4.10.5.1.5), and at most 254 bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
bool is_email(std::string_view text) {
    if (text.size() > longest_email) return false;
    const std::size_t at = text.find('@');
    if (at == 0 || at == std::string_view::npos) return false;
    static constexpr std::string_view specials = ".!#$%&'*+/=?^_`{|}~-";
    return all_of(text.substr(0, at),
                  [](char c) { return is_alphanumeric(c) || specials.find(c) != std::string_view::npos; }) &&
           is_host_name(text.substr(at + 1));
}

// Groups of hexadecimal digits, colons and an embedded IPv4 address: the shape; the resolver has the last word.
bool is_bracketed_address(std::string_view host) {
    return host.size() >= 4 && host.front() == '[' && host.back() == ']' && host.find(':') != std::string_view::npos &&
           all_of(host.substr(1, host.size() - 2), [](char c) {
               return base::is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
                      c == '.';
           });
}

bool is_port(std::string_view text) {
    const auto port = base::parse_integer<std::uint32_t>(text);
    return port && *port >= 1 && *port <= 65'535;
}

// RFC 3986 §3.2 without user information, which has no place in a stored link and hides where it leads.
bool is_authority(std::string_view authority) {
    std::size_t colon = authority.rfind(':');
    if (!authority.empty() && authority.front() == '[' && authority.find(']') != std::string_view::npos &&
        colon < authority.find(']')) {
        colon = std::string_view::npos;
    }
    const std::string_view host = authority.substr(0, colon);
    if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1))) return false;
    return is_host_name(host) || is_bracketed_address(host);
}

bool is_url_tail(std::string_view text) {
    constexpr std::string_view allowed = "-._~!$&'()*+,;=:@/?#[]%";
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_alphanumeric(text[i]) && allowed.find(text[i]) == std::string_view::npos) return false;
        if (text[i] == '%' && !base::percent_decode(text.substr(i, 3))) return false;
    }
    return true;
}

bool is_url(std::string_view text) {
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) return false;
    const std::string_view scheme = text.substr(0, colon);
    if (!base::iequals(scheme, "http") && !base::iequals(scheme, "https")) return false;
    text.remove_prefix(colon + 3);
    const std::size_t end = text.find_first_of("/?#");
    return is_authority(text.substr(0, end)) &&
           is_url_tail(end == std::string_view::npos ? std::string_view() : text.substr(end));
}

bool is_code(std::string_view text) {
    return !text.empty() && text.size() <= longest_code && text.front() != '-' &&
           all_of(text, [](char c) { return is_upper(c) || base::is_ascii_digit(c) || c == '-'; });
}

const RE2& compiled(std::string_view pattern) {
    // Patterns are literals of the program: few, and alive for ever. One table per thread needs no lock, and RE2 itself
    // locks its state cache when threads share one.
    thread_local std::unordered_map<std::string_view, std::unique_ptr<const RE2>> patterns;
    auto& slot = patterns[pattern];
    if (slot == nullptr) {
        RE2::Options options(RE2::Quiet);
        options.set_max_mem(1 << 18);
        slot = std::make_unique<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    }
    if (!slot->ok()) throw std::logic_error("schema: pattern " + std::string(pattern) + ": " + slot->error());
    return *slot;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), compiled(pattern));
}

bool matches_format(Format format, std::string_view text) {
    switch (format) {
        case Format::none:
        case Format::password: return true;
        case Format::email: return is_email(text);
        case Format::phone: return normalise_phone(text) == text;
        case Format::url: return is_url(text);
        case Format::currency: return base::find_currency(text).has_value();
        case Format::country: return text.size() == 2 && all_of(text, is_upper);
        case Format::time_zone: return base::TimeZone::load(text).has_value();
        case Format::code: return is_code(text);
    }
    return true;
}

std::string_view describe_format(Format format) {
    switch (format) {
        case Format::email: return "an e-mail address such as amina@example.com";
        case Format::phone: return "a phone number such as 0712 345 678 or +254712345678";
        case Format::url: return "an absolute http or https URL with a host and without a user name";
        case Format::currency: return "an ISO 4217 currency code such as KES";
        case Format::country: return "an ISO 3166 country code of two capital letters such as KE";
        case Format::time_zone: return "an IANA time zone such as Africa/Nairobi";
        case Format::code: return "1 to 16 letters, digits and hyphens, not starting with a hyphen";
        case Format::none:
        case Format::password: return "text";
    }
    return "text";
}

std::string_view pattern_of(Format format) {
    switch (format) {
        // As it is typed, or as a tel: URI: 7 to 15 digits, with "000" and "(0)" at most 19.
        case Format::phone: return "^[^A-Za-z0-9]*(?:[tT][eE][lL]:)?(?:[^A-Za-z0-9]*[0-9]){7,19}[^A-Za-z0-9]*$";
        case Format::url: return R"(^[hH][tT][tT][pP][sS]?://[^/?#@]+([/?#].*)?$)";
        case Format::currency: return "^[A-Z]{3}$";
        case Format::country: return "^[A-Z]{2}$";
        case Format::code: return "^[A-Za-z0-9][A-Za-z0-9-]{0,15}$";
        case Format::none:
        case Format::email:
        case Format::time_zone:
        case Format::password: return {};
    }
    return {};
}

std::uint32_t longest_of(Format format) {
    switch (format) {
        case Format::email: return longest_email;
        case Format::phone: return longest_phone;
        case Format::code: return longest_code;
        case Format::currency: return 3;
        case Format::country: return 2;
        case Format::none:
        case Format::url:
        case Format::time_zone:
        case Format::password: break;
    }
    return std::numeric_limits<std::uint32_t>::max();
}

}  // namespace schema::detail
