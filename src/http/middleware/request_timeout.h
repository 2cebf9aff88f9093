#pragma once
// How long the client waits for the reply, in seconds: `Request-Timeout: 2.5`. From then on the work is for nobody, so that Context::deadline(),
// which every call of another system has, is no later. It shortens what the route allows and never lengthens it. A form that is none is
// 400. What the database may have done by then is unknown, as after any deadline: 503 db.outcome_unknown.
//
//     links.push_back(http::request_timeout());

#include <chrono>
#include <optional>
#include <string_view>

#include "async/loop.h"
#include "http/middleware.h"

namespace http {

inline constexpr std::string_view request_timeout_header = "request-timeout";

// Seconds from 0.001 to 3600, with three digits behind the point at most.
[[nodiscard]] std::optional<async::Milliseconds> parse_request_timeout(std::string_view text);
[[nodiscard]] Middleware request_timeout();

}  // namespace http
