#include "app/health.h"

#include <fmt/format.h>

#include <algorithm>
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
void log_reason(const http::Context& context, std::string_view dependency, Outcome& outcome,
                std::string_view what = "a dependency takes no writes") {
    const std::string_view reason = outcome.reason;
    if (reason.empty() || !outcome.news.is_news(redis::is_error_reply(reason) ? redis::error_word(reason) : reason))
        return;
    context.server_logger().warn(what, {{"dependency", dependency}, {"reason", reason}});
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

// In the order of their services, which stays: what was logged of each stays with it.
void put_services(Readiness& into, const std::vector<ServiceSet::Check>& found) {
    into.services.resize(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        into.services[i].name = found[i].name;
        into.services[i].is_vital = found[i].is_vital;
        put(into.services[i].outcome, {found[i].found.is_well, found[i].found.reason, found[i].milliseconds});
    }
}

async::Task<void> look(LoopHost* host, const http::Context* context) {
    auto& last = host->readiness();
    if (last.looking) co_await last.done;
    if (async::Loop::now() - last.looked < shared_for) co_return;
    last.looking = true;
    last.done.reset();
    const LookEnds ends{last};
    const auto deadline = async::Loop::now() + check_time;
    auto found = co_await async::when_all(timed(check_database(host->databases().app, deadline)),
                                          timed(check_database(host->databases().system, deadline)),
                                          timed(check_redis(host->redis(), deadline)),
                                          host->module_services().check(&host->loop(), deadline));
    put(last.app_database, std::move(std::get<0>(found)));
    put(last.system_database, std::move(std::get<1>(found)));
    put(last.redis, std::move(std::get<2>(found)));
    put_services(last, std::get<3>(found));
    last.looked = async::Loop::now();
    log_reason(*context, "postgres", last.app_database);
    log_reason(*context, "postgresSystem", last.system_database);
    log_reason(*context, "redis", last.redis);
    for (auto& service : last.services) log_reason(*context, service.name, service.outcome, "a service is not well");
}

async::Task<void> ready(http::Context& context) {
    auto& app = context.services().use<App>();
    auto& host = context.services().use<LoopHost>();
    co_await look(&host, &context);
    const auto& found = host.readiness();

    const auto failed = [](bool is_vital) {
        return [is_vital](const auto& service) { return service.is_vital == is_vital && !service.outcome.well; };
    };
    const bool vital =
        found.app_database.well && found.system_database.well && std::ranges::none_of(found.services, failed(true));
    const bool others = found.redis.well && std::ranges::none_of(found.services, failed(false));
    const bool draining = app.draining.load(std::memory_order_relaxed);
    const auto* status = !vital || draining ? "error" : others ? "ok" : "degraded";
    auto body = fmt::format(R"({{"status":"{}","draining":{},"checks":{{{},{})", status, draining,
                            outcome_json("postgres", found.app_database),
                            outcome_json("postgresSystem", found.system_database));
    if (host.redis() != nullptr) body += "," + outcome_json("redis", found.redis);
    for (const auto& service : found.services) body += "," + outcome_json(service.name, service.outcome);
    context.response()
        .status(vital && !draining ? 200 : 503)
        .content_type("application/json")
        .header("Cache-Control", "no-store")
        .body(body + "}}");
}

async::Task<void> metrics(http::Context& context) {
    auto& app = context.services().use<App>();
    context.response()
        .content_type(observe::text_content_type)
        .header("Cache-Control", "no-store")
        .body(app.metrics.render());
    co_return;
}

}  // namespace

void add_health_routes(http::Router& router, App&) {
    http::Routes routes(router.group(""), "operations");
    routes.get("/health", health, {.id = "getHealth", .summary = "Whether the process lives"});
    routes.get("/ready", ready,
               {.id = "getReady", .summary = "Whether traffic may come: the dependencies, one by one"});
    routes.get("/metrics", metrics, {.id = "getMetrics", .summary = "Metrics in Prometheus' text format"});
}

}  // namespace app
