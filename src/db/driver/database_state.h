#pragma once
// DatabaseState: what the parts of one Database share. Owned by the Database; lives on its loop's thread.

#include <memory>
#include <string>

#include "base/random.h"
#include "db/driver/listener.h"
#include "db/driver/pool.h"

namespace db::detail {

struct DatabaseState : std::enable_shared_from_this<DatabaseState> {
    DatabaseState(async::Loop& event_loop, Options settings, const StatementRegistry& registry,
                  const logging::Logger& log, observe::Metrics& process_metrics);

    void start();  // after construction: what needs shared_from_this
    void shutdown();

    [[nodiscard]] async::Milliseconds timeout_of(const Statement& statement) const;
    [[nodiscard]] async::Milliseconds with_jitter(async::Milliseconds delay);
    [[nodiscard]] LeasePool& lease_pool(Kind kind) { return kind == Kind::write ? *writes : *reads; }
    void check_open() const;

    // Tasks to resume, at the end of the running handler or in a posted one.
    void add_finished(Waiter& waiter);
    void resume_finished();

    async::Loop& loop;
    Options options;
    std::string servers;  // for the log: "one:5432,two:5432"
    const StatementRegistry& statements;
    logging::Logger logger;
    observe::Metrics& metrics;
    observe::GaugeFamily open_connections;
    observe::CounterFamily connection_failures;
    observe::HistogramFamily lease_waits;
    observe::GaugeFamily leases_waiting;
    async::Resolver resolver;
    base::SeededRandom random;

    WaiterList finished;
    bool resume_posted = false;
    bool closed = false;
    std::size_t active = 0;   // waiters and leases alive
    async::SteadyTime now{};  // of the reply being handled

    std::unique_ptr<PointPool> points;
    std::unique_ptr<LeasePool> reads;
    std::unique_ptr<LeasePool> writes;
    std::unique_ptr<LeasePool> bulks;
    std::unique_ptr<LeasePool> streams;
    std::unique_ptr<Listener> listener;
    std::unique_ptr<LeasePool> probes;  // one connection, opened by the first question: it waits behind no work
};

}  // namespace db::detail
