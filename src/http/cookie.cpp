#include "http/cookie.h"

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"

namespace http {

namespace {

constexpr std::size_t max_pair_bytes = 4096;                                 // 6265bis §5.6: browsers drop more
constexpr std::chrono::seconds max_lifetime = std::chrono::hours(400 * 24);  // 6265bis §5.5
constexpr std::size_t max_attribute_bytes = 1024;                            // 6265bis §5.6

bool is_alphanumeric(char c) {
    const char lower = base::ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || base::is_ascii_digit(c);
}

bool is_token_character(char c) { return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c); }

// US-ASCII without controls, white space, double quote, comma, semicolon and backslash.
bool is_cookie_octet(char c) { return c > 0x20 && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\'; }

bool is_attribute_character(char c) { return c >= 0x20 && c < 0x7F && c != ';'; }

bool is_name(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_character); }

bool is_value(std::string_view text) { return std::ranges::all_of(text, is_cookie_octet); }

std::optional<Cookies::Cookie> parse_pair(std::string_view pair) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    Cookies::Cookie cookie{pair.substr(0, equals), pair.substr(equals + 1)};
    if (cookie.value.size() >= 2 && cookie.value.front() == '"' && cookie.value.back() == '"') {
        cookie.value = cookie.value.substr(1, cookie.value.size() - 2);
    }
    if (!is_name(cookie.name) || !is_value(cookie.value)) return std::nullopt;
    return cookie;
}

std::string_view trim_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

bool has_prefix(std::string_view name, std::string_view prefix) {
    return base::iequals(name.substr(0, prefix.size()), prefix);
}

void check_syntax(const SetCookie& cookie) {
    require(is_name(cookie.name), "a cookie's name is a token (RFC 6265 §4.1.1)");
    require(is_value(cookie.value), "a cookie's value has only cookie-octets: encode it first");
    require(cookie.name.size() + cookie.value.size() <= max_pair_bytes, "a cookie has at most 4096 bytes");
    require(cookie.path.starts_with('/') && cookie.path.size() <= max_attribute_bytes &&
                std::ranges::all_of(cookie.path, is_attribute_character),
            "a cookie's path begins with a slash and has no semicolon");
    const bool domain_fits = cookie.domain.size() <= 253 && std::ranges::all_of(cookie.domain, [](char c) {
                                 return is_alphanumeric(c) || c == '-' || c == '.';
                             });
    require(domain_fits && !cookie.domain.starts_with('.') && !cookie.domain.ends_with('.'),
            "a cookie's domain is a host name");
}

// Browsers compare the prefixes without regard to case (6265bis §5.4).
void check_prefixes(const SetCookie& cookie) {
    const bool is_host = has_prefix(cookie.name, "__Host-");
    require(!is_host || (cookie.path == "/" && cookie.domain.empty()), "a __Host- cookie has Path=/ and no Domain");
    require(cookie.secure || !(is_host || has_prefix(cookie.name, "__Secure-")),
            "a __Host- or __Secure- cookie needs Secure");
    require(cookie.secure || cookie.same_site != SameSite::none, "SameSite=None needs Secure");
    require(cookie.secure || !cookie.partitioned, "Partitioned needs Secure");
}

std::string_view to_string(SameSite same_site) {
    switch (same_site) {
        case SameSite::strict: return "Strict";
        case SameSite::lax: return "Lax";
        case SameSite::none: return "None";
    }
    return "Strict";
}

}  // namespace

std::optional<Cookies> Cookies::parse(std::string_view header) {
    if (header.size() > max_header_bytes) return std::nullopt;
    Cookies cookies;
    while (!header.empty()) {
        const std::size_t end = std::min(header.find(';'), header.size());
        const std::string_view pair = trim_blanks(header.substr(0, end));
        header.remove_prefix(std::min(end + 1, header.size()));
        // "; ;" and a trailing ";" come from joining proxies and mean nothing.
        if (pair.empty()) continue;
        if (cookies.cookies_.size() + cookies.malformed_ == max_cookies) return std::nullopt;
        if (const auto cookie = parse_pair(pair)) {
            cookies.cookies_.push_back(*cookie);
        } else {
            ++cookies.malformed_;
        }
    }
    return cookies;
}

std::optional<std::string_view> Cookies::find(std::string_view name) const {
    std::optional<std::string_view> found;
    for (const Cookie& cookie : cookies_) {
        if (cookie.name != name) continue;
        if (found && *found != cookie.value) return std::nullopt;
        found = cookie.value;
    }
    return found;
}

std::string set_cookie(const SetCookie& cookie) {
    check_syntax(cookie);
    check_prefixes(cookie);
    std::string out(cookie.name);
    out.push_back('=');
    out += cookie.value;
    if (cookie.max_age) {
        out += "; Max-Age=";
        base::append_integer(out, std::clamp(*cookie.max_age, std::chrono::seconds(0), max_lifetime).count());
    }
    if (!cookie.domain.empty()) {
        out += "; Domain=";
        out += cookie.domain;
    }
    out += "; Path=";
    out += cookie.path;
    if (cookie.secure) out += "; Secure";
    if (cookie.http_only) out += "; HttpOnly";
    out += "; SameSite=";
    out += to_string(cookie.same_site);
    if (cookie.partitioned) out += "; Partitioned";
    return out;
}

std::string expire_cookie(SetCookie cookie) {
    cookie.value = {};
    cookie.max_age = std::chrono::seconds(0);
    return set_cookie(cookie);
}

}  // namespace http
