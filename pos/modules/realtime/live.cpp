#include "pos/modules/realtime/live.h"

#include <fmt/format.h>

#include "db/query.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/realtime/announced_topics.h"
#include "pos/modules/realtime/errors.h"
#include "pos/modules/sync/changes.h"
#include "realtime/channel.h"

namespace pos {

namespace {

constexpr std::chrono::milliseconds tell_every{20};  // while something waits
constexpr std::chrono::milliseconds dashboards_every{1'000};
constexpr std::chrono::milliseconds read_within{5'000};
constexpr std::size_t most_remembered = 1'000;

struct LiveSession {
    SessionId id;
    std::int32_t member_version = 0;

    friend constexpr auto describe(LiveSession*) {
        return schema::object<LiveSession>("LiveSession", schema::field<&LiveSession::id>("id"),
                                           schema::field<&LiveSession::member_version>("memberVersion"));
    }
};

constexpr db::SystemQuery<LiveSession(std::vector<SessionId>, base::Timestamp)> live_sessions{
    {"realtime.live_sessions",
     "select s.id, m.version as member_version "
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
            .burst = rate * 5,
            .drain_over = std::chrono::seconds(settings.drain_seconds)};
}

bool has_data(const sync::Topic& topic) {
    return topic.kind == sync::Topic::Kind::dashboard || topic.kind == sync::Topic::Kind::intent;
}

std::string poke_data(const Poke& poke) {
    std::string changed;
    for (const auto& rows : poke.rows) {
        changed += fmt::format(R"({}{{"c":"{}")", changed.empty() ? "" : ",", rows.kind);
        if (rows.place) changed += fmt::format(R"(,"locationId":"{}")", rows.place->to_string());
        changed += '}';
    }
    auto text = fmt::format(R"({{"seq":{})", poke.seq);
    if (!poke.is_about_anything) text += fmt::format(R"(,"changed":[{}])", changed);
    return text + '}';
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
    std::unordered_map<base::Uuid, std::int32_t> versions;
    for (const auto& row : rows) versions.emplace(row.id.uuid(), row.member_version);
    std::vector<auth::Caller> live;
    for (auto& caller : callers) {
        const auto version = versions.find(caller.session_id);
        if (version == versions.end()) continue;
        if (caller.grants == nullptr || caller.member_version != version->second) {
            const auto state =
                co_await parts_.authenticator.load(auth::SessionKey::of_session(caller.session_id), deadline);
            if (!state) continue;
            caller = parts_.authenticator.caller_of(*state);
        }
        live.push_back(std::move(caller));
    }
    co_return live;
}

bool Live::may_follow(const auth::Caller& caller, std::string_view name) const {
    const auto topic = sync::parse_topic(name);
    if (!topic || topic->name() != name) return false;
    // Somebody who has to set up a second factor first, say.
    if (caller.grants != nullptr && caller.grants->wall != nullptr) return false;
    using Kind = sync::Topic::Kind;
    switch (topic->kind) {
        case Kind::dashboard: return caller.may_at("reports.read", topic->id);
        case Kind::intent: return caller.may("payments.read");
        case Kind::changes:
        case Kind::notifications: return true;
    }
    return false;
}

async::Task<bool> Live::may_begin(auth::Caller caller, std::string name, async::SteadyTime deadline) {
    if (!may_follow(caller, name)) co_return false;
    const auto topic = sync::parse_topic(name);
    try {
        co_await sync::require_topic(caller, db::tenant_db(parts_.loop.databases, caller.tenant_id, deadline), *topic);
    } catch (const base::Failure& failure) {
        if (failure.code().status >= 500) throw;
        co_return false;
    }
    co_return true;
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
    hub_.deliver({.channel = realtime::channel_of(tenant, "changes"), .event = "poke", .data = poke_data(poke)});
    if (poke.is_about_anything || poke.is_about(notifications_changed))
        hub_.deliver({.channel = realtime::channel_of(tenant, "notifications"), .event = "poke", .data = "{}"});
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
        data = co_await sync::topic_data(reader(tenant),
                                         db::tenant_db(parts_.loop.databases, tenant, async::Loop::now() + read_within),
                                         topic, parts_.clock.now());
    } catch (const base::Failure&) {
        data.clear();
    }
    // Without data it says that there is something to read, which is always true.
    hub_.deliver({.channel = std::move(channel), .event = "changed", .data = data.empty() ? "{}" : data});
}

auth::Caller Live::reader(const base::Uuid& tenant) const {
    auth::Caller caller;
    caller.tenant_id = tenant;
    caller.permissions = &parts_.authenticator.permissions();
    auto grants = std::make_shared<auth::Grants>();
    grants->everywhere.set();
    caller.grants = std::move(grants);
    return caller;
}

}  // namespace pos
