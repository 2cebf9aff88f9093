#pragma once
// What the `type` of a problem document leads to (RFC 9457 §3.1.1): GET /problems, the list, and /problems/{code}: the cause, what
// to do, a reply as an example, and the routes that answer it; HTML for people, JSON for `Accept: application/json`. Made once, after
// every other route has been added; may be shared by loops.
//
//     auto codes = openapi::error_codes(router);           // of the routes and of the wire
//     openapi::mount_problems(router, codes, {.notes = notes});

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "openapi/problem_notes.h"

namespace http {
class Router;
}

namespace openapi {

struct ProblemPagesOptions {
    std::string type_base = "/problems/";  // of the `type` in examples
    std::span<const ProblemNote> notes{};  // of codes that the stack does not know
};

// Every code that the routes declare, and those that are answered before a route is found, sorted.
[[nodiscard]] std::vector<base::ErrorCode> error_codes(const http::Router& router);

// What a client does after this error, in a sentence or two.
[[nodiscard]] std::string_view advice(base::Action action);

// Codes that stand there twice are shown once; two that differ are a std::logic_error, and so is a note about none of them.
void mount_problems(http::Router& router, std::span<const base::ErrorCode> codes,
                    const ProblemPagesOptions& options = {});

}  // namespace openapi
