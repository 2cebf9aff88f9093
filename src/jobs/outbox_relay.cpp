#include "jobs/outbox_relay.h"

#include <algorithm>
#include <utility>

namespace jobs {

namespace {

using async::SteadyTime;

// Any number that nobody else uses: "outbox" in ASCII.
constexpr std::int64_t relay_lock = 0x6f7574626f78;
constexpr std::string_view channel = "outbox";
constexpr auto batch_time = std::chrono::seconds(10);
constexpr async::Milliseconds busy_pause(50);
// The most that counting the backlog looks at.
constexpr std::int64_t most_counted = 100'000;

struct Backlog {
    std::int64_t rows = 0;
    double oldest_seconds = 0;

    friend constexpr auto describe(Backlog*) {
        return schema::object<Backlog>("Backlog", schema::field<&Backlog::rows>("rows"),
                                       schema::field<&Backlog::oldest_seconds>("oldestSeconds"));
    }
};

constexpr db::SystemQuery<bool(std::int64_t)> take_turn{
    {"outbox.take_turn", "select pg_try_advisory_xact_lock($1) as taken", db::Kind::write}};
constexpr db::SystemQuery<OutboxJob(std::vector<std::string>, std::int64_t)> next_rows{
    {"outbox.next",
     "select id, position, queue, name, data, options, created_at, failure from outbox_jobs "
     "where failure is null and queue <> all($1) order by position limit $2",
     db::Kind::write}};
constexpr db::SystemQuery<void(std::vector<std::int64_t>)> remove_rows{
    {"outbox.remove", "delete from outbox_jobs where position = any($1)", db::Kind::write}};
constexpr db::SystemQuery<void(std::int64_t, std::string)> refuse_row{
    {"outbox.refuse", "update outbox_jobs set failure = $2 where position = $1", db::Kind::write}};
constexpr db::SystemQuery<Backlog(std::int64_t)> backlog{
    {"outbox.backlog",
     "select count(*) as rows, coalesce(extract(epoch from now() - min(created_at)), 0)::double precision as "
     "oldest_seconds "
     "from (select created_at from outbox_jobs where failure is null order by position limit $1) as waiting",
     db::Kind::read}};

NewJob job_of(OutboxJob row) {
    NewJob job{std::move(row.name), std::move(row.data.text), read_stored_options(row.options.text)};
    // Redis keeps the id with the job, so that a row that is moved twice is one job.
    if (job.options.job_id.empty()) job.options.job_id = row.id.to_string();
    // A delay counts from the commit, not from when the relay came to it.
    if (!job.options.timestamp)
        job.options.timestamp = std::chrono::duration_cast<milliseconds>(row.created_at.time_since_epoch()).count();
    return job;
}

// The queue will never take this job, whoever asks again.
bool is_final(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const redis::Refused&) {
        return false;  // out of memory, a replica, a key of another kind: a person mends Redis
    } catch (const base::Failure& error) {
        return !error.code().retriable;
    } catch (...) {
        return false;
    }
}

bool is_refusal(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const redis::Refused&) {
        return true;
    } catch (...) {
        return false;
    }
}

std::string text_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown failure";
    }
}

async::Task<std::exception_ptr> add_all(Queue queue, std::vector<NewJob> jobs) {
    try {
        co_await queue.add_bulk(std::move(jobs));
    } catch (...) {
        co_return std::current_exception();
    }
    co_return std::exception_ptr();
}

}  // namespace

OutboxRelay::OutboxRelay(OutboxRelayParts parts, OutboxRelayOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      alarm_(parts_.client.loop()),
      tasks_(parts_.client.loop()),
      moved_(parts_.metrics.counter("outbox_moved_total", "Jobs that were moved from the outbox to their queues.")),
      failures_(parts_.metrics.counter("outbox_failures_total", "Batches of the outbox that could not be moved.")),
      pending_(parts_.metrics.gauge("outbox_pending", "Jobs in the outbox; counted up to 100,000.")),
      oldest_(parts_.metrics.gauge("outbox_oldest_seconds", "Age of the oldest job in the outbox.")) {}

OutboxRelay::~OutboxRelay() = default;

void OutboxRelay::start() {
    started_ = true;
    auto& loop = parts_.client.loop();
    parts_.outbox.listen([this, &loop, weak = std::weak_ptr<bool>(alive_)] {
        loop.post([this, weak] {
            if (!weak.expired()) alarm_.ring();
        });
    });
    subscription_ = parts_.store.system->listen(
        std::string(channel),
        {.on_notify = [this](std::string_view) { alarm_.ring(); }, .on_reconnect = [this] { alarm_.ring(); }});
    tasks_.spawn(run());
}

async::Task<void> OutboxRelay::stop() {
    if (!std::exchange(started_, false)) co_return;
    stopping_ = true;
    parts_.outbox.listen(nullptr);
    subscription_ = {};
    alarm_.ring();
    co_await tasks_.join();
}

db::SystemDb OutboxRelay::database() const { return db::system_db(parts_.store, async::Loop::now() + batch_time); }

async::Task<void> OutboxRelay::run() {
    auto next_look = async::Loop::now() + options_.look_every;
    while (!stopping_) {
        parts_.outbox.rearm();
        const bool well = co_await move_all();
        retry_ = well ? async::Milliseconds(0) : std::clamp(retry_ * 2, options_.retry_minimum, options_.retry_maximum);
        if (stopping_) break;
        if (!well) {
            // Commits do not hurry a relay that cannot deliver.
            co_await async::sleep(&parts_.client.loop(), retry_);
            continue;
        }
        co_await alarm_.wait_until(next_look);
        // Not put off by commits, which ring all the time on a busy day.
        if (async::Loop::now() < next_look) continue;
        passed_over_.clear();
        co_await measure_backlog();
        next_look = async::Loop::now() + options_.look_every;
    }
}

// Batch after batch until there is nothing that can be moved now; false after a failure.
async::Task<bool> OutboxRelay::move_all() {
    std::exception_ptr failure;
    try {
        for (;;) {
            const auto moved =
                co_await database().transaction([this](db::SystemDb tx) { return move_batch(tx, this); });
            moved_.increment(static_cast<double>(moved.moved));
            if (stopping_ || (moved.seen == 0 && !moved.busy)) co_return true;
            // The one whose turn it is may have looked before our rows were there.
            if (moved.busy) co_await async::sleep(&parts_.client.loop(), busy_pause);
        }
    } catch (...) {
        failure = std::current_exception();
    }
    failures_.increment();
    parts_.logger.warn("the outbox waits", {{"err", logging::error(failure)}});
    co_return false;
}

// In one transaction: whoever is killed here leaves the rows where they are.
async::Task<OutboxRelay::Moved> OutboxRelay::move_batch(db::SystemDb tx, OutboxRelay* relay) {
    if (!co_await tx.only(take_turn, relay_lock)) co_return Moved{.busy = true};
    const std::vector<std::string> passed_over(relay->passed_over_.begin(), relay->passed_over_.end());
    auto rows = co_await tx.all(next_rows, passed_over, relay->options_.batch);
    const auto seen = rows.size();
    std::map<std::string, Rows> by_queue;
    for (auto& row : rows) by_queue[row.queue].push_back(std::move(row));

    std::vector<std::int64_t> moved;
    for (auto& [queue, own] : by_queue) {
        if (!co_await relay->has_room(queue)) continue;
        const auto positions = co_await relay->deliver(tx, queue, std::move(own));
        moved.insert(moved.end(), positions.begin(), positions.end());
    }
    if (!moved.empty()) co_await tx.run(remove_rows, moved);
    co_return Moved{.seen = seen, .moved = moved.size()};
}

// The positions of what the queue took.
async::Task<std::vector<std::int64_t>> OutboxRelay::deliver(db::SystemDb tx, std::string queue, Rows rows) {
    std::vector<NewJob> jobs;
    std::vector<std::int64_t> positions;
    for (const auto& row : rows) {
        jobs.push_back(job_of(row));
        positions.push_back(row.position);
    }
    const auto failure = co_await add_all(Queue(parts_.client, queue, {.prefix = options_.prefix}), std::move(jobs));
    if (!failure) co_return positions;
    if (is_final(failure)) co_return co_await deliver_singly(tx, queue, std::move(rows));
    if (!is_refusal(failure)) std::rethrow_exception(failure);  // Redis is away: nothing else can be moved either
    pass_over(queue, text_of(failure));
    co_return {};
}

// One of them is at fault: that one is put aside, the others go their way.
async::Task<std::vector<std::int64_t>> OutboxRelay::deliver_singly(db::SystemDb tx, std::string queue, Rows rows) {
    std::vector<std::int64_t> positions;
    for (const auto& row : rows) {
        std::vector<NewJob> job;
        job.push_back(job_of(row));
        const auto failure = co_await add_all(Queue(parts_.client, queue, {.prefix = options_.prefix}), std::move(job));
        if (!failure) {
            positions.push_back(row.position);
        } else if (is_final(failure)) {
            parts_.logger.error("the queue refused a job of the outbox", {{"queue", queue},
                                                                          {"name", row.name},
                                                                          {"outboxId", row.id.to_string()},
                                                                          {"err", logging::error(failure)}});
            co_await tx.run(refuse_row, row.position, text_of(failure));
        } else {
            std::rethrow_exception(failure);
        }
    }
    co_return positions;
}

async::Task<bool> OutboxRelay::has_room(std::string queue) {
    const auto waiting =
        co_await parts_.client.run(redis::Command("LLEN").add(options_.prefix + ":" + queue + ":wait").repeatable());
    if (waiting->integer() < options_.max_waiting) co_return true;
    pass_over(queue, "it holds as many waiting jobs as it may");
    co_return false;
}

void OutboxRelay::pass_over(const std::string& queue, std::string_view why) {
    passed_over_.insert(queue);
    failures_.increment();
    parts_.logger.warn("jobs for a queue wait in the outbox", {{"queue", queue}, {"reason", why}});
}

async::Task<void> OutboxRelay::measure_backlog() {
    try {
        const auto waiting = co_await database().only(backlog, most_counted);
        pending_.set(static_cast<double>(waiting.rows));
        oldest_.set(waiting.oldest_seconds);
    } catch (const base::Failure& failure) {
        parts_.logger.warn("the outbox was not counted", {{"err", logging::error(failure)}});
    }
}

std::vector<db::StatementView> outbox_relay_statements() {
    return db::statements(take_turn, next_rows, remove_rows, refuse_row, backlog);
}

}  // namespace jobs
