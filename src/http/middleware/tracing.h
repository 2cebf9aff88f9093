#pragma once
// Reads `traceparent` and `tracestate`, so that what the request does, and what it logs, belongs to its caller's trace; with a
// tracer the request is a span of its own, named after its route. May be shared by loops.
//
//     http::Chain app({http::request_id(), http::tracing(&tracer), ...}, router.handler());
//     co_await db::tenant_db(databases, tenant, context.deadline(), context.span()).all(products);
//
// A malformed or repeated traceparent counts as none. Without a tracer a trace is handed on as it came (to the log, to jobs), and
// a request without one costs the look for its header.

#include "http/middleware.h"

namespace observe {
class Tracer;
}

namespace http {

class Router;

// `tracer` may be null. What the router's routes name as secret in a path stands in no span. Both outlive the chain.
[[nodiscard]] Middleware tracing(observe::Tracer* tracer, const Router* router = nullptr);

}  // namespace http
