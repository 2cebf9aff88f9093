#pragma once
// A member whom the tenant asks for a second factor (modules/second_factor) and who has none: what they may still do, besides setting it
// up. What a till has sold is always taken; all else waits. Constants; any thread.
//
//     if (!is_kept_without_second_factor("products.read")) …      // routes that ask for it answer 403 auth.second_factor_needed
//
// What is withheld comes with the session's permissions (modules/auth/grant_source.h): no request asks for it.

#include <string_view>

#include "auth/caller.h"
#include "base/failure.h"
#include "http/operation.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode second_factor_needed{
    "auth.second_factor_needed", 403, false, base::Action::fix,
    "The tenant asks this member for a second factor: set one up (POST /v1/auth/totp), then repeat the request"};
}  // namespace errors

[[nodiscard]] constexpr bool is_kept_without_second_factor(std::string_view permission) {
    return permission == "sales.create";
}

// The 403 of a route that asks for anything else.
inline void describe_second_factor_wall(http::Operation& operation) {
    if (!operation.permission.empty() && !is_kept_without_second_factor(operation.permission))
        operation.can_fail(errors::second_factor_needed);
}

// Of a route whose permission is kept for the sales of a till, and that is none.
inline void require_second_factor(const auth::Caller& caller) {
    if (caller.grants->withheld_by == &errors::second_factor_needed) throw base::Failure(errors::second_factor_needed);
}

}  // namespace pos
