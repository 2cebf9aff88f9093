#include "app/health.h"

#include <fmt/format.h>

#include "app/app.h"
#include "async/sync.h"

namespace app {

namespace {

// One dependency's answer.
using Check = async::Task<bool>;

constexpr auto check_time = std::chrono::milliseconds(1'000);

struct Outcome {
    bool well = false;
    double milliseconds = 0;
};

async::Task<Outcome> timed(Check check) {
    const auto start = async::Loop::now();
    const bool well = co_await check;
    co_return Outcome{well, std::chrono::duration<double, std::milli>(async::Loop::now() - start).count()};
}

Check well() { co_return true; }

std::string outcome_json(std::string_view name, const Outcome& outcome) {
    return fmt::format(R"("{}":{{"status":"{}","responseTime":{:.1f}}})", name, outcome.well ? "ok" : "error",
                       outcome.milliseconds);
}

async::Task<void> health(http::Context& context) {
    context.response()
        .content_type("application/json")
        .header("Cache-Control", "no-store")
        .static_body(R"({"status":"ok"})");
    co_return;
}

async::Task<void> ready(http::Context& context) {
    auto& shared = context.services().use<Shared>();
    auto& worker = context.services().use<Worker>();
    const auto deadline = async::Loop::now() + check_time;
    auto* redis_client = worker.redis();
    auto outcomes = co_await async::when_all(timed(worker.store().app->ready(deadline)),
                                             timed(worker.store().system->ready(deadline)),
                                             timed(redis_client != nullptr ? redis_client->ready(deadline) : well()));
    auto& [app_database, system_database, redis] = outcomes;

    const bool databases = app_database.well && system_database.well;
    const bool draining = shared.draining.load(std::memory_order_relaxed);
    const auto* status = !databases || draining ? "error" : redis.well ? "ok" : "degraded";
    auto body = fmt::format(R"({{"status":"{}","draining":{},"checks":{{{},{})", status, draining,
                            outcome_json("postgres", app_database), outcome_json("postgresSystem", system_database));
    if (redis_client != nullptr) body += "," + outcome_json("redis", redis);
    context.response()
        .status(databases && !draining ? 200 : 503)
        .content_type("application/json")
        .header("Cache-Control", "no-store")
        .body(body + "}}");
}

async::Task<void> metrics(http::Context& context) {
    auto& shared = context.services().use<Shared>();
    context.response()
        .content_type(observe::text_content_type)
        .header("Cache-Control", "no-store")
        .body(shared.metrics.render());
    co_return;
}

}  // namespace

void add_health_routes(http::Router& router, Shared&) {
    http::Routes routes(router.group(""), "operations");
    routes.get("/health", health, {.id = "getHealth", .summary = "Whether the process lives"});
    routes.get("/ready", ready,
               {.id = "getReady", .summary = "Whether traffic may come: the dependencies, one by one"});
    routes.get("/metrics", metrics, {.id = "getMetrics", .summary = "Metrics in Prometheus' text format"});
}

}  // namespace app
