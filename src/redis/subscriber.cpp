#include "redis/subscriber.h"

#include <algorithm>

#include "redis/command.h"
#include "redis/subscriber_state.h"

namespace redis {

namespace detail {

SubscriberState::SubscriberState(async::Loop& loop, const Options& options, const logging::Logger& logger,
                                 observe::Metrics& metrics)
    : Link(loop, options, logger, metrics),
      confirmation_(loop, [this] { drop_later("a subscription was not confirmed in time"); }) {}

std::uint64_t SubscriberState::add(std::string name, bool is_pattern, SubscribeCallbacks callbacks) {
    const auto id = next_id_++;
    const Topic topic{std::move(name), is_pattern};
    topic_of_.emplace(id, topic);
    auto& state = topics_[topic];
    state.listeners.push_back(std::make_shared<Listener>(Listener{.id = id, .callbacks = std::move(callbacks)}));
    // Again for each listener: its confirmation says from where on it misses nothing.
    if (is_up()) subscribe(topic, state);
    return id;
}

void SubscriberState::remove(std::uint64_t id) {
    const auto known = topic_of_.find(id);
    if (known == topic_of_.end()) return;
    const auto found = topics_.find(known->second);
    topic_of_.erase(known);
    auto& listeners = found->second.listeners;
    const auto listener = std::ranges::find(listeners, id, [](const auto& other) { return other->id; });
    (*listener)->is_gone = true;
    listeners.erase(listener);
    if (!listeners.empty()) return;
    if (is_up()) say("UNSUBSCRIBE", found->first);
    // Confirmations under way still have to be counted.
    if (found->second.unconfirmed == 0) topics_.erase(found);
}

void SubscriberState::shutdown() {
    close_link();
    confirmation_.cancel();
}

// ---- Sending ----------------------------------------------------------------------------------------------------

void SubscriberState::say(std::string_view verb, const Topic& topic) {
    Command((topic.is_pattern ? "P" : "") + std::string(verb)).add(topic.name).encode(unsent_);
    schedule();
}

void SubscriberState::subscribe(const Topic& topic, State& state) {
    say("SUBSCRIBE", topic);
    ++state.unconfirmed;
    if (unconfirmed_++ == 0) confirmation_.expires_after(options().command_timeout);
}

void SubscriberState::schedule() {
    if (std::exchange(scheduled_, true)) return;
    loop().post([weak = weak_from_this()] {
        const auto self = std::static_pointer_cast<SubscriberState>(weak.lock());
        if (!self) return;
        self->scheduled_ = false;
        self->flush();
    });
}

void SubscriberState::flush() {
    if (!is_up() || connection().is_writing() || unsent_.empty()) return;
    std::swap(connection().outgoing(), unsent_);
    unsent_.clear();
    connection().send();
}

// ---- Coming and going -------------------------------------------------------------------------------------------

void SubscriberState::on_up() {
    for (auto& [topic, state] : topics_) {
        for (const auto& listener : state.listeners) listener->is_due = true;
        subscribe(topic, state);
    }
}

void SubscriberState::on_down(const std::string& /*cause*/) {
    unsent_.clear();
    unconfirmed_ = 0;
    confirmation_.cancel();
    for (auto& [topic, state] : topics_) state.unconfirmed = 0;
    std::erase_if(topics_, [](const auto& entry) { return entry.second.listeners.empty(); });
}

// ---- Messages ---------------------------------------------------------------------------------------------------

// Push frames of RESP3, arrays in RESP2: [message, channel, text], [pmessage, pattern, channel, text], [subscribe, channel, n].
void SubscriberState::take(const Reply& reply) {
    // A callback may let go of the subscriber.
    const auto self = shared_from_this();
    if (reply->is_error()) return drop(std::string(reply->text()));
    if (reply->size() < 3) return;
    const auto kind = reply->at(0).text();
    if (kind == "message") {
        const auto channel = reply->at(1).text();
        on_message({std::string(channel), false}, channel, reply->at(2).text());
    } else if (kind == "pmessage" && reply->size() == 4) {
        on_message({std::string(reply->at(1).text()), true}, reply->at(2).text(), reply->at(3).text());
    } else if (kind == "subscribe" || kind == "psubscribe") {
        on_confirmed({std::string(reply->at(1).text()), kind == "psubscribe"});
    }
}

void SubscriberState::on_message(const Topic& topic, std::string_view channel, std::string_view message) {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return;
    // A copy: a callback may subscribe and unsubscribe.
    const Listeners listeners = found->second.listeners;
    for (const auto& listener : listeners) {
        if (!listener->is_gone && !is_closed()) listener->callbacks.on_message(channel, message);
    }
}

void SubscriberState::on_confirmed(const Topic& topic) {
    const auto found = topics_.find(topic);
    if (found == topics_.end() || found->second.unconfirmed == 0) return;
    if (--unconfirmed_ == 0) confirmation_.cancel();
    // An UNSUBSCRIBE may stand between this one and the next.
    if (--found->second.unconfirmed > 0) return;
    const Listeners listeners = found->second.listeners;
    if (listeners.empty()) topics_.erase(found);
    for (const auto& listener : listeners) {
        if (listener->is_gone || is_closed() || !std::exchange(listener->is_due, false)) continue;
        const bool missed = std::exchange(listener->was_subscribed, true);
        if (listener->callbacks.on_subscribed) listener->callbacks.on_subscribed(missed);
    }
}

}  // namespace detail

Subscription::~Subscription() {
    if (state_ != nullptr) state_->remove(id_);
}

Subscriber::Subscriber(async::Loop& loop, const Options& options, const logging::Logger& logger,
                       observe::Metrics& metrics)
    : state_(std::make_shared<detail::SubscriberState>(loop, options, logger, metrics)) {
    state_->open();
}

Subscriber::~Subscriber() { close(); }

Subscription Subscriber::subscribe(std::string channel, SubscribeCallbacks callbacks) {
    return {state_.get(), state_->add(std::move(channel), false, std::move(callbacks))};
}

Subscription Subscriber::subscribe_pattern(std::string pattern, SubscribeCallbacks callbacks) {
    return {state_.get(), state_->add(std::move(pattern), true, std::move(callbacks))};
}

void Subscriber::close() { state_->shutdown(); }

}  // namespace redis
