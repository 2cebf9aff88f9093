#include "pos/modules/sync/events.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "pos/modules/sync/errors.h"
#include "pos/modules/sync/pull.h"
#include "pos/plumbing/second_factor_wall.h"
#include "pos/plumbing/suspension.h"

namespace pos::sync {

namespace {

constexpr std::size_t most_topics = 20;
constexpr std::size_t most_places = 100;                // of a poke; beyond, it is about anything
constexpr async::Milliseconds look_again_after(4'000);  // at the session, and at whether the client is there
constexpr async::Milliseconds pause_of_pokes(250);      // of a busy shop: one for what came meanwhile
constexpr async::Milliseconds pause_of_topics(1'000);   // between two events of one topic that says what is there

struct PokedPlace {
    std::string collection;
    schema::Maybe<base::Uuid> location_id;

    friend constexpr auto describe(PokedPlace*) {
        return schema::object<PokedPlace>("PokedPlace",
                                          schema::field<&PokedPlace::collection>("c", {.text = schema::Text::raw}),
                                          schema::field<&PokedPlace::location_id>("locationId"));
    }
    friend bool operator==(const PokedPlace&, const PokedPlace&) = default;
};
struct PokeEvent {
    std::int64_t seq = 0;
    std::vector<PokedPlace> changed;

    friend constexpr auto describe(PokeEvent*) {
        return schema::object<PokeEvent>("PokeEvent", schema::field<&PokeEvent::seq>("seq"),
                                         schema::field<&PokeEvent::changed>("changed"));
    }
};

}  // namespace

// One stream. Its listener marks what is to be said, its task says it.
struct Follower {
    Follower(async::Loop& loop, EventStreams::Wanted what, Waiters::Place held)
        : wanted(std::move(what)),
          place(std::move(held)),
          queue(std::make_shared<http::EventQueue>(loop)),
          woken(loop),
          tick(loop, [this] { woken.set(); }),
          last_said(wanted.topics.size()) {}

    EventStreams::Wanted wanted;
    Waiters::Place place;
    std::shared_ptr<http::EventQueue> queue;
    async::Event woken;
    async::Timer tick;
    Announcer::Listening listening{};
    base::Uuid epoch{};
    bool is_poked = false;
    PokeEvent poke{};
    bool is_about_anything = false;
    std::vector<std::size_t> due{};  // topics
    std::vector<async::SteadyTime> last_said;
    async::SteadyTime looked_at{};
    async::SteadyTime poked_at{};

    [[nodiscard]] const auth::Caller& caller() const { return wanted.request.caller; }

    // When there is something to say, or to look at.
    [[nodiscard]] async::Milliseconds next_turn() const {
        if (is_poked) return pause_of_pokes;
        return due.empty() ? look_again_after : pause_of_topics;
    }

    void mark(const Poke& heard) {
        if (wanted.follows_changes() && wanted.request.scope.concerns(heard)) mark_changes(heard);
        for (std::size_t i = 0; i < wanted.topics.size(); ++i) {
            if (wanted.topics[i].is_concerned_by(heard, caller().user_id) && std::ranges::find(due, i) == due.end())
                due.push_back(i);
        }
        if (is_poked || !due.empty()) woken.set();
    }

    // Of what was announced, what this reader may know of.
    void mark_changes(const Poke& heard) {
        std::vector<PokedPlace> seen;
        for (const auto& one : heard.rows) {
            const auto at = one.place ? std::optional(LocationId(*one.place)) : std::nullopt;
            if (!wanted.request.scope.may_see(caller(), one.kind, at) || !may_know(caller(), one)) continue;
            seen.push_back({one.kind, {}});
            if (one.place) seen.back().location_id.emplace(*one.place);
        }
        if (seen.empty() && !heard.is_about_anything) return;
        is_poked = true;
        is_about_anything |= heard.is_about_anything;
        poke.seq = std::max(poke.seq, heard.seq);
        for (auto& one : seen) {
            if (std::ranges::find(poke.changed, one) == poke.changed.end()) poke.changed.push_back(std::move(one));
        }
    }

    bool say_poke() {
        auto said = std::exchange(poke, {.seq = poke.seq, .changed = {}});
        if (std::exchange(is_about_anything, false) || said.changed.size() > most_places) said.changed.clear();
        is_poked = false;
        poked_at = async::Loop::now();
        return queue->push({.data = schema::to_json(said), .id = id_at(said.seq), .type = "poke"});
    }
    [[nodiscard]] std::string id_at(std::int64_t seq) const {
        return cursor_at(wanted.request, {.epoch = epoch, .seq = seq}, seq);
    }
};

namespace {

using Parts = EventStreams::Parts;

db::Db db_for(const Parts& parts, const Follower& follower) {
    return db::tenant_db(parts.databases, follower.caller().tenant_id, async::Loop::now() + std::chrono::seconds(5));
}

bool say_reset(Follower& follower, Resync reason) {
    return follower.queue->push({.data = fmt::format(R"({{"reason":"{}"}})", name_of(reason)), .type = "reset"});
}

// What was missed, in one poke; or that a pull cannot make it good.
async::Task<void> say_what_was_missed(const Parts* parts, Follower* follower) {
    const auto db = db_for(*parts, *follower);
    const auto place = co_await place_of(db);
    follower->epoch = place.epoch;
    parts->announcer.begin_at(follower->caller().tenant_id, place.seq);
    follower->poke.seq = std::max(follower->poke.seq, place.seq);
    const auto& request = follower->wanted.request;
    const auto& last = follower->wanted.last_id;
    std::optional<Cursor> cursor;
    if (last) cursor = open_cursor(*last, request.secret, request.caller.tenant_id);
    if (last && follower->wanted.follows_changes()) {
        const auto reason = cursor ? why_resync(*cursor, place, request.scope.hash, request.now) : Resync::cursor;
        if (reason) {
            say_reset(*follower, *reason);
        } else if (cursor->seq < place.seq) {
            Poke missed{.seq = place.seq, .rows = {}};
            for (const auto& one : co_await places_since(db, request.scope.names(), cursor->seq))
                missed.rows.push_back({one.collection,
                                       one.location_id ? std::optional(one.location_id->uuid()) : std::nullopt,
                                       std::nullopt});
            if (!missed.rows.empty()) follower->mark_changes(missed);
        }
    }
    follower->queue->push({.data = fmt::format(R"({{"seq":{}}})", place.seq),
                           .id = follower->is_poked && last ? *last : follower->id_at(place.seq),
                           .type = "ready"});
}

// Whether a tenant who has to pay, say, reads none of it for now: the routes answer with the same code.
const base::ErrorCode* withheld_by(const EventStreams::Wanted& wanted) {
    const auto& caller = wanted.request.caller;
    const auto of = [&](std::string_view permission) {
        return caller.may(permission) ? caller.withheld_by(permission) : nullptr;
    };
    for (const auto& topic : wanted.topics) {
        if (topic.kind == Topic::Kind::dashboard && of("reports.read") != nullptr) return of("reports.read");
        if (topic.kind != Topic::Kind::changes) continue;
        for (const auto* collection : wanted.request.scope.collections)
            if (of(collection->read) != nullptr) return of(collection->read);
    }
    return nullptr;
}

// Again as the session is now. False: it has ended; or it may not read for now, which whoever comes again is told; or it sees something
// else from now on, which the client has to begin anew for.
async::Task<bool> look_at_session(const Parts* parts, Follower* follower) {
    follower->looked_at = async::Loop::now();
    const auto& proof = follower->wanted.proof;
    auth::SessionCache::Entry state;
    if (const auto* known = parts->authenticator.find(proof)) {
        state = *known;
    } else {
        state = co_await parts->authenticator.load(proof.key, async::Loop::now() + std::chrono::seconds(5));
    }
    if (!state || state->expires_at <= parts->runtime.now() || state->tenant_id != follower->caller().tenant_id)
        co_return false;
    auto& request = follower->wanted.request;
    request.now = parts->runtime.now();
    request.caller.grants = state->grants;
    request.caller.member_version = state->member_version;
    if (state->grants->wall != nullptr || withheld_by(follower->wanted) != nullptr) co_return false;
    if (scope_of(request.caller, follower->wanted.collections, request.scope.location).hash == request.scope.hash)
        co_return true;
    say_reset(*follower, Resync::scope_changed);
    co_return false;
}

// One of the topics that are due and have not been said just now.
async::Task<bool> say_topics(const Parts* parts, Follower* follower) {
    const auto now = async::Loop::now();
    const auto due = std::exchange(follower->due, {});
    for (const auto i : due) {
        const auto topic = follower->wanted.topics[i];
        if (topic.kind == Topic::Kind::dashboard && now - follower->last_said[i] < pause_of_topics) {
            follower->due.push_back(i);
            continue;
        }
        follower->last_said[i] = now;
        const auto data =
            co_await topic_data(follower->caller(), db_for(*parts, *follower), topic, parts->runtime.now());
        if (data.empty()) continue;
        if (!follower->queue->push(
                {.data = fmt::format(R"({{"topic":"{}","d":{}}})", topic.name(), data), .type = "ev"}))
            co_return false;
    }
    co_return true;
}

async::Task<bool> say_what_is_due(const Parts* parts, Follower* follower) {
    if (async::Loop::now() - follower->looked_at >= look_again_after && !co_await look_at_session(parts, follower))
        co_return false;
    const bool may_poke = async::Loop::now() - follower->poked_at >= pause_of_pokes;
    if (follower->is_poked && may_poke && !follower->say_poke()) co_return false;
    co_return co_await say_topics(parts, follower);
}

async::Task<void> follow(const Parts* parts, const async::Stop* stop, std::shared_ptr<Follower> follower) {
    // A stream that fails ends; its client comes again, with what it has seen last.
    try {
        follower->looked_at = async::Loop::now();
        co_await say_what_was_missed(parts, follower.get());
        for (std::size_t i = 0; i < follower->wanted.topics.size(); ++i) {
            const auto kind = follower->wanted.topics[i].kind;
            if (kind == Topic::Kind::dashboard || kind == Topic::Kind::intent) follower->due.push_back(i);
        }
        while (!stop->requested() && follower->queue->is_open() && co_await say_what_is_due(parts, follower.get())) {
            follower->tick.expires_after(follower->next_turn());
            co_await follower->woken;
            follower->woken.reset();
        }
    } catch (const base::Failure& failure) {
        parts->logger.warn("a stream of events ended", {{"code", std::string(failure.code().code)}});
    }
    follower->listening = {};
    follower->queue->close();
}

struct EventFilter {
    std::optional<std::string> topics;
    std::optional<std::string> collections;
    std::optional<LocationId> location;

    friend constexpr auto describe(EventFilter*) {
        using schema::field;
        return schema::object<EventFilter>(
            "EventFilter",
            field<&EventFilter::topics>("topics", {.min_length = 1,
                                                   .max_length = 1'200,
                                                   .text = schema::Text::raw,
                                                   .doc = "Separated by commas, at most 20: `changes` (unless given), "
                                                          "`notifications`, `dashboard.{locationId}`, `intent.{id}`.",
                                                   .example = R"("changes,notifications")"}),
            field<&EventFilter::collections>("collections", {.min_length = 1,
                                                             .max_length = most_collection_names,
                                                             .text = schema::Text::raw,
                                                             .doc = "Of `changes`, as for `/v1/sync/changes`.",
                                                             .example = R"("products,variants")"}),
            field<&EventFilter::location>("location", {.doc = "Of `changes`, as for `/v1/sync/changes`."}));
    }
};

[[noreturn]] void throw_bad_topics(std::string message) {
    throw base::Failure(http::errors::invalid, {{"query", "/topics", "unknown_topic", std::move(message), {}}});
}

std::vector<Topic> topics_of(const std::optional<std::string>& names) {
    std::vector<Topic> topics;
    if (!names) return {Topic{}};
    for (const auto name : base::split(*names, ',')) {
        const auto topic = parse_topic(name);
        if (!topic) throw_bad_topics(fmt::format("\"{}\" is no topic", name));
        if (std::ranges::find(topics, *topic) == topics.end()) topics.push_back(*topic);
    }
    if (topics.size() > most_topics) throw_bad_topics(fmt::format("At most {} topics.", most_topics));
    return topics;
}

async::Task<http::EventStream> events(auth::Caller caller, http::Query<EventFilter> filter, http::LastEventId last,
                                      db::Db db, http::Context& context, http::Service<db::Databases> databases,
                                      http::Service<Runtime> runtime, http::Service<auth::Authenticator> authenticator,
                                      http::Service<EventStreams> streams) {
    EventStreams::Wanted wanted{.request = {.caller = caller,
                                            .scope = scope_of(caller, filter->collections, filter->location),
                                            .secret = databases->catalogue->cursor_secret(),
                                            .now = runtime->now()},
                                .topics = topics_of(filter->topics),
                                .collections = filter->collections,
                                .proof = authenticator->prove(context),
                                .last_id = *last};
    if (const auto* code = withheld_by(wanted)) throw base::Failure(*code);
    for (const auto& topic : wanted.topics) {
        if (topic.kind != Topic::Kind::changes) static_cast<void>(co_await require_topic(caller, db, topic));
    }
    co_return http::EventStream{streams->open(std::move(wanted))};
}

}  // namespace

bool EventStreams::Wanted::follows_changes() const {
    return std::ranges::any_of(topics, [](const Topic& one) { return one.kind == Topic::Kind::changes; });
}

EventStreams::EventStreams(const Parts& parts) : parts_(parts), stop_(parts.loop), tasks_(parts.loop) {
    tasks_.on_error([this](const std::exception_ptr& error) {
        parts_.logger.error("a stream of events failed", {{"err", logging::error(error)}});
    });
}

std::shared_ptr<http::EventQueue> EventStreams::open(Wanted wanted) {
    const auto tenant = wanted.request.caller.tenant_id;
    auto follower = std::make_shared<Follower>(parts_.loop, std::move(wanted), parts_.waiters.enter(tenant));
    // Before the feed is looked at: what is committed meanwhile is heard.
    follower->listening = parts_.announcer.listen(tenant, [to = follower.get()](const Poke& poke) { to->mark(poke); });
    auto queue = follower->queue;
    tasks_.spawn(follow(&parts_, &stop_, std::move(follower)));
    return queue;
}

async::Task<void> EventStreams::stop(async::SteadyTime /*deadline*/) {
    stop_.request();
    parts_.announcer.wake_all();
    co_await tasks_.join();
}

std::unique_ptr<EventStreams> make_event_streams(const app::LoopParts& parts, auth::Authenticator& authenticator,
                                                 Announcer& announcer, Waiters& waiters, Runtime& runtime) {
    return std::make_unique<EventStreams>(EventStreams::Parts{.loop = parts.loop,
                                                              .databases = parts.databases,
                                                              .authenticator = authenticator,
                                                              .announcer = announcer,
                                                              .waiters = waiters,
                                                              .runtime = runtime,
                                                              .logger = parts.logger});
}

void event_routes(http::Routes routes) {
    routes.get(
        "/events", events,
        {.id = "getEvents",
         .summary = "What happens, as server-sent events",
         .description =
             "`ready`, then `poke` (the feed has moved: ask `/v1/sync/changes`), `ev` (`{\"topic\":…,\"d\":…}`) and "
             "`reset` (take a new snapshot). With `Last-Event-ID` the first poke says what was missed. The stream ends "
             "with the session.",
         .errors = {auth::errors::forbidden, errors::row_not_found, errors::too_many_waiters,
                    errors::subscription_suspended, errors::second_factor_needed}});
}

}  // namespace pos::sync
