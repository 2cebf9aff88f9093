#include "pos/modules/realtime/routes.h"

#include <algorithm>

#include <fmt/format.h>

#include "auth/caller.h"
#include "base/strings.h"
#include "http/router.h"
#include "http/signed_body.h"
#include "pos/modules/auth/wiring.h"
#include "pos/modules/realtime/channel_auth.h"
#include "pos/modules/realtime/errors.h"
#include "pos/modules/realtime/live.h"
#include "pos/plumbing/suspension.h"
#include "realtime/channel.h"
#include "redis/errors.h"

namespace pos {

namespace {

using Identity = realtime::Access::Identity;

// ---- Ours ----------------------------------------------------------------------------------------------------------

struct SocketFilter {
    std::optional<std::string> ticket;
    friend constexpr auto describe(SocketFilter*) {
        return schema::object<SocketFilter>(
            "SocketFilter",
            schema::field<&SocketFilter::ticket>(
                "ticket",
                {.max_length = 100, .text = schema::Text::raw, .doc = "Of `POST /v1/auth/ws-ticket`, once."}));
    }
};

struct SocketTicket {
    std::string ticket;
    std::int32_t expires_in = 0;
    friend constexpr auto describe(SocketTicket*) {
        return schema::object<SocketTicket>(
            "SocketTicket", schema::field<&SocketTicket::ticket>("ticket", {.doc = "For `/v1/ws?ticket=`, once."}),
            schema::field<&SocketTicket::expires_in>("expiresIn", {.doc = "Seconds."}));
    }
};

// When what the request was proved by ends: then the socket does.
base::Timestamp end_of(const auth::Authenticator::Proof& proof, const auth::SessionState& state) {
    return proof.claims ? std::min(proof.claims->expires_at, state.expires_at) : state.expires_at;
}

async::Task<SocketTicket> give_ticket(http::Context& context, auth::Caller caller, http::Service<Live> live,
                                      http::Service<SocketTickets> tickets,
                                      http::Service<auth::Authenticator> authenticator) {
    const auto proof = authenticator->prove(context);
    const auto state = co_await authenticator->load(proof.key, context.deadline());
    if (!state) throw base::Failure(auth::errors::session_revoked);
    auto ticket =
        co_await tickets->give(live->redis(), {caller.session_id, end_of(proof, *state)}, live->clock().now());
    context.response().header("Cache-Control", "no-store");
    co_return SocketTicket{std::move(ticket), static_cast<std::int32_t>(SocketTickets::life.count())};
}

// By a header or a cookie; nullopt: by neither, so the first message says it.
async::Task<std::optional<Identity>> proved(http::Context* context, auth::Authenticator* authenticator,
                                            const auth::SessionCookies* cookies) {
    const auto& request = context->request();
    const bool has_header = request.headers().get(http::KnownHeader::authorization).has_value();
    if (!has_header && !cookies->credential(request)) co_return std::nullopt;
    // Browsers send the cookie whoever's page opens the socket.
    if (!has_header) cookies->require_own_page_of_socket(request);
    const auto proof = authenticator->prove(*context);
    const auto state = co_await authenticator->load(proof.key, context->deadline());
    auto caller = authenticator->admit(*context, proof, state.get());
    co_return Identity{std::move(caller), end_of(proof, *state)};
}

async::Task<http::Upgrade> connect(http::Context& context, http::UpgradeRequest<"websocket"> request,
                                   realtime::Handshake handshake, http::Query<SocketFilter> filter,
                                   http::Service<Live> live, http::Service<SocketTickets> tickets,
                                   http::Service<auth::Authenticator> authenticator, http::Service<AuthShared> shared) {
    auto pass = live->enter(context);
    std::optional<Identity> identity;
    if (filter->ticket) {
        const auto holder = co_await tickets->take(live->redis(), *filter->ticket, live->clock().now());
        if (holder) identity = co_await live->holder_of(*holder, context.deadline());
        if (!identity) throw base::Failure(errors::bad_ticket);
    } else {
        identity = co_await proved(&context, &*authenticator, &shared->cookies);
    }
    realtime::Handshake::Answer answer{.protocol = handshake.choose({"backend-api.v1"})};
    auto socket = live->make_socket(handshake, answer);
    auto dialect = live->own(socket, std::move(identity), std::move(pass));
    auto upgrade = request.accept(realtime::conversation(std::move(socket), std::move(dialect)));
    handshake.accept(upgrade, answer);
    co_return upgrade;
}

// ---- Pusher: who may follow what -----------------------------------------------------------------------------------

constexpr std::chrono::hours grant_life{24};

async::Task<ChannelSignature> authorise(http::Context& context, auth::Caller caller, http::Body<ChannelRequest> body,
                                        http::Service<Live> live) {
    if (!live->shared().speaks_pusher) throw base::Failure(errors::pusher_off);
    const auto topic = own_topic(*body, caller);
    const auto followed = co_await live->may_begin(caller, topic, context.deadline());
    if (!followed) throw base::Failure(errors::not_for_caller);
    const auto now = live->clock().now();
    const realtime::pusher::Grant grant{caller.session_id, now + grant_life};
    co_return sign_for(live->shared().pusher.app, *body, caller, &grant);
}

// ---- Pusher: sockets -----------------------------------------------------------------------------------------------

async::Task<http::Upgrade> connect_pusher(http::Context& context, http::UpgradeRequest<"websocket"> request,
                                          realtime::Handshake handshake, http::Path<"key", std::string> key,
                                          http::AnyQuery /*client, version, …*/, http::Service<Live> live) {
    auto pass = live->enter(context);
    std::string protocol;
    for (const auto part : base::split(context.request().query(), '&')) {
        if (part.starts_with("protocol=")) protocol = part.substr(std::string_view("protocol=").size());
    }
    realtime::Handshake::Answer answer;
    auto socket = live->make_socket(handshake, answer);
    auto dialect = live->pusher(socket, {*key, std::move(protocol)}, std::move(pass));
    auto upgrade = request.accept(realtime::conversation(std::move(socket), std::move(dialect)));
    handshake.accept(upgrade, answer);
    co_return upgrade;
}

// ---- Pusher: the HTTP API ------------------------------------------------------------------------------------------

realtime::pusher::Parameters parameters_of(const http::Request& request) {
    realtime::pusher::Parameters parameters;
    if (request.query().empty()) return parameters;
    for (const auto part : base::split(request.query(), '&')) {
        const auto equals = part.find('=');
        const auto value = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
        const auto name = base::form_decode(part.substr(0, equals));
        const auto text = base::form_decode(value);
        if (name && text) parameters.emplace_back(*name, *text);
    }
    return parameters;
}

// The scheme of its signed requests.
struct PusherApi {
    static async::Task<void> verify(http::Context* context, std::string_view bytes) {
        auto& live = context->services().use<Live>();
        const auto& app = live.shared().pusher.app;
        if (!live.shared().speaks_pusher || context->param("id") != app.id) throw base::Failure(errors::pusher_off);
        const auto& request = context->request();
        const auto parameters = parameters_of(request);
        const auto fault = fault_of_request(app, {http::to_string(request.method()), request.path(), parameters, bytes},
                                            live.clock().now());
        if (fault) throw base::Failure(errors::bad_signature, std::string(*fault));
        co_return;
    }
    static void describe(http::Operation& operation) {
        operation.need<Live>();
        operation.can_fail(errors::pusher_off);
        operation.can_fail(errors::bad_signature);
    }
};
using SignedCall = http::SignedBody<PusherApi>;
using AppPath = http::Path<"id", std::string>;  // judged with the signature

struct EventCall {
    std::string name;
    std::string data;
    std::optional<std::vector<std::string>> channels;
    std::optional<std::string> channel;
    std::optional<std::string> socket_id;
    std::optional<std::string> info;
    friend constexpr auto describe(EventCall*) {
        using schema::field;
        using E = EventCall;
        return schema::object<E>("PusherEvent", field<&E::name>("name", {.max_length = 200}),
                                 field<&E::data>("data", {.max_length = http::max_signed_body_bytes}),  // check_size()
                                 field<&E::channels>("channels", {.max_items = 100}), field<&E::channel>("channel"),
                                 field<&E::socket_id>("socket_id"), field<&E::info>("info"));
    }
};
struct BatchCall {
    std::vector<EventCall> batch;
    friend constexpr auto describe(BatchCall*) {
        return schema::object<BatchCall>("PusherBatch", schema::field<&BatchCall::batch>("batch", {.max_items = 10}));
    }
};

template <class T>
T read_call(std::string_view bytes) {
    auto call = schema::parse<T>(bytes, {.max_bytes = http::max_signed_body_bytes, .lenient = true});
    if (!call) throw base::Failure(http::errors::invalid);
    return *std::move(call);
}

void send_json(http::Context& context, std::string json) {
    context.response().content_type("application/json").body(std::move(json));
}

std::string info_of(const realtime::Hub& hub, const std::string& channel, std::string_view info) {
    std::string text;
    const auto add = [&](std::string_view name, std::size_t count) {
        text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",", name, count);
    };
    const auto& roster = hub.roster();
    if (info.contains("user_count") && realtime::kind_of(channel).is_presence)
        add("user_count", roster.member_count(channel));
    if (info.contains("subscription_count")) add("subscription_count", roster.sockets(channel));
    return '{' + text + '}';
}

std::vector<std::string> targets_of(const EventCall& call) {
    auto channels = call.channels.value_or(std::vector<std::string>{});
    if (call.channel) channels.push_back(*call.channel);
    for (const auto& channel : channels) {
        const bool is_user = channel.starts_with(realtime::user_channel_prefix) &&
                             realtime::is_user_id(channel.substr(realtime::user_channel_prefix.size()));
        const bool is_clients = realtime::is_client_event(call.name) && realtime::tenant_of(channel);
        if (is_clients || (!is_user && !realtime::is_channel(channel))) throw base::Failure(errors::bad_channel);
    }
    if (channels.empty()) throw base::Failure(errors::bad_channel);
    return channels;
}

void check_size(const Live& /*live*/, const EventCall& call, std::size_t longest) {
    if (call.data.size() > longest) throw base::Failure(errors::data_too_large);
}

// What each of its channels has, as asked for by `info`; "" without.
std::string publish_event(Live& live, const EventCall& call) {
    std::string infos;
    for (const auto& channel : targets_of(call)) {
        live.hub().publish(
            {.channel = channel, .event = call.name, .data = call.data, .except = call.socket_id.value_or("")});
        if (!call.info) continue;
        infos += infos.empty() ? "" : ",";
        schema::write_json_string(channel, infos);
        infos += ':' + info_of(live.hub(), channel, *call.info);
    }
    return infos;
}

async::Task<void> publish(http::Context& context, AppPath /*id*/, SignedCall body, http::AnyQuery,
                          http::Service<Live> live) {
    const auto call = read_call<EventCall>(body.bytes());
    check_size(*live, call, live->shared().pusher.longest_data);
    const auto infos = publish_event(*live, call);
    send_json(context, call.info ? fmt::format(R"({{"channels":{{{}}}}})", infos) : "{}");
    co_return;
}

async::Task<void> publish_batch(http::Context& context, AppPath /*id*/, SignedCall body, http::AnyQuery,
                                http::Service<Live> live) {
    const auto call = read_call<BatchCall>(body.bytes());
    // All or none.
    for (const auto& event : call.batch) {
        check_size(*live, event, live->shared().pusher.longest_data);
        static_cast<void>(targets_of(event));
    }
    std::string infos;
    bool has_info = false;
    for (const auto& event : call.batch) {
        static_cast<void>(publish_event(*live, event));
        has_info = has_info || event.info.has_value();
        const auto channel = targets_of(event).front();
        infos += (infos.empty() ? "" : ",") + info_of(live->hub(), channel, event.info.value_or(""));
    }
    send_json(context, has_info ? fmt::format(R"({{"batch":[{}]}})", infos) : "{}");
    co_return;
}

std::string parameter(const http::Context& context, std::string_view name) {
    for (const auto& [key, value] : parameters_of(context.request())) {
        if (key == name) return value;
    }
    return {};
}

async::Task<void> list_channels(http::Context& context, AppPath /*id*/, SignedCall, http::AnyQuery,
                                http::Service<Live> live) {
    constexpr std::size_t most = 10'000;
    const auto prefix = parameter(context, "filter_by_prefix");
    const auto info = parameter(context, "info");
    if (info.contains("user_count") && !prefix.starts_with("presence-")) throw base::Failure(errors::bad_channel);
    std::string all;
    for (const auto& channel : live->hub().roster().channels(prefix, most)) {
        if (channel.starts_with('#')) continue;
        all += all.empty() ? "" : ",";
        schema::write_json_string(channel, all);
        all += ':' + info_of(live->hub(), channel, info);
    }
    send_json(context, fmt::format(R"({{"channels":{{{}}}}})", all));
    co_return;
}

async::Task<void> show_channel(http::Context& context, AppPath /*id*/, http::Path<"name", std::string> name, SignedCall,
                               http::AnyQuery, http::Service<Live> live) {
    const auto& channel = *name;
    if (!realtime::is_channel(channel)) throw base::Failure(errors::bad_channel);
    const auto asked = parameter(context, "info");
    auto info = info_of(live->hub(), channel, asked);
    const auto* const last = live->hub().cached(channel);
    if (asked.contains("cache") && last != nullptr) {
        std::string data;
        schema::write_json_string(last->data, data);
        info.pop_back();
        info += fmt::format(R"({}"cache":{{"data":{},"ttl":{}}}}})", info == "{" ? "" : ",", data,
                            live->hub().cached_for(channel).count());
    }
    const bool occupied = live->hub().roster().sockets(channel) > 0;
    send_json(context, fmt::format(R"({{"occupied":{}{}{})", occupied, info == "{}" ? "" : ",", info.substr(1)));
    co_return;
}

async::Task<void> list_users(http::Context& context, AppPath /*id*/, http::Path<"name", std::string> name, SignedCall,
                             http::AnyQuery, http::Service<Live> live) {
    const auto& channel = *name;
    if (!realtime::kind_of(channel).is_presence) throw base::Failure(errors::bad_channel);
    std::string users;
    for (const auto& member : live->hub().roster().members(channel)) {
        users += users.empty() ? R"({"id":)" : R"(,{"id":)";
        schema::write_json_string(member.user_id, users);
        users += '}';
    }
    send_json(context, fmt::format(R"({{"users":[{}]}})", users));
    co_return;
}

async::Task<void> end_connections(http::Context& context, AppPath /*id*/, http::Path<"uid", std::string> uid,
                                  SignedCall, http::AnyQuery, http::Service<Live> live) {
    live->hub().publish({.channel = realtime::pusher::end_channel(*uid), .event = "end", .data = {}});
    send_json(context, "{}");
    co_return;
}

// ---- Echo ----------------------------------------------------------------------------------------------------------

class EchoDialect final : public realtime::Dialect {
public:
    explicit EchoDialect(std::weak_ptr<realtime::Socket> socket) : socket_(std::move(socket)) {}
    void on_open() override {}
    async::Task<void> on_message(std::string_view text) override {
        say(text, realtime::Opcode::text);
        co_return;
    }
    [[nodiscard]] bool takes_binary() const override { return true; }
    async::Task<void> on_binary(std::string_view bytes) override {
        say(bytes, realtime::Opcode::binary);
        co_return;
    }
    void on_closed(realtime::CloseCode) override {}

private:
    void say(std::string_view bytes, realtime::Opcode opcode) {
        if (const auto socket = socket_.lock()) socket->send(realtime::Frame(std::string(bytes), opcode));
    }
    std::weak_ptr<realtime::Socket> socket_;
};

async::Task<http::Upgrade> echo(http::Context& context, http::UpgradeRequest<"websocket"> request,
                                realtime::Handshake handshake, http::Service<Live> live) {
    static_cast<void>(context);
    realtime::Handshake::Answer answer;
    auto socket = live->make_socket(handshake, answer);
    auto dialect = std::make_unique<EchoDialect>(socket);
    auto upgrade = request.accept(realtime::conversation(std::move(socket), std::move(dialect)));
    handshake.accept(upgrade, answer);
    co_return upgrade;
}

}  // namespace

std::string own_topic(const ChannelRequest& request, const auth::Caller& caller) {
    if (!realtime::pusher::is_socket_id(request.socket_id) || !realtime::is_channel(request.channel_name))
        throw base::Failure(errors::bad_channel);
    const auto channel = realtime::tenant_of(request.channel_name);
    if (!channel || channel->tenant != caller.tenant_id) throw base::Failure(errors::not_for_caller);
    return std::string(channel->topic);
}

ChannelSignature sign_for(const realtime::pusher::AppKeys& app, const ChannelRequest& request,
                          const auth::Caller& caller, const realtime::pusher::Grant* grant) {
    ChannelSignature reply;
    std::string data;
    const bool is_presence = realtime::kind_of(request.channel_name).is_presence;
    if (is_presence) data = fmt::format(R"({{"user_id":"{}"}})", caller.user_id.to_string());
    reply.auth = sign_channel(app, request.socket_id, request.channel_name, is_presence ? &data : nullptr, grant);
    if (is_presence) reply.channel_data = data;
    return reply;
}

void socket_routes(http::Routes routes) {
    routes.post("/auth/ws-ticket", give_ticket,
                {.id = "createSocketTicket",
                 .summary = "A ticket for a WebSocket",
                 .description = "For browsers, which send no header with a WebSocket. Good once, for 30 seconds.",
                 .errors = {redis::errors::unavailable, redis::errors::timeout, redis::errors::overloaded,
                            redis::errors::outcome_unknown}});
    routes.get(
        "/ws", connect,
        {.id = "connectSocket",
         .summary = "A WebSocket",
         .description = "Who calls is said by a ticket, by `Authorization`, by a session cookie of our own pages, or "
                        "by the first message.",
         .errors = {errors::too_many_sockets, errors::bad_ticket, auth::errors::session_revoked,
                    auth::errors::invalid_token, auth::errors::token_expired, auth::errors::csrf_failed,
                    redis::errors::unavailable, redis::errors::timeout, redis::errors::overloaded,
                    redis::errors::outcome_unknown}});
    routes.post(
        "/realtime/auth", authorise,
        {.id = "authoriseChannel",
         .summary = "Let a socket of the Pusher protocol follow a channel",
         .description = "What `pusher-js` and Laravel Echo call `authEndpoint`: channels "
                        "`private-t.{tenantId}.{topic}` of the caller's tenant.",
         .errors = {errors::pusher_off, errors::bad_channel, errors::not_for_caller, errors::subscription_suspended}});
}

// What they take and answer is Pusher's own ("HTTP API reference").
void pusher_routes(http::Router& router) {
    http::Routes routes(router.group("", {}), "realtime");
    routes.get("/app/{key}", connect_pusher,
               {.id = "connectPusherSocket",
                .summary = "A WebSocket of the Pusher protocol",
                .description = "What `pusher-js` and Laravel Echo open, version 7 of the protocol.",
                .errors = {errors::too_many_sockets}});
    const std::vector bad{http::errors::invalid, errors::bad_channel, errors::data_too_large};
    routes.post("/apps/{id}/events", publish,
                {.id = "publishPusherEvent",
                 .summary = "Publish to channels",
                 .description = "Signed with the app's secret, as the `pusher` package does it.",
                 .errors = bad});
    routes.post("/apps/{id}/batch_events", publish_batch,
                {.id = "publishPusherEvents",
                 .summary = "Publish up to ten events",
                 .description = "Signed with the app's secret, as the `pusher` package does it.",
                 .errors = bad});
    routes.post(
        "/apps/{id}/users/{uid}/terminate_connections", end_connections,
        {.id = "endPusherConnections",
         .summary = "End the connections of a user",
         .description =
             "Those that have signed in as the user. Signed with the app's secret, as the `pusher` package does it."});
    routes.get("/apps/{id}/channels", list_channels,
               {.id = "listPusherChannels",
                .summary = "Channels that somebody follows",
                .description = "Signed with the app's secret, as the `pusher` package does it.",
                .errors = {errors::bad_channel}});
    routes.get("/apps/{id}/channels/{name}", show_channel,
               {.id = "getPusherChannel",
                .summary = "Of one channel",
                .description = "Signed with the app's secret, as the `pusher` package does it.",
                .errors = {errors::bad_channel}});
    routes.get("/apps/{id}/channels/{name}/users", list_users,
               {.id = "listPusherMembers",
                .summary = "Members of a channel",
                .description = "Of a presence channel. Signed with the app's secret, as the `pusher` package does it.",
                .errors = {errors::bad_channel}});
}

void echo_routes(http::Routes routes) {
    routes.get("/echo", echo, {.id = "echoSocket", .summary = "Says back what it is told"});
}

}  // namespace pos
