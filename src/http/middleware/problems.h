#pragma once
// Errors as problem documents (RFC 9457 with the members of docs/errors.md). problems() is a link that turns whatever the
// rest of the chain throws into a reply; the functions serve batch results and those who answer without throwing. The link
// may be shared by loops; the functions are pure.
//
//     http::Chain app({http::access_log({...}), http::problems(), ...}, router.handler());
//     throw base::Failure(errors::sale_total_mismatch, "lines give 11600, total says 11500");
//     results += http::problem_json(failure);                      // the "problem" of one item of a batch
//
// A base::Failure says what the client may know; any other exception is `server.internal`, and its text stays in the log.
// Failures of status 500 and above and foreign exceptions are logged at level error with `err`, a Failure below 500 with a
// cause at level info; causes are never sent.

#include <exception>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "http/middleware.h"

namespace http {

struct ProblemPlace {
    std::string_view instance{};  // the path, without the query: that may hold secrets
    std::string_view request_id{};
    std::string_view type_base = "/problems/";  // `type` is this and the code
};

[[nodiscard]] std::string problem_json(const base::Failure& failure, const ProblemPlace& place = {});

// Replaces the reply by the problem: status, body, X-Retriable, Retry-After, Cache-Control: no-store, the Failure's headers.
void write_problem(Context& context, const base::Failure& failure, std::string_view type_base = "/problems/");

struct ProblemsOptions {
    std::string type_base = "/problems/";  // relative to the API, or "https://api.example/problems/"
};
[[nodiscard]] Middleware problems(ProblemsOptions options = {});

}  // namespace http
