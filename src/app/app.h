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
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/database_check.h"
#include "app/health.h"
#include "app/module.h"
#include "app/new_module.h"
#include "app/own_command.h"
#include "app/service_set.h"
#include "app/settings.h"
#include "async/stopped.h"
#include "async/sync.h"
#include "base/embedded.h"
#include "base/random.h"
#include "base/time.h"
#include "config/config.h"
#include "config/environment.h"
#include "db/db.h"
#include "http/inject.h"
#include "http/load_shedder.h"
#include "http/problem.h"
#include "http/router.h"
#include "http/server.h"
#include "http/tls.h"
#include "jobs/outbox.h"
#include "log/log.h"
#include "observe/metrics.h"
#include "openapi/collection.h"
#include "openapi/docs_routes.h"
#include "openapi/problem_notes.h"
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
    std::optional<openapi::Licence> licence{};  // of the API, for its document
    std::optional<openapi::Contact> contact{};  // whom its users ask
    std::vector<openapi::Example> examples{};   // requests of the demo data, for its document
    openapi::CollectionOptions collection{};    // of `postman`: which operation logs in, and as whom
    std::vector<Module> modules;
    std::vector<base::ErrorCode> errors;  // that no route answers with: of the items of a batch
    // What else each route of the API says of itself: errors that every handler with some permission may answer.
    void (*describe)(http::Operation& operation) = nullptr;
    openapi::Reader reader{};  // guides and samples beside the document; `people` are the demo's logins
    std::span<const openapi::ProblemNote> problem_notes{};  // causes and remedies of the modules' error codes
    std::span<const base::EmbeddedFile> migrations;
    std::filesystem::path migrations_directory;        // where `db generate` writes
    ModuleTemplates module_templates{};                // of `new module`; none: no such command
    const base::Clock* clock = &base::system_clock();  // tests turn their own
    observe::Tracer* tracer = nullptr;  // who is told of spans (observe/span.h); none: nothing is recorded
    // The demo data of `backend-api dev`; repeatable, also after it was interrupted.
    std::function<async::Task<void>(LoopParts)> seed;
    std::vector<DemoLogin> demo_logins;
    // Further variables of `backend-api dev`, by its --data-dir, where nobody has set them: what a second one beside it must not share.
    std::function<std::map<std::string, std::string>(std::filesystem::path)> dev_environment{};
    std::vector<OwnCommand> commands{};  // of the command line, beside `serve` and the like
};

// Everything that loops share: made once, then read-only (metrics and the draining flag are atomic).
class App {
public:
    App(const Definition& definition, Configuration configuration, std::shared_ptr<logging::Sink> sink);

    const Definition& definition;
    const Configuration configuration;
    const Settings& settings;  // of the configuration
    http::ProblemTypes problem_types;
    const http::Tls* tls = nullptr;    // of PORT; serve() sets it
    std::size_t connections_per_loop;  // serve() lowers it to what the limit of open files leaves
    logging::Log log;
    observe::Metrics metrics;
    db::Catalogue catalogue;
    DatabaseCheck database_check;
    http::Router router;
    http::Chain chain;
    http::Chain refusals;            // the same links around what the wire refuses
    http::Router management_router;  // what answers at MANAGEMENT_PORT
    http::Chain management_chain;
    jobs::Outbox outbox;
    std::atomic<bool> draining = false;
    base::SecureRandom random;

    // What the process has for the makers of services: App, Settings and the modules' settings (const), base::Clock (const),
    // base::SecureRandom, observe::Metrics, jobs::Outbox, http::ProblemTypes, and the modules' process services, which the first
    // call makes. Thread-safe.
    const http::Services& parts();

    // What a loop finds at fault while others serve already: the process ends as by SIGTERM, and serve() or work() throw the first. Thread-safe.
    void end_for(config::Faults faults);
    void throw_late_faults();

private:
    void add_routes();
    void mount_docs();
    void make_parts();

    std::once_flag parts_made_;
    http::Services parts_;
    std::unique_ptr<ServiceSet> process_services_;
    std::vector<observe::Registration> registrations_;
    std::mutex late_faults_mutex_;
    std::optional<config::Faults> late_faults_;
};

// How a loop listens: at its port alone, beside others of this process, or by what another process has given.
struct ListenAs {
    bool shares_port = false;
    int listener = -1;
    bool serves_management = false;  // the management port too
    int management_listener = -1;
};

// One event loop with its databases, Redis, services and listener. Everything but post-like calls happens on its thread.
class LoopHost {
public:
    explicit LoopHost(App& app);
    ~LoopHost();

    // Connects the databases, looks at them (database_check.h) and starts the services. A database that cannot be reached, or is not
    // migrated, is logged and looked at each second, not fatal: /ready says so, and the API is 503 meanwhile. Throws config::Faults for a
    // database that must not be served, and std::runtime_error when a service does not start. A stop ends the wait for either.
    async::Task<void> start();
    // `port` 0: a free one. Throws config::Faults when it cannot be had.
    std::uint16_t listen(std::uint16_t port, ListenAs as = {});
    // Whether another process listens by the same socket, as it does at first when it has given it: stop() then leaves it alone.
    void share_listener(bool is_shared);
    // At MANAGEMENT_PORT, or by what another process has given. Throws config::Faults when it cannot be had.
    void listen_management(int listener = -1);
    // From now on each reply ends its connection.
    void announce_stop();
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
    // None before listen().
    [[nodiscard]] const http::Server* server() const { return server_.get(); }
    [[nodiscard]] const http::Server* management() const { return management_.get(); }
    [[nodiscard]] const LoopParts& parts() const { return parts_; }
    [[nodiscard]] async::Task<http::InjectedResponse> inject(http::InjectedRequest request);

private:
    redis::Client* make_redis();
    async::Task<void> close_databases(async::SteadyTime deadline);
    async::Task<void> reach_databases();
    async::Task<void> keep_looking();

    App& app_;
    void look_at_lag();

    async::Loop loop_;
    http::LoadShedder shedder_;
    async::Timer lag_timer_;
    async::SteadyTime lag_expected_{};
    db::Database app_database_;
    db::Database system_database_;
    db::Announcements announcements_;
    db::Databases databases_;
    std::optional<redis::Client> redis_;
    redis::RateLimiter rate_limiter_;
    Readiness readiness_;
    http::Services services_;
    LoopParts parts_;
    std::unique_ptr<ServiceSet> owned_services_;
    std::unique_ptr<http::Server> server_;
    std::unique_ptr<http::Server> management_;
    async::Event started_;  // no start is under way
    async::Stop stop_looking_;
    async::TaskGroup looking_;
    async::TaskGroup management_leaving_;  // its port is another process'
    bool is_connecting_ = false;
    bool stopping_ = false;
};

// All statements and tables of a definition.
[[nodiscard]] std::vector<db::TableView> tables_of(const Definition& definition);
[[nodiscard]] std::vector<db::StatementView> statements_of(const Definition& definition);
// Every code that a client can meet, once the routes are there: the wire's, the database's, the routes' and the constraints'.
[[nodiscard]] std::vector<base::ErrorCode> problem_codes(const Definition& definition, const http::Router& router);
[[nodiscard]] std::vector<db::SqlObject> database_objects_of(const Definition& definition);

// `router`: with every route that can answer an error.
[[nodiscard]] openapi::Info openapi_info(const Definition& definition, const Settings& settings,
                                         const http::Router& router);

struct ServeOptions {
    bool take_over = false;               // the port from the process that serves it (app/listener_owner.h)
    config::Environment supervisor = {};  // what a supervisor says (app/supervisor_sockets.h)
    // Which of HOST, PORT, MANAGEMENT_HOST and MANAGEMENT_PORT somebody has set; the others have their defaults.
    std::vector<std::string> set = {};
};
// Serves until SIGTERM or SIGINT; a second signal ends at once. Returns the exit code; throws config::Faults for what shows only
// when the settings are used: a port that is taken, roles that row level security does not bind.
int serve(const Definition& definition, Configuration configuration, ServeOptions options = {});
// Runs the jobs of JOB_QUEUES (none: of all queues) until a signal, without HTTP.
int work(const Definition& definition, Configuration configuration);

// The command line: serve, worker, dev, health, seed, outbox, db, openapi, problems, config, licenses, new, routes, postman, completions. Exit codes: 0 well, 1 failed, 64 usage, 78 configuration.
int run(const Definition& definition, int argc, char** argv);

}  // namespace app
