#include "app/health.h"

#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "app/app.h"
#include "async/sync.h"
#include "redis/client.h"
#include "redis/errors.h"
#include "schema/schema.h"

namespace app {

namespace {

using Outcome = Readiness::Outcome;
using Check = async::Task<Outcome>;

constexpr auto check_time = std::chrono::milliseconds(1'000);
constexpr auto shared_for = std::chrono::milliseconds(250);

// What is found anew; what was logged of it stays.
void put(Outcome& into, Outcome found) {
    found.news = std::move(into.news);
    into = std::move(found);
}

Check timed(Check check) {
    const auto start = async::Loop::now();
    auto outcome = co_await check;
    outcome.milliseconds = std::chrono::duration<double, std::milli>(async::Loop::now() - start).count();
    co_return outcome;
}

Check check_database(db::Database* database, async::SteadyTime deadline) {
    const auto readiness = co_await database->ready(deadline);
    // That a server is away needs no words, and libpq's would name it.
    co_return Outcome{readiness.is_well(), readiness.answers ? readiness.refusal : std::string()};
}

Check check_redis(redis::Client* client, async::SteadyTime deadline) {
    if (client == nullptr) co_return Outcome{};
    auto found = co_await client->ready(deadline);
    co_return Outcome{found.is_well, std::move(found.refusal)};
}

std::string outcome_json(std::string_view name, const Outcome& outcome) {
    auto json = fmt::format(R"("{}":{{"status":"{}","responseTime":{:.1f})", name, outcome.well ? "ok" : "error",
                            outcome.milliseconds);
    if (!outcome.reason.empty()) json.append(R"(,"reason":)").append(schema::to_json(outcome.reason));
    return json + "}";
}

// Not at each look: anybody may ask. Redis' words begin with the one that counts; what follows may name a key or a time.
void log_reason(const http::Context& context, std::string_view dependency, Outcome& outcome) {
    const std::string_view reason = outcome.reason;
    if (reason.empty() || !outcome.news.is_news(redis::is_error_reply(reason) ? redis::error_word(reason) : reason))
        return;
    context.server_logger().warn("a dependency takes no writes", {{"dependency", dependency}, {"reason", reason}});
}

async::Task<void> health(http::Context& context) {
    context.response()
        .content_type("application/json")
        .header("Cache-Control", "no-store")
        .static_body(R"({"status":"ok"})");
    co_return;
}

struct LookEnds {
    Readiness& of;
    ~LookEnds() {
        of.looking = false;
        of.done.set();
    }
};

async::Task<void> look(Worker* worker, const http::Context* context) {
    auto& last = worker->readiness();
    if (last.looking) co_await last.done;
    if (async::Loop::now() - last.looked < shared_for) co_return;
    last.looking = true;
    last.done.reset();
    const LookEnds ends{last};
    const auto deadline = async::Loop::now() + check_time;
    auto found = co_await async::when_all(timed(check_database(worker->store().app, deadline)),
                                          timed(check_database(worker->store().system, deadline)),
                                          timed(check_redis(worker->redis(), deadline)));
    put(last.app_database, std::move(std::get<0>(found)));
    put(last.system_database, std::move(std::get<1>(found)));
    put(last.redis, std::move(std::get<2>(found)));
    last.looked = async::Loop::now();
    log_reason(*context, "postgres", last.app_database);
    log_reason(*context, "postgresSystem", last.system_database);
    log_reason(*context, "redis", last.redis);
}

async::Task<void> ready(http::Context& context) {
    auto& shared = context.services().use<Shared>();
    auto& worker = context.services().use<Worker>();
    co_await look(&worker, &context);
    const auto& found = worker.readiness();

    const bool databases = found.app_database.well && found.system_database.well;
    const bool draining = shared.draining.load(std::memory_order_relaxed);
    const auto* status = !databases || draining ? "error" : found.redis.well ? "ok" : "degraded";
    auto body = fmt::format(R"({{"status":"{}","draining":{},"checks":{{{},{})", status, draining,
                            outcome_json("postgres", found.app_database),
                            outcome_json("postgresSystem", found.system_database));
    if (worker.redis() != nullptr) body += "," + outcome_json("redis", found.redis);
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
