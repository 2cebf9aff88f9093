#pragma once
// The session of the request's cookie (session_store.h), as a part of typed routes.
//
//     async::Task<Basket> show(auth::CookieSession<Basket> session);                      // 401 session.missing without one
//     async::Task<Basket> put(std::optional<auth::CookieSession<Basket>> session);        // for those who have none yet, too
//
// A request that may change something is refused with 403 auth.csrf_failed unless it repeats the session's CSRF token; where there is
// no session yet, unless it comes from a page of ours or from none (against sign-in on a stranger's behalf). Services of the loop:
// auth::SessionCookies and auth::SessionStore<T>. Redis away is 503 session.unavailable.

#include <optional>
#include <string>

#include "auth/session_cookies.h"
#include "auth/session_store.h"
#include "http/handler.h"

namespace auth {

namespace errors {
inline constexpr base::ErrorCode session_missing{"session.missing", 401, false, base::Action::refresh_auth,
                                                 "This needs a session: sign in"};
}

namespace detail {
std::optional<std::string> session_token(const http::Context& context);
// `session` may be null.
void admit(http::Context& context, const SessionInfo* session);
[[nodiscard]] base::Failure session_missing(const http::Context& context);
void describe_session(http::Operation& operation, bool is_required);

template <class T>
async::Task<std::optional<Session<T>>> session_of(http::Context& context) {
    auto token = session_token(context);
    std::optional<Session<T>> session;
    if (token) session = co_await context.services().use<SessionStore<T>>().find(*std::move(token));
    admit(context, session ? &*session : nullptr);
    co_return session;
}
}  // namespace detail

template <class T>
struct CookieSession : Session<T> {
    static async::Task<CookieSession> read(http::Context& context, http::Findings& /*unused*/) {
        auto session = co_await detail::session_of<T>(context);
        if (!session) throw detail::session_missing(context);
        co_return CookieSession{*std::move(session)};
    }
    static void describe(http::Operation& operation) {
        detail::describe_session(operation, true);
        operation.need<SessionStore<T>>();
    }
};

}  // namespace auth

template <class T>
struct http::Part<std::optional<auth::CookieSession<T>>> {
    static async::Task<std::optional<auth::CookieSession<T>>> read(Context& context, Findings& /*unused*/) {
        auto session = co_await auth::detail::session_of<T>(context);
        if (!session) co_return std::nullopt;
        co_return auth::CookieSession<T>{*std::move(session)};
    }
    static void describe(Operation& operation) {
        auth::detail::describe_session(operation, false);
        operation.need<auth::SessionStore<T>>();
    }
};
