#include "realtime/pusher/dialect.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include <fmt/format.h>

#include "base/strings.h"
#include "realtime/channel.h"
#include "schema/schema.h"

namespace realtime::pusher {

struct PusherDialect::Frame {
    std::string event;
    std::optional<std::string> channel;
    std::optional<schema::Json> data;

    friend constexpr auto describe(Frame*) {
        using schema::field;
        return schema::object<Frame>("PusherFrame", field<&Frame::event>("event", {.max_length = 200}),
                                     field<&Frame::channel>("channel", {.max_length = 200}),
                                     field<&Frame::data>("data"));
    }
};

struct PusherDialect::SubscribeData {
    std::string channel;
    std::optional<std::string> auth;
    std::optional<std::string> channel_data;

    friend constexpr auto describe(SubscribeData*) {
        using schema::field;
        return schema::object<SubscribeData>("PusherSubscribe", field<&SubscribeData::channel>("channel"),
                                             field<&SubscribeData::auth>("auth", {.max_length = 500}),
                                             field<&SubscribeData::channel_data>("channel_data"));
    }
};

namespace {

struct SignIn {
    std::string auth;
    std::string user_data;
    friend constexpr auto describe(SignIn*) {
        using schema::field;
        return schema::object<SignIn>("PusherSignIn", field<&SignIn::auth>("auth", {.max_length = 500}),
                                      field<&SignIn::user_data>("user_data", {.max_length = 20'000}));
    }
};
struct UserData {
    schema::Json id;
    std::optional<schema::Json> user_info;
    std::optional<std::vector<std::string>> watchlist;
    friend constexpr auto describe(UserData*) {
        using schema::field;
        return schema::object<UserData>("PusherUserData", field<&UserData::id>("id"),
                                        field<&UserData::user_info>("user_info"),
                                        field<&UserData::watchlist>("watchlist", {.max_items = 10'000}));
    }
};
struct MemberData {
    schema::Json user_id;
    std::optional<schema::Json> user_info;
    friend constexpr auto describe(MemberData*) {
        using schema::field;
        return schema::object<MemberData>("PusherMemberData", field<&MemberData::user_id>("user_id"),
                                          field<&MemberData::user_info>("user_info"));
    }
};
struct Text {
    std::string value;
    friend constexpr auto describe(Text*) { return schema::object<Text>("Text", schema::field<&Text::value>("v")); }
};

template <class T>
std::optional<T> read(std::string_view json) {
    auto value = schema::parse<T>(json, {.max_bytes = json.size(), .lenient = true});
    if (!value) return std::nullopt;
    return *std::move(value);
}

// A text of JSON as the text that it is; nullopt for anything else.
std::optional<std::string> text_in(std::string_view json) {
    auto text = read<Text>(fmt::format(R"({{"v":{}}})", json));
    if (!text) return std::nullopt;
    return std::move(text->value);
}

// Clients send `data` as an object, some as a text that holds one.
std::string object_in(const std::optional<schema::Json>& data) {
    if (!data || data->text.empty()) return "{}";
    if (!data->text.starts_with('"')) return data->text;
    return text_in(data->text).value_or("{}");
}

// Ids are texts or whole numbers; "" for anything else.
std::string id_in(const schema::Json& id) {
    if (id.text.starts_with('"')) return text_in(id.text).value_or("");
    const bool is_number = !id.text.empty() && std::ranges::all_of(id.text, base::is_ascii_digit);
    return is_number ? id.text : "";
}

std::string json_string(std::string_view text) {
    std::string out;
    schema::write_json_string(text, out);
    return out;
}

std::string json_of(const Member& member) {
    auto text = fmt::format(R"({{"user_id":{})", json_string(member.user_id));
    if (!member.info.empty()) text += R"(,"user_info":)" + member.info;
    return text + '}';
}

std::vector<std::string> distinct(std::vector<std::string> names) {
    std::set<std::string> seen;
    std::erase_if(names, [&](const std::string& name) { return !seen.insert(name).second; });
    return names;
}

std::string online_channel(std::string_view user_id) { return fmt::format("#online-{}", user_id); }

}  // namespace

std::string end_channel(std::string_view user_id) { return fmt::format("#end-{}", user_id); }

PusherDialect::PusherDialect(const DialectParts& parts, std::weak_ptr<Socket> socket, Hello hello,
                             SocketGate::Pass pass)
    : parts_(parts), socket_(std::move(socket)), hello_(std::move(hello)), pass_(std::move(pass)) {}

PusherDialect::~PusherDialect() = default;

CloseCodes PusherDialect::codes() const {
    return {.slow = over_capacity, .fast = over_capacity, .idle = no_pong, .drain = come_again};
}

// ---- Saying --------------------------------------------------------------------------------------------------------

// `data` goes as a text that holds JSON.
void PusherDialect::say(std::string_view event, std::string_view data, std::string_view channel) {
    const auto socket = socket_.lock();
    if (!socket) return;
    auto text = fmt::format(R"({{"event":"{}")", event);
    if (!channel.empty()) text += fmt::format(R"(,"channel":{})", json_string(channel));
    text += fmt::format(R"(,"data":{}}})", json_string(data));
    socket->send(text_frame(std::move(text)));
}

void PusherDialect::say_error(int code, std::string_view message) {
    const auto socket = socket_.lock();
    if (!socket) return;
    socket->send(text_frame(
        fmt::format(R"({{"event":"pusher:error","data":{{"code":{},"message":{}}}}})", code, json_string(message))));
}

void PusherDialect::refuse(std::string_view channel, int status, std::string_view message) {
    const auto socket = socket_.lock();
    if (!socket) return;
    socket->send(text_frame(fmt::format(
        R"({{"event":"pusher:subscription_error","channel":{},"data":{{"type":"AuthError","error":{},"status":{}}}}})",
        json_string(channel), json_string(message), status)));
}

// ---- Beginning and end ---------------------------------------------------------------------------------------------

void PusherDialect::on_open() {
    const auto socket = socket_.lock();
    if (!socket) return;
    const auto& settings = parts_.settings;
    const auto refuse_all = [&](CloseCode code, std::string_view why) {
        say_error(static_cast<int>(code), why);
        socket->close(code, why);
    };
    if (hello_.key != settings.app.key) return refuse_all(unknown_app, "there is no app with this key");
    if (hello_.protocol != "7" && hello_.protocol != "6" && hello_.protocol != "5")
        return refuse_all(unsupported_protocol, "protocol 7 is spoken here");
    auto& random = socket->parts().random;
    constexpr std::uint64_t most = 1'000'000'000;
    socket_id_ = fmt::format("{}.{}", random.below(most) + 1, random.below(most) + 1);
    allowance_ = settings.client_events_per_second;
    allowance_from_ = async::Loop::now();
    say("pusher:connection_established",
        fmt::format(R"({{"socket_id":"{}","activity_timeout":{}}})", socket_id_, settings.activity_timeout));
}

void PusherDialect::on_slow() { pass_.was_slow(async::Loop::now()); }

void PusherDialect::on_closed(CloseCode /*code*/) {
    while (!channels_.empty()) unsubscribe(std::string(channels_.begin()->first));
    for (const auto& user : std::exchange(watched_users_, {})) parts_.hub.unfollow(online_channel(user), this);
    if (user_id_.empty()) return;
    parts_.hub.unfollow(end_channel(user_id_), this);
    parts_.hub.leave(online_channel(user_id_), user_id_);
}

// ---- Messages ------------------------------------------------------------------------------------------------------

async::Task<void> PusherDialect::on_message(std::string_view text) {
    const auto frame = read<Frame>(text);
    if (!frame) co_return say_error(static_cast<int>(come_again), "it is no message of this protocol");
    if (frame->event == "pusher:ping") co_return say("pusher:pong", "{}");
    if (frame->event == "pusher:subscribe") {
        const auto data = read<SubscribeData>(object_in(frame->data));
        if (!data) co_return say_error(static_cast<int>(come_again), "it is no message of this protocol");
        co_await subscribe(*data);
    } else if (frame->event == "pusher:unsubscribe") {
        const auto data = read<SubscribeData>(object_in(frame->data));
        if (data) unsubscribe(data->channel);
    } else if (frame->event == "pusher:signin") {
        sign_in(object_in(frame->data));
    } else if (is_client_event(frame->event)) {
        take_client_event(*frame);
    }
}

async::Task<void> PusherDialect::subscribe(SubscribeData data) {
    const auto& channel = data.channel;
    if (socket_id_.empty() || channels_.contains(channel)) co_return;
    if (channels_.size() >= parts_.settings.most_channels)
        co_return refuse(channel, 429, "a connection follows as many channels as it may");
    Subscription subscription;
    const bool is_own = !user_id_.empty() && channel == std::string(user_channel_prefix) + user_id_;
    if (!is_own && !is_channel(channel)) co_return refuse(channel, 400, "the channel's name is not valid");
    const auto kind = kind_of(channel);
    if (kind.is_private) {
        const auto verified = verify(data, kind);
        if (!verified || (verified->grant && verified->grant->expires_at <= parts_.clock.now()))
            co_return refuse(channel, 401, "the signature is not valid");
        const auto of_tenant = tenant_of(channel);
        if (of_tenant && !pass_.enter_tenant(of_tenant->tenant, async::Loop::now()))
            co_return refuse(channel, 403, "the tenant has as many sockets as it may, or reads too slowly");
        if (of_tenant && verified->grant) {
            subscription.granted = co_await open(*verified->grant, channel);
            if (!subscription.granted) co_return;
        }
    }
    Member member;
    if (kind.is_presence && !prepare_member(data, member)) co_return;
    subscription.member = member.user_id;
    auto& kept = channels_.emplace(channel, std::move(subscription)).first->second;
    // In front of following, so that it is not told of itself.
    if (kind.is_presence) parts_.hub.join(channel, member);
    confirm(channel);
    const auto& granted = kept.granted;
    parts_.hub.follow(channel, this, granted ? parts_.access.reader_of(granted->caller, granted->followed) : Reader{});
    watch(kept, channel);
}

// By the session as it is now: since it was granted, it may have ended, or have lost the right. nullopt: it was refused.
async::Task<std::optional<PusherDialect::Granted>> PusherDialect::open(Grant grant, std::string channel) {
    const auto of_tenant = *tenant_of(channel);
    const auto deadline = async::Loop::now() + std::chrono::seconds(10);
    std::vector<auth::Caller> asked(1);
    asked.front().session_id = grant.session_id;
    asked.front().tenant_id = of_tenant.tenant;
    std::optional<Granted> granted;
    std::optional<base::Failure> failure;
    bool is_over = false;
    try {
        auto live = co_await parts_.access.still_live(std::move(asked), deadline);
        is_over = live.empty() || live.front().tenant_id != of_tenant.tenant;
        if (!is_over) {
            auto followed = co_await parts_.access.may_begin(live.front(), std::string(of_tenant.topic), deadline);
            if (followed) granted = Granted{grant.expires_at, std::move(live.front()), *std::move(followed)};
        }
    } catch (const base::Failure& error) {
        failure = error;
    }
    if (failure) {
        refuse(channel, failure->code().status, failure->code().title);
    } else if (is_over) {
        refuse(channel, 401, "the session has ended");
    } else if (!granted) {
        refuse(channel, 403, "there is no such topic, or not for this caller");
    }
    co_return granted;
}

// Server packages sign the data wherever they are given some; outside presence channels it says nothing, so it may be unsigned.
std::optional<Verified> PusherDialect::verify(const SubscribeData& data, const ChannelKind& kind) const {
    ChannelAuth given{.channel = data.channel,
                      .auth = data.auth ? std::string_view(*data.auth) : std::string_view(),
                      .data = data.channel_data ? &*data.channel_data : nullptr};
    auto verified = verify_channel(parts_.settings.app, socket_id_, given);
    if (verified || kind.is_presence || given.data == nullptr) return verified;
    given.data = nullptr;
    return verify_channel(parts_.settings.app, socket_id_, given);
}

bool PusherDialect::prepare_member(const SubscribeData& data, Member& member) {
    const auto& settings = parts_.settings;
    if (data.channel_data) {
        const auto given = read<MemberData>(*data.channel_data);
        if (given) member = {id_in(given->user_id), given->user_info ? given->user_info->text : ""};
    } else {
        member = {user_id_, user_info_};
    }
    const bool fits = !member.user_id.empty() &&
                      base::utf8_length(member.user_id).value_or(SIZE_MAX) <= longest_user_id &&
                      member.info.size() <= settings.longest_member;
    if (!fits) {
        refuse(data.channel, 400, "channel_data holds a user_id of at most 128 characters, and at most 1 kB");
        return false;
    }
    const auto& roster = parts_.hub.roster();
    if (!roster.has(data.channel, member.user_id) && roster.member_count(data.channel) >= settings.most_members) {
        refuse(data.channel, 403, "the channel has as many members as it may");
        return false;
    }
    return true;
}

void PusherDialect::confirm(const std::string& channel) {
    const auto kind = kind_of(channel);
    std::string data = "{}";
    if (kind.is_presence) {
        std::string ids;
        std::string hash;
        const auto members = parts_.hub.roster().members(channel);
        for (const auto& member : members) {
            const auto id = json_string(member.user_id);
            ids += (ids.empty() ? "" : ",") + id;
            hash += fmt::format("{}{}:{}", hash.empty() ? "" : ",", id, member.info.empty() ? "null" : member.info);
        }
        data = fmt::format(R"({{"presence":{{"ids":[{}],"hash":{{{}}},"count":{}}}}})", ids, hash, members.size());
    }
    say("pusher_internal:subscription_succeeded", data, channel);
    if (!kind.is_cache) return;
    if (const auto* last = parts_.hub.cached(channel)) {
        if (const auto socket = socket_.lock()) socket->send(Delivery(*last, 0).pusher());
    } else {
        say("pusher:cache_miss", "{}", channel);
        if (auto* const observer = parts_.hub.observer()) observer->on_cache_miss(channel);
    }
}

// What was granted by a session ends with it.
void PusherDialect::watch(Subscription& subscription, const std::string& channel) {
    if (!subscription.granted) return;
    const auto end = [weak = socket_](bool) {
        if (const auto socket = weak.lock()) socket->close(over_capacity, "come again, and be authorised anew");
    };
    subscription.watched = parts_.sessions.add(
        subscription.granted->caller, subscription.granted->expires_at,
        {.on_end = end, .on_change = [this, channel](const auth::Caller& now) { judge_right(channel, now); }});
}

void PusherDialect::judge_right(const std::string& channel, const auth::Caller& caller) {
    const auto found = channels_.find(channel);
    if (found == channels_.end() || !found->second.granted) return;
    auto& granted = *found->second.granted;
    const auto* code = parts_.access.why_not(caller, granted.followed);
    if (code == nullptr) {
        if (std::exchange(granted.caller, caller).grants != caller.grants)
            parts_.hub.read_as(channel, this, parts_.access.reader_of(caller, granted.followed));
        return;
    }
    // By value: the callback that has called this goes with the subscription.
    const std::string name = channel;
    const auto kept = found->second.watched;
    unsubscribe(name);
    refuse(name, code->status, code->title);
}

void PusherDialect::unsubscribe(const std::string& channel) {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return;
    const auto member = found->second.member;
    if (found->second.watched) found->second.watched->is_over = true;
    parts_.hub.unfollow(channel, this);
    channels_.erase(found);
    if (!member.empty()) parts_.hub.leave(channel, member);
}

void PusherDialect::sign_in(std::string_view data) {
    const auto given = read<SignIn>(data);
    const auto& settings = parts_.settings;
    const auto socket = socket_.lock();
    if (!given || !socket) return;
    const auto user = read<UserData>(given->user_data);
    const auto id = user ? id_in(user->id) : "";
    const bool is_valid = verify_user(settings.app, socket_id_, given->auth, given->user_data) && is_user_id(id);
    if (!is_valid) {
        constexpr std::string_view why =
            "the sign-in is not valid: its signature, or its id (1 to 128 characters, no / ? # %)";
        say_error(static_cast<int>(unauthorised), why);
        return socket->close(unauthorised, why);
    }
    if (!user_id_.empty()) return;
    user_id_ = id;
    if (user->user_info) user_info_ = user->user_info->text;
    socket->send(text_frame(fmt::format(R"({{"event":"pusher:signin_success","data":{{"user_data":{}}}}})",
                                        json_string(given->user_data))));
    parts_.hub.join(online_channel(user_id_), {user_id_, {}});
    parts_.hub.follow(end_channel(user_id_), this);
    auto watched = distinct(user->watchlist.value_or(std::vector<std::string>{}));
    if (watched.size() > settings.most_watched) {
        watched.resize(settings.most_watched);
        say_error(4302, "a watchlist has at most 100 ids: the first 100 count");
    }
    for (const auto& one : watched) {
        parts_.hub.follow(online_channel(one), this);
        tell_watched(one, parts_.hub.roster().has(online_channel(one), one));
    }
    watched_users_ = std::move(watched);
}

void PusherDialect::tell_watched(std::string_view user_id, bool is_online) {
    const auto socket = socket_.lock();
    if (!socket) return;
    socket->send(text_frame(fmt::format(
        R"({{"event":"pusher_internal:watchlist_events","data":{{"events":[{{"name":"{}","user_ids":[{}]}}]}}}})",
        is_online ? "online" : "offline", json_string(user_id))));
}

void PusherDialect::take_client_event(const Frame& frame) {
    const auto& settings = parts_.settings;
    const auto channel = frame.channel.value_or("");
    const auto found = channels_.find(channel);
    const auto kind = kind_of(channel);
    if (!settings.client_events) return say_error(4301, "client events are off (REALTIME_CLIENT_EVENTS)");
    // There the service speaks alone, however the name is spelt.
    if (tenant_of(channel)) return say_error(4301, "no client speaks on a tenant's topics");
    if (found == channels_.end() || !kind.is_private || kind.is_encrypted)
        return say_error(4301, "client events go to private and presence channels that were subscribed");
    const auto data = frame.data ? frame.data->text : "null";
    if (data.size() > settings.longest_data) return say_error(4301, "a client event holds at most 10 kB");
    const auto now = async::Loop::now();
    const std::chrono::duration<double> passed = now - allowance_from_;
    allowance_from_ = now;
    const auto rate = settings.client_events_per_second;
    allowance_ = std::min(rate, allowance_ + passed.count() * rate);
    if (allowance_ < 1) return say_error(4301, "a connection sends at most 10 client events a second");
    allowance_ -= 1;
    const Message message{.channel = channel,
                          .event = frame.event,
                          .data = data,
                          .except = socket_id_,
                          .user_id = kind.is_presence ? found->second.member : "",
                          .data_is_json = true};
    parts_.hub.publish(message);
    if (auto* const observer = parts_.hub.observer()) observer->on_client_event(message);
}

// ---- What it is told -----------------------------------------------------------------------------------------------

void PusherDialect::on_delivery(const Delivery& delivery) {
    const auto& except = delivery.message().except;
    if (!except.empty() && except == socket_id_) return;
    const auto socket = socket_.lock();
    if (!socket) return;
    // Nobody publishes there but terminate_connections: it is no channel that a client or the HTTP API can name.
    if (delivery.message().channel.starts_with("#end-"))
        return socket->close(unauthorised, "the app has ended this user's connections");
    socket->send(delivery.pusher());
}

// Pusher's clients know no such thing; ours bind to it, and pull.
void PusherDialect::on_gap(std::string_view channel) {
    if (!channel.starts_with('#')) say("resync", "{}", channel);
}

void PusherDialect::on_presence(const Roster::Change& change) {
    const bool is_added = change.kind == Roster::Change::Kind::added;
    if (change.channel.starts_with("#online-")) return tell_watched(change.member.user_id, is_added);
    if (is_added) {
        say("pusher_internal:member_added", json_of(change.member), change.channel);
    } else {
        say("pusher_internal:member_removed", json_of({change.member.user_id, {}}), change.channel);
    }
}

void PusherDialect::on_count(std::string_view channel, std::uint32_t sockets) {
    if (channel.starts_with('#')) return;
    say("pusher_internal:subscription_count", fmt::format(R"({{"subscription_count":{}}})", sockets), channel);
}

}  // namespace realtime::pusher
