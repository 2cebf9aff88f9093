#pragma once
// Errors as problem documents (RFC 9457 with the members of docs/errors.md), the same from the wire, the chain and the items
// of a batch. Pure functions, and functions of a request on its loop's thread.
//
//     results += http::problem_json(failure, http::place_of(context));          // the "problem" of one item of a batch
//     http::write_problem(context, base::Failure(http::errors::not_found));
//
// What a base::Failure says is for the client; its cause is never sent.

#include <exception>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "schema/type.h"

namespace http {

class Context;
class Services;

// A service: where the types of problems are explained. Without it they are relative to the API.
struct ProblemTypes {
    std::string base = "/problems/";  // or "https://api.example/problems/"; `type` is this and the code
};

// The body that a route has read, in its context.
struct ReadBody {
    const schema::Type* type = nullptr;
    std::string_view text{};
};

struct ProblemPlace {
    std::string_view instance{};  // the path, without the query: that may hold secrets
    std::string_view request_id{};
    std::string_view type_base = "/problems/";
    ReadBody body{};             // what pointers lead into: one that does not is mended by the body's type
    std::string_view body_at{};  // where in the body as sent that one stands: "/items/3/data"
};

[[nodiscard]] std::string_view problem_type_base(const Services& services);
// Views of the request, valid until its end.
[[nodiscard]] ProblemPlace place_of(const Context& context);

[[nodiscard]] std::string problem_json(const base::Failure& failure, const ProblemPlace& place = {});

// What a client is told of this exception: a Failure itself; else server.internal, or server.exhausted for what may pass by
// itself (base::outlook_of).
[[nodiscard]] base::Failure failure_of(const std::exception_ptr& error);

// Replaces the reply by the problem: status, body, X-Retriable, Retry-After, Cache-Control: no-store, the Failure's headers; of a
// 401 `WWW-Authenticate: Bearer`, if the Failure names none.
void write_problem(Context& context, const base::Failure& failure);
// The same where no link of a chain has been, or will be: with X-Request-Id, and an id of its own if there was none.
void write_wire_problem(Context& context, const base::Failure& failure);

}  // namespace http
