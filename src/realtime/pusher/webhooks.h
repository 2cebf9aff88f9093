#pragma once
// Webhooks of Pusher Channels (pusher.com/docs/channels, "Webhooks"): what happens in channels, posted to the app's own server and signed
// with its secret: channel_occupied, channel_vacated, member_added, member_removed, subscription_count, client_event, cache_miss. One a
// loop; its thread.
//
//     Webhooks webhooks({.hub = hub, .http = http, .app = app, .url = "https://app.example/pusher", …});
//     co_await webhooks.start();                                           // hub.watch() included
//
// What all loops know one of them tells (Hub::is_speaker). Who comes back within 3 s was not away. A post that is not answered with 2xx is
// repeated with growing pauses for five minutes, then dropped, as the events beyond `most_waiting` are; the app's server then asks
// GET /apps/{id}/channels. Nothing is stored: these events belong to no transaction, and end with the process.

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/stopped.h"
#include "async/sync.h"
#include "base/time.h"
#include "client/client.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "realtime/hub.h"
#include "realtime/pusher/signature.h"

namespace realtime::pusher {

// What is to be told, out of what the hub says. Pure.
class WebhookEvents {
public:
    static constexpr std::chrono::milliseconds gone_after{3'000};
    static constexpr std::size_t most_waiting = 10'000;  // of each kind

    void on_member(const Roster::Change& change, async::SteadyTime now);
    void on_touched(std::string_view channel);
    void on_client_event(const Message& message);
    void on_cache_miss(std::string_view channel);

    // Members of `events`, each JSON, in order. `speaks`: also what other loops know; if not, it is known from now on, and told by them.
    [[nodiscard]] std::vector<std::string> take(const Roster& roster, bool speaks, async::SteadyTime now);
    // Events that there was no room for, since the last call.
    [[nodiscard]] std::size_t take_dropped() noexcept { return std::exchange(dropped_, 0); }

private:
    using Seat = std::pair<std::string, std::string>;  // channel, user
    void put(std::vector<std::string>& events, std::string event);
    void judge_channels(const Roster& roster, async::SteadyTime now, std::vector<std::string>& events);
    void judge_gone(async::SteadyTime now, std::vector<std::string>& events);

    std::vector<std::string> own_;                             // told by this loop, whoever speaks
    std::vector<std::string> added_;                           // members
    std::set<std::string, std::less<>> touched_;               // channels
    std::map<std::string, std::uint32_t, std::less<>> known_;  // sockets, as told
    std::map<std::string, async::SteadyTime, std::less<>> emptied_;
    std::map<Seat, async::SteadyTime> gone_;
    std::size_t dropped_ = 0;
};

class Webhooks final : public Observer {
public:
    struct Parts {
        async::Loop& loop;
        Hub& hub;
        client::Client& http;
        AppKeys app;
        std::string url;
        const base::Clock& clock;
        logging::Logger logger;
        observe::Metrics& metrics;
        std::chrono::milliseconds every{1'000};
    };
    explicit Webhooks(Parts parts);

    async::Task<void> start();
    // What waits is tried once more, until then.
    async::Task<void> stop(async::SteadyTime deadline);

    void on_member(const Roster::Change& change) override;
    void on_touched(std::string_view channel) override;
    void on_client_event(const Message& message) override;
    void on_cache_miss(std::string_view channel) override;

private:
    struct Post {
        std::string body{};
        std::size_t events = 0;
        async::SteadyTime first_at{};
        async::SteadyTime next_at{};
        std::chrono::milliseconds pause{1'000};
    };
    async::Task<void> run();
    async::Task<void> send_waiting();
    // Whether it was taken.
    async::Task<bool> send(async::SteadyTime deadline);
    void gather();
    [[nodiscard]] bool next_post();

    Parts parts_;
    client::Target target_;
    WebhookEvents events_;
    std::deque<std::string> waiting_;
    Post post_;
    async::Stop stop_;
    async::TaskGroup tasks_;
    observe::Counter sent_;
    observe::Counter failed_;
    observe::Counter dropped_;
};

}  // namespace realtime::pusher
