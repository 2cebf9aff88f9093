#pragma once
// /health, /ready and /metrics: what probes and scrapers ask.
//
//     add_health_routes(router, shared);
//
// /health never looks at a dependency. /ready asks each one, time-boxed: 200 `ok`, 200 `degraded` (Redis is away or takes no
// writes: sales go on), 503 `error` (PostgreSQL is away or read-only, or the server is shutting down). `reason` stands where a
// dependency answers and takes no writes: PostgreSQL's state, Redis' own words; the log has it too, each one once a minute.

#include <string>

#include "async/sync.h"
#include "http/router.h"
#include "log/news.h"

namespace app {

class Shared;

// What /ready found when it looked last. It is open to everybody, and a look takes connections that sales wait for: those who
// ask at once, or a quarter of a second later, share one. Of one loop.
struct Readiness {
    explicit Readiness(async::Loop& loop) : done(loop) {}

    struct Outcome {
        bool well = true;
        std::string reason{};  // as far as it may be told
        double milliseconds = 0;
        logging::News news{};  // of the log, about this dependency
    };
    Outcome app_database{};
    Outcome system_database{};
    Outcome redis{};
    async::SteadyTime looked{};
    bool looking = false;
    async::Event done;
};

void add_health_routes(http::Router& router, Shared& shared);

}  // namespace app
