#pragma once
// /health, /ready and /metrics: what probes and scrapers ask.
//
//     add_health_routes(router);
//     add_metrics_route(management_router);
//
// /health never looks at a dependency. /ready asks each one, time-boxed, and each service of a module that tells its health
// (app/service.h), by its name: 200 `ok`, 200 `degraded` (Redis is away, takes no writes or, in production, is not
// configured, or such a service is not well: the rest goes on), 503 `error` (PostgreSQL is away or read-only, lacks migrations, or has one that stops this release (app/database_check.h),
// a vital service is not well, or the server is shutting down). `reason` stands where a service or the migrations say one, and where a
// dependency answers and takes no writes: PostgreSQL's state, Redis' own words; the log has it too, each one once a minute.

#include <string>
#include <string_view>
#include <vector>

#include "async/sync.h"
#include "http/router.h"
#include "log/news.h"

namespace app {

class App;
struct Definition;

// What /ready found when it looked last. It is open to everybody, and a look takes connections that others wait for: those who
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
    Outcome migrations{};
    Outcome redis{};
    struct ServiceOutcome {
        std::string_view name;
        bool is_vital = false;
        Outcome outcome{};
    };
    std::vector<ServiceOutcome> services{};
    async::SteadyTime looked{};
    bool looking = false;
    async::Event done;
};

void add_health_routes(http::Router& router);
void add_metrics_route(http::Router& router);

[[nodiscard]] bool has_outbox(const Definition& definition);
// In production, where this process is to relay an outbox and has no REDIS_URL: jobs stay there.
[[nodiscard]] bool lacks_redis(const App& app);

}  // namespace app
