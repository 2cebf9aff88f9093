#include "pos/modules/realtime/live.h"

#include <algorithm>

#include <fmt/format.h>

#include "db/query.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/realtime/announced_topics.h"
#include "pos/modules/realtime/errors.h"
#include "pos/modules/sync/changes.h"
#include "pos/modules/sync/scope.h"
#include "realtime/channel.h"

namespace pos {

namespace {

constexpr std::chrono::milliseconds tell_every{20};  // while something waits
constexpr std::chrono::milliseconds dashboards_every{1'000};
constexpr std::chrono::milliseconds read_within{5'000};
constexpr std::size_t most_remembered = 1'000;
constexpr std::uint32_t most_followed = 100;  // channels or topics of a socket

struct LiveSession {
    SessionId id;
    std::int32_t member_version = 0;
    bool is_suspended = false;
    bool lacks_second_factor = false;
    std::vector<LocationId> ended;  // where the member has a role

    friend constexpr auto describe(LiveSession*) {
        using schema::field;
        using S = LiveSession;
        return schema::object<S>("LiveSession", field<&S::id>("id"), field<&S::member_version>("memberVersion"),
                                 field<&S::is_suspended>("isSuspended"),
                                 field<&S::lacks_second_factor>("lacksSecondFactor"), field<&S::ended>("ended"));
    }
};

// All that decides the rights of a session (auth.grants_of_session), as far as the version of the membership does not say it.
constexpr db::SystemQuery<LiveSession(std::vector<SessionId>, base::Timestamp)> live_sessions{
    {"realtime.live_sessions",
     "select s.id, m.version as member_version, t.status = 'suspended' as is_suspended, "
     "u.second_factor_since is null and exists ("
     "  select from second_factor_rules f where f.tenant_id = s.tenant_id and (f.role_id is null or exists ("
     "    select from membership_roles x where x.tenant_id = m.tenant_id and x.membership_id = m.id "
     "    and x.role_id = f.role_id))) as lacks_second_factor, "
     "array("
     "  select l.id from membership_roles mr "
     "  join locations l on l.tenant_id = mr.tenant_id and l.id = mr.location_id and l.deleted_at is not null "
     "  where mr.tenant_id = m.tenant_id and mr.membership_id = m.id) as ended "
     "from sessions s "
     "join users u on u.id = s.user_id and u.disabled_at is null "
     "join tenants t on t.id = s.tenant_id and t.status <> 'closed' "
     "join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active' and "
     "m.deleted_at is null "
     "where s.id = any($1) and s.revoked_at is null and s.expires_at > $2 "
     "and (s.device_id is null or exists ("
     "  select from devices d where d.tenant_id = s.tenant_id and d.id = s.device_id and d.status = 'active' "
     "  and d.deleted_at is null))",
     db::Kind::read}};

realtime::SocketGate::Options gate_options(const RealtimeSettings& settings) {
    return {.most_sockets = static_cast<std::size_t>(settings.max_sockets),
            .most_of_address = static_cast<std::size_t>(settings.max_sockets_of_address),
            .most_of_tenant = static_cast<std::size_t>(settings.max_sockets_of_tenant)};
}

realtime::SocketLimits limits_of(const RealtimeSettings& settings) {
    const auto rate = static_cast<std::uint32_t>(settings.messages_per_second);
    return {.max_message = static_cast<std::size_t>(settings.max_message_bytes),
            .max_queued = static_cast<std::size_t>(settings.max_queued_bytes),
            .messages_per_second = rate,
            // Whoever comes again repeats what it follows at once.
            .burst = rate * 5 + most_followed,
            .drain_over = std::chrono::seconds(settings.drain_seconds)};
}

// Whether the rights that were read once are still those. A role at an ended location counts for one permission.
bool is_same(const auth::Caller& caller, const LiveSession& now) {
    const auto* grants = caller.grants.get();
    if (grants == nullptr || caller.member_version != now.member_version) return false;
    if ((grants->withheld_by != nullptr) != now.is_suspended || (grants->wall != nullptr) != now.lacks_second_factor)
        return false;
    return std::ranges::none_of(grants->by_place, [&](const auto& grant) {
        const bool has_ended = std::ranges::find(now.ended, LocationId(grant.first)) != now.ended.end();
        return has_ended && grant.second.count() > 1;
    });
}

bool has_data(const sync::Topic& topic) {
    return topic.kind == sync::Topic::Kind::dashboard || topic.kind == sync::Topic::Kind::intent;
}

// What this reader may know of it; nullopt: nothing. Whose rights nobody knows is told that there is something, as hosted services are.
std::optional<std::string> poke_data(const Poke& poke, const auth::Caller& reader) {
    auto text = fmt::format(R"({{"seq":{})", poke.seq);
    if (poke.is_about_anything || reader.grants == nullptr) return text + '}';
    std::string changed;
    for (const auto& rows : poke.rows) {
        if (!sync::may_know(reader, rows)) continue;
        changed += fmt::format(R"({}{{"c":"{}")", changed.empty() ? "" : ",", rows.kind);
        if (rows.place) changed += fmt::format(R"(,"locationId":"{}")", rows.place->to_string());
        changed += '}';
    }
    if (changed.empty()) return std::nullopt;
    return text + fmt::format(R"(,"changed":[{}]}})", changed);
}

}  // namespace

void check_realtime_settings(const RealtimeSettings& settings, const app::Settings& /*common*/,
                             schema::Issues& issues) {
    using Setting = std::optional<std::string>;
    const auto given = [](const Setting& id, const Setting& key, const Setting& secret) {
        return int{id.has_value()} + int{key.has_value()} + int{secret.has_value()};
    };
    const auto own = given(settings.app_id, settings.app_key, settings.app_secret);
    if (own != 0 && own != 3) {
        issues.add("/REALTIME_APP_ID", "together",
                   "REALTIME_APP_ID, REALTIME_APP_KEY and REALTIME_APP_SECRET are given together");
    }
    if (settings.webhook_url && own == 0)
        issues.add("/REALTIME_WEBHOOK_URL", "together", "Webhooks are signed with REALTIME_APP_SECRET: set it");
    const auto hosted = given(settings.pusher_app_id, settings.pusher_app_key, settings.pusher_app_secret);
    if (hosted != 0 && hosted != 3) {
        issues.add("/PUSHER_APP_ID", "together",
                   "PUSHER_APP_ID, PUSHER_APP_KEY and PUSHER_APP_SECRET are given together");
    }
}

LiveShared::LiveShared(const RealtimeSettings& settings, base::RandomSource& random)
    : hubs(random), gate(gate_options(settings)), speaks_pusher(settings.app_key.has_value()) {
    pusher.app = {settings.app_id.value_or(""), settings.app_key.value_or(""), settings.app_secret.value_or("")};
    pusher.client_events = settings.client_events;
}

std::unique_ptr<LiveShared> make_live_shared(const RealtimeSettings& settings, base::SecureRandom& random) {
    return std::make_unique<LiveShared>(settings, random);
}

Live::Live(const Parts& parts)
    : parts_(parts),
      limits_(limits_of(parts.settings)),
      metrics_(parts.loop.metrics),
      hub_({.loop = parts.loop.loop,
            .hubs = parts.shared.hubs,
            .redis = parts.redis,
            .logger = parts.loop.logger,
            .metrics = parts.loop.metrics,
            .options = {.prefix = parts.loop.settings.job_prefix + ":rt:"}}),
      sessions_(parts.loop.loop, *this, parts.clock, parts.loop.logger),
      stop_(parts.loop.loop),
      tasks_(parts.loop.loop) {
    auto everything = std::make_shared<auth::Grants>();
    everything->everywhere.set();
    everything_ = std::move(everything);
    hub_.on_tenant([this](const base::Uuid& tenant, bool is_followed) { follow_tenant(tenant, is_followed); });
    if (!parts.settings.webhook_url) return;
    webhooks_ = std::make_unique<realtime::pusher::Webhooks>(
        realtime::pusher::Webhooks::Parts{.loop = parts.loop.loop,
                                          .hub = hub_,
                                          .http = parts.http,
                                          .app = parts.shared.pusher.app,
                                          .url = *parts.settings.webhook_url,
                                          .clock = parts.clock,
                                          .logger = parts.loop.logger,
                                          .metrics = parts.loop.metrics});
}

Live::~Live() = default;

std::unique_ptr<Live> make_live(const RealtimeSettings& settings, const app::LoopParts& parts, LiveShared& shared,
                                auth::Authenticator& authenticator, Announcer& announcer, redis::Client* redis,
                                client::Client& http, const base::Clock& clock, base::SecureRandom& random) {
    return std::make_unique<Live>(
        Live::Parts{parts, shared, settings, authenticator, announcer, redis, http, clock, random});
}

std::vector<db::StatementView> live_statements() { return db::statements(live_sessions); }

async::Task<void> Live::start() {
    tasks_.on_error([logger = parts_.loop.logger](std::exception_ptr error) {
        logger.error("realtime: a task failed", {{"err", logging::error(error)}});
    });
    co_await hub_.start();
    co_await sessions_.start();
    if (webhooks_) co_await webhooks_->start();
}

async::Task<void> Live::stop(async::SteadyTime deadline) {
    stop_.request();
    co_await tasks_.join();
    listening_.clear();
    co_await sessions_.stop(deadline);
    if (webhooks_) co_await webhooks_->stop(deadline);
    co_await hub_.stop(deadline);
}

// ---- Sockets -------------------------------------------------------------------------------------------------------

realtime::SocketGate::Pass Live::enter(const http::Context& context) {
    auto pass = parts_.shared.gate.enter_address(context.request().client_address(), async::Loop::now());
    if (!pass) throw base::Failure(errors::too_many_sockets).header("Retry-After", "5");
    return *std::move(pass);
}

std::shared_ptr<realtime::Socket> Live::make_socket(const realtime::Handshake& handshake,
                                                    realtime::Handshake::Answer& answer) {
    if (parts_.settings.deflate) answer.deflate = handshake.deflate();
    return std::make_shared<realtime::Socket>(
        realtime::Socket::Parts{parts_.loop.loop, limits_, metrics_, deflater_, inflater_, parts_.random},
        answer.deflate);
}

std::unique_ptr<realtime::Dialect> Live::own(const std::shared_ptr<realtime::Socket>& socket,
                                             std::optional<Identity> identity, realtime::SocketGate::Pass pass) {
    return std::make_unique<realtime::OwnDialect>(realtime::OwnDialectParts{hub_, sessions_, *this, parts_.shared.gate},
                                                  socket, std::move(identity), std::move(pass));
}

std::unique_ptr<realtime::Dialect> Live::pusher(const std::shared_ptr<realtime::Socket>& socket,
                                                realtime::pusher::PusherDialect::Hello hello,
                                                realtime::SocketGate::Pass pass) {
    return std::make_unique<realtime::pusher::PusherDialect>(
        realtime::pusher::DialectParts{hub_, sessions_, *this, parts_.shared.pusher, parts_.clock}, socket,
        std::move(hello), std::move(pass));
}

async::Task<std::optional<realtime::Access::Identity>> Live::holder_of(TicketHolder holder,
                                                                       async::SteadyTime deadline) {
    const auto state = co_await parts_.authenticator.load(auth::SessionKey::of_session(holder.session_id), deadline);
    if (!state || state->expires_at <= parts_.clock.now()) co_return std::nullopt;
    co_return Identity{parts_.authenticator.caller_of(*state), std::min(holder.expires_at, state->expires_at)};
}

// ---- Who may what --------------------------------------------------------------------------------------------------

async::Task<std::vector<auth::Caller>> Live::still_live(std::vector<auth::Caller> callers, async::SteadyTime deadline) {
    std::vector<SessionId> ids;
    for (const auto& caller : callers) ids.emplace_back(caller.session_id);
    const auto rows =
        co_await db::system_db(parts_.loop.databases, deadline).all(live_sessions, ids, parts_.clock.now());
    std::unordered_map<base::Uuid, const LiveSession*> sessions;
    for (const auto& row : rows) sessions.emplace(row.id.uuid(), &row);
    std::vector<auth::Caller> live;
    for (auto& caller : callers) {
        const auto session = sessions.find(caller.session_id);
        if (session == sessions.end()) continue;
        if (!is_same(caller, *session->second)) {
            const auto state =
                co_await parts_.authenticator.load(auth::SessionKey::of_session(caller.session_id), deadline);
            if (!state) continue;
            caller = parts_.authenticator.caller_of(*state);
        }
        live.push_back(std::move(caller));
    }
    co_return live;
}

const base::ErrorCode* Live::why_not(const auth::Caller& caller, const realtime::Followed& followed) const {
    const auto topic = sync::parse_topic(followed.topic);
    return topic ? sync::why_not(caller, *topic, followed.place) : &auth::errors::forbidden;
}

// What is said of a dashboard or of a payment is the same for all who follow it.
realtime::Reader Live::reader_of(const auth::Caller& caller, const realtime::Followed& followed) const {
    const auto topic = sync::parse_topic(followed.topic);
    if (topic && topic->kind == sync::Topic::Kind::changes) return {.grants = caller.grants};
    if (topic && topic->kind == sync::Topic::Kind::notifications) return {.user = caller.user_id};
    return {};
}

async::Task<std::optional<realtime::Followed>> Live::may_begin(auth::Caller caller, std::string name,
                                                               async::SteadyTime deadline) {
    const auto topic = sync::parse_topic(name);
    if (!topic || topic->name() != name) co_return std::nullopt;
    realtime::Followed followed{.topic = std::move(name)};
    bool may = true;
    try {
        const auto db = db::tenant_db(parts_.loop.databases, caller.tenant_id, deadline);
        followed.place = co_await sync::require_topic(caller, db, *topic);
    } catch (const base::Failure& failure) {
        // That there is none is not told from that it is not theirs.
        if (failure.code() != auth::errors::forbidden && failure.code().status != 404) throw;
        may = false;
    }
    if (!may) co_return std::nullopt;
    co_return followed;
}

async::Task<realtime::Access::Identity> Live::identify(std::string token, async::SteadyTime deadline) {
    auto& authenticator = parts_.authenticator;
    const auto proof = authenticator.prove_bearer(token);
    const auto state = co_await authenticator.load(proof.key, deadline);
    auto caller = authenticator.admit_bearer(proof, state.get());
    co_return Identity{std::move(caller), proof.claims->expires_at};
}

// A cursor of another epoch, or one that is ahead of the feed, was given by a database that was there before this one.
async::Task<realtime::Access::Since> Live::since(auth::Caller caller, std::string text, async::SteadyTime deadline) {
    const auto& databases = parts_.loop.databases;
    const auto cursor = sync::open_cursor(text, databases.catalogue->cursor_secret(), caller.tenant_id);
    if (!cursor) co_return Since{};
    const auto place = co_await sync::place_of(db::tenant_db(databases, caller.tenant_id, deadline));
    if (sync::why_resync(*cursor, place, cursor->scope, parts_.clock.now())) co_return Since{};
    const auto verdict = cursor->seq == place.seq ? Since::Verdict::current : Since::Verdict::behind;
    co_return Since{verdict, place.seq};
}

// ---- What was committed --------------------------------------------------------------------------------------------

void Live::follow_tenant(const base::Uuid& tenant, bool is_followed) {
    if (!is_followed) {
        listening_.erase(tenant);
        return;
    }
    listening_.insert_or_assign(
        tenant, parts_.announcer.listen(tenant, [this, tenant](const Poke& poke) { on_poke(tenant, poke); }));
}

void Live::on_poke(const base::Uuid& tenant, const Poke& poke) {
    using Data = std::optional<std::string>;
    hub_.deliver_by_reader(
        {.channel = realtime::channel_of(tenant, "changes"), .event = "poke", .data = {}},
        [&](const realtime::Reader& reader) { return poke_data(poke, caller_with(tenant, reader.grants)); });
    if (poke.is_about(notifications_changed)) {
        hub_.deliver_by_reader({.channel = realtime::channel_of(tenant, "notifications"), .event = "poke", .data = {}},
                               [&](const realtime::Reader& reader) {
                                   const bool is_known = reader.user != base::Uuid();
                                   const bool is_theirs = poke.is_about_row(notifications_changed, reader.user);
                                   return !is_known || is_theirs ? Data("{}") : std::nullopt;
                               });
    }
    if (poke.is_about_anything) {
        for (auto& channel : hub_.followed(realtime::channel_of(tenant, "dashboard.")))
            changed_.insert(std::move(channel));
        for (auto& channel : hub_.followed(realtime::channel_of(tenant, "intent.")))
            changed_.insert(std::move(channel));
    }
    for (const auto& topic : topics_of(poke.rows)) {
        auto channel = realtime::channel_of(tenant, topic.name());
        if (has_data(topic) && hub_.is_followed(channel)) changed_.insert(std::move(channel));
    }
    begin_to_tell();
}

void Live::begin_to_tell() {
    if (changed_.empty() || is_telling_ || stop_.requested()) return;
    is_telling_ = true;
    tasks_.spawn(tell_changed());
}

// Until nothing is left. Dashboards that were told less than a second ago wait.
async::Task<void> Live::tell_changed() {
    // Also when one throws: what comes next begins anew.
    struct Telling {
        bool& is_telling;
        ~Telling() { is_telling = false; }
    };
    const Telling telling{is_telling_};
    do {
        for (const auto& channel : std::exchange(changed_, {})) {
            const auto of_tenant = realtime::tenant_of(channel);
            const auto topic = of_tenant ? sync::parse_topic(of_tenant->topic) : std::nullopt;
            if (!topic || !hub_.is_followed(channel)) continue;
            if (topic->kind == sync::Topic::Kind::dashboard && !may_tell_dashboard(channel)) {
                changed_.insert(channel);
                continue;
            }
            co_await tell(channel, of_tenant->tenant, *topic);
        }
    } while (!changed_.empty() && co_await stop_.sleep(tell_every));
}

bool Live::may_tell_dashboard(const std::string& channel) {
    const auto now = async::Loop::now();
    if (dashboards_told_.size() > most_remembered)
        std::erase_if(dashboards_told_, [&](const auto& one) { return now - one.second >= dashboards_every; });
    auto& told_at = dashboards_told_[channel];
    if (now - told_at < dashboards_every) return false;
    told_at = now;
    return true;
}

// The same for all who follow: each of them was let follow, and is judged again and again.
async::Task<void> Live::tell(std::string channel, base::Uuid tenant, sync::Topic topic) {
    std::string data;
    try {
        data = co_await sync::topic_data(caller_with(tenant, everything_),
                                         db::tenant_db(parts_.loop.databases, tenant, async::Loop::now() + read_within),
                                         topic, parts_.clock.now());
    } catch (const base::Failure&) {
        data.clear();
    }
    // Without data it says that there is something to read, which is always true.
    hub_.deliver({.channel = std::move(channel), .event = "changed", .data = data.empty() ? "{}" : data});
}

auth::Caller Live::caller_with(const base::Uuid& tenant, std::shared_ptr<const auth::Grants> grants) const {
    auth::Caller caller;
    caller.tenant_id = tenant;
    caller.permissions = &parts_.authenticator.permissions();
    caller.grants = std::move(grants);
    return caller;
}

}  // namespace pos
