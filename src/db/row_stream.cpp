#include "db/row_stream.h"

#include <algorithm>
#include <stdexcept>

#include "db/db.h"
#include "db/driver/database_state.h"

namespace db::detail {

namespace {

constexpr std::uint32_t first_rows = 100;
constexpr std::size_t most_rows = 1'000;
constexpr std::size_t piece_bytes = std::size_t{256} * 1024;

std::uint32_t rows_that_fit(const Result& before) {
    const auto each = std::max<std::size_t>(1, before.memory() / before.rows());
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(piece_bytes / each, 1, most_rows));
}

}  // namespace

struct CursorState {
    CursorState(std::shared_ptr<DatabaseState> asked, const Target& how, Call what)
        : database(std::move(asked)), target(how), call(std::move(what)) {}

    // Nothing was written: giving the connection back rolls back, and nobody waits for that.
    void expire() {
        failure = std::make_exception_ptr(
            base::Failure(base::Failure(errors::timeout).cause("the time of the stream is over")));
        lease = Lease();
    }

    std::shared_ptr<DatabaseState> database;
    Target target;
    Call call;
    std::uint32_t rows = first_rows;
    bool begun = false;
    bool ended = false;
    std::exception_ptr failure{};
    Lease lease{};
    // Set while the reader does something else; a piece that is asked for has a time of its own.
    async::Timer limit{database->loop, [this] { expire(); }};
};

namespace {

// Our timer comes first: PostgreSQL would end the session.
constexpr async::Milliseconds server_patience{10'000};

// Of one piece.
async::Milliseconds piece_time(const CursorState& cursor) {
    return std::max(cursor.database->options.read_timeout, cursor.call.statement->timeout);
}

// How long the server lets the cursor wait for its reader: as long as the stream may take.
Begin begin_for(const CursorState& cursor) {
    const auto left = std::chrono::duration_cast<async::Milliseconds>(cursor.target.deadline - async::Loop::now());
    return {.read_only = true,
            .idle_time = std::clamp<async::Milliseconds>(left, async::Milliseconds(0), longest_work) + server_patience,
            .statement_time = piece_time(cursor)};
}

async::Task<Result> fetch(CursorState* cursor) {
    auto& database = *cursor->database;
    const auto within = [&](async::Milliseconds time) {
        return std::min(cursor->target.deadline, async::Loop::now() + time);
    };
    const bool first = !std::exchange(cursor->begun, true);
    const auto& tenant = cursor->target.scope.tenant;
    if (first) {
        database.check_open();
        cursor->lease = co_await LeaseWait(database, within(database.options.read_timeout), *database.streams, tenant);
    }
    Result result;
    Exchange exchange(database, within(piece_time(*cursor)),
                      {.calls = {&cursor->call, 1},
                       .results = {&result, 1},
                       .begin = first ? std::optional(begin_for(*cursor)) : std::nullopt,
                       .tenant = first ? tenant : std::nullopt,
                       .cursor = CursorStep{first, cursor->rows},
                       .unnamed = true,
                       .read_only = true});
    exchange.run_on(cursor->lease.connection());
    co_await exchange;
    co_return std::move(result);
}

async::Task<Result> next_piece(CursorState* cursor) {
    if (cursor->failure) std::rethrow_exception(cursor->failure);
    if (cursor->ended) co_return Result();
    cursor->limit.cancel();
    auto span = statement_span(cursor->target.span, cursor->call.statement->name);
    Result result;
    try {
        result = co_await fetch(cursor);
        cursor->ended = result.rows() < cursor->rows;
        if (result.rows() > 0) cursor->rows = rows_that_fit(result);
    } catch (...) {
        cursor->failure = std::current_exception();
        span.fail(cursor->failure);
    }
    if (cursor->ended || cursor->failure) {
        cursor->lease = Lease();
    } else {
        cursor->limit.expires_at(cursor->target.deadline);
    }
    if (cursor->failure) std::rethrow_exception(cursor->failure);
    co_return std::move(result);
}

}  // namespace

CursorReader::CursorReader(const Target& target, const Statement& statement, Parameters parameters)
    : state_(std::make_unique<CursorState>(target.database->state_, target, Call{&statement, std::move(parameters)})) {}

CursorReader::~CursorReader() = default;

async::Task<Result> CursorReader::next() { return next_piece(state_.get()); }

std::unique_ptr<CursorReader> open_cursor_reader(const Target& target, const Statement& statement,
                                                 Parameters parameters) {
    if (target.transaction != nullptr) throw std::logic_error("db: a stream has a transaction of its own");
    if (statement.kind == Kind::write)
        throw std::logic_error("db: " + std::string(statement.name) + ": a stream only reads, as a Kind::read does");
    return std::make_unique<CursorReader>(target, statement, std::move(parameters));
}

}  // namespace db::detail
