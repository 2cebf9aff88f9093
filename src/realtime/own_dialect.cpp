#include "realtime/own_dialect.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/time.h"
#include "realtime/channel.h"
#include "schema/schema.h"

namespace realtime {

struct OwnDialect::Request {
    std::string t;
    std::optional<std::string> token;
    std::optional<std::vector<std::string>> topics;
    std::optional<std::string> since;

    friend constexpr auto describe(Request*) {
        using schema::field;
        return schema::object<Request>("RealtimeRequest", field<&Request::t>("t", {.max_length = 20}),
                                       field<&Request::token>("token", {.max_length = 8'192}),
                                       field<&Request::topics>("topics", {.max_items = 100}),
                                       field<&Request::since>("since", {.max_length = 200}));
    }
};

namespace {

std::string json_string(std::string_view text) {
    std::string out;
    schema::write_json_string(text, out);
    return out;
}

async::SteadyTime soon() { return async::Loop::now() + std::chrono::seconds(10); }

}  // namespace

OwnDialect::OwnDialect(const OwnDialectParts& parts, std::weak_ptr<Socket> socket,
                       std::optional<Access::Identity> identity, SocketGate::Pass pass)
    : parts_(parts), socket_(std::move(socket)), identity_(std::move(identity)), pass_(std::move(pass)) {}

OwnDialect::~OwnDialect() = default;

void OwnDialect::say(std::string text) {
    if (const auto socket = socket_.lock()) socket->send(text_frame(std::move(text)));
}

void OwnDialect::refuse(std::string_view code, std::string_view message, std::string_view topic) {
    auto text = fmt::format(R"({{"t":"error","code":{},"message":{})", json_string(code), json_string(message));
    if (!topic.empty()) text += fmt::format(R"(,"topic":{})", json_string(topic));
    say(text + '}');
}

void OwnDialect::on_open() {
    if (identity_) return admit(*std::exchange(identity_, std::nullopt));
    patience_ = std::make_unique<async::Timer>(parts_.hub.loop(), [this] {
        if (const auto socket = socket_.lock()) socket->close(CloseCode::unauthorised, "send {\"t\":\"auth\"} first");
    });
    patience_->expires_after(parts_.first_message_within);
}

void OwnDialect::on_slow() { pass_.was_slow(async::Loop::now()); }

void OwnDialect::on_closed(CloseCode /*code*/) {
    patience_.reset();
    if (watched_) {
        for (const auto& [topic, kept] : topics_) parts_.hub.unfollow(channel_of(caller().tenant_id, topic), this);
    }
    topics_.clear();
    if (watched_) watched_->is_over = true;
    watched_.reset();
}

// ---- Who it is -----------------------------------------------------------------------------------------------------

void OwnDialect::admit(Access::Identity identity) {
    const auto socket = socket_.lock();
    if (!socket) return;
    patience_.reset();
    const auto expires = identity.expires_at;
    if (watched_) {
        watched_->expires_at = expires;
    } else {
        if (!pass_.enter_tenant(identity.caller.tenant_id, async::Loop::now()))
            return socket->close(CloseCode::forbidden, "the tenant has as many sockets as it may, or reads too slowly");
        const auto end = [weak = socket_](bool by_token) {
            if (const auto open = weak.lock())
                open->close(CloseCode::unauthorised, by_token ? "the token has expired" : "the session has ended");
        };
        grants_ = identity.caller.grants;
        watched_ = parts_.sessions.add(std::move(identity.caller), expires,
                                       {.on_end = end, .on_change = [this](const auth::Caller&) { judge_rights(); }});
    }
    say(fmt::format(R"({{"t":"ready","expiresAt":"{}"}})", base::format_timestamp(expires)));
}

async::Task<void> OwnDialect::authenticate(std::string token) {
    std::optional<Access::Identity> identity;
    std::optional<base::Failure> failure;
    try {
        identity = co_await parts_.access.identify(std::move(token), soon());
    } catch (const base::Failure& error) {
        failure = error;
    }
    const auto socket = socket_.lock();
    if (!socket || !socket->is_open()) co_return;
    if (failure && failure->code().status != 401) co_return refuse(failure->code().code, failure->code().title);
    // Another session's token renews nothing: what it follows was asked for by this one.
    if (failure || (watched_ && (identity->caller.session_id != caller().session_id ||
                                 identity->caller.tenant_id != caller().tenant_id)))
        co_return socket->close(CloseCode::unauthorised, failure ? failure->code().code : "another session's token");
    admit(*std::move(identity));
}

// Rights are those of now, not those of when it subscribed.
void OwnDialect::judge_rights() {
    const bool are_others = std::exchange(grants_, caller().grants) != caller().grants;
    std::map<std::string_view, std::string> gone;  // by code
    for (auto at = topics_.begin(); at != topics_.end();) {
        const auto channel = channel_of(caller().tenant_id, at->first);
        const auto* code = parts_.access.why_not(caller(), at->second);
        if (code == nullptr) {
            if (are_others) parts_.hub.read_as(channel, this, parts_.access.reader_of(caller(), at->second));
            ++at;
            continue;
        }
        parts_.hub.unfollow(channel, this);
        auto& names = gone[code->code];
        names += (names.empty() ? "" : ",") + json_string(at->first);
        at = topics_.erase(at);
    }
    for (const auto& [code, names] : gone)
        say(fmt::format(R"({{"t":"unsubscribed","topics":[{}],"code":{}}})", names, json_string(code)));
}

// ---- What it says --------------------------------------------------------------------------------------------------

async::Task<void> OwnDialect::on_message(std::string_view text) {
    auto request = schema::parse<Request>(text, {.max_bytes = text.size(), .max_depth = 4});
    if (!request) co_return refuse("realtime.bad_message", "it is no message of this protocol");
    if (request->t == "ping") co_return say(R"({"t":"pong"})");
    if (request->t == "auth" && request->token) co_return co_await authenticate(*std::move(request->token));
    if (request->t != "sub" && request->t != "unsub")
        co_return refuse("realtime.bad_message", "t is one of auth, sub, unsub and ping");
    if (!watched_) co_return refuse("auth.missing_credentials", "send {\"t\":\"auth\"} first");
    if (request->t == "unsub") co_return unsubscribe(*request);
    co_await subscribe(*std::move(request));
}

// nullopt: it was refused.
async::Task<std::optional<Followed>> OwnDialect::begin(std::string topic) {
    std::optional<Followed> followed;
    std::optional<base::Failure> failure;
    try {
        if (is_topic(topic)) followed = co_await parts_.access.may_begin(caller(), topic, soon());
    } catch (const base::Failure& error) {
        failure = error;
    }
    if (failure) {
        refuse(failure->code().code, failure->code().title, topic);
    } else if (!followed) {
        refuse("auth.forbidden", "there is no such topic, or not for this caller", topic);
    }
    co_return followed;
}

async::Task<void> OwnDialect::subscribe(Request request) {
    std::string done;
    for (const auto& topic : request.topics.value_or(std::vector<std::string>{})) {
        auto followed = co_await begin(topic);
        if (!followed) continue;
        const auto channel = channel_of(caller().tenant_id, topic);
        const auto reader = parts_.access.reader_of(caller(), *followed);
        if (!topics_.contains(topic)) {
            if (topics_.size() >= parts_.most_topics) {
                refuse("realtime.too_many_topics", "a socket follows at most 100 topics", topic);
                continue;
            }
            parts_.hub.follow(channel, this, reader);
            topics_.emplace(topic, *std::move(followed));
        }
        done +=
            fmt::format("{}{}:{}", done.empty() ? "" : ",", json_string(topic), parts_.hub.number_of(channel, reader));
    }
    say(fmt::format(R"({{"t":"subscribed","topics":{{{}}}}})", done));
    // Asked for behind the subscription: what happens in between is a poke.
    if (request.since) co_await tell_since(*std::move(request.since));
}

async::Task<void> OwnDialect::tell_since(std::string cursor) {
    Access::Since since;
    bool failed = false;
    try {
        since = co_await parts_.access.since(caller(), std::move(cursor), soon());
    } catch (const base::Failure&) {
        failed = true;
    }
    using Verdict = Access::Since::Verdict;
    if (failed || since.verdict == Verdict::unknown) co_return say(R"({"t":"resync"})");
    if (since.verdict == Verdict::behind) say(fmt::format(R"({{"t":"poke","topic":"changes","seq":{}}})", since.seq));
}

void OwnDialect::unsubscribe(const Request& request) {
    std::string done;
    for (const auto& topic : request.topics.value_or(std::vector<std::string>{})) {
        const auto found = topics_.find(topic);
        if (found == topics_.end()) continue;
        parts_.hub.unfollow(channel_of(caller().tenant_id, topic), this);
        topics_.erase(found);
        done += (done.empty() ? "" : ",") + json_string(topic);
    }
    say(fmt::format(R"({{"t":"unsubscribed","topics":[{}]}})", done));
}

// ---- What it is told -----------------------------------------------------------------------------------------------

void OwnDialect::on_delivery(const Delivery& delivery) {
    gap_told_ = false;
    if (const auto socket = socket_.lock()) socket->send(delivery.own());
}

// One is enough for all topics, until something comes again.
void OwnDialect::on_gap(std::string_view /*channel*/) {
    if (std::exchange(gap_told_, true)) return;
    say(R"({"t":"resync"})");
}

}  // namespace realtime
