#include "db/database.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "async/sync.h"
#include "db/driver/database_state.h"

namespace db {

namespace {

using detail::DatabaseState;
using detail::Exchange;
using detail::Lease;
using detail::LeaseWait;
using detail::Loss;

void check_call(const DatabaseState& state, const Call& call) {
    (void)state.statements.index_of(*call.statement);
    // The wire counts parameters in 16 bits.
    if (call.parameters.size() > std::numeric_limits<std::uint16_t>::max()) {
        throw std::invalid_argument("too many parameters for " + std::string(call.statement->name));
    }
}

async::SteadyTime bounded(async::SteadyTime deadline, async::Milliseconds timeout) {
    return std::min(deadline, async::Loop::now() + timeout);
}

async::Task<Result> run_point(std::shared_ptr<DatabaseState> state, Call call, Scope scope,
                              async::SteadyTime deadline) {
    state->check_open();
    check_call(*state, call);
    state->points->check_room();
    Result result;
    Exchange exchange(*state, bounded(deadline, state->timeout_of(*call.statement)),
                      {.calls = {&call, 1},
                       .results = {&result, 1},
                       .tenant = scope.tenant,
                       .shares_sync = true,
                       .loss = Loss::repeat});
    co_await exchange;
    co_return std::move(result);
}

struct ImplicitOptions {
    Kind kind;
    Scope scope;
    async::SteadyTime deadline;
};

// One implicit transaction on a connection of its own. A second run only where the first certainly left nothing.
async::Task<std::vector<Result>> run_implicit(std::shared_ptr<DatabaseState> state, std::vector<Call> calls,
                                              ImplicitOptions options) {
    state->check_open();
    for (const Call& call : calls) check_call(*state, call);
    const auto loss = options.kind == Kind::write ? Loss::unknown : Loss::repeat;
    for (int attempt = 0;; ++attempt) {
        std::vector<Result> results(calls.size());
        const Lease lease =
            co_await LeaseWait(*state, options.deadline, state->lease_pool(options.kind), options.scope.tenant);
        Exchange exchange(
            *state, options.deadline,
            {.calls = calls, .results = results, .tenant = options.scope.tenant, .unnamed = attempt > 0, .loss = loss});
        exchange.run_on(lease.connection());
        try {
            co_await exchange;
            co_return std::move(results);
        } catch (...) {
            if (attempt > 0 || !exchange.may_repeat()) throw;
        }
    }
}

async::Task<Result> run_single(std::shared_ptr<DatabaseState> state, Call call, ImplicitOptions options) {
    std::vector<Call> calls;
    calls.push_back(std::move(call));
    auto results = co_await run_implicit(std::move(state), std::move(calls), options);
    co_return std::move(results.front());
}

}  // namespace

namespace detail {

class TransactionState {
public:
    TransactionState(std::shared_ptr<DatabaseState> shared, const TransactionOptions& chosen)
        : database(std::move(shared)), options(chosen) {}

    std::shared_ptr<DatabaseState> database;
    TransactionOptions options;
    Lease lease;
    // Travel with the next statement, as BEGIN does: they cost no round trip.
    std::vector<SavepointStep> steps;
    std::vector<std::move_only_function<void()>> after_commit;
    bool begun = false;
    bool running = false;
    // A statement of which no answer came: what the transaction holds is not known any more.
    bool lost = false;
    std::uint32_t savepoints = 0;
};

namespace {

async::Task<std::vector<Result>> run_in_transaction(TransactionState* transaction, std::vector<Call> calls,
                                                    Scope acting, bool commit) {
    auto& state = *transaction->database;
    for (const Call& call : calls) check_call(state, call);
    // Two at once would mix their savepoints and answers.
    if (transaction->running) throw std::logic_error("a transaction runs one statement at a time");
    if (transaction->lost || !transaction->lease.is_alive()) {
        throw base::Failure(base::Failure(errors::unavailable).cause("the transaction's connection was lost"));
    }
    std::vector<Result> results(calls.size());
    auto timeout = commit ? state.options.write_timeout : async::Milliseconds(0);
    for (const Call& call : calls) timeout = std::max(timeout, state.timeout_of(*call.statement));
    const std::vector<SavepointStep> steps = std::exchange(transaction->steps, {});
    const auto& options = transaction->options;
    const bool first = !std::exchange(transaction->begun, true);
    const bool may_have_committed = commit && !options.read_only;
    Exchange exchange(state, bounded(options.deadline, timeout),
                      {.calls = calls,
                       .results = results,
                       .begin = first ? std::optional(Begin{options.isolation, options.read_only}) : std::nullopt,
                       .tenant = first ? options.scope.tenant : std::nullopt,
                       .savepoints = steps,
                       .acting = options.scope.tenant ? std::nullopt : acting.tenant,
                       .commit = commit,
                       .read_only = options.read_only,
                       .loss = may_have_committed ? Loss::unknown : Loss::unavailable});
    exchange.run_on(transaction->lease.connection());
    transaction->running = true;
    std::exception_ptr failure;
    try {
        co_await exchange;
    } catch (const Error&) {
        failure = std::current_exception();
    } catch (...) {
        failure = std::current_exception();
        transaction->lost = true;
    }
    transaction->running = false;
    if (failure) std::rethrow_exception(failure);
    co_return std::move(results);
}

async::Task<Result> run_one_in_transaction(TransactionState* transaction, Call call, Scope acting) {
    std::vector<Call> calls;
    calls.push_back(std::move(call));
    auto results = co_await run_in_transaction(transaction, std::move(calls), acting, false);
    co_return std::move(results.front());
}

}  // namespace
}  // namespace detail

Transaction::Transaction(Database& database, const TransactionOptions& options)
    : state_(std::make_unique<detail::TransactionState>(database.state_, options)) {}

Transaction::~Transaction() = default;

async::Task<void> Transaction::start() {
    auto& database = *state_->database;
    database.check_open();
    const auto& options = state_->options;
    // A bulk takes its turn as long as its caller waits; anything else would rather be told soon.
    const auto deadline = options.bulk ? options.deadline : bounded(options.deadline, database.options.write_timeout);
    auto& pool = options.bulk ? *database.bulks : *database.writes;
    state_->lease = co_await LeaseWait(database, deadline, pool, options.scope.tenant);
}

async::Task<void> Transaction::commit() {
    // Without a statement nothing was begun.
    if (!state_->begun) co_return;
    co_await detail::run_in_transaction(state_.get(), {}, {}, true);
    for (auto& callback : state_->after_commit) callback();
}

void Transaction::after_commit(std::move_only_function<void()> callback) {
    state_->after_commit.push_back(std::move(callback));
}

async::Task<Result> Transaction::query(const Statement& statement, Parameters parameters, Scope acting) {
    return detail::run_one_in_transaction(state_.get(), {&statement, std::move(parameters)}, acting);
}

async::Task<std::vector<Result>> Transaction::batch(std::vector<Call> calls, Scope acting) {
    return detail::run_in_transaction(state_.get(), std::move(calls), acting, false);
}

std::uint32_t Transaction::push_savepoint() {
    const auto number = ++state_->savepoints;
    state_->steps.push_back(detail::SavepointStep::open(number));
    return number;
}

void Transaction::pop_savepoint(std::uint32_t number, bool keep) {
    auto& steps = state_->steps;
    // Never sent: nothing ran inside it.
    const auto unsent = std::ranges::find(steps, detail::SavepointStep::open(number));
    if (unsent != steps.end()) {
        steps.erase(unsent, steps.end());
        return;
    }
    if (!keep) steps.push_back(detail::SavepointStep::undo(number));
    steps.push_back(detail::SavepointStep::release(number));
}

const Scope& Transaction::scope() const noexcept { return state_->options.scope; }
async::SteadyTime Transaction::deadline() const noexcept { return state_->options.deadline; }

Listening::~Listening() {
    if (listener_ != nullptr) listener_->remove(id_);
}

Database::Database(async::Loop& loop, Options options, const StatementRegistry& statements,
                   const logging::Logger& logger, observe::Metrics& metrics)
    : state_(std::make_shared<DatabaseState>(loop, std::move(options), statements, logger, metrics)) {}

Database::~Database() { state_->shutdown(); }

async::Task<void> Database::connect(async::SteadyTime deadline) {
    constexpr async::Milliseconds pause(50);
    for (;;) {
        try {
            co_await run_point(state_, {&state_->statements.ping(), {}}, {}, deadline);
            co_return;
        } catch (const base::Failure&) {
            if (state_->closed || async::Loop::now() + pause >= deadline) throw;
        }
        co_await async::sleep(&state_->loop, pause);
    }
}

namespace {

// Why the server would refuse a write. Judges nothing when no connection was free in half of the time.
async::Task<std::string> refusal_of(std::shared_ptr<DatabaseState> state, async::SteadyTime deadline) {
    deadline -= (deadline - async::Loop::now()) / 2;
    try {
        const auto answer =
            co_await run_single(state, {&state->statements.takes_writes(), {}}, {Kind::write, {}, deadline});
        if (answer.get<std::string_view>(0, 0) == "off") co_return std::string();
        // The next connections may find the new primary.
        state->writes->retire("transaction_read_only is on");
        state->bulks->retire("transaction_read_only is on");
        co_return "the server takes no writes: transaction_read_only is on";
    } catch (const base::Failure& failure) {
        if (failure.code() != errors::unavailable) co_return std::string();
    }
    co_return "no connection that takes writes";
}

// Known already: a server that is away is not waited for.
bool is_out_of_reach(const DatabaseState& state) {
    try {
        state.points->check_room();
    } catch (const base::Failure& failure) {
        return failure.code() == errors::unavailable;
    }
    return false;
}

// On a connection of its own: that others wait for a lock, or for each other, is no reason to take an instance out of service.
async::Task<bool> answers(std::shared_ptr<DatabaseState> state, async::SteadyTime deadline) {
    if (state->closed || is_out_of_reach(*state)) co_return false;
    try {
        Call call{&state->statements.ping(), {}};
        Result result;
        const Lease lease = co_await LeaseWait(*state, deadline, *state->probes, std::nullopt);
        Exchange exchange(*state, deadline, {.calls = {&call, 1}, .results = {&result, 1}, .loss = Loss::repeat});
        exchange.run_on(lease.connection());
        co_await exchange;
        co_return true;
    } catch (const base::Failure&) {
        co_return false;
    }
}

}  // namespace

async::Task<Database::Readiness> Database::ready(async::SteadyTime deadline) {
    auto both = co_await async::when_all(answers(state_, deadline), refusal_of(state_, deadline));
    auto& [alive, refusal] = both;
    co_return Readiness{alive, std::move(refusal)};
}

async::Task<void> Database::close(async::SteadyTime deadline) {
    state_->closed = true;
    const auto is_busy = [](DatabaseState& state) {
        return state.active > 0 || state.reads->counts().leased > 0 || state.writes->counts().leased > 0 ||
               state.bulks->counts().leased > 0 || state.streams->counts().leased > 0;
    };
    while (is_busy(*state_) && async::Loop::now() < deadline)
        co_await async::sleep(&state_->loop, async::Milliseconds(10));
    state_->shutdown();
}

async::Task<Result> Database::query(const Statement& statement, Parameters parameters, Scope scope,
                                    async::SteadyTime deadline) {
    Call call{&statement, std::move(parameters)};
    if (statement.kind == Kind::point) return run_point(state_, std::move(call), scope, deadline);
    return run_single(state_, std::move(call),
                      {statement.kind, scope, bounded(deadline, state_->timeout_of(statement))});
}

async::Task<std::vector<Result>> Database::batch(std::vector<Call> calls, Scope scope, async::SteadyTime deadline) {
    auto timeout = state_->options.write_timeout;
    for (const Call& call : calls) timeout = std::max(timeout, state_->timeout_of(*call.statement));
    return run_implicit(state_, std::move(calls), {Kind::write, scope, bounded(deadline, timeout)});
}

Listening Database::listen(std::string channel, ListenCallbacks callbacks) {
    return {state_->listener.get(), state_->listener->add(std::move(channel), std::move(callbacks))};
}

Database::Counts Database::counts(Kind kind) const {
    if (kind == Kind::point) return state_->points->counts();
    return state_->lease_pool(kind).counts();
}

// Of bulks and of row streams.
Database::Counts Database::bulk_counts() const {
    const auto bulks = state_->bulks->counts();
    const auto streams = state_->streams->counts();
    return {bulks.open + streams.open, bulks.waiting + streams.waiting, bulks.leased + streams.leased};
}

const Options& Database::options() const noexcept { return state_->options; }
async::Loop& Database::loop() const noexcept { return state_->loop; }

std::optional<async::Milliseconds> Database::retry_pause(const std::exception_ptr& failure,
                                                         const TransactionOptions& options, int attempt) {
    bool worth_it = false;
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        // Each run finds one outdated statement at most.
        worth_it = error.is_serialization() || error.is_stale_statement();
    } catch (...) {
        return std::nullopt;
    }
    const auto pause = state_->with_jitter(async::Milliseconds(10) * (1 << std::min(attempt, 6)));
    if (!worth_it || attempt >= options.attempts || async::Loop::now() + pause >= options.deadline) return std::nullopt;
    return pause;
}

}  // namespace db
