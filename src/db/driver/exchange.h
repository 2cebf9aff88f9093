#pragma once
// What one awaiting task wants from the driver. A Waiter lives in the task's frame and is in at most one list: a queue, the
// flight of a connection, or the finished ones. Destroying it in any of these states is safe: it leaves the list, or the
// connection forgets it and drains its replies.

#include <boost/intrusive/list.hpp>
#include <coroutine>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "async/loop.h"
#include "db/database.h"

namespace db::detail {

class Connection;
struct DatabaseState;

using Hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Waiter : public Hook {
public:
    Waiter(DatabaseState& state, async::SteadyTime deadline);
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // Resumes the task in a later step of this turn; nothing else may happen to the waiter then.
    void finish();
    void finish(std::exception_ptr failure);
    [[nodiscard]] bool is_finished() const noexcept { return finished_; }
    [[nodiscard]] async::SteadyTime started() const noexcept { return started_; }
    [[nodiscard]] async::SteadyTime deadline() const noexcept { return deadline_; }
    [[nodiscard]] DatabaseState& state() const noexcept { return state_; }

    // A queue's count is kept by its members, as they may leave by themselves.
    void enter(boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>& queue, std::size_t& count,
               bool at_front = false);
    void leave() noexcept;

    [[nodiscard]] bool await_ready() const noexcept { return finished_; }
    void resume() { awaiting_.resume(); }

protected:
    ~Waiter();
    virtual void expire() = 0;
    void suspend(std::coroutine_handle<> awaiting);
    // expire() comes then, and not at the deadline.
    void wake_at(async::SteadyTime when) { timer_.expires_at(when); }
    void check() const {
        if (failure_) std::rethrow_exception(failure_);
    }

    DatabaseState& state_;

private:
    async::SteadyTime started_;
    async::SteadyTime deadline_;
    async::Timer timer_;
    std::coroutine_handle<> awaiting_;
    std::exception_ptr failure_;
    std::size_t* queue_count_ = nullptr;
    bool finished_ = false;
};

using WaiterList = boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>;

// The head of an explicit transaction. Its tenant is in the same Plan: the setting travels right behind BEGIN.
struct Begin {
    Isolation isolation = Isolation::read_committed;
    bool read_only = false;
    // Of one that waits for its reader: how long the server lets it lie between two statements, and each of these run. Zero: as
    // the session says.
    async::Milliseconds idle_time{0};
    async::Milliseconds statement_time{0};
};

// SAVEPOINT, ROLLBACK TO and RELEASE, and nothing else: what is undone with a savepoint must not be what the rest of the
// transaction stands on, so neither BEGIN nor the tenant's setting can be one of these (compile_fail/).
class SavepointStep {
public:
    [[nodiscard]] static SavepointStep open(std::uint32_t number) { return {"savepoint s", number}; }
    [[nodiscard]] static SavepointStep undo(std::uint32_t number) { return {"rollback to savepoint s", number}; }
    [[nodiscard]] static SavepointStep release(std::uint32_t number) { return {"release savepoint s", number}; }

    [[nodiscard]] std::string sql() const { return std::string(verb_) + std::to_string(number_); }
    friend bool operator==(const SavepointStep&, const SavepointStep&) = default;

private:
    SavepointStep(std::string_view verb, std::uint32_t number) : verb_(verb), number_(number) {}
    std::string_view verb_;
    std::uint32_t number_;
};

// A piece of what one call's rows are: `open` declares the cursor, which the transaction keeps, ahead of it.
struct CursorStep {
    bool open = false;
    std::uint32_t rows = 0;
};

// What a connection lost in flight means to the task.
enum class Loss : std::uint8_t {
    repeat,       // a read: may run again elsewhere
    unavailable,  // certainly not committed
    unknown,      // may have been committed
};

// Statements sent together: a point read (finishes at its result) or a group of its own (finishes at its Sync). On the wire in
// this order: begin, the tenant's set_config, savepoints, calls (or the cursor's step of one), commit.
class Exchange final : public Waiter {
public:
    struct Plan {
        std::span<Call> calls;
        std::span<Result> results;  // as many as calls
        std::optional<Begin> begin = std::nullopt;
        std::optional<base::Uuid> tenant = std::nullopt;
        std::span<const SavepointStep> savepoints = {};
        std::optional<base::Uuid> acting = std::nullopt;  // set anew each time, as `rollback to` undoes it
        std::optional<CursorStep> cursor = std::nullopt;  // of the one call
        bool commit = false;
        bool shares_sync = false;  // a point read
        bool unnamed = false;      // parse anew instead of using prepared statements
        bool read_only = false;    // of a transaction that was begun so: 25006 is the statement's fault
        Loss loss = Loss::unavailable;
    };

    Exchange(DatabaseState& state, async::SteadyTime deadline, Plan plan);
    ~Exchange();

    // Where it goes when awaited; none: the point reads' queue.
    void run_on(Connection& connection) { target_ = &connection; }
    void await_suspend(std::coroutine_handle<> awaiting);
    void await_resume() const { check(); }

    // Called by the connection as replies come.
    void on_result(std::size_t position, Result result);
    void on_error(std::size_t position, ErrorFields fields);
    void on_end(bool aborted);  // of the last call of a point read
    void on_sync();
    void on_lost(const std::string& cause);

    [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
    [[nodiscard]] bool repeats_alone() const noexcept { return plan_.unnamed; }
    // After a failure: nothing was kept and a second run may succeed.
    [[nodiscard]] bool may_repeat() const noexcept { return may_repeat_; }
    void set_flight(Connection* connection) noexcept { flight_ = connection; }

private:
    void expire() override;
    void repeat_alone();
    [[nodiscard]] std::exception_ptr make_error();

    Plan plan_;
    Connection* target_ = nullptr;
    Connection* flight_ = nullptr;
    std::optional<ErrorFields> error_;
    std::size_t error_position_ = 0;
    bool may_repeat_ = false;
    std::uint8_t repeats_ = 0;
};

}  // namespace db::detail
