#pragma once
// Pusher Channels 7 on a socket, as `pusher-js` and Laravel Echo speak it: public, private, presence, cache and encrypted channels, sign-in,
// client events, watchlist (pusher.com/docs/channels, "WebSocket protocol reference"). Events that are not understood are passed over.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "realtime/channel.h"
#include "realtime/gate.h"
#include "realtime/hub.h"
#include "realtime/pusher/signature.h"
#include "realtime/sessions.h"
#include "realtime/socket.h"
#include "schema/schema.h"

namespace realtime::pusher {

// Of the dialect: how pusher-js takes a close (41xx: it comes again in a second; 42xx: at once; 40xx: never).
inline constexpr CloseCode unknown_app{4001};
inline constexpr CloseCode unsupported_protocol{4007};
inline constexpr CloseCode over_capacity{4100};
inline constexpr CloseCode come_again{4200};
inline constexpr CloseCode no_pong{4201};
inline constexpr CloseCode unauthorised{4009};

// What is published there ends the connections that are signed in as the user.
[[nodiscard]] std::string end_channel(std::string_view user_id);

struct Settings {
    AppKeys app;
    bool client_events = false;
    std::uint32_t activity_timeout = 30;  // seconds, said to clients
    std::size_t most_channels = 100;
    std::size_t most_members = 100;      // of a presence channel
    std::size_t longest_member = 1'024;  // bytes
    std::size_t most_watched = 100;
    double client_events_per_second = 10;
    std::size_t longest_data = 10'240;
};

struct DialectParts {
    Hub& hub;
    SessionWatch& sessions;
    Access& access;
    const Settings& settings;
    const base::Clock& clock;
};

class PusherDialect final : public Dialect, public Follower {
public:
    // `protocol`: of the query; "7" is spoken. `key`: of the path.
    struct Hello {
        std::string key;
        std::string protocol;
    };
    PusherDialect(const DialectParts& parts, std::weak_ptr<Socket> socket, Hello hello, SocketGate::Pass pass);
    ~PusherDialect() override;

    [[nodiscard]] CloseCodes codes() const override;
    void on_open() override;
    async::Task<void> on_message(std::string_view text) override;
    void on_slow() override;
    void on_closed(CloseCode code) override;

    void on_delivery(const Delivery& delivery) override;
    void on_gap(std::string_view channel) override;
    void on_presence(const Roster::Change& change) override;
    void on_count(std::string_view channel, std::uint32_t sockets) override;

private:
    // What a grant has opened: a topic, to a session with the rights of now.
    struct Granted {
        base::Timestamp expires_at;
        auth::Caller caller;
        Followed followed;
    };
    struct Subscription {
        std::string member;  // of a presence channel
        std::optional<Granted> granted;
        SessionWatch::Watched watched;
    };
    struct Frame;
    struct SubscribeData;

    [[nodiscard]] async::Task<void> subscribe(SubscribeData data);
    [[nodiscard]] async::Task<std::optional<Granted>> open(Grant grant, std::string channel);
    void watch(Subscription& subscription, const std::string& channel);
    void judge_right(const std::string& channel, const auth::Caller& caller);
    [[nodiscard]] std::optional<Verified> verify(const SubscribeData& data, const ChannelKind& kind) const;
    [[nodiscard]] bool prepare_member(const SubscribeData& data, Member& member);
    void confirm(const std::string& channel);
    void unsubscribe(const std::string& channel);
    void sign_in(std::string_view data);
    void take_client_event(const Frame& frame);
    void say(std::string_view event, std::string_view data, std::string_view channel = {});
    void say_error(int code, std::string_view message);
    void refuse(std::string_view channel, int status, std::string_view message);
    void tell_watched(std::string_view user_id, bool is_online);

    DialectParts parts_;
    std::weak_ptr<Socket> socket_;
    Hello hello_;
    SocketGate::Pass pass_;
    std::string socket_id_;
    std::map<std::string, Subscription, std::less<>> channels_;
    std::string user_id_;
    std::string user_info_;
    std::vector<std::string> watched_users_;
    async::SteadyTime allowance_from_{};
    double allowance_ = 0;
};

}  // namespace realtime::pusher
