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

enum class Pooler : std::uint8_t { none, transaction };
constexpr auto describe(Pooler*) {
    return schema::enumeration<Pooler>("Pooler", {{Pooler::none, "none"}, {Pooler::transaction, "transaction"}});
}

enum class ProviderMode : std::uint8_t { sandbox, live };
constexpr auto describe(ProviderMode*) {
    return schema::enumeration<ProviderMode>("ProviderMode",
                                             {{ProviderMode::sandbox, "sandbox"}, {ProviderMode::live, "live"}});
}

enum class DocsPlace : std::uint8_t { open, management, off };
constexpr auto describe(DocsPlace*) {
    return schema::enumeration<DocsPlace>(
        "DocsPlace", {{DocsPlace::open, "public"}, {DocsPlace::management, "management"}, {DocsPlace::off, "off"}});
}

struct Settings {
    Environment environment = Environment::production;
    std::string database_url;
    std::string database_system_url;
    std::optional<std::string> database_owner_url;
    Pooler database_pooler = Pooler::none;
    std::optional<std::string> database_direct_url;
    std::optional<std::string> redis_url;
    std::optional<Switch> rate_limits;
    std::optional<Switch> load_shedding;
    std::optional<ProviderMode> provider_mode;
    std::string host;
    std::int32_t port = 8080;
    std::string management_host = "127.0.0.1";
    std::optional<std::int32_t> management_port;
    std::optional<DocsPlace> docs;
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
    std::optional<std::string> tls_certificate;
    std::optional<std::string> tls_key;
    std::vector<std::string> proxy_protocol_from;
    std::string secret;
    bool outbox_relay = true;
    std::vector<std::string> job_queues;
    std::int32_t job_concurrency = 8;
    std::int32_t job_lock_seconds = 30;
    std::string job_prefix = "bull";
    std::optional<std::string> scheduler_token;
    std::int32_t shutdown_delay_ms = 0;
    std::optional<std::int32_t> shutdown_idle_ms;
    std::int32_t shutdown_timeout_ms = 20'000;

    friend constexpr auto describe(Settings*) {
        using schema::field;
        return schema::object<Settings>(
            "Settings",
            field<&Settings::environment>("APP_ENV", {.defaulted = true,
                                                      .doc = "`production` refuses weak secrets and demo data; what "
                                                             "else it decides is below, under Profiles."}),
            field<&Settings::database_url>("DATABASE_URL",
                                           {.min_length = 1,
                                            .doc = "PostgreSQL as the role `app`, which row level security binds; any "
                                                   "other one is refused. Several hosts may be named "
                                                   "(`…@one,two/name`): writes go to the one that takes them."}),
            field<&Settings::database_system_url>(
                "DATABASE_SYSTEM_URL",
                {.min_length = 1, .doc = "PostgreSQL as the role `app_system`: login, sign-up, relays."}),
            field<&Settings::database_owner_url>(
                "DATABASE_OWNER_URL",
                {.min_length = 1, .doc = "PostgreSQL as the owner of the schema; `db` commands alone use it."}),
            field<&Settings::database_pooler>(
                "DATABASE_POOLER",
                {.defaulted = true,
                 .doc = "`transaction`: DATABASE_URL and DATABASE_SYSTEM_URL lead to a pooler that lends connections "
                        "for a "
                        "transaction, such as PgBouncer: statements have no names, and nothing is set for a session. "
                        "Then the roles carry the server's own limits: `alter role app set statement_timeout = '10s'`, "
                        "and so on. Needs DATABASE_DIRECT_URL."}),
            field<&Settings::database_direct_url>(
                "DATABASE_DIRECT_URL",
                {.min_length = 1,
                 .doc =
                     "PostgreSQL itself, past the pooler, as the role `app`: for LISTEN alone, one connection of each "
                     "loop. DATABASE_OWNER_URL leads past it, too."}),
            field<&Settings::redis_url>(
                "REDIS_URL", {.min_length = 1,
                              .doc = "`redis://[user][:password@]host:port/0`, `rediss://` for TLS, or `unix:///path`. "
                                     "Watched by /ready; rate limits are shared through it."}),
            field<&Settings::rate_limits>(
                "RATE_LIMITS",
                {.doc = "Limits for requests of an address, tenant, user or device; stricter ones for signing in. Not "
                        "set: `on` in production. Without Redis each loop counts for itself."}),
            field<&Settings::load_shedding>(
                "LOAD_SHEDDING",
                {.doc =
                     "While more requests come than can be answered, 503 `http.load_shed` for a part of them: what may "
                     "wait, such as reports, first. Not set: `on` in production."}),
            field<&Settings::provider_mode>(
                "PROVIDER_MODE",
                {.doc = "Which of their systems providers of money and messages are reached at. `sandbox`: those where "
                        "nothing is "
                        "real, and keys that say that they are live are refused. Not set: `live` in production, else "
                        "`sandbox`. A `…_BASE_URL` of a provider goes before it."}),
            field<&Settings::host>(
                "HOST", {.max_length = 255, .defaulted = true, .doc = "IP address to listen on; empty: all of them."}),
            field<&Settings::port>("PORT", {.min = 0,
                                            .max = 65535,
                                            .defaulted = true,
                                            .doc = "0 takes a free one, named in the log line `listening`."}),
            field<&Settings::management_host>(
                "MANAGEMENT_HOST",
                {.max_length = 255, .defaulted = true, .doc = "IP address of the management port; `::`: all of them."}),
            field<&Settings::management_port>(
                "MANAGEMENT_PORT",
                {.min = 0,
                 .max = 65535,
                 .doc =
                     "Where /metrics answers, and the documentation as DOCS says; also /health and /ready, as on PORT. "
                     "Of operators alone: whoever reaches it may read. Not set: none; /metrics is on PORT then, but in "
                     "production nowhere. `worker` has one too."}),
            field<&Settings::docs>(
                "DOCS",
                {.doc = "Where /docs and /openapi.json answer: `public` (PORT), `management` (MANAGEMENT_PORT), "
                        "`off`. Not set: `management` in production, else `public`."}),
            field<&Settings::threads>(
                "THREADS", {.min = 0, .max = 256, .defaulted = true, .doc = "Event loops; 0: one for two cores."}),
            field<&Settings::max_connections>(
                "MAX_CONNECTIONS",
                {.min = 16,
                 .max = 1'000'000,
                 .defaulted = true,
                 .doc =
                     "Client connections of each loop; fewer where the hard limit of open files is lower. At the limit "
                     "the oldest idle one is closed; if none is idle, the slowest one of the address that has the "
                     "most; "
                     "while no address has more than 16, the youngest one whose request head is incomplete."}),
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
                     "How much of BODY_MEMORY_MB one tenant may use, or one address before anybody has signed in; at "
                     "most a quarter, which is also the default. One address with all its tenants: half. An eighth is "
                     "reserved for callers that hold 128 KiB or less."}),
            field<&Settings::database_write_connections>(
                "DATABASE_WRITE_CONNECTIONS", {.min = 1, .max = 100, .defaulted = true, .doc = "Of each loop."}),
            field<&Settings::database_point_connections>(
                "DATABASE_POINT_CONNECTIONS", {.min = 1,
                                               .max = 16,
                                               .defaulted = true,
                                               .doc = "Of each loop; requests share them, so a few are enough."}),
            field<&Settings::database_read_connections>(
                "DATABASE_READ_CONNECTIONS",
                {.min = 1, .max = 100, .defaulted = true, .doc = "Of each loop, for reads of many rows."}),
            field<&Settings::database_bulk_connections>(
                "DATABASE_BULK_CONNECTIONS",
                {.min = 1,
                 .max = 100,
                 .defaulted = true,
                 .doc = "Of each loop, for POST .../batch; and as many again, which only read, for exports."}),
            field<&Settings::database_tenant_share>(
                "DATABASE_TENANT_SHARE",
                {.min = 1,
                 .max = 100,
                 .defaulted = true,
                 .doc = "Percent of the write, read and bulk connections of a loop that one tenant may hold, rounded "
                        "down, but one at least. Tenants that wait take turns."}),
            field<&Settings::log_level>(
                "LOG_LEVEL",
                {.pattern = "trace|debug|info|warn|error|fatal|silent",
                 .defaulted = true,
                 .doc = "Lines below it are not written; `silent`: none is. SIGHUP reads it anew out of `.env`."}),
            field<&Settings::public_url>(
                "PUBLIC_URL",
                {.max_length = 500,
                 .defaulted = true,
                 .doc =
                     "Where clients reach the API, without a slash at the end. Used in the OpenAPI document and in the "
                     "`type` of problems. Not set, or in development: the document names the host that it was asked "
                     "by."}),
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
            field<&Settings::tls_certificate>(
                "TLS_CERTIFICATE",
                {.min_length = 1,
                 .max_length = 4096,
                 .doc =
                     "PEM file: the server's certificate, then those that lead to a root. PORT speaks TLS 1.2 and 1.3 "
                     "then, and HTTP/1.1 alone; MANAGEMENT_PORT stays plain. A new pair in the files is served within "
                     "seconds. Not set: plain HTTP, for a proxy that speaks TLS."}),
            field<&Settings::tls_key>("TLS_KEY",
                                      {.min_length = 1,
                                       .max_length = 4096,
                                       .doc = "PEM file: the key of TLS_CERTIFICATE, without a passphrase."}),
            field<&Settings::proxy_protocol_from>(
                "PROXY_PROTOCOL_FROM",
                {.max_items = 100,
                 .defaulted = true,
                 .doc = "Networks, as in TRUSTED_PROXIES, of balancers that pass bytes: connections from there must "
                        "begin with a PROXY header, version 1 or 2, which says who the client is. Their health checks: "
                        "with one of the command LOCAL, or at MANAGEMENT_PORT."}),
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
                 .doc = "How long a worker keeps a job without renewing its lock. Then another worker takes the job."}),
            field<&Settings::job_prefix>("JOB_PREFIX",
                                         {.min_length = 1,
                                          .max_length = 64,
                                          .defaulted = true,
                                          .doc = "Begins every key in Redis: queues, rate limits, the relay's lock. "
                                                 "Services that share a Redis need different ones. The default is "
                                                 "BullMQ's."}),
            field<&Settings::scheduler_token>(
                "SCHEDULER_TOKEN",
                {.min_length = 32,
                 .max_length = 4096,
                 .write_only = true,
                 .doc = "What an external scheduler sends to POST /internal/schedules/{name}/trigger. None: no such "
                        "route."}),
            field<&Settings::shutdown_delay_ms>("SHUTDOWN_DELAY_MS",
                                                {.min = 0,
                                                 .max = 120'000,
                                                 .defaulted = true,
                                                 .doc = "How long /ready says 503, and replies `Connection: close`, "
                                                        "before the server stops accepting: give the "
                                                        "load balancer its period."}),
            field<&Settings::shutdown_idle_ms>("SHUTDOWN_IDLE_MS",
                                               {.min = 0,
                                                .max = 60'000,
                                                .doc = "How long kept-alive connections without a request stay open "
                                                       "after the signal, as one may be on its "
                                                       "way; it is answered. Not set: 1000 in production, else 50."}),
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

    [[nodiscard]] bool sheds_load() const {
        return load_shedding.value_or(environment == Environment::production ? Switch::on : Switch::off) == Switch::on;
    }

    [[nodiscard]] bool uses_sandboxes() const {
        return provider_mode.value_or(environment == Environment::production
                                          ? ProviderMode::live
                                          : ProviderMode::sandbox) == ProviderMode::sandbox;
    }

    [[nodiscard]] DocsPlace docs_place() const {
        return docs.value_or(environment == Environment::production ? DocsPlace::management : DocsPlace::open);
    }
    [[nodiscard]] bool has_public_metrics() const { return !management_port && environment != Environment::production; }
    [[nodiscard]] std::int32_t shutdown_idle() const {
        return shutdown_idle_ms.value_or(environment == Environment::production ? 1'000 : 50);
    }

    // Faults of several settings together, and what production refuses.
    static void check(const Settings& settings, schema::Issues& issues);
};

// Adds an issue when it is no URL that PostgreSQL's library reads as its author means it (db/database_url.h).
void check_database_url(std::string_view name, const std::string& url, schema::Issues& issues);

}  // namespace app
