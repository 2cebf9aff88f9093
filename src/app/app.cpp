#include "app/app.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

#include "app/constraint_errors.h"
#include "app/jobs.h"
#include "app/listener_owner.h"
#include "app/rate_limits.h"
#include "app/schedule_routes.h"
#include "async/blocking_pool.h"
#include "auth/authenticator.h"
#include "db/error.h"
#include "http/errors.h"
#include "http/handler.h"
#include "http/middleware/default_chain.h"
#include "http/middleware/load_shedding.h"
#include "observe/process_metrics.h"
#include "openapi/docs_routes.h"
#include "openapi/document.h"
#include "openapi/problem_pages.h"
#include "openapi/reply_check.h"

namespace app {

namespace {

constexpr auto management_drain_time = std::chrono::seconds(2);
constexpr auto connect_time = std::chrono::seconds(10);
constexpr auto lag_period = std::chrono::milliseconds(30);
constexpr auto timer_grain = std::chrono::milliseconds(20);  // how late a timer is by its nature
constexpr auto look_time = std::chrono::seconds(2);
constexpr auto look_again_after = async::Milliseconds(1'000);
constexpr std::size_t most_management_connections = 64;
constexpr auto service_start_time = std::chrono::seconds(30);  // of all services of a loop together

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

db::Options database_options(const Settings& settings, std::string url, std::string role) {
    db::Options options;
    options.url = std::move(url);
    options.role = std::move(role);
    options.pooled = settings.database_pooler == Pooler::transaction;
    options.direct_url = settings.database_direct_url.value_or(std::string());
    options.point_connections = static_cast<std::size_t>(settings.database_point_connections);
    options.read_connections = static_cast<std::size_t>(settings.database_read_connections);
    options.write_connections = static_cast<std::size_t>(settings.database_write_connections);
    options.bulk_connections = static_cast<std::size_t>(settings.database_bulk_connections);
    options.tenant_share_percent = static_cast<std::size_t>(settings.database_tenant_share);
    return options;
}

db::Options app_options(const Settings& settings, http::LoadShedder& shedder) {
    auto options = database_options(settings, settings.database_url, "app");
    options.on_lease = [&shedder](db::Kind kind, std::chrono::nanoseconds waited) {
        using Queue = http::LoadShedder::Queue;
        shedder.waited(kind == db::Kind::write ? Queue::writes : Queue::reads, waited, async::Loop::now());
    };
    return options;
}

// Login and sign-up are few beside the tenants' own traffic.
db::Options system_options(const Settings& settings) {
    auto options = database_options(settings, settings.database_system_url, "app_system");
    options.point_connections = 1;
    options.read_connections = 1;
    options.write_connections = std::max<std::size_t>(2, options.write_connections / 4);
    options.bulk_connections = 1;
    return options;
}

http::DefaultChainOptions chain_options(const Settings& settings, observe::Metrics& metrics, observe::Tracer* tracer,
                                        const http::Router& router) {
    http::DefaultChainOptions options;
    options.tracer = tracer;
    options.access_log = {.metrics = &metrics, .router = &router, .quiet_routes = {"/health", "/ready", "/metrics"}};
    options.trusted_proxies.networks = settings.trusted_proxies;
    options.cors.reset();
    if (!settings.cors_origins.empty()) {
        const bool any = settings.cors_origins.front() == "*";
        options.cors = http::CORSOptions{.origins = settings.cors_origins, .credentials = !any};
    }
    return options;
}

http::ServerOptions server_options(const App& app, std::uint16_t port, ListenAs as) {
    constexpr std::size_t megabyte = 1'000'000;
    const auto& settings = app.settings;
    return {.address = settings.host,
            .port = port,
            .shares_port = as.shares_port,
            .listener = as.listener,
            .tls = app.tls,
            .proxy_protocol_from = settings.proxy_protocol_from,
            .max_connections = app.connections_per_loop,
            .body_memory = {.total = static_cast<std::size_t>(settings.body_memory_mb) * megabyte,
                            .per_caller = static_cast<std::size_t>(settings.body_memory_per_caller_mb.value_or(
                                              settings.body_memory_mb / 4)) *
                                          megabyte},
            .drain_idle = async::Milliseconds(settings.shutdown_idle())};
}

redis::Options redis_options(const Definition& definition, const Settings& settings) {
    auto endpoint = redis::parse_url(*settings.redis_url);
    if (!endpoint) throw std::invalid_argument("REDIS_URL: " + endpoint.error());
    return {.endpoints = redis::fixed_endpoint(std::move(*endpoint)),
            .connection_name = definition.name,
            .role = "app",
            .probe_key = settings.job_prefix + ":ready-probe"};
}

// The makers that each module has in `list`.
std::vector<OwnedMaker> makers_of(const Definition& definition, std::vector<ServiceMaker> Module::* list) {
    std::vector<OwnedMaker> makers;
    for (const auto& module : definition.modules) {
        for (const auto& maker : module.*list) makers.push_back({module.name, maker});
    }
    return makers;
}

logging::LogOptions log_options(const Settings& settings) {
    logging::LogOptions options;
    if (const auto level = logging::level_from(settings.log_level)) options.level = *level;
    return options;
}

// Passwords of the demo are shown in development alone.
openapi::Reader reader_of(const Definition& definition, const Settings& settings) {
    auto reader = definition.reader;
    if (settings.environment != Environment::development) return reader;
    for (const auto& [role, login, password] : definition.demo_logins) reader.people.push_back({role, login, password});
    return reader;
}

// Production says no more than whose it is.
openapi::StartPage start_page(const Definition& definition, const Settings& settings) {
    return {.title = definition.title,
            .version = settings.environment == Environment::production ? std::string() : definition.version,
            .links = {{"/docs/reader", "The API and its guides, to be read and tried"},
                      {"/docs", "The same by Swagger UI"},
                      {"/openapi.json", "The same for programs: OpenAPI 3.1"},
                      {"/problems", "What each error means, and what to do"},
                      {"/health", "Does it run?"},
                      {"/ready", "Can it work? Database, Redis, services"},
                      {"/metrics", "Figures for Prometheus"}}};
}

// No row is read, let alone written, in a database that was not found to be ours.
http::Middleware refuse_unchecked(const DatabaseCheck& check) {
    return [&check](http::Context& context, http::Next next) -> async::Task<void> {
        if (!check.passed()) {
            throw base::Failure(base::Failure(db::errors::unavailable).retry_after(1'000).cause(check.stand().reason));
        }
        return next(context);
    };
}

}  // namespace

std::vector<db::TableView> tables_of(const Definition& definition) {
    std::vector<db::TableView> tables;
    for (const auto& module : definition.modules) append(tables, module.tables);
    return tables;
}

std::vector<db::StatementView> statements_of(const Definition& definition) {
    std::vector<db::StatementView> statements;
    for (const auto& module : definition.modules) append(statements, module.statements);
    append(statements, DatabaseCheck::statements());
    return statements;
}

std::vector<base::ErrorCode> problem_codes(const Definition& definition, const http::Router& router) {
    auto codes = openapi::error_codes(router);
    append(codes, db::error_codes());
    codes.push_back(async::errors::overloaded);
    codes.push_back(base::errors::out_of_range);
    append(codes, definition.errors);
    for (const auto& table : tables_of(definition)) {
        for (const auto& constraint : table.constraints) {
            if (constraint.error.action != base::Action::none) codes.push_back(constraint.error);
        }
    }
    return codes;
}

std::vector<db::SqlObject> database_objects_of(const Definition& definition) {
    std::vector<db::SqlObject> objects;
    for (const auto& module : definition.modules) {
        for (const auto& object : module.database_objects) {
            // What several modules need (an extension) each of them brings.
            const auto is_same = [&](const db::SqlObject& other) {
                return other.name == object.name && other.create_sql == object.create_sql;
            };
            if (std::ranges::none_of(objects, is_same)) objects.push_back(object);
        }
    }
    return objects;
}

openapi::Info openapi_info(const Definition& definition, const Settings& settings, const http::Router& router) {
    openapi::Info info{.title = definition.title,
                       .version = definition.version,
                       .description = definition.description,
                       .licence = definition.licence,
                       .contact = definition.contact};
    info.examples = definition.examples;
    info.known_errors = problem_codes(definition, router);
    info.challenges = {auth::errors::forbidden};
    info.tags.push_back({"operations", "What probes and scrapers ask."});
    for (const auto& module : definition.modules) {
        if (!module.doc.empty()) info.tags.push_back({module.name, module.doc});
    }
    for (const auto& module : definition.modules) {
        for (const auto& event : module.webhooks)
            info.webhooks.push_back({.name = std::string(event.name),
                                     .summary = std::string(event.summary),
                                     .tag = module.name,
                                     .data = event.data,
                                     .example = std::string(event.example)});
    }
    if (!settings.public_url.empty()) info.servers = {{.url = settings.public_url}};
    return info;
}

namespace {

// With each event that leaves as a webhook its row, in the transaction of the event. The random source and the clock are the
// process's, and thread-safe.
void hear_webhook_events(const Definition& definition, jobs::Outbox& outbox, base::RandomSource& random) {
    const auto writer = std::ranges::find_if(
        definition.modules, [](const Module& module) { return module.write_webhook_event != nullptr; });
    if (writer == definition.modules.end()) return;
    for (const auto& module : definition.modules) {
        for (const auto& type : module.webhooks) {
            outbox.hear(type.name, [&type, &outbox, &random, clock = definition.clock,
                                    write = writer->write_webhook_event](db::Batch& batch, const void* data,
                                                                         std::string_view json) {
                const auto now = clock->now();
                const auto own = type.id != nullptr ? type.id(data) : std::nullopt;
                write(batch, outbox,
                      {type, own ? *own : base::uuid_v7(now, random), type.subject(data), type.place(data), now, json});
            });
        }
    }
}

}  // namespace

App::App(const Definition& of, Configuration given, std::shared_ptr<logging::Sink> sink)
    : definition(of),
      configuration(std::move(given)),
      settings(configuration.app),
      problem_types{settings.public_url + "/problems/"},
      connections_per_loop(static_cast<std::size_t>(settings.max_connections)),
      log(log_options(settings), std::move(sink)),
      catalogue(metrics, {.tables = tables_of(of), .statements = statements_of(of), .cursor_secret = settings.secret}),
      database_check(of) {
    registrations_.push_back(observe::register_process_metrics(metrics));
    registrations_.push_back(metrics.collect([this](observe::Samples& samples) {
        const auto dropped = log.dropped();
        samples.counter("log_lines_dropped_total", "Log lines that found no room", static_cast<double>(dropped.lines));
    }));
    const auto bindings = job_bindings(definition);
    for (const auto& [event, job] : bindings.subscriptions) outbox.subscribe(event, job);
    hear_webhook_events(definition, outbox, random);
    add_routes();
    auto links = http::default_chain(chain_options(settings, metrics, definition.tracer, router));
    if (settings.environment != Environment::production) links.insert(links.begin(), openapi::reply_check());
    refusals = http::Chain(links, http::refuse);
    management_chain = http::Chain(links, management_router.handler());
    chain = http::Chain(std::move(links), router.handler());
}

void App::add_routes() {
    add_health_routes(router);
    if (settings.has_public_metrics()) add_metrics_route(router);
    add_schedule_routes(router, *this);
    for (const auto& module : definition.modules) {
        if (module.root_routes != nullptr) module.root_routes(router);
    }
    std::vector<http::Middleware> links{http::load_shedding(metrics), refuse_unchecked(database_check)};
    if (settings.limits_rates()) links.push_back(auth::rate_limits(rate_limit_options(), metrics));
    // Listed without the limits as well: the contract is one, whatever a process was told.
    const auto api = router.group("/v1", std::move(links))
                         .answering({auth::errors::rate_limited, db::errors::unavailable, http::errors::load_shed})
                         .describing([tables = tables_of(definition), describe = definition.describe](
                                         http::Method method, http::Operation& operation) {
                             describe_constraints(tables, method, operation);
                             if (describe != nullptr) describe(operation);
                         });
    for (const auto& module : definition.modules) {
        if (module.routes != nullptr) module.routes(http::Routes(api, module.name));
        if (module.development_routes != nullptr && settings.environment == Environment::development)
            module.development_routes(http::Routes(router.group("/dev/" + module.name), module.name));
    }
    mount_docs();
    openapi::mount_problems(router, problem_codes(definition, router),
                            {.type_base = problem_types.base, .notes = definition.problem_notes});
    for (auto* const served : {&router, &management_router})
        openapi::mount_start_page(*served, start_page(definition, settings));
}

// The document is of the public routes, wherever it is read.
void App::mount_docs() {
    add_health_routes(management_router);
    add_metrics_route(management_router);
    openapi::DocsOptions options{
        .info = openapi_info(definition, settings, router), .of = &router, .reader = reader_of(definition, settings)};
    switch (settings.docs_place()) {
        case DocsPlace::open:
            // A developer's service has several addresses: localhost, and PUBLIC_URL, which telephones reach. Each is another origin.
            if (settings.environment == Environment::development) options.server = openapi::ServerOf::request;
            return openapi::mount(router, options);
        case DocsPlace::management: return openapi::mount(management_router, options);
        case DocsPlace::off: return;
    }
}

void App::end_for(config::Faults faults) {
    const std::scoped_lock lock(late_faults_mutex_);
    if (late_faults_) return;
    late_faults_ = std::move(faults);
    if (!draining) ::kill(::getpid(), SIGTERM);
}

void App::throw_late_faults() {
    const std::scoped_lock lock(late_faults_mutex_);
    if (late_faults_) throw config::Faults(*late_faults_);
}

const http::Services& App::parts() {
    std::call_once(parts_made_, [this] { make_parts(); });
    return parts_;
}

void App::make_parts() {
    parts_ = {};
    parts_.add(*this);
    parts_.add(settings);
    for (std::size_t i = 0; i < definition.modules.size(); ++i) {
        const auto& own = definition.modules[i].settings;
        if (own.add != nullptr) own.add(parts_, configuration.modules[i].get());
    }
    parts_.add(*definition.clock);
    parts_.add(random);
    parts_.add(metrics);
    parts_.add(outbox);
    parts_.add(problem_types);
    process_services_ = std::make_unique<ServiceSet>(makers_of(definition, &Module::process_services), parts_);
}

LoopHost::LoopHost(App& app)
    : app_(app),
      lag_timer_(loop_, [this] { look_at_lag(); }),
      app_database_(loop_, app_options(app.settings, shedder_), app.catalogue.registry(), app.log.logger(),
                    app.metrics),
      system_database_(loop_, system_options(app.settings), app.catalogue.registry(), app.log.logger(), app.metrics),
      databases_{&app_database_, &system_database_, &app.catalogue, &announcements_},
      rate_limiter_(loop_, make_redis(), {.prefix = app.settings.job_prefix + ":rate:"}, app.metrics),
      readiness_(loop_),
      services_(app.parts()),
      parts_{loop_, databases_, services_, app.settings, app.log.logger(), app.metrics},
      started_(loop_),
      stop_looking_(loop_),
      looking_(loop_),
      management_leaving_(loop_) {
    started_.set();
    services_.add(*this);
    services_.add(std::as_const(parts_));
    services_.add(databases_);
    services_.add(rate_limiter_);
    if (redis_) services_.add(*redis_);
    if (app.settings.sheds_load()) services_.add(shedder_);
    owned_services_ = std::make_unique<ServiceSet>(makers_of(app.definition, &Module::services), services_);
    http::require_services(app.router, services_);
    if (services_.has<auth::Authenticator>())
        services_.use<auth::Authenticator>().require_known_permissions(app.router);
}

LoopHost::~LoopHost() = default;

redis::Client* LoopHost::make_redis() {
    if (app_.settings.redis_url)
        redis_.emplace(loop_, redis_options(app_.definition, app_.settings), app_.log.logger(), app_.metrics);
    return redis();
}

// Ends well, too, when PostgreSQL cannot be reached or is not ready for us: who looks again goes on then.
async::Task<void> LoopHost::reach_databases() {
    std::exception_ptr failure;
    try {
        const auto deadline = async::Loop::now() + connect_time;
        co_await app_database_.connect(deadline);
        co_await system_database_.connect(deadline);
        co_await app_.database_check.look(&databases_, async::Loop::now() + look_time);
    } catch (const base::Failure&) {
        failure = std::current_exception();
    }
    if (stopping_ || app_.database_check.passed()) co_return;
    if (failure) {
        app_.log.logger().error("PostgreSQL cannot be reached; trying on", {{"err", logging::error(failure)}});
    } else {
        app_.log.logger().error("the database is not ready for this release; waiting for it",
                                {{"reason", app_.database_check.stand().reason}});
    }
    looking_.spawn(keep_looking());
}

async::Task<void> LoopHost::keep_looking() {
    while (!app_.database_check.passed() && co_await stop_looking_.sleep(look_again_after)) {
        try {
            co_await app_.database_check.look(&databases_, async::Loop::now() + look_time);
        } catch (const config::Faults& faults) {
            app_.end_for(faults);
            co_return;
        } catch (const base::Failure&) {
            // Still away; the driver's own lines say why.
        }
    }
    if (app_.database_check.passed()) app_.log.logger().info("the database is ready for this release");
}

async::Task<void> LoopHost::start() {
    started_.reset();
    is_connecting_ = true;
    std::exception_ptr failure;
    try {
        co_await reach_databases();
    } catch (...) {
        failure = std::current_exception();
    }
    is_connecting_ = false;
    if (!failure && !stopping_) {
        try {
            co_await owned_services_->start(&loop_, async::Loop::now() + service_start_time, app_.log.logger());
        } catch (...) {
            failure = std::current_exception();
        }
    }
    started_.set();
    if (failure) std::rethrow_exception(failure);
}

// How late the loop comes to what is due: what every request that is here waits for.
void LoopHost::look_at_lag() {
    const auto now = async::Loop::now();
    if (lag_expected_ != async::SteadyTime{})
        shedder_.waited(http::LoadShedder::Queue::loop, std::max(async::SteadyTime::duration(0), now - lag_expected_),
                        now);
    lag_expected_ = now + lag_period + timer_grain;
    shedder_.expect(lag_expected_);
    lag_timer_.expires_at(now + lag_period);
}

std::uint16_t LoopHost::listen(std::uint16_t port, ListenAs as) {
    if (app_.settings.sheds_load()) look_at_lag();
    server_ = std::make_unique<http::Server>(
        http::ServerParts{.loop = loop_,
                          .app = [this](http::Context& context) { return app_.chain(context); },
                          .refusals = [this](http::Context& context) { return app_.refusals(context); },
                          .services = services_,
                          .logger = app_.log.logger(),
                          .metrics = app_.metrics},
        server_options(app_, port, as));
    try {
        server_->listen();
    } catch (const std::system_error& error) {
        throw_listen_fault(error, {app_.settings.host, port}, "HOST", "PORT");
    }
    return server_->port();
}

void LoopHost::share_listener(bool is_shared) {
    if (server_) server_->share_listener(is_shared);
    if (!management_) return;
    management_->share_listener(is_shared);
    // There the other process is asked from now on how it is: stop() waits for the answers that are under way.
    if (is_shared) management_leaving_.spawn(management_->drain(async::Loop::now() + management_drain_time));
}

void LoopHost::listen_management(int listener) {
    const auto& settings = app_.settings;
    const auto port = static_cast<std::uint16_t>(settings.management_port.value_or(0));
    management_ = std::make_unique<http::Server>(
        http::ServerParts{.loop = loop_,
                          .app = [this](http::Context& context) { return app_.management_chain(context); },
                          .refusals = [this](http::Context& context) { return app_.refusals(context); },
                          .services = services_,
                          .logger = app_.log.logger(),
                          .metrics = app_.metrics},
        http::ServerOptions{.address = settings.management_host,
                            .port = port,
                            .listener = listener,
                            .max_connections = most_management_connections,
                            .drain_idle = async::Milliseconds(settings.shutdown_idle())});
    try {
        management_->listen();
    } catch (const std::system_error& error) {
        throw_listen_fault(error, {settings.management_host, port}, "MANAGEMENT_HOST", "MANAGEMENT_PORT");
    }
    app_.log.logger().info("management listening", {{"port", static_cast<std::int64_t>(management_->port())}});
}

void LoopHost::announce_stop() {
    if (server_) server_->announce_drain();
    if (management_) management_->announce_drain();
}

async::Task<void> LoopHost::close_databases(async::SteadyTime deadline) {
    co_await app_database_.close(deadline);
    co_await system_database_.close(deadline);
}

async::Task<void> LoopHost::stop(async::SteadyTime deadline) {
    stopping_ = true;
    lag_timer_.cancel();
    shedder_.expect(async::SteadyTime::max());
    stop_looking_.request();
    owned_services_->end_start();
    // Nothing is asked of them yet but whether they are there: closed, they give the answer. Else services stop first.
    const bool is_connecting = is_connecting_;
    if (is_connecting) co_await close_databases(async::Loop::now());
    co_await started_;
    co_await looking_.join();
    if (server_) co_await server_->drain(deadline);
    co_await management_leaving_.join();
    if (management_) co_await management_->drain(deadline);
    co_await owned_services_->stop(&loop_, deadline, app_.log.logger());
    if (!is_connecting) co_await close_databases(deadline);
    if (redis_) co_await redis_->close(deadline);
    owned_services_.reset();
}

async::Task<http::InjectedResponse> LoopHost::inject(http::InjectedRequest request) {
    const http::Injector injector(
        loop_, [this](http::Context& context) { return app_.chain(context); }, services_, app_.log.logger());
    co_return co_await injector.run(std::move(request));
}

}  // namespace app
