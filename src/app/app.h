#pragma once
// App: the only place that wires things. From a Definition (the modules) and a Configuration it makes the shared,
// read-only parts (catalogue, router, chain, documents) and one LoopHost a core, which share nothing else.
//
//     int main(int argc, char** argv) { return app::run(pos::definition(), argc, argv); }
//
// In tests, without a socket: testing/app/test_app.h.

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/health.h"
#include "app/module.h"
#include "app/module_settings.h"
#include "app/new_module.h"
#include "app/service_set.h"
#include "app/settings.h"
#include "async/sync.h"
#include "base/embedded.h"
#include "base/random.h"
#include "base/time.h"
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

// What the services of one loop are made of; all of it outlives them. A maker (app/service.h) may also take the loop's db::Databases,
// redis::Client (as a pointer) and redis::RateLimiter, what the process has (App::parts), and what other makers make.
struct LoopParts {
    async::Loop& loop;
    const db::Databases& databases;
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
    std::vector<base::ErrorCode> errors;  // that no route answers with: of the items of a batch
    std::span<const base::EmbeddedFile> migrations;
    std::filesystem::path migrations_directory;        // where `db generate` writes
    ModuleTemplates module_templates{};                // of `new module`; none: no such command
    const base::Clock* clock = &base::system_clock();  // tests turn their own
    observe::Tracer* tracer = nullptr;  // who is told of spans (observe/span.h); none: nothing is recorded
    // The demo data of `backend-api dev`; repeatable, also after it was interrupted.
    std::function<async::Task<void>(LoopParts)> seed;
    std::vector<DemoLogin> demo_logins;
};

// Everything that loops share: made once, then read-only (metrics and the draining flag are atomic).
class App {
public:
    App(const Definition& definition, Configuration configuration, std::shared_ptr<logging::Sink> sink);

    const Definition& definition;
    const Configuration configuration;
    const Settings& settings;  // of the configuration
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
    base::SecureRandom random;

    // What the process has for the makers of services: App, Settings and the modules' settings (const), base::Clock (const),
    // base::SecureRandom, observe::Metrics, jobs::Outbox, http::ProblemTypes, and the modules' process services, which the first
    // call makes. Thread-safe.
    const http::Services& parts();

private:
    void add_routes();
    void make_parts();

    std::once_flag parts_made_;
    http::Services parts_;
    std::unique_ptr<ServiceSet> process_services_;
    std::vector<observe::Registration> registrations_;
};

// One event loop with its databases, Redis, services and listener. Everything but post-like calls happens on its thread.
class LoopHost {
public:
    explicit LoopHost(App& app);
    ~LoopHost();

    // Connects the databases and starts the services. A database that cannot be reached is logged, not fatal: /ready says so. Throws
    // std::runtime_error when a service does not start. A stop ends the wait for either.
    async::Task<void> start();
    // `port` 0: a free one.
    std::uint16_t listen(std::uint16_t port);
    // Finishes requests until the deadline, then stops the services and closes the databases.
    async::Task<void> stop(async::SteadyTime deadline);

    [[nodiscard]] bool is_stopping() const { return stopping_; }

    [[nodiscard]] async::Loop& loop() { return loop_; }
    [[nodiscard]] db::Databases& databases() { return databases_; }
    [[nodiscard]] const http::Services& services() const { return services_; }
    // None without REDIS_URL.
    [[nodiscard]] redis::Client* redis() { return redis_ ? &*redis_ : nullptr; }
    [[nodiscard]] Readiness& readiness() { return readiness_; }
    [[nodiscard]] ServiceSet& module_services() { return *owned_services_; }
    [[nodiscard]] const LoopParts& parts() const { return parts_; }
    [[nodiscard]] async::Task<http::InjectedResponse> inject(http::InjectedRequest request);

private:
    redis::Client* make_redis();
    async::Task<void> close_databases(async::SteadyTime deadline);

    App& app_;
    async::Loop loop_;
    db::Database app_database_;
    db::Database system_database_;
    db::Databases databases_;
    std::optional<redis::Client> redis_;
    redis::RateLimiter rate_limiter_;
    Readiness readiness_;
    http::Services services_;
    LoopParts parts_;
    std::unique_ptr<ServiceSet> owned_services_;
    std::unique_ptr<http::Server> server_;
    async::Event started_;  // no start is under way
    bool is_connecting_ = false;
    bool stopping_ = false;
};

// All statements and tables of a definition.
[[nodiscard]] std::vector<db::TableView> tables_of(const Definition& definition);
[[nodiscard]] std::vector<db::StatementView> statements_of(const Definition& definition);
// Every code that a client can meet, once the routes are there: the wire's, the database's, the routes' and the constraints'.
[[nodiscard]] std::vector<base::ErrorCode> problem_codes(const Definition& definition, const http::Router& router);
[[nodiscard]] std::vector<db::SqlObject> database_objects_of(const Definition& definition);

[[nodiscard]] openapi::Info openapi_info(const Definition& definition, const Settings& settings);

// Serves until SIGTERM or SIGINT; a second signal ends at once. Returns the exit code.
int serve(const Definition& definition, Configuration configuration);
// Runs the jobs of JOB_QUEUES (none: of all queues) until a signal, without HTTP.
int work(const Definition& definition, Configuration configuration);

// The command line: serve, worker, dev, seed, outbox, db, openapi, problems, config, licenses, new. Exit codes: 0 well, 1 failed, 64 usage, 78 configuration.
int run(const Definition& definition, int argc, char** argv);

}  // namespace app
