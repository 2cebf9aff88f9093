#include "jobs/outbox_relay.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "base/time.h"
#include "jobs/errors.h"
#include "redis/errors.h"

namespace jobs {

namespace {

using detail::Fate;

constexpr std::string_view channel = "outbox";
constexpr auto batch_time = std::chrono::seconds(10);
constexpr async::Milliseconds busy_pause(50);
constexpr std::size_t most_piece_bytes = 1U << 20U;
// Beyond so much a batch may have been cut by its bytes.
constexpr std::size_t full_bytes = 4U << 20U;
constexpr std::size_t most_refused_pieces = 3;
constexpr int most_lost_alone = 3;
constexpr std::size_t longest_reason = 1'000;
// The most that counting the backlog looks at.
constexpr std::int64_t most_counted = 100'000;

// KEYS: the turn's. ARGV: who asks, milliseconds. A relay that lost the answer to its first question finds its turn its own.
constexpr std::string_view take_turn_script = R"lua(
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
)lua";
constexpr std::string_view end_turn_script = R"lua(
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
)lua";

struct Backlog {
    std::int64_t rows = 0;
    double oldest_seconds = 0;
    std::int64_t parked = 0;

    friend constexpr auto describe(Backlog*) {
        return schema::object<Backlog>("Backlog", schema::field<&Backlog::rows>("rows"),
                                       schema::field<&Backlog::oldest_seconds>("oldestSeconds"),
                                       schema::field<&Backlog::parked>("parked"));
    }
};

// Eight MiB at most, and one row at least.
constexpr db::SystemQuery<detail::OutboxRow(std::vector<std::string>, std::vector<std::int64_t>, std::int64_t)>
    next_rows{
        {"outbox.next",
         "select tenant_id, id, position, queue, name, data, options, "
         "case when isfinite(created_at) then (extract(epoch from created_at) * 1000)::bigint else 0 end as created_ms "
         "from (select *, sum(length(data::text)) over (order by position, id) - length(data::text) as bytes_before "
         "  from (select * from outbox_jobs where failure is null and queue <> all($1) and position <> all($2) "
         "    order by position, id limit $3) as head) as sized "
         "where bytes_before < 8388608 order by position, id",
         db::Kind::write}};
// By the primary key: nothing keeps two rows from one position, or rows of two tenants from one id.
constexpr db::SystemQuery<void(std::vector<base::Uuid>, std::vector<base::Uuid>)> remove_rows{
    {"outbox.remove", "delete from outbox_jobs where (tenant_id, id) in (select * from unnest($1::uuid[], $2::uuid[]))",
     db::Kind::write}};
constexpr db::SystemQuery<void(base::Uuid, base::Uuid, std::string)> park_row{
    {"outbox.park", "update outbox_jobs set failure = $3 where tenant_id = $1 and id = $2", db::Kind::write}};
constexpr db::SystemQuery<Backlog(std::int64_t)> backlog{
    {"outbox.backlog",
     "select count(*) filter (where failure is null) as rows, "
     "coalesce(extract(epoch from now() - min(created_at) filter (where failure is null and isfinite(created_at))), 0)"
     "::double precision as oldest_seconds, count(*) filter (where failure is not null) as parked "
     "from (select created_at, failure from outbox_jobs order by position limit $1) as waiting",
     db::Kind::read}};

std::size_t bytes_of(std::span<const detail::OutboxRow> rows) {
    std::size_t bytes = 0;
    for (const auto& row : rows) bytes += row.data.text.size();
    return bytes;
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<milliseconds>(base::system_clock().now().time_since_epoch()).count();
}

// Text that PostgreSQL takes: what Redis says of a row may quote its bytes.
std::string kept_reason(std::string text) {
    if (text.size() > longest_reason) text.resize(longest_reason);
    std::ranges::replace(text, '\0', '?');
    if (!base::is_utf8(text))
        std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80U; }, '?');
    return text;
}

// It went out and nobody knows what became of it, or it is too much to go out at all: the bulk may be at fault.
bool may_be_the_bulk(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const base::Failure& error) {
        return error.code() == redis::errors::outcome_unknown || error.code() == redis::errors::timeout ||
               error.code() == redis::errors::overloaded;
    } catch (...) {
        return false;
    }
}

std::string text_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const base::Failure& error) {
        return std::string(error.code().code) + ": " + error.cause();
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown failure";
    }
}

}  // namespace

OutboxRelay::OutboxRelay(OutboxRelayParts parts, OutboxRelayOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      id_(base::uuid_v4(random_).to_string()),
      alarm_(parts_.client.loop()),
      tasks_(parts_.client.loop()),
      piece_(options_.piece),
      moved_(parts_.metrics.counter("outbox_moved_total", "Jobs that were moved from the outbox to their queues.")),
      failures_(parts_.metrics.counter("outbox_failures_total", "Batches of the outbox that could not be moved.")),
      pending_(parts_.metrics.gauge("outbox_pending", "Jobs in the outbox; counted up to 100,000.")),
      oldest_(parts_.metrics.gauge("outbox_oldest_seconds", "Age of the oldest job in the outbox.")),
      parked_(
          parts_.metrics.gauge("outbox_parked", "Jobs of the outbox that can never be sent, and wait for a person.")) {}

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
        } else {
            co_await alarm_.wait_until(next_look);
        }
        // Not put off by commits, which ring all the time on a busy day.
        if (async::Loop::now() < next_look) continue;
        passed_over_.clear();
        held_back_.clear();
        co_await measure_backlog();
        next_look = async::Loop::now() + options_.look_every;
    }
}

// Batch after batch until there is nothing that can be moved now; false after a failure.
async::Task<bool> OutboxRelay::move_all() {
    std::exception_ptr failure;
    try {
        for (;;) {
            const auto moved = co_await move_batch();
            if (stopping_ || (!moved.more && !moved.busy)) break;
            // The one whose turn it is may have looked before our rows were there.
            if (moved.busy) co_await async::sleep(&parts_.client.loop(), busy_pause);
        }
    } catch (...) {
        failure = std::current_exception();
    }
    co_await end_turn();
    if (!failure) co_return true;
    failures_.increment();
    parts_.logger.warn("the outbox waits", {{"err", logging::error(failure)}});
    co_return false;
}

// ---- Turns ------------------------------------------------------------------------------------------------------

async::Task<bool> OutboxRelay::take_turn() {
    static const auto script = redis::script_of("outbox_take_turn", take_turn_script, 1);
    const auto end = async::Loop::now() + options_.turn;
    const auto reply = co_await parts_.client.eval(script, {options_.prefix + ":outbox-relay"},
                                                   {id_, std::to_string(options_.turn.count())}, true);
    const bool ours = reply->integer() == 1;
    turn_end_ = ours ? end : async::SteadyTime{};
    co_return ours;
}

async::Task<void> OutboxRelay::end_turn() {
    static const auto script = redis::script_of("outbox_end_turn", end_turn_script, 1);
    if (std::exchange(turn_end_, async::SteadyTime{}) == async::SteadyTime{}) co_return;
    try {
        co_await parts_.client.eval(script, {options_.prefix + ":outbox-relay"}, {id_}, true);
    } catch (const base::Failure& failure) {
        parts_.logger.debug("the relay's turn ends by itself", {{"err", logging::error(failure)}});
    }
}

// Whether what is sent now is answered, or given up, while it is still our turn.
bool OutboxRelay::has_time() const { return async::Loop::now() + parts_.client.options().command_timeout < turn_end_; }

// ---- Moving -----------------------------------------------------------------------------------------------------

async::Task<OutboxRelay::Moved> OutboxRelay::move_batch() {
    if (!co_await take_turn()) co_return Moved{.busy = true};
    const std::vector<std::string> passed_over(passed_over_.begin(), passed_over_.end());
    const std::vector<std::int64_t> held_back(held_back_.begin(), held_back_.end());
    auto rows = co_await database().all(next_rows, passed_over, held_back, options_.batch);
    if (rows.empty()) co_return Moved{};
    const bool is_full = std::cmp_greater_equal(rows.size(), options_.batch) || bytes_of(rows) > full_bytes;
    std::map<std::string, Passage> passages;
    for (auto& row : rows) {
        auto& passage = passages[row.queue];
        passage.queue = row.queue;
        passage.rows.push_back(std::move(row));
    }
    std::vector<std::string> queues;
    for (const auto& [queue, passage] : passages) queues.push_back(queue);
    const auto full = co_await full_queues(queues);
    for (auto& [queue, passage] : passages) {
        if (!full.contains(queue) && !stopping_) co_await move_queue(&passage);
    }
    co_return Moved{.more = is_full || turn_end_ == async::SteadyTime{}};
}

// Those that hold too many jobs already, or whose list is none; they are passed over.
async::Task<std::set<std::string>> OutboxRelay::full_queues(std::vector<std::string> queues) {
    std::vector<redis::Command> commands;
    for (const auto& queue : queues)
        commands.push_back(redis::Command("LLEN").add(options_.prefix + ":" + queue + ":wait").repeatable());
    const auto replies = co_await parts_.client.pipeline(std::move(commands));
    std::set<std::string> full;
    for (std::size_t i = 0; i < queues.size(); ++i) {
        const auto& reply = replies[i];
        if (reply->is_error() && redis::is_server_trouble(reply->text())) throw redis::Refused("LLEN", reply->text());
        if (!reply->is_error() && reply->integer() < options_.max_waiting) continue;
        // A name that is none has no list: its rows are judged one by one.
        if (!is_queue_name(queues[i])) continue;
        full.insert(queues[i]);
        pass_over(queues[i], reply->is_error() ? reply->text() : "it holds as many waiting jobs as it may");
    }
    co_return full;
}

// A row that was lost when sent alone stays alone.
std::span<const OutboxRelay::Row> OutboxRelay::next_piece(const Passage& passage) const {
    const std::span<const Row> rest = std::span(passage.rows).subspan(passage.next);
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const auto& row : rest) {
        bytes += row.data.text.size() + row.options.text.size();
        const bool alone = lost_alone_.contains(row.position);
        if (count > 0 && (alone || count >= piece_ || bytes > most_piece_bytes)) break;
        ++count;
        if (alone) break;
    }
    return rest.first(count);
}

async::Task<void> OutboxRelay::move_queue(Passage* passage) {
    while (passage->next < passage->rows.size() && !stopping_) {
        if (!has_time() && !co_await take_turn()) co_return;
        const auto piece = next_piece(*passage);
        co_await send_piece(passage, piece);
        passage->next += piece.size();
        if (!passage->trouble.empty()) throw redis::Refused("EVALSHA", passage->trouble);
        if (passage->refused_pieces >= most_refused_pieces) break;
    }
    if (passage->refused.empty()) co_return;
    if (passage->sent == 0) {
        pass_over(passage->queue, passage->refused.front().second);
        co_return;
    }
    // The queue takes others: these are at fault.
    Settling settling;
    for (auto& [row, reason] : passage->refused) park(settling, *row, std::move(reason));
    co_await settle(std::move(settling));
}

async::Task<void> OutboxRelay::send_piece(Passage* passage, std::span<const Row> piece) {
    const auto failure = co_await try_piece(passage, piece);
    if (!failure) co_return;
    if (may_be_the_bulk(failure)) co_await on_lost_piece(piece, failure);
    std::rethrow_exception(failure);
}

async::Task<std::exception_ptr> OutboxRelay::try_piece(Passage* passage, std::span<const Row> piece) {
    std::exception_ptr failure;
    std::vector<Fate> fates;
    const auto deadline = std::min(turn_end_, async::Loop::now() + parts_.client.options().command_timeout);
    try {
        fates = co_await detail::deliver(&parts_.client, piece, {options_.prefix, now_ms(), deadline});
    } catch (const base::Failure&) {
        failure = std::current_exception();
    }
    if (failure) co_return failure;
    piece_ = std::min(piece_ * 2, options_.piece);
    Settling settling;
    judge(*passage, piece, fates, settling);
    co_await settle(std::move(settling));
    co_return std::exception_ptr();
}

void OutboxRelay::judge(Passage& passage, std::span<const Row> piece, const std::vector<Fate>& fates,
                        Settling& settling) {
    const auto sent_before = passage.sent;
    const auto refused_before = passage.refused.size();
    for (std::size_t i = 0; i < piece.size(); ++i) {
        const auto& row = piece[i];
        switch (fates[i].kind) {
            case Fate::Kind::sent:
                settling.gone.push_back(&row);
                lost_alone_.erase(row.position);
                ++passage.sent;
                ++sent_;
                break;
            case Fate::Kind::never: park(settling, row, fates[i].reason); break;
            case Fate::Kind::refused: passage.refused.emplace_back(&row, fates[i].reason); break;
            case Fate::Kind::trouble: passage.trouble = fates[i].reason; break;
        }
    }
    const bool only_refused = passage.sent == sent_before && passage.refused.size() > refused_before;
    passage.refused_pieces = only_refused ? passage.refused_pieces + 1 : 0;
}

// Halved until the one that is at fault stands alone. It is held back while the others go, and parked when it was lost often enough
// while others got through.
async::Task<void> OutboxRelay::on_lost_piece(std::span<const Row> piece, std::exception_ptr failure) {
    if (piece.size() > 1) {
        piece_ = piece.size() / 2;
        co_return;
    }
    const auto& row = piece.front();
    held_back_.insert(row.position);
    auto& lost = lost_alone_.try_emplace(row.position, Lost{0, sent_}).first->second;
    if (++lost.times < most_lost_alone || sent_ == lost.sent_before) co_return;
    Settling settling;
    park(settling, row, text_of(failure));
    co_await settle(std::move(settling));
}

async::Task<void> OutboxRelay::settle(Settling settling) {
    if (settling.gone.empty() && settling.parked.empty()) co_return;
    auto batch = database().batch();
    if (!settling.gone.empty()) {
        std::vector<base::Uuid> tenants;
        std::vector<base::Uuid> ids;
        for (const auto* row : settling.gone) {
            tenants.push_back(row->tenant_id);
            ids.push_back(row->id);
        }
        batch.add(remove_rows, tenants, ids);
    }
    for (const auto& [row, reason] : settling.parked) batch.add(park_row, row->tenant_id, row->id, kept_reason(reason));
    co_await batch.commit();
    moved_.increment(static_cast<double>(settling.gone.size()));
    parked_.add(static_cast<double>(settling.parked.size()));
}

void OutboxRelay::park(Settling& settling, const Row& row, std::string reason) {
    lost_alone_.erase(row.position);
    parts_.logger.error("a job of the outbox can never be sent: it is parked", {{"queue", row.queue},
                                                                                {"name", row.name},
                                                                                {"outboxId", row.id.to_string()},
                                                                                {"tenantId", row.tenant_id.to_string()},
                                                                                {"reason", reason}});
    settling.parked.emplace_back(&row, std::move(reason));
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
        parked_.set(static_cast<double>(waiting.parked));
    } catch (const base::Failure& failure) {
        parts_.logger.warn("the outbox was not counted", {{"err", logging::error(failure)}});
    }
}

std::vector<db::StatementView> outbox_relay_statements() {
    return db::statements(next_rows, remove_rows, park_row, backlog);
}

}  // namespace jobs
