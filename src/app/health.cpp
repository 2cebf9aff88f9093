#include "app/health.h"

#include <fmt/format.h>

#include "app/app.h"
#include "async/sync.h"
#include "redis/client.h"
#include "schema/schema.h"

namespace app {

namespace {

// One dependency's answer: empty, or what is wrong with it, as far as that may be told.
struct Answer {
    bool well = true;
    std::string reason{};
};
using Check = async::Task<Answer>;

constexpr auto check_time = std::chrono::milliseconds(1'000);

struct Outcome {
    Answer answer;
    double milliseconds = 0;
};

async::Task<Outcome> timed(Check check) {
    const auto start = async::Loop::now();
    auto answer = co_await check;
    co_return Outcome{std::move(answer), std::chrono::duration<double, std::milli>(async::Loop::now() - start).count()};
}

Check check_database(db::Database* database, async::SteadyTime deadline) {
    const auto readiness = co_await database->ready(deadline);
    // That a server is away needs no words, and libpq's would name it.
    co_return Answer{readiness.is_well(), readiness.answers ? readiness.refusal : std::string()};
}

// By a write: a server that is out of memory, read-only or cannot save answers a PING as ever, and takes no job.
Check check_redis(redis::Client* client, async::SteadyTime deadline) {
    if (client == nullptr || co_await client->ready(deadline)) co_return Answer{};
    // Why there is no connection would name the server.
    auto trouble = client->is_connected() ? client->trouble() : std::nullopt;
    co_return Answer{false, trouble ? std::move(trouble->text) : std::string()};
}

std::string outcome_json(std::string_view name, const Outcome& outcome) {
    auto json = fmt::format(R"("{}":{{"status":"{}","responseTime":{:.1f})", name, outcome.answer.well ? "ok" : "error",
                            outcome.milliseconds);
    if (!outcome.answer.reason.empty()) json.append(R"(,"reason":)").append(schema::to_json(outcome.answer.reason));
    return json + "}";
}

void log_reason(const http::Context& context, std::string_view dependency, const Outcome& outcome) {
    if (outcome.answer.reason.empty()) return;
    context.server_logger().warn("a dependency takes no writes",
                                 {{"dependency", dependency}, {"reason", outcome.answer.reason}});
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
    auto outcomes = co_await async::when_all(timed(check_database(worker.store().app, deadline)),
                                             timed(check_database(worker.store().system, deadline)),
                                             timed(check_redis(redis_client, deadline)));
    auto& [app_database, system_database, redis] = outcomes;
    log_reason(context, "postgres", app_database);
    log_reason(context, "postgresSystem", system_database);
    log_reason(context, "redis", redis);

    const bool databases = app_database.answer.well && system_database.answer.well;
    const bool draining = shared.draining.load(std::memory_order_relaxed);
    const auto* status = !databases || draining ? "error" : redis.answer.well ? "ok" : "degraded";
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
