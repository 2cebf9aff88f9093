#include "db/driver/connection.h"

#include <algorithm>

#include "base/strings.h"
#include "db/driver/database_state.h"

namespace db::detail {

namespace {

constexpr int binary = 1;

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : std::string(text);
}

// Without "read write": who set the server read-only means us too.
const char* begin_text(Isolation isolation, bool read_only) {
    switch (isolation) {
        case Isolation::read_committed:
            return read_only ? "begin isolation level read committed read only"
                             : "begin isolation level read committed";
        case Isolation::repeatable_read:
            return read_only ? "begin isolation level repeatable read read only"
                             : "begin isolation level repeatable read";
        case Isolation::serializable:
            return read_only ? "begin isolation level serializable read only" : "begin isolation level serializable";
    }
    return "begin";
}

// The server ends the session after such an error, and the error may have come after the commit.
bool ends_session(const PGresult* result) {
    const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    // libpq's own errors have none.
    return severity == nullptr || std::string_view(severity) == "FATAL" || std::string_view(severity) == "PANIC";
}

}  // namespace

ErrorFields error_fields(const PGresult* result, std::string_view statement) {
    return {.sqlstate = field(result, PG_DIAG_SQLSTATE),
            .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
            .detail = field(result, PG_DIAG_MESSAGE_DETAIL),
            .hint = field(result, PG_DIAG_MESSAGE_HINT),
            .schema = field(result, PG_DIAG_SCHEMA_NAME),
            .table = field(result, PG_DIAG_TABLE_NAME),
            .column = field(result, PG_DIAG_COLUMN_NAME),
            .constraint = field(result, PG_DIAG_CONSTRAINT_NAME),
            .routine = field(result, PG_DIAG_SOURCE_FUNCTION),
            .statement = std::string(statement)};
}

Connection::Connection(DatabaseState& state, Pool& pool)
    : Link(state.loop, state.options.connect_timeout, state.resolver),
      state_(state),
      pool_(pool),
      prepared_(state.statements.size()),
      grace_(state.loop, [this] { check_grace(); }) {}

Connection::~Connection() = default;

void Connection::on_connected() {
    if (PQenterPipelineMode(native_) != 1) return fail(error_text());
    connected_at_ = async::Loop::now();
    pool_.on_connected();
}

// ---- Sending ----------------------------------------------------------------------------------------------------

void Connection::send(Exchange& exchange, bool in_scope) {
    exchange.set_flight(this);
    const auto& plan = exchange.plan();
    if (plan.begin) send_control(begin_text(plan.begin->isolation, plan.begin->read_only), &exchange, Step::control);
    // Ahead of every savepoint: `rollback to` undoes settings too, and row level security would hide all that follows.
    if (plan.tenant && !in_scope) send_scope(exchange, *plan.tenant);
    if (plan.begin && plan.begin->idle_time.count() > 0) {
        const auto sql = "select set_config('idle_in_transaction_session_timeout', '" +
                         std::to_string(plan.begin->idle_time.count()) + "', true), set_config('statement_timeout', '" +
                         std::to_string(plan.begin->statement_time.count()) + "', true)";
        send_control(sql.c_str(), &exchange, Step::control);
    }
    for (const SavepointStep& step : plan.savepoints) send_control(step.sql().c_str(), &exchange, Step::control);
    if (plan.acting) send_scope(exchange, *plan.acting);
    if (plan.cursor) {
        send_cursor(exchange);
    } else {
        for (std::uint32_t position = 0; position < plan.calls.size(); ++position) send_call(exchange, position);
    }
    if (plan.commit) send_control("commit", &exchange, Step::commit);
}

void Connection::sync(Exchange* exchange) {
    check_sent(PQpipelineSync(native_));
    push({.step = Step::sync, .exchange = exchange});
    ++syncs_;
    flush();
}

void Connection::send_control(const char* sql, Exchange* exchange, Step step) {
    check_sent(PQsendQueryParams(native_, sql, 0, nullptr, nullptr, nullptr, nullptr, binary));
    push({.step = step, .exchange = exchange});
}

void Connection::send_scope(Exchange& exchange, base::Uuid tenant) {
    const Statement& statement = state_.statements.set_tenant();
    char text[base::Uuid::text_size + 1] = {};
    tenant.write_to(std::span<char, base::Uuid::text_size>(text, base::Uuid::text_size));
    const char* values[] = {text};
    Expected expected{.step = Step::scope, .statement = StatementRegistry::set_tenant_index, .exchange = &exchange};
    if (is_unnamed(exchange)) {
        check_sent(PQsendQueryParams(native_, statement.sql.c_str(), 1, statement.parameter_types.data(), values,
                                     nullptr, nullptr, binary));
    } else {
        const Prepared& prepared = prepare(statement, StatementRegistry::set_tenant_index, expected);
        expected.version = prepared.version;
        check_sent(PQsendQueryPrepared(native_, prepared.name.c_str(), 1, values, nullptr, nullptr, binary));
    }
    push(expected);
}

void Connection::send_call(Exchange& exchange, std::uint32_t position) {
    const Call& call = exchange.plan().calls[position];
    const Statement& statement = *call.statement;
    const auto index = state_.statements.index_of(statement);
    Expected expected{.step = Step::execute, .statement = index, .position = position, .exchange = &exchange};
    if (is_unnamed(exchange)) {
        send_unnamed(statement.sql, call.parameters, statement.parameter_types);
    } else {
        const Prepared& prepared = prepare(statement, index, expected);
        expected.version = prepared.version;
        put_parameters(call.parameters);
        check_sent(PQsendQueryPrepared(native_, prepared.name.c_str(), static_cast<int>(values_.size()), values_.data(),
                                       lengths_.data(), formats_.data(), binary));
    }
    push(expected);
}

// Both steps count as the statement's own, in metrics and in what an error names. A transaction has one cursor.
void Connection::send_cursor(Exchange& exchange) {
    const Call& call = exchange.plan().calls.front();
    const Statement& statement = *call.statement;
    const auto [open, rows] = *exchange.plan().cursor;
    const Expected expected{
        .step = Step::execute, .statement = state_.statements.index_of(statement), .exchange = &exchange};
    if (open) {
        send_unnamed("declare stream no scroll cursor for " + statement.sql, call.parameters,
                     statement.parameter_types);
        push(expected);
    }
    send_unnamed("fetch forward " + std::to_string(rows) + " from stream", {}, {});
    push(expected);
}

// A name belongs to a session, and a pooler gives the next transaction another one.
bool Connection::is_unnamed(const Exchange& exchange) const { return exchange.plan().unnamed || state_.options.pooled; }

void Connection::send_unnamed(const std::string& sql, const Parameters& parameters,
                              std::span<const std::uint32_t> types) {
    put_parameters(parameters);
    // The declared types are as many as the parameters, or none.
    const Oid* known = types.size() == values_.size() ? types.data() : nullptr;
    check_sent(PQsendQueryParams(native_, sql.c_str(), static_cast<int>(values_.size()), known, values_.data(),
                                 lengths_.data(), formats_.data(), binary));
}

void Connection::put_parameters(const Parameters& parameters) {
    const auto slots = parameters.slots();
    values_.resize(slots.size());
    lengths_.resize(slots.size());
    formats_.assign(slots.size(), binary);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        values_[i] = slots[i].size < 0 ? nullptr : parameters.bytes() + slots[i].offset;
        lengths_[i] = slots[i].size;
    }
}

// Parse goes ahead of the first execution, in the same pipeline.
Connection::Prepared& Connection::prepare(const Statement& statement, std::uint32_t index, Expected expected) {
    if (index >= prepared_.size()) prepared_.resize(state_.statements.size());
    Prepared& prepared = prepared_[index];
    if (prepared.present) return prepared;
    prepared.present = true;
    prepared.name = statement.name;
    if (prepared.version > 0) prepared.name += '#' + std::to_string(prepared.version);
    check_sent(PQsendPrepare(native_, prepared.name.c_str(), statement.sql.c_str(),
                             static_cast<int>(statement.parameter_types.size()), statement.parameter_types.data()));
    expected.step = Step::prepare;
    expected.version = prepared.version;
    push(expected);
    return prepared;
}

void Connection::push(Expected expected) {
    flight_.push_back(expected);
    ++pushed_;
}

// Whoever is in flight hears of it from on_lost(), in a later turn.
void Connection::check_sent(int sent) {
    if (sent == 1 || std::exchange(send_failed_, true)) return;
    fail_later(error_text());
}

bool Connection::is_idle_outside_transaction() const {
    return !has_flight() && PQtransactionStatus(native_) == PQTRANS_IDLE;
}

void Connection::send_rollback() {
    send_control("rollback", nullptr, Step::control);
    sync();
    abandoned_mark_ = pushed_;
    check_grace();
}

// ---- Replies ----------------------------------------------------------------------------------------------------

void Connection::on_readable() {
    state_.now = async::Loop::now();
    int empty_in_a_row = 0;
    while (has_flight() && PQisBusy(native_) == 0) {
        PGresult* raw = PQgetResult(native_);
        if (raw != nullptr) {
            empty_in_a_row = 0;
            take(raw);
        } else if (front().answered && front().step != Step::sync) {
            // NULL ends the results of one statement; a Sync has no such end.
            empty_in_a_row = 0;
            pop();
        } else if (++empty_in_a_row > 1) {
            break;
        }
    }
    state_.resume_finished();
}

void Connection::pop() {
    ++first_;
    ++popped_;
    if (first_ == flight_.size()) {
        flight_.clear();
        first_ = 0;
    } else if (first_ >= 1024 && first_ * 2 > flight_.size()) {
        flight_.erase(flight_.begin(), flight_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
}

void Connection::take(PGresult* raw) {
    Result result(raw);
    Expected& expected = front();
    expected.answered = true;
    switch (PQresultStatus(raw)) {
        case PGRES_PIPELINE_SYNC: return take_sync();
        case PGRES_PIPELINE_ABORTED: return take_aborted(expected);
        case PGRES_EMPTY_QUERY:
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK: return take_ok(expected, std::move(result));
        case PGRES_FATAL_ERROR: return take_error(expected, raw);
        // COPY inside a statement: not possible in pipeline mode.
        default:
            return fail("unexpected reply to " +
                        std::string(state_.statements.entry(expected.statement).statement->name));
    }
}

void Connection::take_sync() {
    if (front().step != Step::sync) return fail("a Sync came back before its statements");
    auto* exchange = front().exchange;
    pop();
    --syncs_;
    if (exchange != nullptr) exchange->on_sync();
    pool_.on_sync(*this);
}

void Connection::take_ok(Expected& expected, Result result) {
    auto* exchange = expected.exchange;
    if (exchange == nullptr) return;
    if (expected.step == Step::commit && result.command() != "COMMIT") {
        // COMMIT of a failed transaction succeeds as a ROLLBACK (https://www.postgresql.org/docs/15/sql-commit.html).
        exchange->on_error(Error::at_commit, {.sqlstate = "25P02", .message = "rolled back after an earlier error"});
    }
    if (expected.step != Step::execute) return;
    state_.statements.entry(expected.statement)
        .count(std::chrono::duration<double>(state_.now - exchange->started()).count(),
               static_cast<double>(result.columns() > 0 ? result.rows() : result.affected()));
    exchange->on_result(expected.position, std::move(result));
    if (!exchange->plan().shares_sync) return;
    expected.exchange = nullptr;
    exchange->on_end(false);
}

void Connection::take_error(Expected& expected, const PGresult* raw) {
    if (ends_session(raw)) return fail(std::string(base::trim(PQresultErrorMessage(raw))));
    const bool of_statement =
        expected.step == Step::prepare || expected.step == Step::execute || expected.step == Step::scope;
    auto fields = error_fields(
        raw, of_statement ? state_.statements.entry(expected.statement).statement->name : std::string_view());
    if (of_statement) state_.statements.count_error(expected.statement, fields.sqlstate);
    if (expected.step == Step::prepare || Error(fields).is_stale_statement()) invalidate(expected);
    auto* exchange = expected.exchange;
    if (fields.sqlstate == "25006") take_read_only(fields, exchange);
    if (exchange == nullptr) return;
    const bool at_end = expected.step == Step::sync || expected.step == Step::commit;
    exchange->on_error(at_end ? Error::at_commit : expected.position, std::move(fields));
    if (expected.step != Step::execute || !exchange->plan().shares_sync) return;
    expected.exchange = nullptr;
    exchange->on_end(false);
}

void Connection::take_read_only(ErrorFields& fields, const Exchange* exchange) {
    fields.read_only_by_choice = pool_.kind() != Kind::write || (exchange != nullptr && exchange->plan().read_only);
    if (!fields.read_only_by_choice) refusal_ = fields.message;
}

void Connection::take_aborted(Expected& expected) {
    // A Parse behind the error was skipped; one ahead of it stands, though its transaction was rolled back.
    if (expected.step == Step::prepare) invalidate(expected);
    auto* exchange = expected.exchange;
    if (exchange == nullptr || expected.step != Step::execute || !exchange->plan().shares_sync) return;
    expected.exchange = nullptr;
    exchange->on_end(true);
}

void Connection::invalidate(const Expected& expected) {
    const bool is_named =
        expected.step == Step::prepare || expected.step == Step::execute || expected.step == Step::scope;
    if (!is_named || expected.statement >= prepared_.size()) return;
    Prepared& prepared = prepared_[expected.statement];
    if (!prepared.present || prepared.version != expected.version) return;
    prepared.present = false;
    ++prepared.version;
}

// ---- The end of things ------------------------------------------------------------------------------------------

void Connection::abandon(const Exchange& exchange) {
    for (auto at = first_; at < flight_.size(); ++at) {
        if (flight_[at].exchange == &exchange) flight_[at].exchange = nullptr;
    }
    abandoned_mark_ = pushed_;
    if (!grace_.is_set()) check_grace();
}

void Connection::check_grace() {
    if (grace_mark_ != 0 && popped_ < grace_mark_ && !grace_.is_set())
        return fail_later("abandoned replies did not come in time");
    grace_mark_ = popped_ < abandoned_mark_ ? abandoned_mark_ : 0;
    if (grace_mark_ != 0) grace_.expires_after(state_.options.drain_grace);
}

void Connection::fail_flight(const std::string& cause) {
    grace_.cancel();
    auto flight = std::exchange(flight_, {});
    const auto from = std::exchange(first_, 0);
    syncs_ = 0;
    for (auto at = from; at < flight.size(); ++at) {
        auto* exchange = flight[at].exchange;
        if (exchange == nullptr) continue;
        for (auto other = at; other < flight.size(); ++other) {
            if (flight[other].exchange == exchange) flight[other].exchange = nullptr;
        }
        exchange->on_lost(cause);
    }
}

void Connection::on_lost(const std::string& cause) {
    fail_flight(cause);
    pool_.on_lost(*this, cause);
}

}  // namespace db::detail
