#pragma once
// What signing in can answer, besides auth/caller.h.

#include "base/failure.h"

namespace pos::errors {

inline constexpr base::ErrorCode invalid_credentials{"auth.invalid_credentials", 401, false, base::Action::fix,
                                                     "The login or the password is wrong"};
inline constexpr base::ErrorCode throttled{"auth.throttled", 429, true, base::Action::retry,
                                           "Too many failed sign-ins"};
inline constexpr base::ErrorCode user_disabled{"auth.user_disabled", 403, false, base::Action::contact,
                                               "The user may not sign in any more"};
inline constexpr base::ErrorCode no_membership{"auth.no_membership", 403, false, base::Action::contact,
                                               "The user is a member of no tenant, or not of this one"};
inline constexpr auto choose_tenant =
    base::conflict("auth.choose_tenant", "The user is a member of several tenants: name one");
inline constexpr base::ErrorCode invalid_refresh_token{"auth.invalid_refresh_token", 401, false,
                                                       base::Action::refresh_auth,
                                                       "The refresh token is not valid: sign in again"};
inline constexpr base::ErrorCode refresh_reused{"auth.refresh_reused", 401, false, base::Action::refresh_auth,
                                                "The refresh token was used before; the session has ended"};
inline constexpr auto weak_password = base::invalid("auth.weak_password", "The password does not suffice");
inline constexpr base::ErrorCode second_factor_required{"auth.second_factor_required", 401, false, base::Action::fix,
                                                        "The password is right; the second factor is asked for, too"};
inline constexpr base::ErrorCode challenge_dead{"auth.challenge_dead", 401, false, base::Action::fix,
                                                "This sign-in took too long, or the account has changed: begin again"};
inline constexpr base::ErrorCode step_up_needed{"auth.step_up_needed", 403, false, base::Action::fix,
                                                "Prove the second factor again, then repeat the request"};
inline constexpr auto unknown_session = base::not_found("auth.unknown_session", "There is no such session");

}  // namespace pos::errors
