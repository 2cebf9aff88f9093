#pragma once
// Database: everything one Loop has to do with one PostgreSQL role: pipelined connections for point reads, pools for slow reads
// and for writes, one connection for LISTEN. Made, used and destroyed on its loop's thread; it outlives the tasks that use it
// (await close() first). A loop may own two: app and app_system.
//
//     db::Database database(loop, {.url = url, .role = "app"}, statements, logger, metrics);
//     co_await database.connect(deadline);
//     db::Result rows = co_await database.query(product_by_id, std::move(parameters), {tenant_id}, deadline);
//     co_await database.batch(std::move(calls), {tenant_id}, deadline);         // one implicit transaction, one round trip
//
// Connections are lent in turn by tenant, and no tenant holds more than its share of a pool (driver/pool.h).
//
// A task destroyed while it waits leaves its connection usable: replies are drained and ignored. Errors: db/error.h. Pipelining,
// grouping and repetition: README.md.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/resolver.h"
#include "async/task.h"
#include "base/uuid.h"
#include "db/error.h"
#include "db/parameters.h"
#include "db/result.h"
#include "db/statement.h"
#include "log/logger.h"
#include "observe/metrics.h"

namespace db {

// Whose rows an operation may see: each statement or batch travels with `set_config('app.tenant', ...)` in its transaction.
struct Scope {
    std::optional<base::Uuid> tenant = std::nullopt;
};

struct Call {
    const Statement* statement;
    Parameters parameters;
};

struct Options {
    std::string url;  // postgresql://..., also over a Unix socket: postgresql:///name?host=/run/postgresql
    // Behind `url` is a pooler that lends a server's connection for a transaction (PgBouncer): statements have no names, and nothing is set
    // for a session. `direct_url` reaches the server itself, for LISTEN.
    bool pooled = false;
    std::string direct_url = {};
    std::string role = "app";  // label of metrics and log lines, and part of application_name
    std::size_t point_connections = 2;
    std::size_t read_connections = 2;
    std::size_t write_connections = 8;
    std::size_t bulk_connections =
        2;  // of transactions that say `bulk` (many statements, for seconds), and of row streams
    // How much of a pool that lends connections one tenant may hold, rounded down; one at least. 100: all of it.
    std::size_t tenant_share_percent = 75;
    std::size_t max_waiting = 1024;              // per pool; beyond it db.overloaded
    std::size_t max_waiting_of_a_tenant = 256;   // per pool that lends connections
    std::size_t point_group_limit = 64;          // operations that share one Sync
    std::size_t point_groups_in_flight = 2;      // per connection
    async::Milliseconds connect_timeout{5'000};  // to look names up, and then for each address
    // Looks host names up, on a thread of its own; none: getaddrinfo.
    async::Lookup lookup = {};
    async::Milliseconds point_timeout{2'000};  // per operation, and statement_timeout on the server
    async::Milliseconds read_timeout{10'000};
    async::Milliseconds write_timeout{5'000};
    async::Milliseconds lock_timeout{3'000};
    async::Milliseconds idle_in_transaction_timeout{10'000};
    async::Milliseconds drain_grace{2'000};     // abandoned replies later than this cost the connection
    async::Milliseconds reconnect_minimum{50};  // doubled at each failure, with jitter
    async::Milliseconds reconnect_maximum{5'000};
    // Told how long each lease of a connection for reads or writes has waited for it; on the loop's thread.
    std::function<void(Kind kind, std::chrono::nanoseconds waited)> on_lease = {};
    async::Milliseconds fail_fast_after{1'000};  // unreachable for longer: refuse at once instead of queueing
};

enum class Isolation : std::uint8_t { read_committed, repeatable_read, serializable };

struct TransactionOptions {
    Scope scope = {};
    async::SteadyTime deadline = {};
    Isolation isolation = Isolation::read_committed;
    bool read_only = false;
    // On the connections for bulks, waiting until `deadline` for its turn; without any connection, no longer than a read.
    bool bulk = false;
    int attempts = 5;  // on 40001 and 40P01, with a jittered pause in between
};

struct ListenCallbacks {
    std::move_only_function<void(std::string_view payload)> on_notify;
    // After each connect but the first: notifications may have been missed, so drop what was cached.
    std::move_only_function<void()> on_reconnect = {};
};

class Database;
namespace detail {
class CursorReader;
class Listener;
class TransactionState;
struct DatabaseState;
template <class T>
using Outcome = std::conditional_t<std::is_void_v<T>, std::optional<bool>, std::optional<T>>;
}  // namespace detail

// An open transaction on a connection of its own. Lives in Database::transaction()'s frame; the work gets a reference.
class Transaction {
public:
    Transaction(Database& database, const TransactionOptions& options);
    ~Transaction();  // not committed: rolled back
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    // `acting`: the tenant on whose behalf a transaction without one runs it, which functions and policies then see until another one is
    // named. A transaction of a tenant's has its own.
    // lint: allow(reference-parameter) it hands on the address, and statements are there as long as the program
    [[nodiscard]] async::Task<Result> query(const Statement& statement, Parameters parameters, Scope acting = {});
    // One round trip; stops at the first error.
    [[nodiscard]] async::Task<std::vector<Result>> batch(std::vector<Call> calls, Scope acting = {});

    // Runs `work` inside a savepoint; what it throws undoes its statements alone and is rethrown.
    template <class T>
    async::Task<T> savepoint(std::move_only_function<async::Task<T>(Transaction&)> work);

    // Called once the whole transaction is committed, on its loop; must not throw. Work that is run again asks again. A savepoint
    // that was undone does not take it back: fit for waking those who look, not for effects.
    void after_commit(std::move_only_function<void()> callback);

    [[nodiscard]] const Scope& scope() const noexcept;
    [[nodiscard]] async::SteadyTime deadline() const noexcept;

private:
    friend class Database;
    async::Task<void> start();
    async::Task<void> commit();
    std::uint32_t push_savepoint();
    void pop_savepoint(std::uint32_t number, bool keep);

    std::unique_ptr<detail::TransactionState> state_;
};

// Ends its LISTEN when destroyed. Must not outlive the Database.
class Listening {
public:
    Listening() = default;
    Listening(Listening&& other) noexcept : listener_(std::exchange(other.listener_, nullptr)), id_(other.id_) {}
    Listening& operator=(Listening&& other) noexcept {
        std::swap(listener_, other.listener_);
        std::swap(id_, other.id_);
        return *this;
    }
    ~Listening();

private:
    friend class Database;
    Listening(detail::Listener* listener, std::uint64_t id) noexcept : listener_(listener), id_(id) {}
    detail::Listener* listener_ = nullptr;
    std::uint64_t id_ = 0;
};

class Database {
public:
    Database(async::Loop& loop, Options options, const StatementRegistry& statements, const logging::Logger& logger,
             observe::Metrics& metrics);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // Opens the first connection. Throws db.unavailable past the deadline, with the last reason in the log.
    [[nodiscard]] async::Task<void> connect(async::SteadyTime deadline);
    // For /ready: a round trip, and whether writes are taken.
    struct Readiness {
        bool answers = false;  // in time
        // Why a write would be refused, as far as is known: the server is read-only, or no connection for writes is to be had.
        // Empty when all of these are busy: that is no fault of the server's.
        std::string refusal;
        [[nodiscard]] bool is_well() const noexcept { return answers && refusal.empty(); }
    };
    [[nodiscard]] async::Task<Readiness> ready(async::SteadyTime deadline);
    // Refuses new work, lets what runs finish until the deadline, then closes every connection.
    [[nodiscard]] async::Task<void> close(async::SteadyTime deadline);

    // One statement, in a transaction of its own, on the connections of its kind. A write has succeeded when this returns.
    [[nodiscard]] async::Task<Result> query(const Statement& statement, Parameters parameters, Scope scope,
                                            async::SteadyTime deadline);
    // All calls in one implicit transaction and one round trip on a write connection. Returning means committed.
    [[nodiscard]] async::Task<std::vector<Result>> batch(std::vector<Call> calls, Scope scope,
                                                         async::SteadyTime deadline);
    // BEGIN ... COMMIT around `work`, which may run several times. For savepoints, isolation levels and reading in between.
    template <class T>
    async::Task<T> transaction(TransactionOptions options, std::move_only_function<async::Task<T>(Transaction&)> work);

    // Any number of channels on one connection. Callbacks run on the loop; a channel name is an SQL identifier's text.
    [[nodiscard]] Listening listen(std::string channel, ListenCallbacks callbacks);

    struct Counts {
        std::size_t open = 0;
        std::size_t waiting = 0;
        std::size_t leased = 0;  // held by a running batch or transaction, or being drained
    };
    [[nodiscard]] Counts counts(Kind kind) const;
    [[nodiscard]] Counts bulk_counts() const;
    [[nodiscard]] const Options& options() const noexcept;
    [[nodiscard]] async::Loop& loop() const noexcept;

private:
    friend class Transaction;
    friend class detail::CursorReader;
    // Whether to run the transaction again; if so, the pause before it.
    [[nodiscard]] std::optional<async::Milliseconds> retry_pause(const std::exception_ptr& failure,
                                                                 const TransactionOptions& options, int attempt);
    template <class T>
    async::Task<std::exception_ptr> attempt(TransactionOptions options,
                                            std::move_only_function<async::Task<T>(Transaction&)>* work,
                                            detail::Outcome<T>* value);

    std::shared_ptr<detail::DatabaseState> state_;
};

template <class T>
async::Task<T> Transaction::savepoint(std::move_only_function<async::Task<T>(Transaction&)> work) {
    const auto number = push_savepoint();
    std::exception_ptr failure;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await work(*this);
            pop_savepoint(number, true);
            co_return;
        } else {
            T value = co_await work(*this);
            pop_savepoint(number, true);
            co_return value;
        }
    } catch (...) {
        failure = std::current_exception();
    }
    pop_savepoint(number, false);
    std::rethrow_exception(failure);
}

template <class T>
async::Task<std::exception_ptr> Database::attempt(TransactionOptions options,
                                                  std::move_only_function<async::Task<T>(Transaction&)>* work,
                                                  detail::Outcome<T>* value) {
    Transaction transaction(*this, options);
    try {
        co_await transaction.start();
        if constexpr (std::is_void_v<T>) {
            co_await (*work)(transaction);
        } else {
            value->emplace(co_await (*work)(transaction));
        }
        co_await transaction.commit();
    } catch (...) {
        co_return std::current_exception();
    }
    co_return std::exception_ptr();
}

template <class T>
async::Task<T> Database::transaction(TransactionOptions options,
                                     std::move_only_function<async::Task<T>(Transaction&)> work) {
    for (int number = 1;; ++number) {
        detail::Outcome<T> value;
        const std::exception_ptr failure = co_await attempt<T>(options, &work, &value);
        if (!failure) {
            if constexpr (std::is_void_v<T>) {
                co_return;
            } else {
                co_return std::move(*value);
            }
        }
        const auto pause = retry_pause(failure, options, number);
        if (!pause) std::rethrow_exception(failure);
        co_await async::sleep(&loop(), *pause);
    }
}

}  // namespace db
