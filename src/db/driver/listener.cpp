#include "db/driver/listener.h"

#include <algorithm>
#include <utility>

#include "db/driver/database_state.h"

namespace db::detail {

using namespace std::chrono_literals;

class ListenLink final : public Link {
public:
    ListenLink(DatabaseState& state, Listener& listener)
        : Link(state.loop, state.options.connect_timeout, state.resolver), listener_(listener) {}

    [[nodiscard]] std::string quoted(const std::string& name) const {
        char* text = PQescapeIdentifier(native_, name.data(), name.size());
        std::string result = text == nullptr ? std::string() : std::string(text);
        PQfreemem(text);
        return result;
    }
    void send(const std::string& sql) {
        if (PQsendQuery(native_, sql.c_str()) != 1) return fail_later(error_text());
        flush();
    }

private:
    void on_connected() override { listener_.on_connected(); }
    void on_readable() override { listener_.on_readable(native_); }
    void on_lost(const std::string& cause) override { listener_.on_lost(cause); }
    Listener& listener_;
};

Listener::Listener(DatabaseState& state) : state_(state), retry_(state.loop, [this] { open(); }) {}

Listener::~Listener() { close(); }

void Listener::close() {
    closed_ = true;
    retry_.cancel();
    if (link_) link_->close();
    link_.reset();
}

std::uint64_t Listener::add(std::string channel, ListenCallbacks callbacks) {
    const auto id = next_id_++;
    channels_.try_emplace(channel, false);
    subscribers_.emplace(id, Subscriber{std::move(channel), std::make_shared<ListenCallbacks>(std::move(callbacks))});
    if (!link_ && !retry_.is_set()) {
        open();
    } else {
        send_next();
    }
    return id;
}

void Listener::remove(std::uint64_t id) {
    // LISTEN of a channel without subscribers stays until the next connect: its notifications are dropped.
    subscribers_.erase(id);
}

void Listener::open() {
    if (closed_) return;
    std::erase_if(channels_, [this](const auto& entry) {
        return std::ranges::none_of(subscribers_,
                                    [&](const auto& other) { return other.second.channel == entry.first; });
    });
    for (auto& [channel, listening] : channels_) listening = false;
    command_running_ = false;
    link_ = std::make_shared<ListenLink>(state_, *this);
    link_->open(direct_parameters(state_.options, "listen", state_.options.read_timeout, Kind::read));
}

void Listener::on_connected() {
    if (std::exchange(was_connected_, true)) {
        for (auto& [id, subscriber] : subscribers_) subscriber.missed = true;
    }
    send_next();
}

void Listener::send_next() {
    if (!link_ || !link_->is_connected() || command_running_) return;
    const auto next = std::ranges::find_if(channels_, [](const auto& entry) { return !entry.second; });
    if (next == channels_.end()) return;
    command_running_ = true;
    command_channel_ = next->first;
    link_->send("listen " + link_->quoted(command_channel_));
}

void Listener::on_readable(PGconn* native) {
    // Callbacks may end this listener's link; the caller holds it until it returns.
    while (command_running_ && PQisBusy(native) == 0) {
        PGresult* raw = PQgetResult(native);
        if (raw == nullptr) {
            command_running_ = false;
            break;
        }
        finish_command(PQresultStatus(raw) == PGRES_COMMAND_OK);
        PQclear(raw);
        if (!link_) return;
    }
    while (PGnotify* notification = PQnotifies(native)) {
        const std::string channel = notification->relname;
        const std::string payload = notification->extra;
        PQfreemem(notification);
        notify(channel, payload);
        if (!link_ || !link_->is_connected()) return;
    }
    send_next();
}

void Listener::finish_command(bool succeeded) {
    if (!succeeded) return link_->fail_later("LISTEN failed");
    delay_ = 0ms;
    channels_[command_channel_] = true;
    std::vector<std::shared_ptr<ListenCallbacks>> missed;
    for (auto& [id, subscriber] : subscribers_) {
        if (subscriber.channel == command_channel_ && std::exchange(subscriber.missed, false))
            missed.push_back(subscriber.callbacks);
    }
    for (const auto& callbacks : missed) {
        if (callbacks->on_reconnect) callbacks->on_reconnect();
    }
}

void Listener::notify(const std::string& channel, const std::string& payload) {
    std::vector<std::shared_ptr<ListenCallbacks>> receivers;
    for (const auto& [id, subscriber] : subscribers_) {
        if (subscriber.channel == channel) receivers.push_back(subscriber.callbacks);
    }
    for (const auto& callbacks : receivers) callbacks->on_notify(payload);
}

void Listener::on_lost(const std::string& cause) {
    state_.logger.warn("database listen connection lost",
                       {{"role", state_.options.role}, {"server", state_.servers}, {"cause", cause}});
    link_.reset();
    command_running_ = false;
    if (closed_) return;
    delay_ = std::clamp(delay_ * 2, state_.options.reconnect_minimum, state_.options.reconnect_maximum);
    retry_.expires_after(state_.with_jitter(delay_));
}

}  // namespace db::detail
