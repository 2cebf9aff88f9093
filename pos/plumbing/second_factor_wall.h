#pragma once
// A member whom the tenant asks for a second factor (modules/second_factor) and who has none: every route answers 403, but for
// those that say otherwise. A route that nobody thought of is behind the wall. Constants; any thread.
//
//     routes.post("/auth/totp", begin, {…, .options = {.outside_wall = true}});      // setting one up, leaving, a till's sales
//
// What keeps them out comes with the session's permissions (modules/auth/grant_source.h), and is asked for where the caller is read
// (auth::Caller): no handler asks. second_factor/wall_db_test.cpp has the list of what is outside.

#include "base/failure.h"
#include "http/operation.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode second_factor_needed{
    "auth.second_factor_needed", 403, false, base::Action::fix,
    "The tenant asks this member for a second factor: set one up (POST /v1/auth/totp), then repeat the request"};
}  // namespace errors

// The 403 of a route that asks for a caller.
inline void describe_second_factor_wall(http::Operation& operation) {
    if (!operation.security.empty() && !operation.outside_wall) operation.can_fail(errors::second_factor_needed);
}

}  // namespace pos
