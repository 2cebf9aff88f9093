#include "auth/cookie_session.h"

#include "auth/caller.h"
#include "http/middleware/log_fields.h"

namespace auth::detail {

std::optional<std::string> session_token(const http::Context& context) {
    const auto token = context.services().use<SessionCookies>().credential(context.request());
    return token ? std::optional<std::string>(*token) : std::nullopt;
}

void admit(http::Context& context, const SessionInfo* session) {
    const auto& cookies = context.services().use<SessionCookies>();
    if (session == nullptr) return cookies.require_own_page(context.request());
    cookies.require_intent(context.request(), session->id);
    if (!session->owner.empty()) http::log_fields(context).add("userId", session->owner);
}

// RFC 9110 §15.5.2 wants a challenge; the scheme is that of draft-broyer-http-cookie-auth.
base::Failure session_missing(const http::Context& context) {
    const auto name = context.services().use<SessionCookies>().session_cookie();
    return base::Failure(errors::session_missing)
        .header("WWW-Authenticate", "Cookie cookie-name=\"" + std::string(name) + '"');
}

void describe_session(http::Operation& operation, bool is_required) {
    if (is_required) {
        operation.security = {"session"};
        operation.can_fail(errors::session_missing);
    }
    operation.can_fail(errors::csrf_failed);
    operation.can_fail(errors::sessions_unavailable);
    operation.need<SessionCookies>();
}

}  // namespace auth::detail
