#pragma once
// Cookie sessions, the browser's alternative to bearer tokens: which cookies there are, and the proof that a change was meant
// (signed double submit, Origin, Sec-Fetch-Site). Immutable; any thread.
//
//     const auth::SessionCookies cookies({.secure = true, .origins = {"https://shop.example"}}, signed_values);
//     if (auto text = cookies.credential(request)) { ... }              // "sid_…" of __Host-sid
//     cookies.require_intent(request, session_id);                      // 403 auth.csrf_failed
//     const std::string csrf = cookies.set(response, {.token = text, .session_id = id, .max_age = 30 * 24h}, random);

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/signed_value.h"
#include "base/hash.h"
#include "base/uuid.h"

namespace base {
class RandomSource;
}
namespace http {
class Request;
class Response;
}  // namespace http

namespace auth {

// The type of a cookie session's opaque token (opaque_token.h).
inline constexpr std::string_view cookie_token_type = "sid";
inline constexpr std::string_view csrf_header = "X-CSRF-Token";

class SessionCookies {
public:
    struct Options {
        // False in development over plain HTTP alone: then the names lack `__Host-`, which browsers refuse without Secure.
        bool secure = true;
        // Web applications of other origins that may change things with the user's cookie ("https://shop.example").
        std::vector<std::string> origins;
    };

    // `values` must outlive it.
    SessionCookies(Options options, const SignedValues& values);

    // What the request presents; nullopt when there is no such cookie, or several.
    [[nodiscard]] std::optional<std::string_view> credential(const http::Request& request) const;
    // The digest it is stored under; nullopt for what never was one of ours.
    [[nodiscard]] static std::optional<base::Digest256> digest(std::string_view credential);

    // Throws 403 auth.csrf_failed unless the method is safe, or the request comes from our own pages or none (Origin,
    // Sec-Fetch-Site) and repeats the session's CSRF token in the header.
    void require_intent(const http::Request& request, const base::Uuid& session_id) const;
    // The same for a request that has no session, and so no token, yet.
    void require_own_page(const http::Request& request) const;

    // The same for a WebSocket: its GET is no safe request, since a page of any origin may open one with the user's cookies.
    void require_own_page_of_socket(const http::Request& request) const;

    struct Session {
        std::string_view token;
        base::Uuid session_id;
        std::chrono::seconds max_age;
    };
    // Both cookies; gives the CSRF token, which scripts read from its cookie.
    std::string set(http::Response& response, const Session& session, base::RandomSource& random) const;
    void expire(http::Response& response) const;

    [[nodiscard]] std::string_view session_cookie() const noexcept { return options_.secure ? "__Host-sid" : "sid"; }
    [[nodiscard]] std::string_view csrf_cookie() const noexcept { return options_.secure ? "__Host-csrf" : "csrf"; }

private:
    [[nodiscard]] bool is_own_origin(const http::Request& request, std::string_view origin) const;
    [[nodiscard]] bool comes_from_own_page(const http::Request& request) const;
    [[nodiscard]] std::optional<std::string_view> cookie(const http::Request& request, std::string_view name) const;

    Options options_;
    const SignedValues* values_;
};

}  // namespace auth
