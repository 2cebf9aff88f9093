#pragma once
// What the `type` of a problem document leads to (RFC 9457 §3.1.1): GET /problems, the list, and /problems/{code}, what the code
// means and what to do; HTML for people, JSON for `Accept: application/json`. Made once; may be shared by loops.
//
//     auto codes = openapi::error_codes(router);           // of the routes and of the wire
//     openapi::mount_problems(router, codes);

#include <span>
#include <string_view>
#include <vector>

#include "base/failure.h"

namespace http {
class Router;
}

namespace openapi {

// Every code that the routes declare, and those that are answered before a route is found, sorted.
[[nodiscard]] std::vector<base::ErrorCode> error_codes(const http::Router& router);

// What a client does after this error, in a sentence or two.
[[nodiscard]] std::string_view advice(base::Action action);

// Codes that stand there twice are shown once; two that differ are a std::logic_error.
void mount_problems(http::Router& router, std::span<const base::ErrorCode> codes);

}  // namespace openapi
