#include "app/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "app/app.h"
#include "async/sync.h"
#include "http/handler.h"
#include "jobs/outbox.h"
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

Check check_migrations(DatabaseCheck* check, const db::Databases* databases, async::SteadyTime deadline) {
    auto stand = co_await check->ready(databases, deadline);
    co_return Outcome{stand.is_well, std::move(stand.reason)};
}

Check check_redis(redis::Client* client, bool is_missed, async::SteadyTime deadline) {
    if (client == nullptr && is_missed)
        co_return Outcome{.well = false, .reason = "not configured: jobs stay in the database; set REDIS_URL"};
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

async::Task<void> look(LoopHost* host, DatabaseCheck* migrations, const http::Context* context) {
    auto& last = host->readiness();
    if (last.looking) co_await last.done;
    if (async::Loop::now() - last.looked < shared_for) co_return;
    last.looking = true;
    last.done.reset();
    const LookEnds ends{last};
    const auto deadline = async::Loop::now() + check_time;
    auto found = co_await async::when_all(
        timed(check_database(host->databases().app, deadline)),
        timed(check_database(host->databases().system, deadline)),
        timed(check_migrations(migrations, &host->databases(), deadline)),
        timed(check_redis(host->redis(), lacks_redis(context->services().use<App>()), deadline)),
        host->module_services().check(&host->loop(), deadline));
    put(last.app_database, std::move(std::get<0>(found)));
    put(last.system_database, std::move(std::get<1>(found)));
    put(last.migrations, std::move(std::get<2>(found)));
    put(last.redis, std::move(std::get<3>(found)));
    put_services(last, std::get<4>(found));
    last.looked = async::Loop::now();
    log_reason(*context, "postgres", last.app_database);
    log_reason(*context, "postgresSystem", last.system_database);
    log_reason(*context, "migrations", last.migrations, "the database is not ready for this release");
    // That it is not configured, the start has said.
    if (host->redis() != nullptr) log_reason(*context, "redis", last.redis);
    for (auto& service : last.services) log_reason(*context, service.name, service.outcome, "a service is not well");
}

auto failed(bool is_vital) {
    return [is_vital](const auto& service) { return service.is_vital == is_vital && !service.outcome.well; };
}

bool vital_is_well(const Readiness& found) {
    return found.app_database.well && found.system_database.well && found.migrations.well &&
           std::ranges::none_of(found.services, failed(true));
}

async::Task<void> ready(http::Context& context) {
    auto& app = context.services().use<App>();
    auto& host = context.services().use<LoopHost>();
    co_await look(&host, &app.database_check, &context);
    const auto& found = host.readiness();

    const bool vital = vital_is_well(found);
    const bool others = found.redis.well && std::ranges::none_of(found.services, failed(false));
    const bool draining = app.draining.load(std::memory_order_relaxed);
    const auto* status = !vital || draining ? "error" : others ? "ok" : "degraded";
    auto body =
        fmt::format(R"({{"status":"{}","draining":{},"checks":{{{},{},{})", status, draining,
                    outcome_json("postgres", found.app_database), outcome_json("postgresSystem", found.system_database),
                    outcome_json("migrations", found.migrations));
    if (host.redis() != nullptr || !found.redis.well) body += "," + outcome_json("redis", found.redis);
    for (const auto& service : found.services) body += "," + outcome_json(service.name, service.outcome);
    context.response()
        .status(vital && !draining ? 200 : 503)
        .content_type("application/json")
        .header("Cache-Control", "no-store")
        .body(body + "}}");
}

// With a look of its own: a process that is cut from its database answers here, and gets no request whose failure would show.
async::Task<void> metrics(http::Context& context) {
    auto& app = context.services().use<App>();
    auto& host = context.services().use<LoopHost>();
    co_await look(&host, &app.database_check, &context);
    const bool is_ready = vital_is_well(host.readiness()) && !app.draining.load(std::memory_order_relaxed);
    app.metrics
        .gauge("service_ready", "Whether /ready of this process says 200.",
               {{"process", host.server() != nullptr ? "server" : "worker"}})
        .set(is_ready ? 1 : 0);
    context.response()
        .content_type(observe::text_content_type)
        .header("Cache-Control", "no-store")
        .body(app.metrics.render());
    co_return;
}

// ---- What the document says of them, which fill their replies themselves ----------------------------------------------

enum class State : std::uint8_t { ok, degraded, error };
constexpr auto describe(State*) {
    return schema::enumeration<State>("ReadyState",
                                      {{State::ok, "ok"}, {State::degraded, "degraded"}, {State::error, "error"}});
}
enum class Found : std::uint8_t { ok, error };
constexpr auto describe(Found*) {
    return schema::enumeration<Found>("ReadyFinding", {{Found::ok, "ok"}, {Found::error, "error"}});
}

struct HealthReply {
    std::string status;

    friend constexpr auto describe(HealthReply*) {
        return schema::object<HealthReply>(
            "Health", schema::field<&HealthReply::status>("status", {.max_length = 2, .example = R"("ok")"}));
    }
};

struct ReadyCheck {
    Found status = Found::ok;
    double response_time = 0;
    schema::Maybe<std::string> reason;

    friend constexpr auto describe(ReadyCheck*) {
        return schema::object<ReadyCheck>(
            "ReadyCheck", schema::field<&ReadyCheck::status>("status"),
            schema::field<&ReadyCheck::response_time>("responseTime", {.min = 0, .doc = "Milliseconds."}),
            schema::field<&ReadyCheck::reason>("reason", {.doc = "Why, in its own words, where it has some."}));
    }
};

struct ReadyReply {
    State status = State::ok;
    bool draining = false;
    std::map<std::string, ReadyCheck> checks;

    friend constexpr auto describe(ReadyReply*) {
        return schema::object<ReadyReply>(
            "Ready",
            schema::field<&ReadyReply::status>(
                "status", {.doc = "`degraded`: requests are answered, and something beside the database is away."}),
            schema::field<&ReadyReply::draining>("draining", {.doc = "The process is about to end."}),
            schema::field<&ReadyReply::checks>(
                "checks", {.doc = "By dependency, such as `postgres`, `migrations` and `redis`."}));
    }
};

void describe_health(http::Method, http::Operation& operation) {
    const auto answer = [&operation](std::uint16_t status, const schema::Type* body, std::string_view doc) {
        const auto media_type = body != nullptr ? std::string_view("application/json") : std::string_view("text/plain");
        operation.can_answer({.status = status, .body = body, .media_type = media_type, .doc = doc});
    };
    operation.replies.clear();
    if (operation.id == "getHealth") {
        answer(200, &schema::type_of<HealthReply>, "The process lives.");
    } else if (operation.id == "getReady") {
        answer(200, &schema::type_of<ReadyReply>, "Requests may come.");
        answer(503, &schema::type_of<ReadyReply>, "None should come: a vital dependency is away, or the process ends.");
    } else {
        answer(200, nullptr, "Prometheus' text format 0.0.4.");
    }
}

}  // namespace

void add_health_routes(http::Router& router) {
    http::Routes routes(router.group("").describing(describe_health), "operations");
    routes.get("/health", health,
               {.id = "getHealth",
                .summary = "Whether the process lives",
                .description = "Looks at nothing else: for what starts a process anew when it hangs."});
    routes.get("/ready", ready,
               {.id = "getReady",
                .summary = "Whether traffic may come: the dependencies, one by one",
                .description = "For load balancers. Those who ask within a quarter of a second share one look."});
}

void add_metrics_route(http::Router& router) {
    http::Routes routes(router.group("").describing(describe_health), "operations");
    routes.get("/metrics", metrics,
               {.id = "getMetrics",
                .summary = "Metrics in Prometheus' text format",
                .description = "HTTP, database, Redis, jobs and the process; for Prometheus to scrape."});
}

bool has_outbox(const Definition& definition) {
    return std::ranges::any_of(tables_of(definition),
                               [](const db::TableView& table) { return table.name == jobs::tables::outbox_jobs.name; });
}

bool lacks_redis(const App& app) {
    const auto& settings = app.settings;
    return settings.environment == Environment::production && settings.outbox_relay && !settings.redis_url &&
           has_outbox(app.definition);
}

}  // namespace app
