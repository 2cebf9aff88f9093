#pragma once
// The settings of every service, read from `.env` and the environment at start; modules bring their own (app/module_settings.h).
// docs/configuration.md is made of both.
//
//     auto settings = config::load<app::Settings>(environment);      // all faults at once, or the settings

#include "schema/schema.h"

namespace app {

enum class Environment : std::uint8_t { development, test, production };
constexpr auto describe(Environment*) {
    return schema::enumeration<Environment>("Environment", {{Environment::development, "development"},
                                                            {Environment::test, "test"},
                                                            {Environment::production, "production"}});
}

enum class Switch : std::uint8_t { on, off };
constexpr auto describe(Switch*) {
    return schema::enumeration<Switch>("Switch", {{Switch::on, "on"}, {Switch::off, "off"}});
}

struct Settings {
    Environment environment = Environment::production;
    std::string database_url;
    std::string database_system_url;
    std::optional<std::string> database_owner_url;
    std::optional<std::string> redis_url;
    std::optional<Switch> rate_limits;
    std::string host;
    std::int32_t port = 8080;
    std::int32_t threads = 0;
    std::int32_t max_connections = 10'000;
    std::int32_t body_memory_mb = 64;
    std::optional<std::int32_t> body_memory_per_caller_mb;
    std::int32_t database_write_connections = 8;
    std::int32_t database_point_connections = 2;
    std::int32_t database_read_connections = 2;
    std::int32_t database_bulk_connections = 2;
    std::int32_t database_tenant_share = 75;
    std::string log_level = "info";
    std::string public_url;
    std::vector<std::string> cors_origins;
    std::vector<std::string> trusted_proxies;
    std::string secret;
    bool outbox_relay = true;
    std::vector<std::string> job_queues;
    std::int32_t job_concurrency = 8;
    std::int32_t job_lock_seconds = 30;
    std::string job_prefix = "bull";
    std::optional<std::string> scheduler_token;
    std::int32_t shutdown_delay_ms = 0;
    std::int32_t shutdown_timeout_ms = 20'000;

    friend constexpr auto describe(Settings*) {
        using schema::field;
        return schema::object<Settings>(
            "Settings",
            field<&Settings::environment>("APP_ENV", {.defaulted = true,
                                                      .doc = "`production` refuses weak secrets and demo data; what "
                                                             "else it decides is below, under Profiles."}),
            field<&Settings::database_url>(
                "DATABASE_URL",
                {.min_length = 1,
                 .doc = "PostgreSQL as the role `app`, which row level security binds. Several hosts may be named "
                        "(`…@one,two/name`): writes go to the one that takes them."}),
            field<&Settings::database_system_url>(
                "DATABASE_SYSTEM_URL",
                {.min_length = 1, .doc = "PostgreSQL as the role `app_system`: login, sign-up, relays."}),
            field<&Settings::database_owner_url>(
                "DATABASE_OWNER_URL",
                {.min_length = 1, .doc = "PostgreSQL as the owner of the schema; `db` commands alone use it."}),
            field<&Settings::redis_url>(
                "REDIS_URL", {.min_length = 1,
                              .doc = "`redis://[user][:password@]host:port/0`, `rediss://` for TLS, or `unix:///path`. "
                                     "Watched by /ready; rate limits are shared through it."}),
            field<&Settings::rate_limits>(
                "RATE_LIMITS",
                {.doc = "Of requests, by address, tenant, user and device; stricter for signing in. Not set: "
                        "`on` in production. Kept by each loop alone without Redis."}),
            field<&Settings::host>(
                "HOST", {.max_length = 255, .defaulted = true, .doc = "IP address to listen on; empty: all of them."}),
            field<&Settings::port>("PORT", {.min = 0,
                                            .max = 65535,
                                            .defaulted = true,
                                            .doc = "0 takes a free one, named in the log line `listening`."}),
            field<&Settings::threads>(
                "THREADS", {.min = 0, .max = 256, .defaulted = true, .doc = "Event loops; 0: one for two cores."}),
            field<&Settings::max_connections>(
                "MAX_CONNECTIONS",
                {.min = 16,
                 .max = 1'000'000,
                 .defaulted = true,
                 .doc =
                     "Client connections of each loop; fewer where the hard limit of open files leaves fewer. Beyond, "
                     "the oldest idle one is closed, or else the slowest of the address that holds most; while none "
                     "holds "
                     "more than 16, the youngest half head."}),
            field<&Settings::body_memory_mb>(
                "BODY_MEMORY_MB",
                {.min = 32,
                 .max = 65'536,
                 .defaulted = true,
                 .doc = "Request bodies that each loop may hold in memory; beyond, 503 `http.bodies_full`."}),
            field<&Settings::body_memory_per_caller_mb>(
                "BODY_MEMORY_PER_CALLER_MB",
                {.min = 8,
                 .max = 65'536,
                 .doc =
                     "Of these, those of one tenant, or of one address while nobody has signed in; a quarter at most, "
                     "and a quarter when it is not given. All that comes from one address: half of the whole. An "
                     "eighth is kept for callers that hold 128 KiB or less."}),
            field<&Settings::database_write_connections>(
                "DATABASE_WRITE_CONNECTIONS", {.min = 1, .max = 100, .defaulted = true, .doc = "Of each loop."}),
            field<&Settings::database_point_connections>(
                "DATABASE_POINT_CONNECTIONS",
                {.min = 1, .max = 16, .defaulted = true, .doc = "Of each loop; pipelined, so that few do."}),
            field<&Settings::database_read_connections>(
                "DATABASE_READ_CONNECTIONS",
                {.min = 1, .max = 100, .defaulted = true, .doc = "Of each loop, for reads of many rows."}),
            field<&Settings::database_bulk_connections>(
                "DATABASE_BULK_CONNECTIONS",
                {.min = 1, .max = 100, .defaulted = true, .doc = "Of each loop, for POST .../batch alone."}),
            field<&Settings::database_tenant_share>(
                "DATABASE_TENANT_SHARE",
                {.min = 1,
                 .max = 100,
                 .defaulted = true,
                 .doc = "Percent of the write, read and bulk connections of a loop that one tenant may hold, rounded "
                        "down, but one at least. What waits is served in turn by tenant."}),
            field<&Settings::log_level>(
                "LOG_LEVEL",
                {.pattern = "trace|debug|info|warn|error|fatal|silent",
                 .defaulted = true,
                 .doc =
                     "Lines below it are not written: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`."}),
            field<&Settings::public_url>(
                "PUBLIC_URL",
                {.max_length = 500,
                 .defaulted = true,
                 .doc =
                     "Where clients reach the API, without a slash at the end; stands in the OpenAPI document and in "
                     "problem types."}),
            field<&Settings::cors_origins>(
                "CORS_ORIGINS",
                {.max_items = 100,
                 .defaulted = true,
                 .doc = "Origins of web apps as browsers send them (`https://shop.example`, `http://localhost:5173`), "
                        "comma-separated; `*` alone: any, without credentials."}),
            field<&Settings::trusted_proxies>(
                "TRUSTED_PROXIES",
                {.max_items = 100,
                 .defaulted = true,
                 .doc = "Networks whose X-Forwarded-For is believed, such as `10.0.0.0/8`, `loopback`, `private`."}),
            field<&Settings::secret>("APP_SECRET", {.min_length = 32,
                                                    .max_length = 4096,
                                                    .write_only = true,
                                                    .doc = "At least 32 random bytes: signs cursors, refresh tokens "
                                                           "and CSRF tokens. `openssl rand -base64 48`."}),
            field<&Settings::outbox_relay>(
                "OUTBOX_RELAY",
                {.defaulted = true,
                 .doc =
                     "Whether this process moves jobs from the outbox to Redis; at least one must. Needs REDIS_URL."}),
            field<&Settings::job_queues>(
                "JOB_QUEUES", {.max_items = 100,
                               .defaulted = true,
                               .doc = "Queues whose jobs this process runs, comma-separated, or `all`. `backend-api "
                                      "worker` runs all unless told otherwise. An unknown one is a fault."}),
            field<&Settings::job_concurrency>(
                "JOB_CONCURRENCY", {.min = 1, .max = 1000, .defaulted = true, .doc = "Jobs of a queue at a time."}),
            field<&Settings::job_lock_seconds>(
                "JOB_LOCK_SECONDS",
                {.min = 1,
                 .max = 3600,
                 .defaulted = true,
                 .doc = "A worker that is silent for so long has lost its jobs to others. Renewed while it lives."}),
            field<&Settings::job_prefix>("JOB_PREFIX",
                                         {.min_length = 1,
                                          .max_length = 64,
                                          .defaulted = true,
                                          .doc = "Of every key in Redis: queues, rate limits, the relay's turn. "
                                                 "Services that share a Redis need one each. BullMQ's own "
                                                 "default."}),
            field<&Settings::scheduler_token>(
                "SCHEDULER_TOKEN",
                {.min_length = 32,
                 .max_length = 4096,
                 .write_only = true,
                 .doc = "What an external scheduler sends to POST /internal/schedules/{name}/trigger. None: no such "
                        "route."}),
            field<&Settings::shutdown_delay_ms>(
                "SHUTDOWN_DELAY_MS",
                {.min = 0,
                 .max = 120'000,
                 .defaulted = true,
                 .doc =
                     "How long /ready says 503 before the server stops accepting: give the load balancer its period."}),
            field<&Settings::shutdown_timeout_ms>("SHUTDOWN_TIMEOUT_MS",
                                                  {.min = 100,
                                                   .max = 600'000,
                                                   .defaulted = true,
                                                   .doc = "How long requests may take to end after that."}),
            schema::refine<&Settings::check>());
    }

    [[nodiscard]] bool limits_rates() const {
        return rate_limits.value_or(environment == Environment::production ? Switch::on : Switch::off) == Switch::on;
    }

    // Faults of several settings together, and what production refuses.
    static void check(const Settings& settings, schema::Issues& issues);
};

// Adds an issue when it is no URL that PostgreSQL's library reads.
void check_database_url(std::string_view name, const std::string& url, schema::Issues& issues);

}  // namespace app
