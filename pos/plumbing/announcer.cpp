#include "pos/plumbing/announcer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>

#include "async/stopped.h"
#include "async/sync.h"
#include "pos/row_meta.h"
#include "redis/client.h"
#include "redis/subscriber.h"

namespace pos {

// ---- What a poke says --------------------------------------------------------------------------------------------

bool Poke::is_about(std::string_view kind) const {
    return is_about_anything || std::ranges::any_of(rows, [&](const auto& one) { return one.kind == kind; });
}

bool Poke::is_about(std::string_view kind, base::Uuid location) const {
    return is_about_anything || std::ranges::any_of(rows, [&](const auto& one) {
               return one.kind == kind && (!one.place || *one.place == location);
           });
}

bool Poke::is_about_row(std::string_view kind, base::Uuid row) const {
    return is_about_anything || std::ranges::any_of(rows, [&](const auto& one) {
               return one.kind == kind && (!one.row || *one.row == row);
           });
}

namespace {

constexpr async::Milliseconds gather_time(
    50);  // how long what was committed waits for more of the same tenant, at most
constexpr async::Milliseconds look_time(1'000);
constexpr int looks_with_redis = 5;           // of how many looks one is taken while Redis is there
constexpr std::size_t most_rows = 64;         // of a poke; beyond, it is about anything
constexpr std::size_t most_pending = 10'000;  // tenants that wait to be told of; what is beyond is found by its counter
constexpr std::size_t tenants_of_a_look = 1'000;
constexpr std::size_t most_message_bytes = 64 * 1024;

// ---- By Redis ----------------------------------------------------------------------------------------------------

struct MessageRows {
    std::string kind;
    std::optional<base::Uuid> place;
    std::optional<base::Uuid> row;

    friend constexpr auto describe(MessageRows*) {
        return schema::object<MessageRows>(
            "AnnouncedRows", schema::field<&MessageRows::kind>("kind", {.text = schema::Text::raw}),
            schema::field<&MessageRows::place>("place"), schema::field<&MessageRows::row>("row"));
    }
};

struct Message {
    std::string from;  // a process
    std::int64_t seq = 0;
    std::int64_t count = 0;
    std::vector<MessageRows> rows;  // none: about anything

    friend constexpr auto describe(Message*) {
        return schema::object<Message>("Announcement",
                                       schema::field<&Message::from>("from", {.text = schema::Text::raw}),
                                       schema::field<&Message::seq>("seq"), schema::field<&Message::count>("count"),
                                       schema::field<&Message::rows>("rows"));
    }
};

std::string message_of(const std::string& process, const db::Announcement& said) {
    Message message{.from = process, .seq = said.number, .count = said.count, .rows = {}};
    for (const auto& one : said.rows) message.rows.push_back({one.kind, one.place, one.row});
    return schema::to_json(message);
}

// nullopt: of this process, which has heard it.
std::optional<db::Announcement> announcement_of(std::string_view text, const std::string& process, base::Uuid tenant) {
    db::Announcement said{.tenant = tenant, .number = 0, .count = 0, .rows = {}};
    if (text.size() > most_message_bytes) return said;
    auto message = schema::parse<Message>(text);
    if (!message) return said;
    if (message->from == process) return std::nullopt;
    said.number = message->seq;
    said.count = message->count;
    for (auto& one : message->rows) said.rows.push_back({std::move(one.kind), one.place, one.row});
    return said;
}

// ---- By the counters ---------------------------------------------------------------------------------------------

struct Counter {
    TenantId tenant_id;
    std::int64_t change_seq = 0;

    friend constexpr auto describe(Counter*) {
        return schema::object<Counter>("FeedCounter", schema::field<&Counter::tenant_id>("tenantId"),
                                       schema::field<&Counter::change_seq>("changeSeq"));
    }
};
constexpr db::SystemQuery<Counter(std::vector<TenantId>)> counters{
    {"announcer.counters", "select tenant_id, change_seq from tenant_counters where tenant_id = any($1)",
     db::Kind::read}};

void merge(db::Announcement& into, const db::Announcement& more) {
    const bool is_about_anything = into.rows.empty() || more.rows.empty();
    into.number = std::max(into.number, more.number);
    into.count += more.count;
    for (const auto& one : more.rows) {
        if (std::ranges::find(into.rows, one) == into.rows.end()) into.rows.push_back(one);
    }
    if (is_about_anything || into.rows.size() > most_rows) into.rows.clear();
}

}  // namespace

namespace detail {

struct TenantListeners {
    std::map<std::uint64_t, std::shared_ptr<Announcer::Listener>> listeners;
    std::int64_t known_seq = 0;
    redis::Subscription subscription;
};

struct AnnouncerState : std::enable_shared_from_this<AnnouncerState> {
    AnnouncerState(const app::LoopParts& parts, AnnouncerExchange& through, redis::Client* client)
        : loop(parts.loop),
          databases(parts.databases),
          logger(parts.logger),
          metrics(parts.metrics),
          prefix(parts.settings.job_prefix + ":changes:"),
          exchange(through),
          redis(client),
          stop(parts.loop),
          tasks(parts.loop),
          flush_timer(parts.loop, [this] { begin_flush(); }) {
        tasks.on_error([this](const std::exception_ptr& error) {
            logger.error("announcing changes failed", {{"err", logging::error(error)}});
        });
    }

    // ---- Here ----------------------------------------------------------------------------------------------------

    void dispatch(const db::Announcement& said) {
        const auto found = tenants.find(said.tenant);
        if (found == tenants.end()) return;
        auto& known = found->second.known_seq;
        // A number that nobody has announced lies between: its process died, or is slower than this one.
        const bool is_gap = said.number > 0 && said.number - said.count > known;
        known = std::max(known, said.number);
        tell(said.tenant, {.seq = known, .rows = said.rows, .is_about_anything = is_gap || said.rows.empty()});
    }

    // A listener may end any, itself too, and begin others, which hear the next.
    void tell(base::Uuid tenant, const Poke& poke) {
        const auto found = tenants.find(tenant);
        if (found == tenants.end()) return;
        std::vector<std::weak_ptr<Announcer::Listener>> now;
        for (const auto& [id, listener] : found->second.listeners) now.push_back(listener);
        for (const auto& weak : now) {
            if (const auto listener = weak.lock()) (*listener)(poke);
        }
    }

    // ---- To others -----------------------------------------------------------------------------------------------

    void on_commit(db::Announcement said) {
        if (said.rows.size() > most_rows) said.rows.clear();
        dispatch(said);
        const auto [place, is_new] = pending.try_emplace(said.tenant, said);
        if (!is_new) merge(place->second, said);
        if (pending.size() > most_pending) pending.erase(place);
        schedule_flush();
    }

    void schedule_flush() {
        if (pending.empty() || is_flushing || flush_timer.is_set()) return;
        flush_timer.expires_at(std::max(async::Loop::now(), last_flush + gather_time - async::Milliseconds(20)));
    }

    void begin_flush() {
        if (pending.empty() || is_flushing) return;
        is_flushing = true;
        last_flush = async::Loop::now();
        tasks.spawn(flush(this));
    }

    static async::Task<void> flush(AnnouncerState* state) {
        const auto said = std::exchange(state->pending, {});
        std::vector<redis::Command> commands;
        for (const auto& [tenant, one] : said) {
            state->exchange.tell_others(state->member, one);
            if (state->redis != nullptr)
                commands.push_back(redis::Command("PUBLISH")
                                       .add(state->prefix + tenant.to_string())
                                       .add(message_of(state->exchange.process_id(), one)));
        }
        if (!commands.empty() && state->redis->is_connected()) {
            try {
                // Whoever does not hear it looks at the counters.
                static_cast<void>(co_await state->redis->pipeline(std::move(commands),
                                                                  async::Loop::now() + async::Milliseconds(500)));
            } catch (const base::Failure&) {}
        }
        state->is_flushing = false;
        if (!state->stop.requested()) state->schedule_flush();
    }

    // ---- From others ---------------------------------------------------------------------------------------------

    void subscribe(base::Uuid tenant, TenantListeners& to) {
        if (redis == nullptr) return;
        if (!subscriber) {
            auto options = redis->options();
            options.role = "announcer";
            subscriber = std::make_unique<redis::Subscriber>(loop, options, logger, metrics);
        }
        to.subscription = subscriber->subscribe(
            prefix + tenant.to_string(),
            {.on_message =
                 [this, tenant](std::string_view /*channel*/, std::string_view message) {
                     if (const auto said = announcement_of(message, exchange.process_id(), tenant)) dispatch(*said);
                 },
             .on_subscribed =
                 [this, tenant](bool missed) {
                     if (missed) dispatch({.tenant = tenant, .number = 0, .count = 0, .rows = {}});
                 }});
    }

    static async::Task<void> keep_looking(AnnouncerState* state) {
        for (int turn = 0; co_await state->stop.sleep(look_time); ++turn) {
            const bool is_rare = state->redis != nullptr && state->redis->is_connected();
            if (is_rare && turn % looks_with_redis != 0) continue;
            co_await look(state);
        }
    }

    static async::Task<void> look(AnnouncerState* state) {
        std::vector<TenantId> ids;
        for (const auto& [tenant, listeners] : state->tenants) ids.emplace_back(tenant);
        for (std::size_t at = 0; at < ids.size(); at += tenants_of_a_look) {
            const std::span<const TenantId> all(ids);
            const auto some = all.subspan(at, std::min(tenants_of_a_look, ids.size() - at));
            const auto db = db::system_db(state->databases, async::Loop::now() + async::Milliseconds(5'000));
            try {
                const auto rows = co_await db.all(counters, std::vector<TenantId>(some.begin(), some.end()));
                for (const auto& row : rows) state->on_counter(row);
            } catch (const base::Failure&) {
                co_return;  // the driver's own lines say why; the next look comes
            }
        }
    }

    void on_counter(const Counter& row) {
        const auto found = tenants.find(row.tenant_id.uuid());
        if (found == tenants.end() || row.change_seq <= found->second.known_seq) return;
        found->second.known_seq = row.change_seq;
        tell(found->first, {.seq = row.change_seq, .rows = {}, .is_about_anything = true});
    }

    async::Loop& loop;
    const db::Databases& databases;
    logging::Logger logger;
    observe::Metrics& metrics;
    const std::string prefix;
    AnnouncerExchange& exchange;
    redis::Client* redis;
    std::unique_ptr<redis::Subscriber> subscriber;  // outlives the subscriptions
    std::unordered_map<base::Uuid, TenantListeners> tenants;
    std::unordered_map<base::Uuid, db::Announcement> pending;
    std::uint64_t member = 0;
    std::uint64_t last_listener = 0;
    async::SteadyTime last_flush{};
    bool is_flushing = false;
    async::Stop stop;
    async::TaskGroup tasks;
    async::Timer flush_timer;
};

}  // namespace detail

// ---- Listening ---------------------------------------------------------------------------------------------------

Announcer::Listening::Listening(Listening&& other) noexcept
    : state_(std::move(other.state_)), tenant_(other.tenant_), id_(std::exchange(other.id_, 0)) {}

Announcer::Listening& Announcer::Listening::operator=(Listening&& other) noexcept {
    if (this == &other) return *this;
    end();
    state_ = std::move(other.state_);
    tenant_ = other.tenant_;
    id_ = std::exchange(other.id_, 0);
    return *this;
}

Announcer::Listening::~Listening() { end(); }

void Announcer::Listening::end() noexcept {
    const auto state = state_.lock();
    if (!state || id_ == 0) return;
    const auto found = state->tenants.find(tenant_);
    if (found == state->tenants.end()) return;
    found->second.listeners.erase(id_);
    if (found->second.listeners.empty()) state->tenants.erase(found);
    id_ = 0;
}

Announcer::Announcer(const app::LoopParts& parts, AnnouncerExchange& exchange, redis::Client* redis)
    : state_(std::make_shared<detail::AnnouncerState>(parts, exchange, redis)) {}

Announcer::~Announcer() {
    if (state_->member != 0) state_->exchange.leave(state_->member);
}

async::Task<void> Announcer::start() {
    state_->member = state_->exchange.join(&state_->loop, [weak = std::weak_ptr(state_)](const db::Announcement& said) {
        if (const auto state = weak.lock()) state->dispatch(said);
    });
    if (state_->databases.announcements != nullptr)
        state_->databases.announcements->listen(
            [state = state_.get()](db::Announcement said) { state->on_commit(std::move(said)); });
    state_->tasks.spawn(detail::AnnouncerState::keep_looking(state_.get()));
    co_return;
}

async::Task<void> Announcer::stop(async::SteadyTime /*deadline*/) {
    if (state_->databases.announcements != nullptr) state_->databases.announcements->listen(nullptr);
    state_->stop.request();
    state_->flush_timer.cancel();
    state_->begin_flush();
    co_await state_->tasks.join();
    state_->exchange.leave(std::exchange(state_->member, 0));
    state_->tenants.clear();
    if (state_->subscriber) state_->subscriber->close();
}

Announcer::Listening Announcer::listen(base::Uuid tenant, Listener listener) {
    auto& of = state_->tenants[tenant];
    if (of.listeners.empty()) state_->subscribe(tenant, of);
    const auto id = ++state_->last_listener;
    of.listeners.emplace(id, std::make_shared<Listener>(std::move(listener)));
    Listening listening;
    listening.state_ = state_;
    listening.tenant_ = tenant;
    listening.id_ = id;
    return listening;
}

void Announcer::begin_at(base::Uuid tenant, std::int64_t seq) {
    const auto found = state_->tenants.find(tenant);
    if (found == state_->tenants.end() || found->second.listeners.size() != 1) return;
    found->second.known_seq = std::max(found->second.known_seq, seq);
}

void Announcer::announce(base::Uuid tenant, std::vector<db::AnnouncedRows> rows) {
    state_->on_commit({.tenant = tenant, .number = 0, .count = 0, .rows = std::move(rows)});
}

void Announcer::wake_all() {
    std::vector<base::Uuid> all;
    for (const auto& [tenant, listeners] : state_->tenants) all.push_back(tenant);
    for (const auto& tenant : all) state_->dispatch({.tenant = tenant, .number = 0, .count = 0, .rows = {}});
}

std::int64_t Announcer::known_seq(base::Uuid tenant) const {
    const auto found = state_->tenants.find(tenant);
    return found == state_->tenants.end() ? 0 : found->second.known_seq;
}

std::unique_ptr<Announcer> make_announcer(const app::LoopParts& parts, AnnouncerExchange& exchange,
                                          redis::Client* redis) {
    return std::make_unique<Announcer>(parts, exchange, redis);
}

std::vector<db::StatementView> announcer_statements() { return db::statements(counters); }

}  // namespace pos
