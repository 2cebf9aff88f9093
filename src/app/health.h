#pragma once
// /health, /ready and /metrics: what probes and scrapers ask.
//
//     add_health_routes(router, shared);
//
// /health never looks at a dependency. /ready asks each one, time-boxed: 200 `ok`, 200 `degraded` (Redis is away: sales go
// on), 503 `error` (PostgreSQL is away, or the server is shutting down).

#include "http/router.h"

namespace app {

class Shared;

// One dependency's answer.
using Check = async::Task<bool>;

void add_health_routes(http::Router& router, Shared& shared);

// Whether a Redis at `url` (redis://[:password@]host:port, unix:///path) answers PING before the deadline.
Check ping_redis(async::Loop* loop, std::string url, async::SteadyTime deadline);

}  // namespace app
