#include "app/app.h"

#include <stdexcept>

#include "app/rate_limits.h"
#include "app/schedule_routes.h"
#include "async/blocking_pool.h"
#include "auth/authenticator.h"
#include "db/error.h"
#include "http/middleware/default_chain.h"
#include "observe/process_metrics.h"
#include "openapi/docs_routes.h"
#include "openapi/document.h"
#include "openapi/problem_pages.h"

namespace app {

namespace {

constexpr auto connect_time = std::chrono::seconds(10);

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

db::Options database_options(const Settings& settings, std::string url, std::string role) {
    db::Options options;
    options.url = std::move(url);
    options.role = std::move(role);
    options.point_connections = static_cast<std::size_t>(settings.database_point_connections);
    options.read_connections = static_cast<std::size_t>(settings.database_read_connections);
    options.write_connections = static_cast<std::size_t>(settings.database_write_connections);
    options.bulk_connections = static_cast<std::size_t>(settings.database_bulk_connections);
    options.tenant_share_percent = static_cast<std::size_t>(settings.database_tenant_share);
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

http::DefaultChainOptions chain_options(const Settings& settings, observe::Metrics& metrics) {
    http::DefaultChainOptions options;
    options.access_log = {.metrics = &metrics, .quiet_routes = {"/health", "/ready", "/metrics"}};
    options.trusted_proxies.networks = settings.trusted_proxies;
    options.cors.reset();
    if (!settings.cors_origins.empty()) {
        const bool any = settings.cors_origins.front() == "*";
        options.cors = http::CORSOptions{.origins = settings.cors_origins, .credentials = !any};
    }
    return options;
}

http::ServerOptions server_options(const Shared& shared, std::uint16_t port) {
    constexpr std::size_t megabyte = 1'000'000;
    const auto& settings = shared.settings;
    return {.address = settings.host,
            .port = port,
            .max_connections = shared.connections_per_loop,
            .body_memory = {.total = static_cast<std::size_t>(settings.body_memory_mb) * megabyte,
                            .per_caller = static_cast<std::size_t>(settings.body_memory_per_caller_mb.value_or(
                                              settings.body_memory_mb / 4)) *
                                          megabyte}};
}

redis::Options redis_options(const Definition& definition, const Settings& settings) {
    auto endpoint = redis::parse_url(*settings.redis_url);
    if (!endpoint) throw std::invalid_argument("REDIS_URL: " + endpoint.error());
    return {.endpoints = redis::fixed_endpoint(std::move(*endpoint)),
            .connection_name = definition.name,
            .role = "app",
            .probe_key = settings.job_prefix + ":ready-probe"};
}

logging::LogOptions log_options(const Settings& settings) {
    logging::LogOptions options;
    if (const auto level = logging::level_from(settings.log_level)) options.level = *level;
    return options;
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
    return statements;
}

std::vector<base::ErrorCode> errors_of(const Definition& definition) {
    auto errors = definition.errors;
    for (const auto& module : definition.modules) append(errors, module.errors);
    return errors;
}

std::vector<base::ErrorCode> problem_codes(const Definition& definition, const http::Router& router) {
    auto codes = openapi::error_codes(router);
    append(codes, db::error_codes());
    codes.push_back(async::errors::overloaded);
    codes.push_back(base::errors::out_of_range);
    append(codes, errors_of(definition));
    return codes;
}

std::vector<db::SqlObject> database_objects_of(const Definition& definition) {
    std::vector<db::SqlObject> objects;
    for (const auto& module : definition.modules) append(objects, module.database_objects);
    return objects;
}

openapi::Info openapi_info(const Definition& definition, const Settings& settings) {
    openapi::Info info{.title = definition.title, .version = definition.version, .description = definition.description};
    info.tags.push_back({"operations", "What probes and scrapers ask."});
    for (const auto& module : definition.modules) {
        if (!module.doc.empty()) info.tags.push_back({module.name, module.doc});
    }
    if (!settings.public_url.empty()) info.servers = {{.url = settings.public_url}};
    return info;
}

Shared::Shared(const Definition& of, Settings given, std::shared_ptr<logging::Sink> sink)
    : definition(of),
      settings(std::move(given)),
      problem_types{settings.public_url + "/problems/"},
      connections_per_loop(static_cast<std::size_t>(settings.max_connections)),
      log(log_options(settings), std::move(sink)),
      catalogue(metrics, {.tables = tables_of(of), .statements = statements_of(of), .cursor_secret = settings.secret}) {
    registrations_.push_back(observe::register_process_metrics(metrics));
    registrations_.push_back(metrics.collect([this](observe::Samples& samples) {
        const auto dropped = log.dropped();
        samples.counter("log_lines_dropped_total", "Log lines that found no room", static_cast<double>(dropped.lines));
    }));
    add_routes();
    auto links = http::default_chain(chain_options(settings, metrics));
    refusals = http::Chain(links, http::refuse);
    chain = http::Chain(std::move(links), router.handler());
}

void Shared::add_routes() {
    add_health_routes(router, *this);
    add_schedule_routes(router, *this);
    if (definition.root_routes) definition.root_routes(router);
    std::vector<http::Middleware> links;
    if (settings.limits_rates()) links.push_back(auth::rate_limits(rate_limit_options(), metrics));
    // Listed without the limits as well: the contract is one, whatever a process was told.
    const auto api = router.group("/v1", std::move(links)).answering({auth::errors::rate_limited});
    for (const auto& module : definition.modules) {
        if (module.routes != nullptr) module.routes(http::Routes(api, module.name));
    }
    openapi::mount(router, {.info = openapi_info(definition, settings)});
    openapi::mount_problems(router, problem_codes(definition, router));
}

Worker::Worker(Shared& shared)
    : shared_(shared),
      app_database_(loop_, database_options(shared.settings, shared.settings.database_url, "app"),
                    shared.catalogue.registry(), shared.log.logger(), shared.metrics),
      system_database_(loop_, system_options(shared.settings), shared.catalogue.registry(), shared.log.logger(),
                       shared.metrics),
      store_{&app_database_, &system_database_, &shared.catalogue},
      rate_limiter_(loop_, make_redis(), {.prefix = shared.settings.job_prefix + ":rate:"}, shared.metrics),
      readiness_(loop_),
      started_(loop_) {
    started_.set();
    services_.add(shared);
    services_.add(*this);
    services_.add(store_);
    services_.add(shared.problem_types);
    services_.add(shared.outbox);
    services_.add(rate_limiter_);
    if (redis_) services_.add(*redis_);
    if (shared.definition.make_services) owned_services_ = shared.definition.make_services(parts());
    http::require_services(shared.router, services_);
    if (services_.has<auth::Authenticator>())
        services_.use<auth::Authenticator>().require_known_permissions(shared.router);
}

Worker::~Worker() = default;

redis::Client* Worker::make_redis() {
    if (shared_.settings.redis_url)
        redis_.emplace(loop_, redis_options(shared_.definition, shared_.settings), shared_.log.logger(),
                       shared_.metrics);
    return redis();
}

LoopParts Worker::parts() {
    return {loop_, store_, services_, shared_.settings, shared_.log.logger(), shared_.metrics};
}

async::Task<void> Worker::start() {
    started_.reset();
    std::exception_ptr failure;
    try {
        const auto deadline = async::Loop::now() + connect_time;
        co_await app_database_.connect(deadline);
        co_await system_database_.connect(deadline);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure && !stopping_)
        shared_.log.logger().error("PostgreSQL cannot be reached; trying on", {{"err", logging::error(failure)}});
    started_.set();
}

std::uint16_t Worker::listen(std::uint16_t port) {
    server_ = std::make_unique<http::Server>(
        http::ServerParts{.loop = loop_,
                          .app = [this](http::Context& context) { return shared_.chain(context); },
                          .refusals = [this](http::Context& context) { return shared_.refusals(context); },
                          .services = services_,
                          .logger = shared_.log.logger(),
                          .metrics = shared_.metrics},
        server_options(shared_, port));
    server_->listen();
    return server_->port();
}

async::Task<void> Worker::stop(async::SteadyTime deadline) {
    stopping_ = true;
    // Nothing is asked of the databases yet but whether they are there.
    if (!started_.is_set()) deadline = async::Loop::now();
    if (server_) co_await server_->drain(deadline);
    co_await app_database_.close(deadline);
    co_await system_database_.close(deadline);
    if (redis_) co_await redis_->close(deadline);
    co_await started_;
    owned_services_.reset();
}

async::Task<http::InjectedResponse> Worker::inject(http::InjectedRequest request) {
    const http::Injector injector(
        loop_, [this](http::Context& context) { return shared_.chain(context); }, services_, shared_.log.logger());
    co_return co_await injector.run(std::move(request));
}

}  // namespace app
