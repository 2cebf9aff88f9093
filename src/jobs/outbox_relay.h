#pragma once
// OutboxRelay: moves the rows of the outbox to their queues in Redis, in order, at least once: it reads rows, adds their jobs, and
// deletes them, each in a transaction of its own, so that none is open while Redis is waited for. Killed in between, it adds them
// again, and the queue knows them by their ids. Any number of processes may have one: a key in Redis that expires
// (`<prefix>:outbox-relay`) gives each turn to one of them. Made, used and destroyed on its loop's thread.
//
//     jobs::OutboxRelay relay({databases, client, outbox, logger, metrics});
//     relay.start();
//     ...
//     co_await relay.stop();                       // before the databases and the client go away
//
// It is woken by commits of its own process, by NOTIFY outbox (writers outside of it), and looks by itself every few seconds, for
// what a process left that died between its commit and the waking.
//
// What holds a row up:
// - Redis is away or takes no writes (OOM, READONLY ...): all rows wait.
// - A queue that is broken or holds too many jobs already: its rows wait, so that a backlog lies in PostgreSQL, on disk.
// - The row itself, which no queue would ever take, or which is refused while others of its queue are taken, or which ends the
//   connection whenever it is sent alone, or which is larger than 2 MiB, or cannot be read: it is parked with the reason
//   (`failure`), logged as an error and counted (outbox_parked). `backend-api outbox` lists and retries what is parked.
//
// A row that is refused while nothing of its queue is taken may be innocent: it waits, and those behind it are tried, 2,000 of a
// queue in a look; the next look goes on there. As soon as the queue takes one, the refused ones are asked once more, then parked.

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "async/stopped.h"
#include "async/sync.h"
#include "base/random.h"
#include "db/db.h"
#include "jobs/alarm.h"
#include "jobs/outbox.h"
#include "jobs/outbox_delivery.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "redis/client.h"

namespace jobs {

struct OutboxRelayParts {
    db::Databases databases;
    redis::Client& client;
    Outbox& outbox;
    logging::Logger logger;
    observe::Metrics& metrics;
};

struct OutboxRelayOptions {
    std::string prefix = "bull";
    std::int64_t batch = 500;            // rows chosen at once; read 8 MiB at a time, fewer when that could not be read
    std::size_t piece = 250;             // rows sent at once, of 1 MiB at most; halved when none of them was answered
    std::int64_t max_waiting = 100'000;  // jobs in a queue's `wait` list; beyond it the queue is passed over
    async::Milliseconds turn{10'000};    // after which another relay goes on where this one was killed
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
    using Row = detail::OutboxRow;
    using Rows = std::vector<Row>;
    using Head = detail::OutboxHead;
    struct Moved {
        bool busy = false;  // another relay has its turn
        bool more = false;  // there may be rows behind those that were looked at
    };
    // What becomes of rows that were sent or judged.
    struct Settling {
        std::vector<const Row*> gone;
        std::vector<std::pair<const Row*, std::string>> parked;
    };
    // One queue's rows on their way.
    struct Passage {
        std::string queue;
        Rows rows;
        std::size_t next = 0;  // of rows
        std::size_t sent = 0;
        std::vector<std::pair<const Row*, std::string>> refused;
        std::string trouble;
    };

    static constexpr auto nowhere = std::numeric_limits<std::int64_t>::min();
    // A queue that refused rows while it took none.
    struct Refusing {
        std::int64_t behind = nowhere;    // positions; rows up to it are not read again
        std::int64_t again_to = nowhere;  // rows up to it are asked for the second time: the queue took a job since
        std::size_t rows = 0;             // of this look
    };

    async::Task<void> run();
    async::Task<bool> move_all();
    async::Task<bool> take_turn();
    async::Task<void> end_turn();
    async::Task<Moved> move_batch();
    async::Task<std::vector<Head>> choose();
    async::Task<Rows> read(std::span<const Head> heads);
    [[nodiscard]] std::span<const Head> next_read(std::span<const Head> rest) const;
    async::Task<void> move_rows(Rows rows);
    async::Task<void> park_too_large(std::span<const Row> rows);
    async::Task<std::set<std::string>> full_queues(std::vector<std::string> queues);
    async::Task<void> move_queue(Passage* passage);
    async::Task<void> judge_refused(Passage* passage);
    void suspect(const Row& row, std::string_view reason);
    async::Task<void> send_piece(Passage* passage, std::span<const Row> piece);
    async::Task<void> settle(Settling settling);
    async::Task<std::exception_ptr> try_piece(Passage* passage, std::span<const Row> piece);
    async::Task<void> on_lost_piece(std::span<const Row> piece, std::exception_ptr failure);
    async::Task<void> on_lost_alone(Row row, std::exception_ptr failure);
    void judge(Passage& passage, std::span<const Row> piece, const std::vector<detail::Fate>& fates,
               Settling& settling);
    [[nodiscard]] std::span<const Row> next_piece(const Passage& passage) const;
    [[nodiscard]] bool has_time() const;
    void park(Settling& settling, const Row& row, std::string reason);
    void tell_waiting(const std::string& queue, std::string_view why);
    void pass_over(const std::string& queue, std::string_view why);
    async::Task<void> look();
    void forget_what_waits();
    void tell_of_the_turn();
    async::Task<void> measure_backlog();
    [[nodiscard]] db::SystemDb database() const;

    OutboxRelayParts parts_;
    OutboxRelayOptions options_;
    base::SecureRandom random_;
    std::string id_;  // of its turns
    detail::Alarm alarm_;
    async::Stop stop_;
    async::TaskGroup tasks_;
    db::Listening subscription_;
    std::set<std::string> passed_over_;  // queues; until the next look
    std::set<std::int64_t> held_back_;   // positions of rows that were lost when sent alone; until the next look
    std::map<std::string, Refusing, std::less<>> refusing_;  // by queue
    bool is_full_ = false;                                   // the last choice: there may be rows behind it
    bool ask_again_ = false;                                 // those that were refused, for their queue took a job
    struct Lost {
        int times = 0;
        std::uint64_t sent_before = 0;
    };
    std::map<std::int64_t, Lost> lost_alone_;
    std::uint64_t sent_ = 0;
    std::size_t piece_;
    std::size_t read_;  // rows read at once
    async::SteadyTime turn_end_{};
    async::SteadyTime next_look_{};
    std::optional<async::SteadyTime> busy_since_;  // another has the turn, or we have told of it
    async::Milliseconds retry_{0};
    bool started_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for wakes that come by another thread
    observe::Counter moved_;
    observe::Counter failures_;
    observe::Gauge pending_;
    observe::Gauge oldest_;
    observe::Gauge parked_;
};

[[nodiscard]] std::vector<db::StatementView> outbox_relay_statements();

}  // namespace jobs
