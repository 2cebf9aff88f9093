#pragma once
// App: the only place that wires things. From a Definition (the modules and what they need) and Settings it makes the shared,
// read-only parts (catalogue, router, chain, documents) and one Worker a core, which share nothing else.
//
//     int main(int argc, char** argv) { return app::run(pos::definition(), argc, argv); }
//
// In tests, without a socket: testing/app/test_app.h.

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/health.h"
#include "app/module.h"
#include "app/settings.h"
#include "async/sync.h"
#include "base/embedded.h"
#include "db/db.h"
#include "http/inject.h"
#include "http/problem.h"
#include "http/server.h"
#include "jobs/outbox.h"
#include "log/log.h"
#include "observe/metrics.h"
#include "openapi/document.h"
#include "redis/client.h"
#include "redis/rate_limiter.h"

namespace app {

// What the services of one loop are made of; all of it outlives them.
struct LoopParts {
    async::Loop& loop;
    const db::Store& store;
    http::Services& services;
    const Settings& settings;
    logging::Logger logger;
    observe::Metrics& metrics;
};

struct DemoLogin {
    std::string role;
    std::string login;
    std::string password;
};

// A service, as data.
struct Definition {
    std::string name;
    std::string version;
    std::string title;
    std::string description;
    std::vector<Module> modules;
    std::vector<base::ErrorCode> errors;  // besides the modules'
    std::span<const base::EmbeddedFile> migrations;
    std::filesystem::path migrations_directory;  // where `db generate` writes
    // Adds to `services` what the modules' handlers use. What it returns owns them, and dies before the loop.
    std::function<std::shared_ptr<void>(const LoopParts&)> make_services;
    // Routes outside of /v1.
    std::function<void(http::Router&)> root_routes;
    // The demo shop of `backend-api dev`; repeatable, also after it was interrupted.
    std::function<async::Task<void>(LoopParts)> seed;
    std::vector<DemoLogin> demo_logins;
};

// Everything that loops share: made once, then read-only (metrics and the draining flag are atomic).
class Shared {
public:
    Shared(const Definition& definition, Settings settings, std::shared_ptr<logging::Sink> sink);

    const Definition& definition;
    const Settings settings;
    http::ProblemTypes problem_types;
    std::size_t connections_per_loop;  // serve() lowers it to what the limit of open files leaves
    logging::Log log;
    observe::Metrics metrics;
    db::Catalogue catalogue;
    http::Router router;
    http::Chain chain;
    http::Chain refusals;  // the same links around what the wire refuses
    jobs::Outbox outbox;
    std::atomic<bool> draining = false;

private:
    void add_routes();
    std::vector<observe::Registration> registrations_;
};

// One event loop with its databases, Redis, services and listener. Everything but post-like calls happens on its thread.
class Worker {
public:
    explicit Worker(Shared& shared);
    ~Worker();

    // Connects the databases. One that cannot be reached is logged, not fatal: /ready says so. A stop ends the wait for it.
    async::Task<void> start();
    // `port` 0: a free one.
    std::uint16_t listen(std::uint16_t port);
    // Finishes requests until the deadline, then closes the databases.
    async::Task<void> stop(async::SteadyTime deadline);

    [[nodiscard]] bool is_stopping() const { return stopping_; }

    [[nodiscard]] async::Loop& loop() { return loop_; }
    [[nodiscard]] db::Store& store() { return store_; }
    [[nodiscard]] const http::Services& services() const { return services_; }
    // None without REDIS_URL.
    [[nodiscard]] redis::Client* redis() { return redis_ ? &*redis_ : nullptr; }
    [[nodiscard]] Readiness& readiness() { return readiness_; }
    [[nodiscard]] LoopParts parts();
    [[nodiscard]] async::Task<http::InjectedResponse> inject(http::InjectedRequest request);

private:
    redis::Client* make_redis();

    Shared& shared_;
    async::Loop loop_;
    db::Database app_database_;
    db::Database system_database_;
    db::Store store_;
    std::optional<redis::Client> redis_;
    redis::RateLimiter rate_limiter_;
    Readiness readiness_;
    http::Services services_;
    std::shared_ptr<void> owned_services_;
    std::unique_ptr<http::Server> server_;
    async::Event started_;  // no start is under way
    bool stopping_ = false;
};

// All statements, tables and error codes of a definition.
[[nodiscard]] std::vector<db::TableView> tables_of(const Definition& definition);
[[nodiscard]] std::vector<db::StatementView> statements_of(const Definition& definition);
[[nodiscard]] std::vector<base::ErrorCode> errors_of(const Definition& definition);
// Every code that a client can meet, once the routes are there: the wire's, the database's, the routes' and the modules'.
[[nodiscard]] std::vector<base::ErrorCode> problem_codes(const Definition& definition, const http::Router& router);
[[nodiscard]] std::vector<db::SqlObject> database_objects_of(const Definition& definition);

[[nodiscard]] openapi::Info openapi_info(const Definition& definition, const Settings& settings);

// Serves until SIGTERM or SIGINT; a second signal ends at once. Returns the exit code.
int serve(const Definition& definition, Settings settings);
// Runs the jobs of settings.job_queues (none: of all queues) until a signal, without HTTP.
int work(const Definition& definition, Settings settings);

// The command line: serve, dev, db, openapi, problems, seed, config. Exit codes: 0 well, 1 failed, 64 usage, 78 configuration.
int run(const Definition& definition, int argc, char** argv);

}  // namespace app
