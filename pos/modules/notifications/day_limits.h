#pragma once
// The limits of a day begin anew at midnight (UTC): routes that send messages to phones say when that is. A link; any thread.
//
//     routes.post("/auth/phone/verify/send", send_code, {…, .middleware = {say_when_the_day_ends()}});

#include "http/middleware.h"

namespace pos {

// Adds retryAfterMs to 429 sms.number_limit, sms.source_limit and sms.spending_limit. Needs the service Runtime.
[[nodiscard]] http::Middleware say_when_the_day_ends();

}  // namespace pos
