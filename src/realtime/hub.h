#pragma once
// Hub: who follows which channel on this loop, and the way of a message to all of them: here at once, to the process's other loops by
// their threads, to other instances by Redis' pub/sub. One a loop; its thread.
//
//     hub.publish({.channel = realtime::channel_of(tenant, "changes"), .event = "poke", .data = R"({"seq":91823})"});
//
//     class Stream : public realtime::Follower { … };                          // a socket, an SSE queue
//     hub.follow(channel, &stream);                                            // from here on nothing is missed in silence
//     hub.unfollow(channel, &stream);
//
// What may be lost on the way (Redis away, a subscriber cut, an instance that could not send) is told: on_gap(), which means "pull".
// Messages are numbered by their sender; each loop hears its own heartbeat through Redis, and 5 s without it are a broken link.
// Without Redis the process's own loops go on. Who may follow what is asked before: the hub is told names only.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "async/loop.h"
#include "async/stopped.h"
#include "async/sync.h"
#include "auth/caller.h"
#include "base/random.h"
#include "base/uuid.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "realtime/roster.h"
#include "realtime/socket.h"
#include "redis/client.h"
#include "redis/subscriber.h"

namespace realtime {

struct Message {
    std::string channel;
    std::string event;
    std::string data;           // JSON; of other programs' messages any text
    std::string except{};       // the id of a socket that is not sent it
    std::string user_id{};      // of a client event in a presence channel
    bool data_is_json = false;  // of a client event: Pusher's clients get it as it stands, not as a text
};

// Clients say these themselves ("Client events").
[[nodiscard]] bool is_client_event(std::string_view event);

// Who follows a channel, as far as it decides what is said to them. Those of one channel whose readers are equal are told the same, in one
// buffer, and have their numbers together.
struct Reader {
    base::Uuid user{};
    std::shared_ptr<const auth::Grants> grants{};
    friend bool operator==(const Reader& one, const Reader& other) {
        return one.user == other.user &&
               (one.grants == other.grants ||
                (one.grants != nullptr && other.grants != nullptr && *one.grants == *other.grants));
    }
};

// One message on its way to many, each form of it made once. `number` counts the messages of this channel to these readers on this loop:
// two that follow each other have numbers that do, or something was missed.
class Delivery {
public:
    Delivery(const Message& message, std::uint64_t number) : message_(message), number_(number) {}
    [[nodiscard]] const Message& message() const noexcept { return message_; }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    // {"t":"poke",…} or {"t":"ev",…}; of a tenant's channels alone.
    [[nodiscard]] const Frame& own() const;
    // {"event":…,"channel":…,"data":…}
    [[nodiscard]] const Frame& pusher() const;

private:
    const Message& message_;
    std::uint64_t number_;
    mutable std::optional<Frame> own_;
    mutable std::optional<Frame> pusher_;
};

// Must not call the hub from within.
class Follower {
public:
    Follower() = default;
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    virtual ~Follower() = default;

    virtual void on_delivery(const Delivery& delivery) = 0;
    // Messages of this channel may have been lost.
    virtual void on_gap(std::string_view channel) = 0;
    // Of presence channels.
    virtual void on_presence(const Roster::Change& /*change*/) {}
    // How many sockets follow it now, over all instances.
    virtual void on_count(std::string_view /*channel*/, std::uint32_t /*sockets*/) {}
};

// Who is told what happens, besides the followers of a channel; on the hub's thread. Must not call the hub from within.
class Observer {
public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    // Over all instances; each loop's observer hears of it.
    virtual void on_member(const Roster::Change& change) = 0;
    // How many follow it, on whichever loop, may be another number now.
    virtual void on_touched(std::string_view channel) = 0;
    // On this loop alone.
    virtual void on_client_event(const Message& message) = 0;
    virtual void on_cache_miss(std::string_view channel) = 0;
};

class Hub;

namespace detail {
struct Envelope;
}

// The loops of this process. Thread-safe; outlives them.
class Hubs {
public:
    explicit Hubs(base::RandomSource& random);
    [[nodiscard]] const std::string& process_id() const noexcept { return process_id_; }

private:
    friend class Hub;
    struct Entry {
        async::Loop* loop;
        std::weak_ptr<Hub*> hub;  // locked on its own thread alone
        std::string origin;
    };
    std::string add(async::Loop& loop, const std::shared_ptr<Hub*>& hub);
    void remove(std::string_view origin);
    void tell_others(std::string_view origin, const std::shared_ptr<const detail::Envelope>& envelope);

    std::mutex mutex_;
    std::vector<Entry> entries_;
    std::string process_id_;
    std::uint32_t next_ = 0;
};

struct HubOptions {
    std::string prefix = "rt:";  // of the names at Redis
    std::chrono::milliseconds beat_every{1'000};
    std::chrono::milliseconds link_broken_after{5'000};
    std::chrono::milliseconds lease{15'000};         // an instance that was not heard for longer is dead
    std::chrono::milliseconds link_within{500};      // start() waits so long for Redis; then it goes on without
    std::chrono::milliseconds cache_for{1'800'000};  // the last message of a cache channel
    std::size_t most_cached = 10'000;
};

struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

class Hub {
public:
    struct Parts {
        async::Loop& loop;
        Hubs& hubs;
        redis::Client* redis;  // nullptr: this process alone
        logging::Logger logger;
        observe::Metrics& metrics;
        HubOptions options{};
    };
    explicit Hub(Parts parts);
    ~Hub();
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

    async::Task<void> start();
    async::Task<void> stop(async::SteadyTime deadline);

    // Never waits and never throws for what Redis does.
    void publish(const Message& message);
    // To this loop's followers alone: each loop has heard of it in another way.
    void deliver(const Message& message);
    // The same, but each is told what they may know: `data_for` is asked once for all with equal readers. nullopt: they are told nothing.
    using DataFor = std::function<std::optional<std::string>(const Reader&)>;
    void deliver_by_reader(Message message, const DataFor& data_for);
    // Followers of channels whose names begin so may have missed something.
    void tell_gap(std::string_view prefix = {});
    // Of tenants: when the first socket of this loop follows one of its channels, and when the last has left.
    void on_tenant(std::move_only_function<void(const base::Uuid& tenant, bool is_followed)> handler);

    void follow(std::string_view channel, Follower* follower, const Reader& reader = {});
    void unfollow(std::string_view channel, Follower* follower);
    // Who follows it may know something else from now on.
    void read_as(std::string_view channel, Follower* follower, const Reader& reader);
    // Of the last message to such a reader.
    [[nodiscard]] std::uint64_t number_of(std::string_view channel, const Reader& reader = {}) const;
    // On this loop.
    [[nodiscard]] bool is_followed(std::string_view channel) const { return channels_.contains(channel); }
    // Channels whose names begin so; looks at all of them.
    [[nodiscard]] std::vector<std::string> followed(std::string_view prefix) const;

    void join(std::string_view channel, const Member& member);
    void leave(std::string_view channel, std::string_view user_id);
    [[nodiscard]] const Roster& roster() const noexcept { return roster_; }
    // The last message of a cache channel that this instance has heard.
    [[nodiscard]] const Message* cached(std::string_view channel) const;
    // How much longer; 0: there is none.
    [[nodiscard]] std::chrono::seconds cached_for(std::string_view channel) const;

    // What the others are told to do: sockets of a user to be ended, say. Also called here.
    void on_command(std::move_only_function<void(std::string_view name, std::string_view argument)> handler);
    void command(std::string_view name, std::string_view argument);

    // One; it outlives the hub, or is replaced by nullptr.
    void watch(Observer* observer) noexcept { observer_ = observer; }
    [[nodiscard]] Observer* observer() const noexcept { return observer_; }
    // Of all loops that are heard one says what all of them know.
    [[nodiscard]] bool is_speaker() const;

    [[nodiscard]] bool hears_others() const noexcept { return is_linked_; }
    [[nodiscard]] async::Loop& loop() noexcept { return parts_.loop; }

private:
    friend class Hubs;
    using Envelope = detail::Envelope;
    struct Audience {
        Reader reader;
        std::vector<Follower*> followers{};
        std::uint64_t number = 0;
    };
    // None of them is empty; nearly always there is one.
    struct Channel {
        std::vector<Audience> audiences;

        [[nodiscard]] std::size_t size() const;
        [[nodiscard]] std::vector<Follower*>& with(const Reader& reader);
        [[nodiscard]] bool remove(const Follower* follower);
        template <class Act>
        void each(Act act) const {
            for (const auto& audience : audiences) {
                for (auto* const follower : audience.followers) act(follower);
            }
        }
    };
    struct Peer {
        std::int64_t number = -1;   // of its last message; -1: it was not heard yet
        std::int64_t version = -1;  // of its roster as we have it
        async::SteadyTime heard_at{};
        async::SteadyTime asked_at{};
        bool is_local = false;
    };
    struct Cached {
        Message message;
        async::SteadyTime at;
    };

    void send(Envelope envelope);
    async::Task<void> publish_to_redis(std::string bytes, bool is_message);
    void receive(std::string_view bytes);
    void take(const Envelope& envelope, bool is_local);
    void take_roster(Peer& peer, const Envelope& envelope);
    void judge_number(Peer& peer, const Envelope& envelope);
    void tell(const Roster::Changes& changes);
    void touched(const std::vector<Roster::Count>& counts);
    [[nodiscard]] Roster::Changes replace(std::string_view origin, const Roster::State& state);
    void count_tenant(std::string_view channel, bool is_followed);
    void tell_count(const std::string& channel);
    void changed_count(const std::string& channel, std::size_t sockets);
    void remember(const Message& message);
    void connect();
    async::Task<void> beat();
    void beat_once(std::uint64_t round);
    void judge_peers(async::SteadyTime now);
    void ask(Peer& peer, std::string_view origin);
    void send_state();

    Parts parts_;
    std::shared_ptr<Hub*> self_;
    std::string origin_;
    std::unordered_map<std::string, Channel, StringHash, std::equal_to<>> channels_;
    std::unordered_map<std::string, Peer> peers_;
    std::unordered_map<std::string, Cached, StringHash, std::equal_to<>> cached_;
    std::deque<std::string> cached_order_;
    std::unordered_set<std::string> counted_;  // channels whose count the others do not know yet
    std::unordered_set<std::string> large_;    // channels whose followers are told of the count later
    std::int64_t number_ = 0;                  // of our messages
    bool lost_ = false;                        // some of them did not leave
    Roster roster_;
    std::int64_t roster_version_ = 0;
    std::unique_ptr<redis::Subscriber> link_;
    redis::Subscription subscription_;
    std::unique_ptr<async::Event> linked_;
    async::SteadyTime heard_self_{};
    bool is_linked_ = false;
    bool was_broken_ = false;
    async::Stop stop_;
    async::TaskGroup tasks_;
    Observer* observer_ = nullptr;
    std::move_only_function<void(std::string_view, std::string_view)> on_command_;
    std::move_only_function<void(const base::Uuid&, bool)> on_tenant_;
    std::unordered_map<base::Uuid, std::size_t> tenants_;  // channels that are followed here
    observe::Counter published_;
    observe::Counter gaps_;
};

}  // namespace realtime
