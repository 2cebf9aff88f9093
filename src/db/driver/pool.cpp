#include "db/driver/pool.h"

#include <algorithm>
#include <utility>

#include "db/driver/database_state.h"

namespace db::detail {

using namespace std::chrono_literals;

Pool::Pool(DatabaseState& state, PoolOptions options)
    : state_(state),
      options_(options),
      parameters_(connect_parameters(state.options, options.label, options.statement_timeout, options.kind)),
      retry_(state.loop, [this] { want_more(); }),
      open_gauge_(state.open_connections.with({state.options.role, options.label})),
      failures_counter_(state.connection_failures.with({state.options.role, options.label})) {}

Pool::~Pool() { close(); }

void Pool::check_room() const {
    if (closed_) throw base::Failure(base::Failure(errors::unavailable).cause("closed"));
    if (waiting_count_ >= state_.options.max_waiting) {
        throw base::Failure(
            base::Failure(errors::overloaded).retry_after(1000).cause("too many wait for a connection"));
    }
    const bool is_down = down_since_ != async::SteadyTime{} && !has_connection();
    if (is_down && async::Loop::now() - down_since_ > state_.options.fail_fast_after) {
        throw base::Failure(base::Failure(errors::unavailable).retry_after(1000).cause(last_failure_));
    }
}

bool Pool::has_connection() const noexcept {
    return std::ranges::any_of(connections_, [](const auto& connection) { return connection->is_connected(); });
}

std::size_t Pool::connecting() const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(connections_, [](const auto& connection) { return !connection->is_connected(); }));
}

std::exception_ptr Pool::deadline_failure() const {
    if (has_connection()) {
        return std::make_exception_ptr(
            base::Failure(base::Failure(errors::timeout).cause("the deadline passed in the queue")));
    }
    return std::make_exception_ptr(
        base::Failure(base::Failure(errors::unavailable).cause("no connection: " + last_failure_)));
}

Database::Counts Pool::counts() const {
    Database::Counts counts{.open = connections_.size() - connecting(), .waiting = waiting_count_};
    for (const auto& connection : connections_) counts.leased += connection->leased ? 1 : 0;
    return counts;
}

void Pool::open_one() {
    auto connection = std::make_shared<Connection>(state_, *this);
    connections_.push_back(connection);
    connection->open(parameters_);
}

// Connections follow demand: fewer serve better, and a role that is seldom used holds none.
void Pool::want_more() {
    if (closed_ || retry_.is_set()) return;
    const bool is_down = down_since_ != async::SteadyTime{};
    auto wanted = std::min(waiting_count_, options_.kind == Kind::point || is_down ? std::size_t{1} : options_.limit);
    if (connections_.size() < options_.kept_open || (is_down && connections_.empty()))
        wanted = std::max(wanted, std::size_t{1});
    for (auto opening = connecting(); opening < wanted && connections_.size() < options_.limit; ++opening) open_one();
}

void Pool::on_connected() {
    down_since_ = {};
    open_gauge_.add(1);
    serve();
}

void Pool::on_lost(Connection& connection, const std::string& cause) {
    std::erase_if(connections_, [&](const auto& held) { return held.get() == &connection; });
    const bool was_connected = connection.connected_at() != async::SteadyTime{};
    if (was_connected) open_gauge_.add(-1);
    failures_counter_.increment();
    last_failure_ = cause;
    state_.logger.warn(
        was_connected ? "database connection lost" : "database connection failed",
        {{"role", state_.options.role}, {"pool", options_.label}, {"server", state_.servers}, {"cause", cause}});
    // A server that accepts and hangs up at once must not be called in a tight circle.
    if (was_connected && async::Loop::now() - connection.connected_at() > 1s) {
        delay_ = 0ms;
        want_more();
    } else {
        connect_failed();
    }
}

void Pool::connect_failed() {
    if (closed_) return;
    if (down_since_ == async::SteadyTime{} && !has_connection()) down_since_ = async::Loop::now();
    if (retry_.is_set()) return;
    delay_ = std::clamp(delay_ * 2, state_.options.reconnect_minimum, state_.options.reconnect_maximum);
    retry_.expires_after(state_.with_jitter(delay_));
}

void Pool::close() {
    closed_ = true;
    retry_.cancel();
    for (const auto& connection : std::exchange(connections_, {})) {
        if (connection->is_connected()) open_gauge_.add(-1);
        connection->fail_flight("closed");
        connection->close();
    }
    // Last: reads that were in flight have queued again.
    while (!waiting_.empty()) {
        waiting_.front().finish(
            std::make_exception_ptr(base::Failure(base::Failure(errors::unavailable).cause("closed"))));
    }
}

// ---- Point reads ------------------------------------------------------------------------------------------------

void PointPool::submit(Exchange& exchange) {
    exchange.enter(waiting_, waiting_count_);
    schedule();
}

void PointPool::resubmit(Exchange& exchange) {
    exchange.enter(waiting_, waiting_count_, true);
    schedule();
}

void PointPool::on_sync(Connection& /*connection*/) {
    if (!waiting_.empty()) schedule();
}

// At the end of this turn, so that all that it brings shares a group.
void PointPool::schedule() {
    if (std::exchange(scheduled_, true)) return;
    state_.loop.post([weak = state_.weak_from_this(), this] {
        const auto alive = weak.lock();
        if (!alive) return;
        scheduled_ = false;
        serve();
    });
}

Connection* PointPool::least_loaded() {
    Connection* best = nullptr;
    for (const auto& connection : connections_) {
        if (!connection->is_connected() || connection->syncs_in_flight() >= state_.options.point_groups_in_flight)
            continue;
        if (best == nullptr || connection->syncs_in_flight() < best->syncs_in_flight()) best = connection.get();
    }
    return best;
}

void PointPool::serve() {
    while (!waiting_.empty()) {
        Connection* connection = least_loaded();
        if (connection == nullptr) break;
        send_group(*connection);
    }
    if (!waiting_.empty() || connections_.size() < options_.kept_open) want_more();
}

void PointPool::send_group(Connection& connection) {
    std::vector<Exchange*> scoped;
    std::size_t taken = 0;
    while (!waiting_.empty() && taken < state_.options.point_group_limit) {
        auto& exchange = static_cast<Exchange&>(waiting_.front());
        if (exchange.repeats_alone() && taken > 0) break;
        exchange.leave();
        ++taken;
        // The setting lasts until the Sync: who has no tenant goes first, or would see with a neighbour's eyes.
        if (exchange.plan().tenant) {
            scoped.push_back(&exchange);
        } else {
            connection.send(exchange);
        }
        if (exchange.repeats_alone()) break;
    }
    // Reads of one request stand side by side, and share the setting.
    std::optional<base::Uuid> tenant;
    for (Exchange* exchange : scoped) {
        const auto before = std::exchange(tenant, exchange->plan().tenant);
        connection.send(*exchange, tenant == before);
    }
    connection.sync();
}

// ---- Leases -----------------------------------------------------------------------------------------------------

LeaseWait::LeaseWait(DatabaseState& state, async::SteadyTime deadline, LeasePool& pool,
                     std::optional<base::Uuid> tenant)
    : Waiter(state, deadline), pool_(pool), tenant_(tenant) {}

LeaseWait::~LeaseWait() {
    if (waited_) pool_.on_waited(async::Loop::now() - started());
    if (connection_) pool_.give_back(std::move(connection_));
}

bool LeaseWait::await_suspend(std::coroutine_handle<> awaiting) {
    pool_.check_room();
    connection_ = pool_.take_idle(tenant_);
    if (connection_) {
        pool_.tell(std::chrono::nanoseconds(0));
        return false;
    }
    pool_.submit(*this);
    waited_ = true;
    suspend(awaiting);
    look_again();
    return true;
}

Lease LeaseWait::await_resume() {
    check();
    return {&pool_, std::move(connection_)};
}

void LeaseWait::grant(std::shared_ptr<Connection> connection) {
    connection_ = std::move(connection);
    finish();
}

// Whose work may take minutes waits as long for its turn, but not for a server that gives no connection.
void LeaseWait::expire() {
    if (async::Loop::now() < deadline() && pool_.has_connection()) return look_again();
    finish(pool_.deadline_failure());
}

void LeaseWait::look_again() { wake_at(std::min(deadline(), async::Loop::now() + state_.options.read_timeout)); }

Lease::~Lease() {
    if (connection_) pool_->give_back(std::move(connection_));
}

LeasePool::LeasePool(DatabaseState& state, PoolOptions options)
    : Pool(state, options),
      share_(std::max<std::size_t>(1, options.limit * state.options.tenant_share_percent / 100)),
      wait_seconds_(state.lease_waits.with({state.options.role, options.label})),
      waiting_gauge_(state.leases_waiting.with({state.options.role, options.label})) {}

void LeasePool::on_waited(std::chrono::duration<double> time) {
    wait_seconds_.observe(time.count());
    waiting_gauge_.add(-1);
    tell(std::chrono::duration_cast<std::chrono::nanoseconds>(time));
}

// Bulks and streams wait long by their nature.
void LeasePool::tell(std::chrono::nanoseconds waited) const {
    const bool is_told = this == state_.reads.get() || this == state_.writes.get();
    if (is_told && state_.options.on_lease) state_.options.on_lease(kind(), waited);
}

bool LeasePool::has_share(const std::optional<base::Uuid>& tenant) const {
    if (!tenant) return true;
    const auto held = std::ranges::count_if(
        connections_, [&](const auto& connection) { return connection->leased && connection->holder == tenant; });
    return static_cast<std::size_t>(held) < share_;
}

void LeasePool::submit(LeaseWait& wait) {
    auto served = forgotten_;
    for (const auto& connection : connections_) {
        if (connection->lent != 0 && connection->holder == wait.tenant()) served = std::max(served, connection->lent);
    }
    std::size_t own = 0;
    for (const auto& waiter : waiting_) {
        const auto& other = static_cast<const LeaseWait&>(waiter);
        if (other.tenant() != wait.tenant()) continue;
        served = other.tenant_served;
        ++own;
    }
    if (wait.tenant() && own >= state_.options.max_waiting_of_a_tenant) {
        throw base::Failure(
            base::Failure(errors::overloaded).retry_after(1000).cause("the tenant has too much waiting already"));
    }
    wait.tenant_served = served;
    wait.enter(waiting_, waiting_count_);
    waiting_gauge_.add(1);
    want_more();
}

// While a connection is idle, whoever waits has its tenant's share already (serve()): nobody is overtaken here.
std::shared_ptr<Connection> LeasePool::take_idle(const std::optional<base::Uuid>& tenant) {
    std::shared_ptr<Connection>* idle = nullptr;
    std::size_t held = 0;
    for (auto& connection : connections_) {
        if (connection->leased) {
            held += connection->holder == tenant ? 1 : 0;
        } else if (idle == nullptr && connection->is_connected()) {
            idle = &connection;
        }
    }
    if (idle == nullptr || (tenant && held >= share_)) return nullptr;
    lend(**idle, tenant);
    return *idle;
}

void LeasePool::lend(Connection& connection, const std::optional<base::Uuid>& tenant) {
    if (connection.holder != tenant) forgotten_ = std::max(forgotten_, connection.lent);
    connection.leased = true;
    connection.holder = tenant;
    connection.lent = ++grants_;
    for (auto& waiter : waiting_) {
        auto& wait = static_cast<LeaseWait&>(waiter);
        if (wait.tenant() == tenant) wait.tenant_served = grants_;
    }
}

LeaseWait* LeasePool::next_in_turn() {
    LeaseWait* next = nullptr;
    // Of a tenant that has its share already, all are passed over.
    const std::optional<base::Uuid>* full = nullptr;
    for (auto& waiter : waiting_) {
        auto& wait = static_cast<LeaseWait&>(waiter);
        if (next != nullptr && wait.tenant_served >= next->tenant_served) continue;
        if (full != nullptr && *full == wait.tenant()) continue;
        if (has_share(wait.tenant())) {
            next = &wait;
        } else {
            full = &wait.tenant();
        }
    }
    return next;
}

void LeasePool::serve() {
    for (const auto& connection : connections_) {
        if (waiting_.empty()) break;
        if (!connection->is_connected() || connection->leased) continue;
        auto* wait = next_in_turn();
        if (wait == nullptr) break;
        wait->leave();
        lend(*connection, wait->tenant());
        wait->grant(connection);
    }
    if (!waiting_.empty()) want_more();
}

void LeasePool::give_back(std::shared_ptr<Connection> connection) {
    if (!connection->is_connected()) return;
    // Stays lent until it is gone, so that nobody gets it.
    if (!connection->refusal().empty()) {
        connection->draining = false;
        retire(connection->refusal());
        return connection->fail_later("the server takes no writes: " + connection->refusal());
    }
    connection->draining = true;
    if (connection->has_flight()) return;
    if (!connection->is_idle_outside_transaction()) return connection->send_rollback();
    connection->draining = false;
    connection->leased = false;
    serve();
}

void LeasePool::retire(const std::string& cause) {
    for (const auto& connection : connections_) {
        if (!connection->is_connected() || !connection->refusal().empty()) continue;
        connection->refuse(cause);
        if (std::exchange(connection->leased, true)) continue;
        connection->fail_later("the server takes no writes: " + cause);
    }
}

void LeasePool::on_sync(Connection& connection) {
    if (!connection.draining || connection.has_flight()) return;
    give_back(std::static_pointer_cast<Connection>(connection.shared_from_this()));
}

}  // namespace db::detail
