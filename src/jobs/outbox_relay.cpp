#include "jobs/outbox_relay.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"
#include "base/time.h"
#include "db/error.h"
#include "jobs/errors.h"
#include "redis/errors.h"

namespace jobs {

namespace {

using detail::Fate;

constexpr std::string_view channel = "outbox";
constexpr auto batch_time = std::chrono::seconds(10);
constexpr async::Milliseconds shortest_busy_pause(50);
constexpr async::Milliseconds longest_busy_pause(500);
constexpr std::size_t most_piece_bytes = 1U << 20U;
constexpr std::int64_t most_read_bytes = 8 << 20;
// Twice what a writer may add: jsonb puts blanks between members.
constexpr std::int64_t most_row_bytes = 2 << 20;
// Of one queue in one look.
constexpr std::size_t most_refused = 2'000;
constexpr int most_lost_alone = 3;
constexpr std::size_t longest_reason = 1'000;
// The most that counting the backlog looks at.
constexpr std::int64_t most_counted = 100'000;

// KEYS: the turn's. ARGV: who asks, milliseconds. A relay that lost the answer to its first question finds its turn its own. One
// that never ends is nobody's.
constexpr std::string_view take_turn_script = R"lua(
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and redis.call('PTTL', KEYS[1]) >= 0 then return 0 end
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

// No value is written out, nor even decompressed. What is compressed may be a hundred times as much.
constexpr db::SystemQuery<detail::OutboxHead(std::vector<std::string>, std::vector<std::int64_t>,
                                             std::vector<std::string>, std::vector<std::int64_t>, std::int64_t)>
    next_rows{{"outbox.next",
               "select tenant_id, id, position, "
               "octet_length(queue)::bigint + octet_length(name) + "
               "pg_column_size(data)::bigint * case when pg_column_compression(data) is null then 1 else 100 end + "
               "pg_column_size(options)::bigint * case when pg_column_compression(options) is null then 1 else 100 end "
               "as cost from outbox_jobs where failure is null and queue <> all($1) and position <> all($2) "
               "and not exists (select from unnest($3::text[], $4::bigint[]) as refusing(name, behind) "
               "  where refusing.name = queue and position <= behind) "
               "order by position, id limit $5",
               db::Kind::write}};
// Of one that is too large, no more than what tells whose it is. `offset 0`: its size is asked for once.
constexpr db::SystemQuery<detail::OutboxRow(std::vector<base::Uuid>, std::vector<base::Uuid>, std::int64_t)> read_rows{
    {"outbox.read",
     "select tenant_id, id, position, case when bytes <= $3 then queue else left(queue, 100) end as queue, "
     "case when bytes <= $3 then name else left(name, 100) end as name, "
     "case when bytes <= $3 then data else 'null' end as data, "
     "case when bytes <= $3 then options else '{}' end as options, "
     "case when isfinite(created_at) then (extract(epoch from created_at) * 1000)::bigint else 0 end as created_ms, "
     "bytes "
     "from (select *, case when stored > 4 * $3::bigint then stored else octet_length(data::text)::bigint + "
     "  octet_length(options::text) + octet_length(queue) + octet_length(name) end "
     "  as bytes from (select *, octet_length(queue)::bigint + octet_length(name) + pg_column_size(data) + "
     "  pg_column_size(options) as stored from outbox_jobs where failure is null and "
     "  (tenant_id, id) in (select * from unnest($1::uuid[], $2::uuid[])) offset 0) as stored_rows offset 0) as sized "
     "order by position, id",
     db::Kind::write}};
// By the primary key: nothing keeps two rows from one position, or rows of two tenants from one id.
constexpr db::SystemQuery<void(std::vector<base::Uuid>, std::vector<base::Uuid>)> remove_rows{
    {"outbox.remove", "delete from outbox_jobs where (tenant_id, id) in (select * from unnest($1::uuid[], $2::uuid[]))",
     db::Kind::write}};
constexpr db::SystemQuery<void(base::Uuid, base::Uuid, std::string)> park_row{
    {"outbox.park", "update outbox_jobs set failure = $3 where tenant_id = $1 and id = $2", db::Kind::write}};
constexpr db::SystemQuery<Backlog(std::int64_t)> backlog{
    {"outbox.backlog",
     "select count(*) as rows, "
     "coalesce(extract(epoch from now() - min(created_at) filter (where isfinite(created_at))), 0)::double precision "
     "as oldest_seconds, (select count(*) from (select from outbox_jobs where failure is not null limit $1) as parked) "
     "as parked from (select created_at from outbox_jobs where failure is null order by position limit $1) as waiting",
     db::Kind::read}};

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

// The statement's end came before its own: of what was asked for, not of the server.
bool may_be_the_rows(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const base::Failure& error) {
        return error.code() != db::errors::unavailable && error.code() != db::errors::overloaded;
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
      stop_(parts_.client.loop()),
      tasks_(parts_.client.loop()),
      piece_(options_.piece),
      read_(static_cast<std::size_t>(options_.batch)),
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
    subscription_ = parts_.databases.system->listen(
        std::string(channel),
        {.on_notify = [this](std::string_view) { alarm_.ring(); }, .on_reconnect = [this] { alarm_.ring(); }});
    tasks_.spawn(run());
}

async::Task<void> OutboxRelay::stop() {
    if (!std::exchange(started_, false)) co_return;
    stop_.request();
    parts_.outbox.listen(nullptr);
    subscription_ = {};
    alarm_.ring();
    co_await tasks_.join();
}

db::SystemDb OutboxRelay::database() const { return db::system_db(parts_.databases, async::Loop::now() + batch_time); }

async::Task<void> OutboxRelay::run() {
    next_look_ = async::Loop::now() + options_.look_every;
    while (!stop_.requested()) {
        parts_.outbox.rearm();
        const bool well = co_await move_all();
        retry_ = well ? async::Milliseconds(0) : std::clamp(retry_ * 2, options_.retry_minimum, options_.retry_maximum);
        if (stop_.requested()) break;
        if (!well) {
            // Commits do not hurry a relay that cannot deliver.
            if (!co_await stop_.sleep(retry_)) break;
        } else {
            co_await alarm_.wait_until(next_look_);
            if (stop_.requested()) break;
        }
        co_await look();
    }
}

// Every few seconds, also while there is much to move: not put off by commits, which ring all the time on a busy day.
async::Task<void> OutboxRelay::look() {
    if (async::Loop::now() < next_look_) co_return;
    forget_what_waits();
    tell_of_the_turn();
    co_await measure_backlog();
    next_look_ = async::Loop::now() + options_.look_every;
}

void OutboxRelay::forget_what_waits() {
    passed_over_.clear();
    held_back_.clear();
    // Where the end was not reached, the next look goes on behind them; otherwise it begins anew.
    std::erase_if(refusing_, [this](const auto& entry) { return !is_full_ && entry.second.rows < most_refused; });
    for (auto& [queue, refusing] : refusing_) refusing.rows = 0;
}

void OutboxRelay::tell_of_the_turn() {
    if (!busy_since_ || async::Loop::now() - *busy_since_ < 3 * options_.turn) return;
    busy_since_ = async::Loop::now();
    parts_.logger.warn("another process has the turn of the outbox all the time",
                       {{"key", options_.prefix + ":outbox-relay"}});
}

// Batch after batch until there is nothing that can be moved now; false after a failure.
async::Task<bool> OutboxRelay::move_all() {
    std::exception_ptr failure;
    auto pause = shortest_busy_pause;
    try {
        for (;;) {
            co_await look();
            const auto moved = co_await move_batch();
            if (!moved.busy) busy_since_.reset();
            if (stop_.requested() || (!moved.more && !moved.busy)) break;
            if (!moved.busy) continue;
            if (!busy_since_) busy_since_ = async::Loop::now();
            // The one whose turn it is may have looked before our rows were there.
            if (!co_await stop_.sleep(pause)) break;
            pause = std::min(pause * 2, longest_busy_pause);
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
    const auto heads = co_await choose();
    is_full_ = std::cmp_greater_equal(heads.size(), options_.batch);
    std::span<const Head> rest(heads);
    while (!rest.empty() && !stop_.requested()) {
        if (!has_time() && !co_await take_turn()) co_return Moved{.more = true};
        const auto some = next_read(rest);
        rest = rest.subspan(some.size());
        co_await move_rows(co_await read(some));
    }
    is_full_ = std::exchange(ask_again_, false) || is_full_;
    co_return Moved{.more = is_full_ || turn_end_ == async::SteadyTime{}};
}

async::Task<std::vector<OutboxRelay::Head>> OutboxRelay::choose() {
    const std::vector<std::string> passed_over(passed_over_.begin(), passed_over_.end());
    const std::vector<std::int64_t> held_back(held_back_.begin(), held_back_.end());
    std::vector<std::string> refusing;
    std::vector<std::int64_t> behind;
    for (const auto& [queue, state] : refusing_) {
        refusing.push_back(queue);
        behind.push_back(state.behind);
    }
    co_return co_await database().all(next_rows, passed_over, held_back, refusing, behind, options_.batch);
}

// One row at least.
std::span<const OutboxRelay::Head> OutboxRelay::next_read(std::span<const Head> rest) const {
    std::size_t count = 0;
    std::int64_t cost = 0;
    for (const auto& head : rest) {
        cost += head.cost;
        if (count > 0 && (count >= read_ || cost > most_read_bytes || lost_alone_.contains(head.position))) break;
        ++count;
    }
    return rest.first(count);
}

// Fewer at once when they could not be read in the statement's time; of one, what is true of one that is lost when it is sent.
async::Task<OutboxRelay::Rows> OutboxRelay::read(std::span<const Head> heads) {
    std::vector<base::Uuid> tenants;
    std::vector<base::Uuid> ids;
    for (const auto& head : heads) {
        tenants.push_back(head.tenant_id);
        ids.push_back(head.id);
    }
    Rows rows;
    std::exception_ptr failure;
    try {
        rows = co_await database().all(read_rows, tenants, ids, most_row_bytes);
    } catch (const base::Failure&) {
        failure = std::current_exception();
    }
    if (!failure) {
        read_ = std::min(read_ * 2, static_cast<std::size_t>(options_.batch));
        co_return rows;
    }
    if (may_be_the_rows(failure)) {
        read_ = std::max<std::size_t>(heads.size() / 2, 1);
        const auto& head = heads.front();
        if (heads.size() == 1)
            co_await on_lost_alone({.tenant_id = head.tenant_id, .id = head.id, .position = head.position}, failure);
    }
    std::rethrow_exception(failure);
}

async::Task<void> OutboxRelay::move_rows(Rows rows) {
    co_await park_too_large(rows);
    std::map<std::string, Passage> passages;
    for (auto& row : rows) {
        if (row.bytes > most_row_bytes || passed_over_.contains(row.queue)) continue;
        auto& passage = passages[row.queue];
        passage.queue = row.queue;
        passage.rows.push_back(std::move(row));
    }
    if (passages.empty()) co_return;
    std::vector<std::string> queues;
    for (const auto& [queue, passage] : passages) queues.push_back(queue);
    const auto full = co_await full_queues(queues);
    for (auto& [queue, passage] : passages) {
        if (!full.contains(queue) && !stop_.requested()) co_await move_queue(&passage);
    }
}

async::Task<void> OutboxRelay::park_too_large(std::span<const Row> rows) {
    Settling settling;
    for (const auto& row : rows) {
        if (row.bytes > most_row_bytes)
            park(settling, row,
                 fmt::format("{}: {} bytes, {} can be sent", errors::data_too_large.code, row.bytes, most_row_bytes));
    }
    co_await settle(std::move(settling));
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
    while (passage->next < passage->rows.size() && !stop_.requested()) {
        if (!has_time() && !co_await take_turn()) co_return;
        const auto piece = next_piece(*passage);
        co_await send_piece(passage, piece);
        passage->next += piece.size();
        if (!passage->trouble.empty()) throw redis::Refused("EVALSHA", passage->trouble);
    }
    co_await judge_refused(passage);
}

// The queue takes others: what it refuses is at fault. What it refused before may not have been, and is asked once more.
async::Task<void> OutboxRelay::judge_refused(Passage* passage) {
    const bool takes = passage->sent > 0;
    auto again_to = nowhere;
    if (const auto known = refusing_.find(passage->queue); known != refusing_.end()) {
        auto& refusing = known->second;
        if (takes && refusing.behind > refusing.again_to) {
            refusing.again_to = std::exchange(refusing.behind, nowhere);
            ask_again_ = true;
        }
        again_to = refusing.again_to;
    }
    Settling settling;
    for (auto& [row, reason] : passage->refused) {
        if (takes || row->position <= again_to)
            park(settling, *row, std::move(reason));
        else
            suspect(*row, reason);
    }
    co_await settle(std::move(settling));
}

void OutboxRelay::suspect(const Row& row, std::string_view reason) {
    auto& refusing = refusing_[row.queue];
    refusing.behind = std::max(refusing.behind, row.position);
    ++refusing.rows;
    if (refusing.rows == 1) tell_waiting(row.queue, reason);
    if (refusing.rows == most_refused) passed_over_.insert(row.queue);
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
}

// Halved until the one that is at fault stands alone. It is held back while the others go, and parked when it was lost often enough
// while others got through.
async::Task<void> OutboxRelay::on_lost_piece(std::span<const Row> piece, std::exception_ptr failure) {
    if (piece.size() > 1) {
        piece_ = piece.size() / 2;
        co_return;
    }
    co_await on_lost_alone(piece.front(), failure);
}

async::Task<void> OutboxRelay::on_lost_alone(Row row, std::exception_ptr failure) {
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
    tell_waiting(queue, why);
}

void OutboxRelay::tell_waiting(const std::string& queue, std::string_view why) {
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
    return db::statements(next_rows, read_rows, remove_rows, park_row, backlog);
}

}  // namespace jobs
