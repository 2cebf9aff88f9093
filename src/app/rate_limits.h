#pragma once
// The service's rate limits. One place, so that they can be read side by side.
//
//     auto api = router.group("/v1", {auth::rate_limits(rate_limit_options(), metrics)}).answering({auth::errors::rate_limited});

#include "auth/rate_limit.h"

namespace app {

// Classes a route may name in http::RouteOptions::rate_class: "login", "refresh", "password", "recovery", "invites",
// "receipts", "sign_up".
[[nodiscard]] auth::RateLimitOptions rate_limit_options();

}  // namespace app
