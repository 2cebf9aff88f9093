#pragma once
// SubscriberState: what stands behind a Subscriber: the channels, who listens to them, and which Redis has confirmed.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redis/link.h"
#include "redis/subscriber.h"

namespace redis::detail {

struct SubscriberState final : Link {
    SubscriberState(async::Loop& loop, const Options& options, const logging::Logger& logger,
                    observe::Metrics& metrics);

    [[nodiscard]] std::uint64_t add(std::string name, bool is_pattern, SubscribeCallbacks callbacks);
    void remove(std::uint64_t id);
    void shutdown();

private:
    struct Listener {
        std::uint64_t id;
        SubscribeCallbacks callbacks;
        bool is_due = true;  // on_subscribed() is
        bool was_subscribed = false;
        bool is_gone = false;  // a dispatch under way may hold it still
    };
    using Listeners = std::vector<std::shared_ptr<Listener>>;
    struct Topic {
        std::string name;
        bool is_pattern;
        auto operator<=>(const Topic&) const = default;
    };
    struct State {
        Listeners listeners;
        std::size_t unconfirmed = 0;  // SUBSCRIBEs under way
    };

    void on_up() override;
    void on_down(const std::string& cause) override;
    void on_reply(Reply reply) override { take(reply); }
    void on_push(Reply reply) override { take(reply); }
    void on_read_end() override {}
    void on_written() override { flush(); }

    void say(std::string_view verb, const Topic& topic);
    void subscribe(const Topic& topic, State& state);
    void schedule();
    void flush();
    void take(const Reply& reply);
    void on_message(const Topic& topic, std::string_view channel, std::string_view message);
    void on_confirmed(const Topic& topic);

    std::map<Topic, State> topics_;
    std::map<std::uint64_t, Topic> topic_of_;
    std::uint64_t next_id_ = 1;
    std::string unsent_;
    std::size_t unconfirmed_ = 0;
    async::Timer confirmation_;
    bool scheduled_ = false;
};

}  // namespace redis::detail
