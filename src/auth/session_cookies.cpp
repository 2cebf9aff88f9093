#include "auth/session_cookies.h"

#include <algorithm>

#include "auth/caller.h"
#include "auth/opaque_token.h"
#include "base/random.h"
#include "base/strings.h"
#include "http/cookie.h"
#include "http/request.h"
#include "http/response.h"

namespace auth {

SessionCookies::SessionCookies(Options options, const SignedValues& values)
    : options_(std::move(options)), values_(&values) {}

std::optional<std::string_view> SessionCookies::cookie(const http::Request& request, std::string_view name) const {
    const auto& headers = request.headers();
    const auto text = headers.get(http::KnownHeader::cookie);
    // HTTP/1.1 has one Cookie field (RFC 6265 §5.4); which of two would count is anybody's guess.
    if (!text || headers.count("cookie") != 1) return std::nullopt;
    const auto cookies = http::Cookies::parse(*text);
    return cookies ? cookies->find(name) : std::nullopt;
}

std::optional<std::string_view> SessionCookies::credential(const http::Request& request) const {
    return cookie(request, session_cookie());
}

std::optional<base::Digest256> SessionCookies::digest(std::string_view credential) {
    return opaque_token_digest(cookie_token_type, credential);
}

bool SessionCookies::is_own_origin(const http::Request& request, std::string_view origin) const {
    if (std::ranges::find(options_.origins, origin) != options_.origins.end()) return true;
    constexpr std::string_view https = "https://";
    constexpr std::string_view http = "http://";
    if (origin.starts_with(https)) return base::iequals(origin.substr(https.size()), request.host());
    return !options_.secure && origin.starts_with(http) && base::iequals(origin.substr(http.size()), request.host());
}

// Browsers send Origin with every unsafe request, and Sec-Fetch-Site besides (Fetch Metadata, W3C); other clients send
// neither, and carry no user's cookies by themselves.
bool SessionCookies::comes_from_own_page(const http::Request& request) const {
    if (const auto origin = request.headers().get(http::KnownHeader::origin)) return is_own_origin(request, *origin);
    const auto site = request.header("sec-fetch-site");
    return !site || *site == "same-origin" || *site == "none";
}

void SessionCookies::require_own_page(const http::Request& request) const {
    if (http::is_safe(request.method()) || comes_from_own_page(request)) return;
    throw base::Failure(errors::csrf_failed, "the request comes from a page of another origin");
}

void SessionCookies::require_own_page_of_socket(const http::Request& request) const {
    if (comes_from_own_page(request)) return;
    throw base::Failure(errors::csrf_failed, "the socket is opened by a page of another origin");
}

void SessionCookies::require_intent(const http::Request& request, const base::Uuid& session_id) const {
    if (http::is_safe(request.method())) return;
    require_own_page(request);
    const auto given = request.header(csrf_header);
    const auto kept = cookie(request, csrf_cookie());
    if (!given || !kept || !base::constant_time_equal(*given, *kept)) {
        throw base::Failure(errors::csrf_failed, "repeat the CSRF cookie's value in X-CSRF-Token");
    }
    if (!check_csrf_token(*values_, session_id.to_string(), *given)) {
        throw base::Failure(errors::csrf_failed, "the CSRF token is not this session's");
    }
}

std::string SessionCookies::set(http::Response& response, const Session& session, base::RandomSource& random) const {
    auto csrf = make_csrf_token(*values_, session.session_id.to_string(), random);
    response.headers().append(
        "Set-Cookie",
        http::set_cookie(
            {.name = session_cookie(), .value = session.token, .max_age = session.max_age, .secure = options_.secure}));
    response.headers().append("Set-Cookie", http::set_cookie({.name = csrf_cookie(),
                                                              .value = csrf,
                                                              .max_age = session.max_age,
                                                              .secure = options_.secure,
                                                              .http_only = false}));
    return csrf;
}

void SessionCookies::expire(http::Response& response) const {
    response.headers().append("Set-Cookie", http::expire_cookie({.name = session_cookie(), .secure = options_.secure}));
    response.headers().append(
        "Set-Cookie", http::expire_cookie({.name = csrf_cookie(), .secure = options_.secure, .http_only = false}));
}

}  // namespace auth
