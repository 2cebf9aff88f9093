#include "realtime/pusher/webhooks.h"

#include <algorithm>

#include <fmt/format.h>

#include "realtime/channel.h"
#include "schema/schema.h"

namespace realtime::pusher {

namespace {

constexpr std::size_t most_of_post = 100;
constexpr std::chrono::minutes tried_for{5};
constexpr std::chrono::milliseconds longest_pause{60'000};

std::string json_string(std::string_view text) {
    std::string out;
    schema::write_json_string(text, out);
    return out;
}

std::string about(std::string_view name, std::string_view channel, std::string_view more = {}) {
    return fmt::format(R"({{"name":"{}","channel":{}{}}})", name, json_string(channel), more);
}

std::string about_member(std::string_view name, std::string_view channel, std::string_view user_id) {
    return about(name, channel, fmt::format(R"(,"user_id":{})", json_string(user_id)));
}

// Names that begin so are ours: no client knows of them.
bool is_shown(std::string_view channel) { return !channel.starts_with('#'); }

}  // namespace

// ---- What is to be told --------------------------------------------------------------------------------------------

void WebhookEvents::put(std::vector<std::string>& events, std::string event) {
    if (events.size() >= most_waiting) {
        ++dropped_;
        return;
    }
    events.push_back(std::move(event));
}

void WebhookEvents::on_member(const Roster::Change& change, async::SteadyTime now) {
    if (!is_shown(change.channel)) return;
    Seat seat{change.channel, change.member.user_id};
    if (change.kind == Roster::Change::Kind::removed) {
        gone_.insert_or_assign(std::move(seat), now + gone_after);
        return;
    }
    if (gone_.erase(seat) == 0) put(added_, about_member("member_added", seat.first, seat.second));
}

void WebhookEvents::on_touched(std::string_view channel) {
    if (is_shown(channel) && !touched_.contains(channel)) touched_.emplace(channel);
}

void WebhookEvents::on_client_event(const Message& message) {
    auto more = fmt::format(R"(,"event":{},"data":{},"socket_id":{})", json_string(message.event),
                            json_string(message.data), json_string(message.except));
    if (!message.user_id.empty()) more += fmt::format(R"(,"user_id":{})", json_string(message.user_id));
    put(own_, about("client_event", message.channel, more));
}

void WebhookEvents::on_cache_miss(std::string_view channel) { put(own_, about("cache_miss", channel)); }

void WebhookEvents::judge_channels(const Roster& roster, async::SteadyTime now, std::vector<std::string>& events) {
    for (const auto& channel : std::exchange(touched_, {})) {
        const auto sockets = roster.sockets(channel);
        const auto known = known_.find(channel);
        if (sockets == 0) {
            if (known != known_.end()) emptied_.try_emplace(channel, now + gone_after);
            continue;
        }
        emptied_.erase(channel);
        if (known == known_.end()) put(events, about("channel_occupied", channel));
        const bool is_counted = !kind_of(channel).is_presence;
        if (is_counted && (known == known_.end() || known->second != sockets))
            put(events, about("subscription_count", channel, fmt::format(R"(,"subscription_count":{})", sockets)));
        known_.insert_or_assign(channel, sockets);
    }
}

void WebhookEvents::judge_gone(async::SteadyTime now, std::vector<std::string>& events) {
    std::erase_if(gone_, [&](const auto& one) {
        if (one.second > now) return false;
        put(events, about_member("member_removed", one.first.first, one.first.second));
        return true;
    });
    std::erase_if(emptied_, [&](const auto& one) {
        if (one.second > now) return false;
        known_.erase(one.first);
        put(events, about("channel_vacated", one.first));
        return true;
    });
}

std::vector<std::string> WebhookEvents::take(const Roster& roster, bool speaks, async::SteadyTime now) {
    std::vector<std::string> events;
    judge_channels(roster, now, events);
    for (auto& event : std::exchange(added_, {})) put(events, std::move(event));
    judge_gone(now, events);
    if (!speaks) events.clear();
    for (auto& event : std::exchange(own_, {})) put(events, std::move(event));
    return events;
}

// ---- Their way -----------------------------------------------------------------------------------------------------

Webhooks::Webhooks(Parts parts)
    : parts_(std::move(parts)),
      target_{.name = "pusher_webhooks",
              .base_url = parts_.url,
              .deadlines = {.first_byte = std::chrono::seconds(5), .whole = std::chrono::seconds(10)},
              .retry = {.attempts = 1},
              .hides_path = true},
      stop_(parts_.loop),
      tasks_(parts_.loop),
      sent_(parts_.metrics.counter("realtime_webhook_events_total", "Events that the app's server has taken.")),
      failed_(parts_.metrics.counter("realtime_webhook_failures_total", "Posts that the app's server has not taken.")),
      dropped_(parts_.metrics.counter("realtime_webhook_dropped_total", "Events that were given up.")) {
    tasks_.on_error([logger = parts_.logger](std::exception_ptr error) {
        logger.error("realtime: webhooks have stopped", {{"err", logging::error(error)}});
    });
}

async::Task<void> Webhooks::start() {
    parts_.hub.watch(this);
    tasks_.spawn(run());
    co_return;
}

async::Task<void> Webhooks::stop(async::SteadyTime deadline) {
    parts_.hub.watch(nullptr);
    stop_.request();
    co_await tasks_.join();
    gather();
    if (next_post()) static_cast<void>(co_await send(deadline));
}

void Webhooks::on_member(const Roster::Change& change) { events_.on_member(change, async::Loop::now()); }
void Webhooks::on_touched(std::string_view channel) { events_.on_touched(channel); }
void Webhooks::on_client_event(const Message& message) { events_.on_client_event(message); }
void Webhooks::on_cache_miss(std::string_view channel) { events_.on_cache_miss(channel); }

void Webhooks::gather() {
    auto more = events_.take(parts_.hub.roster(), parts_.hub.is_speaker(), async::Loop::now());
    std::ranges::move(more, std::back_inserter(waiting_));
    auto dropped = events_.take_dropped();
    for (; waiting_.size() > WebhookEvents::most_waiting; ++dropped) waiting_.pop_front();
    dropped_.increment(static_cast<double>(dropped));
}

bool Webhooks::next_post() {
    if (!post_.body.empty()) return true;
    if (waiting_.empty()) return false;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(parts_.clock.now());
    auto body = fmt::format(R"({{"time_ms":{},"events":[)", now.time_since_epoch().count());
    std::size_t events = 0;
    for (; events < most_of_post && !waiting_.empty(); ++events) {
        if (events > 0) body += ',';
        body += waiting_.front();
        waiting_.pop_front();
    }
    post_ = {.body = body + "]}", .events = events, .first_at = async::Loop::now()};
    return true;
}

async::Task<bool> Webhooks::send(async::SteadyTime deadline) {
    client::Call call{
        .headers = {{"X-Pusher-Key", parts_.app.key}, {"X-Pusher-Signature", sign_webhook(parts_.app, post_.body)}}};
    call.deadline = deadline;
    const auto reply =
        co_await parts_.http.post<std::string>(target_, "", client::json_text(post_.body), std::move(call));
    if (reply) {
        sent_.increment(static_cast<double>(post_.events));
        post_ = {};
        co_return true;
    }
    failed_.increment();
    const auto now = async::Loop::now();
    if (now - post_.first_at >= tried_for) {
        parts_.logger.warn("realtime: webhooks were given up",
                           {{"events", post_.events}, {"detail", reply.error().detail}});
        dropped_.increment(static_cast<double>(post_.events));
        post_ = {};
        co_return false;
    }
    post_.next_at = now + post_.pause;
    post_.pause = std::min(post_.pause * 2, longest_pause);
    co_return false;
}

async::Task<void> Webhooks::send_waiting() {
    while (!stop_.requested() && next_post() && async::Loop::now() >= post_.next_at) {
        if (!co_await send(async::SteadyTime::max())) co_return;
    }
}

// Not in the first round: until then the others may not have been heard.
async::Task<void> Webhooks::run() {
    for (bool is_first = true; co_await stop_.sleep(parts_.every); is_first = false) {
        if (is_first) continue;
        gather();
        co_await send_waiting();
    }
}

}  // namespace realtime::pusher
