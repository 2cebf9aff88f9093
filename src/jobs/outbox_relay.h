#pragma once
// OutboxRelay: moves the rows of the outbox to their queues in Redis, in order, at least once: it reads them, adds the jobs, and
// deletes the rows in one transaction. Killed in between, it adds them again, and the queue knows them by their ids. Any number of
// processes may have one; an advisory lock gives each batch to one of them. Made, used and destroyed on its loop's thread.
//
//     jobs::OutboxRelay relay({store, client, outbox, logger, metrics});
//     relay.start();
//     ...
//     co_await relay.stop();                       // before store and client go away
//
// It is woken by commits of its own process, by NOTIFY outbox (writers outside of it), and looks by itself every few seconds, for
// what a process left that died between its commit and the waking. Redis down or refusing: the rows wait. A queue that holds too
// many jobs already is passed over until it has room, so that a backlog lies in PostgreSQL, on disk.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/sync.h"
#include "db/db.h"
#include "jobs/alarm.h"
#include "jobs/outbox.h"
#include "jobs/queue.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "redis/client.h"

namespace jobs {

struct OutboxRelayParts {
    db::Store store;
    redis::Client& client;
    Outbox& outbox;
    logging::Logger logger;
    observe::Metrics& metrics;
};

struct OutboxRelayOptions {
    std::string prefix = "bull";
    std::int64_t batch = 500;            // rows
    std::int64_t max_waiting = 100'000;  // jobs in a queue's `wait` list; beyond it the queue is passed over
    async::Milliseconds look_every{5'000};
    async::Milliseconds retry_minimum{100};  // after a failure; doubled each time
    async::Milliseconds retry_maximum{5'000};
};

class OutboxRelay {
public:
    OutboxRelay(OutboxRelayParts parts, OutboxRelayOptions options = {});
    ~OutboxRelay();
    OutboxRelay(const OutboxRelay&) = delete;
    OutboxRelay& operator=(const OutboxRelay&) = delete;

    void start();
    [[nodiscard]] async::Task<void> stop();

private:
    using Rows = std::vector<OutboxJob>;
    struct Moved {
        bool busy = false;      // another process has its turn
        std::size_t seen = 0;   // rows that were looked at
        std::size_t moved = 0;  // and are gone
    };

    async::Task<void> run();
    async::Task<bool> move_all();
    async::Task<void> measure_backlog();
    static async::Task<Moved> move_batch(db::SystemDb tx, OutboxRelay* relay);
    async::Task<std::vector<std::int64_t>> deliver(db::SystemDb tx, std::string queue, Rows rows);
    async::Task<std::vector<std::int64_t>> deliver_singly(db::SystemDb tx, std::string queue, Rows rows);
    async::Task<bool> has_room(std::string queue);
    void pass_over(const std::string& queue, std::string_view why);
    [[nodiscard]] db::SystemDb database() const;

    OutboxRelayParts parts_;
    OutboxRelayOptions options_;
    detail::Alarm alarm_;
    async::TaskGroup tasks_;
    db::Subscription subscription_;
    std::set<std::string> passed_over_;  // queues; until the next look
    async::Milliseconds retry_{0};
    bool stopping_ = false;
    bool started_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for wakes that come by another thread
    observe::Counter moved_;
    observe::Counter failures_;
    observe::Gauge pending_;
    observe::Gauge oldest_;
};

[[nodiscard]] std::vector<db::StatementView> outbox_relay_statements();

}  // namespace jobs
