#pragma once
// /health, /ready and /metrics: what probes and scrapers ask.
//
//     add_health_routes(router, shared);
//
// /health never looks at a dependency. /ready asks each one, time-boxed: 200 `ok`, 200 `degraded` (Redis is away or takes no
// writes: sales go on), 503 `error` (PostgreSQL is away or read-only, or the server is shutting down). `reason` stands where a
// dependency answers and takes no writes: PostgreSQL's state, Redis' own words; the log has it too.

#include "http/router.h"

namespace app {

class Shared;

void add_health_routes(http::Router& router, Shared& shared);

}  // namespace app
