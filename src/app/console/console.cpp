#include "app/console/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "config/config.h"
#include "db/error.h"
#include "db/types.h"
#include "http/context.h"
#include "http/middleware/security_headers.h"
#include "http/problem.h"
#include "log/value.h"

namespace app::console {

namespace {

constexpr std::string_view address = "127.0.0.1";
constexpr async::Milliseconds statement_time{5'000};
constexpr async::Milliseconds lock_time{500};     // to wait for who changes a table
constexpr async::Milliseconds count_time{1'000};  // of one table, where counting all of them has failed
constexpr std::size_t connections = 4;
constexpr std::size_t most_clients = 64;
constexpr std::size_t longest_value = 4'000;  // bytes of a filter or a key

// Who may become a superuser, or another who is above row level security or has a policy that lets everything through, sees every tenant's
// rows.
constexpr std::string_view role_sql =
    "select exists (select 1 from pg_roles as other\n"
    "where (other.rolsuper or other.rolbypassrls) and pg_has_role(current_user, other.oid, 'member'))\n"
    "or exists (select 1 from pg_policy as policy cross join unnest(policy.polroles) as reader\n"
    "where policy.polcmd in ('r', '*') and pg_get_expr(policy.polqual, policy.polrelid) = 'true'\n"
    "and (reader = 0 or pg_has_role(current_user, reader, 'member')))";

db::Options database_options(std::string url, std::string role) {
    db::Options options;
    options.url = std::move(url);
    options.role = std::move(role);
    options.point_connections = 1;
    options.read_connections = 1;
    options.write_connections = connections;
    options.bulk_connections = 1;
    options.tenant_share_percent = 100;
    options.write_timeout = statement_time;
    options.lock_timeout = lock_time;
    return options;
}

void send(http::Context& context, std::uint16_t status, std::string_view title, std::string_view main) {
    auto& response = context.response();
    response.status(status).body(page(title, main)).content_type(page_type);
    response.headers().set("Cache-Control", "no-store");
}

void send_complaint(http::Context& context, std::uint16_t status, std::string_view heading, std::string_view text,
                    std::string_view tenant = {}) {
    send(context, status, heading, complaint_page(heading, text, tenant));
}

// Whatever was thrown, as a page: with the status and the headers that a problem document has.
async::Task<void> show_failures(http::Context& context, http::Next next) {
    std::optional<base::Failure> failure;
    try {
        co_await next(context);
    } catch (...) {
        failure = http::failure_of(std::current_exception());
        if (failure->code().status >= 500)
            context.logger().error("request failed", {{"err", logging::error(std::current_exception())}});
    }
    if (!failure) co_return;
    http::write_problem(context, *failure);
    const auto& text = failure->detail();
    send_complaint(context, failure->code().status, failure->code().title, text.empty() ? failure->code().code : text);
}

void send_not_found(http::Context& context) {
    send_complaint(context, 404, "Not found", "There is no such tenant, table or row here.");
}

constexpr std::string_view failed = "The database did not answer";

// Of which the cause is what a statement reads, not the database: it is missing (42), locked, or took too long.
bool is_of_table(const db::Error& error) {
    return error.sqlstate().starts_with("42") || error.sqlstate() == "55P03" || error.sqlstate() == "57014";
}

// Nothing of what PostgreSQL says is told: it repeats values.
std::string explained(const db::Error& error) {
    const auto state = error.sqlstate();
    if (state == "55P03") return fmt::format("Another transaction has locked it (SQLSTATE {}).", state);
    if (state.starts_with("42")) {
        return fmt::format(
            "It is not there as declared, or not for this role (SQLSTATE {}). Are all migrations applied? db status "
            "says it.",
            state);
    }
    return fmt::format("{} (SQLSTATE {}).", error.code().title, state);
}

// What PostgreSQL takes as a text, and what no row is looked for by.
bool is_text(std::string_view value) {
    return value.size() <= longest_value && !value.contains('\0') && base::is_utf8(value);
}

db::Parameters parameters_of(const base::Uuid& tenant, const std::vector<std::string>& texts) {
    db::Parameters parameters;
    parameters.append(tenant);
    for (const auto& text : texts) parameters.append(std::string_view(text));
    return parameters;
}

std::vector<std::pair<std::string, std::string>> query_of(const http::Context& context) {
    std::vector<std::pair<std::string, std::string>> query;
    for (const auto part : base::split(context.request().query(), '&')) {
        const auto equals = part.find('=');
        auto name = base::form_decode(part.substr(0, equals));
        auto value = base::form_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1));
        if (name && value) query.emplace_back(*std::move(name), *std::move(value));
    }
    return query;
}

std::vector<std::string> values_of(const std::vector<std::pair<std::string, std::string>>& query,
                                   std::string_view name) {
    std::vector<std::string> values;
    for (const auto& [one, value] : query) {
        if (one == name) values.push_back(value);
    }
    return values;
}

Values texts_of(const db::Result& result, std::size_t row, std::size_t first) {
    Values values;
    for (std::size_t column = first; column < result.columns(); ++column)
        values.push_back(result.get<std::optional<std::string>>(row, column));
    return values;
}

std::vector<Row> rows_of(const db::Result& result, const Table& table) {
    std::vector<Row> rows;
    for (std::size_t row = 0; row < result.rows(); ++row) {
        Row one{.key = {}, .values = texts_of(result, row, table.keys.size())};
        for (std::size_t key = 0; key < table.keys.size(); ++key) one.key.push_back(result.get<std::string>(row, key));
        rows.push_back(std::move(one));
    }
    return rows;
}

async::SteadyTime page_deadline() { return async::Loop::now() + statement_time; }

// 22: data exceptions, such as a text that is no UUID, or a number that is too large.
bool refuses_value(const db::Error& error) { return error.sqlstate().starts_with("22"); }

}  // namespace

// ---- Statements --------------------------------------------------------------------------------------------------

Statements::Statements(observe::Metrics& metrics, std::span<const Table> tables) : registry_(metrics) {
    role_ = add(std::string(role_sql), 0);
    for (const auto& table : tables) {
        auto& own = tables_.emplace_back();
        own.filtered.resize(table.columns.size());
        if (!table.has_rows) continue;
        if (table.wall == db::Wall::tenant_root && tenants_ == nullptr) tenants_ = add(tenants_sql(table), 0);
        const auto keys = table.keys.size();
        own.count = add(count_sql(table), 1);
        own.row = add(row_sql(table), 1 + keys);
        own.all = {add(rows_sql(table, {}), 1), add(rows_sql(table, {.after = true}), 1 + keys)};
        for (std::size_t column = 0; column < table.columns.size(); ++column) {
            if (!table.columns[column].can_filter) continue;
            own.filtered[column] = {add(rows_sql(table, {.filter = column}), 2),
                                    add(rows_sql(table, {.filter = column, .after = true}), 2 + keys)};
        }
    }
}

// The first parameter is the tenant, further ones are texts, which the statement itself turns into its columns' types.
const db::Statement* Statements::add(std::string sql, std::size_t parameters) {
    std::vector<std::uint32_t> types(parameters, db::type::text);
    if (!types.empty()) types.front() = db::type::uuid;
    const auto& name = names_.emplace_back(fmt::format("console.{}", names_.size()));
    const auto& statement = owned_.emplace_back(db::Statement{
        .name = name, .sql = std::move(sql), .parameter_types = std::move(types), .kind = db::Kind::read});
    registry_.add(statement);
    return &statement;
}

// ---- The server --------------------------------------------------------------------------------------------------

Console::Console(async::Loop& loop, ConsoleOptions options, logging::Logger logger)
    : loop_(loop),
      options_(std::move(options)),
      logger_(std::move(logger)),
      tables_(read_tables(options_.tables)),
      statements_(metrics_, tables_),
      database_(loop, database_options(options_.url, "app"), statements_.registry(), logger_, metrics_) {
    const bool lists_tenants = !options_.tenant && !options_.system_url.empty() && statements_.tenants() != nullptr;
    if (lists_tenants) {
        system_.emplace(loop, database_options(options_.system_url, "app_system"), statements_.registry(), logger_,
                        metrics_);
    }
    add_routes();
    const std::vector<http::Middleware> links{
        http::security_headers({.content_security_policy = page_policy(), .frame_options = "DENY"}), &show_failures,
        [this](http::Context& context, http::Next next) { return guard(context, next); }};
    refusals_ = http::Chain({links[0], links[1]}, http::refuse);
    chain_ = http::Chain(links, router_.handler());
}

Console::~Console() = default;

void Console::add_routes() {
    const auto add = [this](std::string_view pattern, async::Task<void> (Console::*show)(http::Context& context)) {
        router_.add(http::Method::get, pattern,
                    {.handler = [this, show](http::Context& context) { return (this->*show)(context); }});
    };
    add("/", &Console::show_tenants);
    add("/{tenant}", &Console::show_tables);
    add("/{tenant}/{table}", &Console::show_rows);
    add("/{tenant}/{table}/row", &Console::show_row);
}

async::Task<void> Console::connect(async::SteadyTime deadline) {
    std::string reason;
    try {
        co_await database_.connect(deadline);
    } catch (const base::Failure& failure) {
        reason = failure.what();
    }
    if (!reason.empty()) throw config::Faults("DATABASE_URL", "PostgreSQL cannot be reached: " + reason);
    const auto answer = co_await ask(&database_, {}, {{&statements_.role(), {}}}, deadline);
    if (answer.results.empty()) throw config::Faults("DATABASE_URL", answer.failure);
    if (answer.results.front().get<bool>(0, 0)) {
        throw config::Faults("DATABASE_URL",
                             "The role is, or may become, one that row level security does not bind: it would show "
                             "every tenant's rows. Give the role that serves, such as app.");
    }
}

void Console::listen() {
    server_.emplace(http::ServerParts{.loop = loop_,
                                      .app = [this](http::Context& context) { return chain_(context); },
                                      .refusals = [this](http::Context& context) { return refusals_(context); },
                                      .services = services_,
                                      .logger = logger_,
                                      .metrics = metrics_},
                    http::ServerOptions{.address = std::string(address),
                                        .port = options_.port,
                                        .max_connections = most_clients,
                                        .drain_idle = async::Milliseconds(50)});
    server_->listen();
}

std::uint16_t Console::port() const { return server_ ? server_->port() : options_.port; }

async::Task<void> Console::close(async::SteadyTime deadline) {
    if (server_) co_await server_->drain(deadline);
    co_await database_.close(deadline);
    if (system_) co_await system_->close(deadline);
}

// One transaction and one round trip.
async::Task<Console::Answer> Console::ask(db::Database* database, db::Scope scope, std::vector<db::Call> calls,
                                          async::SteadyTime deadline) {
    Answer answer;
    try {
        answer.results = co_await database->transaction<std::vector<db::Result>>(
            {.scope = scope, .deadline = deadline, .read_only = true},
            [calls = std::move(calls)](db::Transaction& transaction) { return transaction.batch(calls); });
    } catch (const db::Error& error) {
        answer.refuses_value = refuses_value(error);
        answer.failure = explained(error);
        answer.is_of_table = is_of_table(error);
    } catch (const base::Failure& failure) {
        answer.failure = failure.code().title;
        answer.is_of_table = failure.code() == db::errors::timeout;
    }
    co_return answer;
}

// ---- Who may ask -------------------------------------------------------------------------------------------------

bool Console::is_local(std::string_view host) const {
    const auto own = base::ascii_lower(host);
    return std::ranges::any_of(std::array<std::string_view, 2>{address, "localhost"}, [&](std::string_view name) {
        return own == fmt::format("{}:{}", name, port()) || (port() == 80 && own == name);
    });
}

async::Task<void> Console::guard(http::Context& context, http::Next next) {
    const auto& request = context.request();
    if (!is_local(request.host())) {
        send_complaint(context, 403, "Refused", fmt::format("This server is asked as {}:{} alone.", address, port()));
        co_return;
    }
    if (request.header("Sec-Fetch-Site") == "cross-site") {
        send_complaint(context, 403, "Refused", "Another site led here. Open the address by hand.");
        co_return;
    }
    co_await next(context);
}

std::optional<base::Uuid> Console::tenant_of(const http::Context& context) const {
    const auto tenant = base::Uuid::from_string(context.param("tenant"));
    if (options_.tenant && tenant != options_.tenant) return std::nullopt;
    return tenant;
}

std::optional<Console::Place> Console::place_of(const http::Context& context) const {
    const auto tenant = tenant_of(context);
    const auto table = std::ranges::find(tables_, context.param("table"), &Table::name);
    if (!tenant || table == tables_.end() || !table->has_rows) return std::nullopt;
    return Place{*tenant, static_cast<std::size_t>(table - tables_.begin())};
}

// ---- Pages -------------------------------------------------------------------------------------------------------

void Console::send_failure(http::Context& context, const Answer& answer, const Table& table, std::string_view tenant) {
    const auto heading = answer.is_of_table ? fmt::format("{} cannot be read", table.name) : std::string(failed);
    send_complaint(context, 503, heading, answer.failure, tenant);
}

async::Task<void> Console::show_tenants(http::Context& context) {
    std::vector<Tenant> tenants;
    if (options_.tenant) tenants.push_back({options_.tenant->to_string(), "The tenant of --tenant"});
    if (system_) {
        const auto answer = co_await ask(&*system_, {}, {{statements_.tenants(), {}}}, page_deadline());
        if (answer.results.empty()) {
            send_complaint(context, 503, failed, answer.failure);
            co_return;
        }
        const auto& result = answer.results.front();
        for (std::size_t row = 0; row < result.rows(); ++row) {
            tenants.push_back({result.get<std::string>(row, 0),
                               result.get<std::optional<std::string>>(row, 1).value_or(std::string())});
        }
    }
    send(context, 200, "Tenants", tenants_page(tenants));
}

async::Task<void> Console::show_tables(http::Context& context) {
    const auto tenant = tenant_of(context);
    if (!tenant) {
        send_not_found(context);
        co_return;
    }
    std::string failure;
    const auto counts = co_await count_rows(*tenant, &failure);
    if (!counts) {
        send_complaint(context, 503, failed, failure);
        co_return;
    }
    send(context, 200, "Tables", tables_page(tenant->to_string(), tables_, *counts));
}

// All in one round trip; where one of them fails, each by itself. None when the database is away.
async::Task<std::optional<std::vector<Count>>> Console::count_rows(base::Uuid tenant, std::string* failure) {
    std::vector<db::Call> calls;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        if (tables_[i].has_rows) calls.push_back({statements_.of(i).count, parameters_of(tenant, {})});
    }
    const auto answer = co_await ask(&database_, {tenant}, std::move(calls), page_deadline());
    std::vector<Count> counts(tables_.size());
    if (answer.failure.empty()) {
        std::size_t next = 0;
        for (std::size_t i = 0; i < tables_.size(); ++i) {
            if (tables_[i].has_rows) counts[i].rows = answer.results.at(next++).get<std::int64_t>(0, 0);
        }
        co_return counts;
    }
    if (!answer.is_of_table) {
        *failure = answer.failure;
        co_return std::nullopt;
    }
    co_await count_one_by_one(tenant, &counts);
    co_return counts;
}

async::Task<void> Console::count_one_by_one(base::Uuid tenant, std::vector<Count>* counts) {
    const auto end = page_deadline();
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        auto& count = (*counts)[i];
        if (!tables_[i].has_rows) continue;
        const auto now = async::Loop::now();
        if (now >= end) {
            count.failure = "Not counted: others took the time.";
            continue;
        }
        const auto answer = co_await ask(&database_, {tenant}, {{statements_.of(i).count, parameters_of(tenant, {})}},
                                         std::min(end, now + count_time));
        count.failure = answer.failure;
        if (answer.failure.empty()) count.rows = answer.results.front().get<std::int64_t>(0, 0);
    }
}

async::Task<void> Console::show_rows(http::Context& context) {
    const auto place = place_of(context);
    if (!place) {
        send_not_found(context);
        co_return;
    }
    const auto& table = tables_[place->table];
    const auto query = query_of(context);
    const auto tenant = place->tenant.to_string();
    RowsPage shown{.tenant = tenant, .tables = tables_, .table = place->table};
    std::vector<std::string> texts;
    auto statements = statements_.of(place->table).all;
    if (const auto wanted = values_of(query, "column"); !wanted.empty()) {
        const auto column = table.find_column(wanted.front());
        const auto values = values_of(query, "value");
        if (!column || !table.columns[*column].can_filter || values.empty()) {
            send_complaint(context, 422, "No such filter", "A filter is a column that the list offers, and a value.");
            co_return;
        }
        statements = statements_.of(place->table).filtered[*column];
        texts.push_back(values.front());
        if (is_text(values.front())) shown.filter = Filter{*column, values.front()};
    }
    const auto after = values_of(query, "after");
    const bool is_first = after.empty();
    shown.is_first = is_first;
    texts.insert(texts.end(), after.begin(), after.end());
    const bool fits = (is_first || after.size() == table.keys.size()) && std::ranges::all_of(texts, is_text);
    Answer answer{.results = {}, .refuses_value = !fits};
    if (fits) {
        answer = co_await ask(&database_, {place->tenant},
                              {{is_first ? statements.first : statements.after, parameters_of(place->tenant, texts)}},
                              page_deadline());
    }
    if (!answer.refuses_value && answer.results.empty()) {
        send_failure(context, answer, table, tenant);
        co_return;
    }
    if (answer.refuses_value) {
        shown.complaint = "What stands in the address is no value of its column's type.";
    } else {
        shown.rows = rows_of(answer.results.front(), table);
    }
    send(context, answer.refuses_value ? 422 : 200, table.name, rows_page(shown));
}

async::Task<void> Console::show_row(http::Context& context) {
    const auto place = place_of(context);
    if (!place) {
        send_not_found(context);
        co_return;
    }
    const auto& table = tables_[place->table];
    const auto key = values_of(query_of(context), "key");
    Answer answer{.results = {}, .refuses_value = true};
    if (key.size() == table.keys.size() && std::ranges::all_of(key, is_text)) {
        answer = co_await ask(&database_, {place->tenant},
                              {{statements_.of(place->table).row, parameters_of(place->tenant, key)}}, page_deadline());
    }
    if (!answer.refuses_value && answer.results.empty()) {
        send_failure(context, answer, table, place->tenant.to_string());
        co_return;
    }
    if (answer.refuses_value || answer.results.front().rows() == 0) {
        send_not_found(context);
        co_return;
    }
    send(context, 200, table.name,
         row_page(place->tenant.to_string(), tables_, place->table, texts_of(answer.results.front(), 0, 0)));
}

}  // namespace app::console
