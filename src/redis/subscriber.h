#pragma once
// Subscriber: pub/sub on a connection of its own. Subscribes anew after each reconnect and then says that messages may have been
// missed. Made, used and destroyed on its loop's thread.
//
//     redis::Subscriber subscriber(loop, options, logger, metrics);
//     auto subscription = subscriber.subscribe("invalidate", {.on_message = [&](auto channel, auto message) { ... }});
//     co_await redis_client.run(redis::Command("PUBLISH").add("invalidate").add(tag));

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "async/loop.h"
#include "async/task.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "redis/options.h"

namespace redis {

namespace detail {
struct SubscriberState;
}

struct SubscribeCallbacks {
    // Views of the call alone.
    std::move_only_function<void(std::string_view channel, std::string_view message)> on_message;
    // Confirmed by Redis, the first time and after each reconnect; `missed` from the second on.
    std::move_only_function<void(bool missed)> on_subscribed = {};
};

// Ends when destroyed. Must not outlive its Subscriber.
class Subscription {
public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept : state_(std::exchange(other.state_, nullptr)), id_(other.id_) {}
    Subscription& operator=(Subscription&& other) noexcept {
        std::swap(state_, other.state_);
        std::swap(id_, other.id_);
        return *this;
    }
    ~Subscription();

private:
    friend class Subscriber;
    Subscription(detail::SubscriberState* state, std::uint64_t id) noexcept : state_(state), id_(id) {}
    detail::SubscriberState* state_ = nullptr;
    std::uint64_t id_ = 0;
};

class Subscriber {
public:
    Subscriber(async::Loop& loop, const Options& options, const logging::Logger& logger, observe::Metrics& metrics);
    ~Subscriber();
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;

    [[nodiscard]] Subscription subscribe(std::string channel, SubscribeCallbacks callbacks);
    // A glob-style pattern (PSUBSCRIBE).
    [[nodiscard]] Subscription subscribe_pattern(std::string pattern, SubscribeCallbacks callbacks);
    void close();

private:
    std::shared_ptr<detail::SubscriberState> state_;
};

}  // namespace redis
