#include "db/driver/database_state.h"

#include <libpq-fe.h>

#include <array>
#include <map>
#include <new>
#include <stdexcept>
#include <utility>

#include "base/strings.h"
#include "db/database_url.h"

namespace db::detail {

namespace {

using Values = std::map<std::string, std::string>;

// PGHOST and its like: libpq would take them too, and look the name up itself.
void add_default_hosts(Values& values) {
    PQconninfoOption* defaults = PQconndefaults();
    for (const auto* option = defaults; option != nullptr && option->keyword != nullptr; ++option) {
        const std::string_view keyword = option->keyword;
        if (option->val != nullptr && (keyword == "host" || keyword == "hostaddr" || keyword == "port"))
            values.try_emplace(option->keyword, option->val);
    }
    PQconninfoFree(defaults);
}

Values parse_url(const std::string& url) {
    if (const auto fault = url_fault(url); !fault.empty()) throw std::invalid_argument("the database URL " + fault);
    PQconninfoOption* parsed = PQconninfoParse(url.c_str(), nullptr);
    if (parsed == nullptr) throw std::bad_alloc();
    Values values;
    for (const auto* option = parsed; option->keyword != nullptr; ++option) {
        if (option->val != nullptr) values[option->keyword] = option->val;
    }
    PQconninfoFree(parsed);
    if (!values.contains("host") && !values.contains("hostaddr")) add_default_hosts(values);
    return values;
}

// Where the servers are, without who asks there and by what password. A list of hosts has one port, or one for each.
std::string servers_of(const std::string& url) {
    auto values = parse_url(url);
    const auto hosts = base::split(values.contains("host") ? values["host"] : values["hostaddr"], ',');
    const auto ports = base::split(values["port"], ',');
    std::string servers;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const auto host = hosts[i].empty() ? std::string_view("localhost") : std::string_view(hosts[i]);
        const auto port = i < ports.size() ? ports[i] : ports.back();
        if (!servers.empty()) servers += ',';
        servers.append(host).append(":").append(port.empty() ? std::string_view("5432") : std::string_view(port));
    }
    return servers;
}

// A primary that was demoted is left for the new one when several hosts are named. Ours are read-only sessions but for writes,
// so for the others the server's own state counts, not the session's.
void set_target(Values& values, Kind kind) {
    const auto hosts = values.find("host");
    const bool several = hosts != values.end() && hosts->second.contains(',');
    if (kind == Kind::write) {
        if (several) values.try_emplace("target_session_attrs", "read-write");
        return;
    }
    const auto target = values.find("target_session_attrs");
    if (target != values.end() && target->second == "read-write") target->second = "primary";
}

// As startup options: a pooler would have to set them for each client anew, and PgBouncer refuses them.
void set_session(Values& values, const Options& options, async::Milliseconds statement_timeout, Kind kind) {
    const auto setting = [&values](std::string_view name, std::string_view value) {
        values["options"].append(" -c ").append(name).append("=").append(value);
    };
    // The server gives up by itself, whatever becomes of us.
    setting("statement_timeout", std::to_string(statement_timeout.count()));
    setting("lock_timeout", std::to_string(options.lock_timeout.count()));
    setting("idle_in_transaction_session_timeout", std::to_string(options.idle_in_transaction_timeout.count()));
    // Compiling a plan costs more than our statements take.
    setting("jit", "off");
    if (kind != Kind::write) setting("default_transaction_read_only", "on");
    if (kind != Kind::read) {
        // Point reads and writes go by keys, so that one plan serves all values; yet the planner would plan each one anew, as
        // it overrates what an array or a limit may hold. That was a fifth of the cost of a write of twelve statements.
        setting("plan_cache_mode", "force_generic_plan");
        // The default says that a page fetched by an index costs four read in order, as on spinning disks: small tables would
        // be read whole, with the policy's setting looked up for each row.
        setting("random_page_cost", "1.1");
    }
}

void set_connection(Values& values, const Options& options, std::string_view label) {
    values["client_encoding"] = "UTF8";
    values.try_emplace("application_name", options.role + "/" + std::string(label));
    // A peer that vanished without a word is noticed within half a minute.
    values.try_emplace("keepalives_idle", "15");
    values.try_emplace("keepalives_interval", "5");
    values.try_emplace("keepalives_count", "3");
    values.try_emplace("tcp_user_timeout", "30000");
    // One round trip less at each connect, and no look for Kerberos tickets on the loop's thread.
    values.try_emplace("gssencmode", "disable");
}

constexpr std::array wait_buckets{0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0};

std::uint64_t jitter_seed(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) ^
           static_cast<std::uint64_t>(async::Loop::now().time_since_epoch().count());
}

}  // namespace

ConnectParameters connect_parameters(const Options& options, std::string_view label,
                                     async::Milliseconds statement_timeout, Kind kind) {
    auto values = parse_url(options.url);
    if (!options.pooled) set_session(values, options, statement_timeout, kind);
    set_target(values, kind);
    set_connection(values, options, label);
    return {values.begin(), values.end()};
}

ConnectParameters direct_parameters(const Options& options, std::string_view label,
                                    async::Milliseconds statement_timeout, Kind kind) {
    if (!options.pooled) return connect_parameters(options, label, statement_timeout, kind);
    auto direct = options;
    direct.pooled = false;
    direct.url = options.direct_url;
    return connect_parameters(direct, label, statement_timeout, kind);
}

DatabaseState::DatabaseState(async::Loop& event_loop, Options settings, const StatementRegistry& registry,
                             const logging::Logger& log, observe::Metrics& process_metrics)
    : loop(event_loop),
      options(std::move(settings)),
      servers(servers_of(options.url)),
      statements(registry),
      logger(log.child({{"module", "db"}})),
      metrics(process_metrics),
      open_connections(metrics.gauge_family("db_connections", "Open PostgreSQL connections.", {"role", "pool"})),
      connection_failures(metrics.counter_family("db_connection_failures_total",
                                                 "PostgreSQL connections that failed or were lost.", {"role", "pool"})),
      lease_waits(metrics.histogram_family("db_lease_wait_seconds",
                                           "Time that work waited for a connection, of what had to wait.",
                                           {"role", "pool"}, wait_buckets)),
      leases_waiting(metrics.gauge_family("db_leases_waiting", "Work that waits for a connection.", {"role", "pool"})),
      resolver(event_loop, options.lookup),
      random(jitter_seed(this)) {
    points = std::make_unique<PointPool>(
        *this, PoolOptions{Kind::point, "point", options.point_connections, 1, options.point_timeout});
    reads = std::make_unique<LeasePool>(
        *this, PoolOptions{Kind::read, "read", options.read_connections, 0, options.read_timeout});
    writes = std::make_unique<LeasePool>(
        *this, PoolOptions{Kind::write, "write", options.write_connections, 0, options.write_timeout});
    bulks = std::make_unique<LeasePool>(
        *this, PoolOptions{Kind::write, "bulk", options.bulk_connections, 0, options.write_timeout});
    // As many as for bulks, but not theirs: a stream lasts as long as its reader takes, and any server that is read may give it.
    streams = std::make_unique<LeasePool>(
        *this, PoolOptions{Kind::read, "stream", options.bulk_connections, 0, options.read_timeout});
    listener = std::make_unique<Listener>(*this);
    probes = std::make_unique<LeasePool>(*this, PoolOptions{Kind::read, "probe", 1, 0, options.point_timeout});
}

void DatabaseState::shutdown() {
    closed = true;
    listener->close();
    points->close();
    reads->close();
    writes->close();
    bulks->close();
    streams->close();
    probes->close();
}

async::Milliseconds DatabaseState::timeout_of(const Statement& statement) const {
    if (statement.timeout.count() > 0) return statement.timeout;
    switch (statement.kind) {
        case Kind::point: return options.point_timeout;
        case Kind::read: return options.read_timeout;
        case Kind::write: return options.write_timeout;
    }
    return options.write_timeout;
}

// Half of it at least.
async::Milliseconds DatabaseState::with_jitter(async::Milliseconds delay) {
    const auto half = delay.count() / 2;
    return async::Milliseconds(half + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(half) + 1)));
}

void DatabaseState::check_open() const {
    if (closed) throw base::Failure(base::Failure(errors::unavailable).retry_after(1000).cause("closing"));
}

void DatabaseState::add_finished(Waiter& waiter) {
    finished.push_back(waiter);
    if (std::exchange(resume_posted, true)) return;
    loop.post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->resume_finished();
    });
}

void DatabaseState::resume_finished() {
    resume_posted = false;
    // One list at a time: what these tasks finish in turn waits for the next round.
    WaiterList batch;
    batch.swap(finished);
    while (!batch.empty()) {
        auto& waiter = batch.front();
        waiter.leave();
        waiter.resume();
    }
}

}  // namespace db::detail
