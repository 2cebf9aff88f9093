#pragma once
// Cookies (RFC 6265 and its successor draft 6265bis): reading the Cookie header, writing Set-Cookie. Pure values: any
// thread; Cookies views the header text, which must outlive it.
//
//     const auto cookies = http::Cookies::parse(header);           // nullopt: over a limit, answer 431
//     if (auto session = cookies->find("__Host-sid")) { ... }
//     reply.add_header("Set-Cookie", http::set_cookie({.name = "__Host-sid", .value = id, .max_age = 30 * 24h}));
//     reply.add_header("Set-Cookie", http::expire_cookie({.name = "__Host-sid"}));

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

class Cookies {
public:
    static constexpr std::size_t max_header_bytes = std::size_t{8} * 1024;
    static constexpr std::size_t max_cookies = 100;

    struct Cookie {
        std::string_view name;
        std::string_view value;  // as sent, but for one pair of enclosing quotes
    };

    // A pair that breaks the grammar of RFC 6265 §4.1.1 (name a token, value of cookie-octets) is left out, not refused:
    // one written by another application of the domain must not lock the user out. nullopt only above the two limits.
    [[nodiscard]] static std::optional<Cookies> parse(std::string_view header);

    // nullopt when absent, and when sent twice with different values: the order of cookies says nothing about who set
    // them (RFC 6265 §4.2.2), so a sibling domain could have planted one of the two. Names are case-sensitive.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    [[nodiscard]] const std::vector<Cookie>& all() const { return cookies_; }
    // Pairs left out.
    [[nodiscard]] std::size_t malformed() const { return malformed_; }

private:
    std::vector<Cookie> cookies_;
    std::size_t malformed_ = 0;
};

enum class SameSite : std::uint8_t { strict, lax, none };

// The defaults are those of a session cookie.
struct SetCookie {
    std::string_view name;
    std::string_view value;
    std::string_view path = "/";
    std::string_view domain;                      // empty: this host alone
    std::optional<std::chrono::seconds> max_age;  // absent: until the browser closes; capped at 400 days
    SameSite same_site = SameSite::lax;
    bool secure = true;
    bool http_only = true;
    bool partitioned = false;
};

// The value of a Set-Cookie header. Throws std::invalid_argument for what browsers would refuse or read otherwise: a bad
// name, value, path or domain; name and value above 4096 bytes; `__Host-` without Secure and Path=/ or with Domain;
// `__Secure-`, SameSite=None or Partitioned without Secure. Encode other values first (base::base64url_encode).
[[nodiscard]] std::string set_cookie(const SetCookie& cookie);

// The same cookie, empty and outdated. Path and Domain must be those it was set with (RFC 6265 §5.3).
[[nodiscard]] std::string expire_cookie(SetCookie cookie);

}  // namespace http
