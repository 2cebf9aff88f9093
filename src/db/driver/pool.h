#pragma once
// Pools of connections of one kind. Pool opens them on demand up to its limit, with back-off; PointPool groups reads onto
// pipelined connections; LeasePool lends a connection to one holder at a time and takes it back only when it is clean.
//
// Who gets the next free connection: of those whose tenant holds less than its share, the one whose tenant was served longest
// ago; of one tenant, the first that came. What has no tenant counts as one more tenant, without a bound. Costs nothing while
// nobody waits: no memory, no list, one look at each connection.

#include <memory>
#include <string>
#include <vector>

#include "db/driver/connection.h"

namespace db::detail {

struct PoolOptions {
    Kind kind;
    std::string_view label;
    std::size_t limit;
    std::size_t kept_open;  // reopened without being asked, so that a recovered server is noticed
    async::Milliseconds statement_timeout;
};

class Pool {
public:
    Pool(DatabaseState& state, PoolOptions options);
    virtual ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Callbacks of connections.
    void on_connected();
    void on_lost(Connection& connection, const std::string& cause);
    virtual void on_sync(Connection& connection) = 0;

    // Throws db.overloaded, or db.unavailable when the server has been out of reach for a while.
    void check_room() const;
    [[nodiscard]] bool has_connection() const noexcept;
    [[nodiscard]] std::exception_ptr deadline_failure() const;
    [[nodiscard]] const std::string& last_failure() const noexcept { return last_failure_; }
    [[nodiscard]] Database::Counts counts() const;
    [[nodiscard]] Kind kind() const noexcept { return options_.kind; }
    void open_one();
    void close();

protected:
    // Serves who waits, as far as connections allow.
    virtual void serve() = 0;
    void want_more();

    DatabaseState& state_;
    PoolOptions options_;
    std::vector<std::shared_ptr<Connection>> connections_;
    WaiterList waiting_;
    std::size_t waiting_count_ = 0;

private:
    void connect_failed();
    [[nodiscard]] std::size_t connecting() const noexcept;

    ConnectParameters parameters_;
    async::Timer retry_;
    async::Milliseconds delay_{0};
    async::SteadyTime down_since_{};
    std::string last_failure_;
    observe::Gauge open_gauge_;
    observe::Counter failures_counter_;
    bool closed_ = false;
};

class PointPool final : public Pool {
public:
    using Pool::Pool;
    void submit(Exchange& exchange);
    // Ahead of all others, alone in its group.
    void resubmit(Exchange& exchange);
    void on_sync(Connection& connection) override;

private:
    void serve() override;
    void schedule();
    void send_group(Connection& connection);
    [[nodiscard]] Connection* least_loaded();

    bool scheduled_ = false;
};

class Lease;

class LeaseWait final : public Waiter {
public:
    LeaseWait(DatabaseState& state, async::SteadyTime deadline, class LeasePool& pool,
              std::optional<base::Uuid> tenant);
    ~LeaseWait();
    bool await_suspend(std::coroutine_handle<> awaiting);
    Lease await_resume();
    void grant(std::shared_ptr<Connection> connection);
    [[nodiscard]] const std::optional<base::Uuid>& tenant() const noexcept { return tenant_; }

    // The pool's note: when the tenant was served last, by the pool's count of grants.
    std::uint64_t tenant_served = 0;

private:
    void expire() override;
    void look_again();
    LeasePool& pool_;
    std::optional<base::Uuid> tenant_;
    std::shared_ptr<Connection> connection_;
    bool waited_ = false;
};

// Holds a connection; gives it back when destroyed, whatever state it is in.
class Lease {
public:
    Lease() = default;
    Lease(LeasePool* pool, std::shared_ptr<Connection> connection) noexcept
        : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(connection_, other.connection_);
        return *this;
    }
    ~Lease();
    [[nodiscard]] Connection& connection() const noexcept { return *connection_; }
    [[nodiscard]] bool is_alive() const noexcept { return connection_ && connection_->is_connected(); }

private:
    LeasePool* pool_ = nullptr;
    std::shared_ptr<Connection> connection_;
};

class LeasePool final : public Pool {
public:
    LeasePool(DatabaseState& state, PoolOptions options);
    // Throws db.overloaded when the tenant has too much waiting already.
    void submit(LeaseWait& wait);
    void give_back(std::shared_ptr<Connection> connection);
    void on_sync(Connection& connection) override;
    [[nodiscard]] std::shared_ptr<Connection> take_idle(const std::optional<base::Uuid>& tenant);
    // Replaces the connections: those that are lent out when they come back, the others now.
    void retire(const std::string& cause);
    // A wait is over.
    void on_waited(std::chrono::duration<double> time);
    void tell(std::chrono::nanoseconds waited) const;

private:
    void serve() override;
    [[nodiscard]] bool has_share(const std::optional<base::Uuid>& tenant) const;
    [[nodiscard]] LeaseWait* next_in_turn();
    void lend(Connection& connection, const std::optional<base::Uuid>& tenant);

    std::size_t share_;         // connections that a tenant may hold
    std::uint64_t grants_ = 0;  // since the start
    // The latest grant that no connection and no waiter remembers: tenants that are not known were served then, at the latest.
    std::uint64_t forgotten_ = 0;
    observe::Histogram wait_seconds_;
    observe::Gauge waiting_gauge_;
};

}  // namespace db::detail
