#pragma once
// The link that turns whatever the rest of the chain throws into a problem document (http/problem.h). May be shared by loops.
//
//     http::Chain app({http::access_log({...}), http::problems(), ...}, router.handler());
//     throw base::Failure(errors::sale_total_mismatch, "lines give 11600, total says 11500");
//
// A base::Failure says what the client may know; any other exception is `server.internal` (final), or
// `server.exhausted` (503) when memory or descriptors ran out, and its text stays in the log.
// Failures of status 500 and above and foreign exceptions are logged at level error with `err`, a Failure below 500 with a
// cause at level info; causes are never sent.

#include "http/middleware.h"

namespace http {

[[nodiscard]] Middleware problems();

}  // namespace http
