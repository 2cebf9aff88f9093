#pragma once
// Our dialect: topics of the caller's tenant. Texts of JSON, `t` says what one is:
//
//     client                                                   server
//     {"t":"auth","token":"eyJ…"}                              {"t":"ready","expiresAt":"2026-11-27T09:15:00Z"}
//     {"t":"sub","topics":["changes"],"since":"c_…"}           {"t":"subscribed","topics":{"changes":41}}
//     {"t":"unsub","topics":["changes"]}                       {"t":"unsubscribed","topics":["changes"]}
//     {"t":"ping"}                                             {"t":"pong"}
//                                                              {"t":"poke","topic":"changes","n":42,"seq":91823,…}
//                                                              {"t":"ev","topic":"intent.0197…","n":7,"event":"…","d":{…}}
//                                                              {"t":"resync"}            something may be missing: pull
//                                                              {"t":"error","code":"…","message":"…"}
//
// A client without a ticket sends `auth` first, within 10 s; with one, `auth` renews. `n` counts a topic's messages: `subscribed` says
// the last one, and one that is not followed by the next number means that something was missed. It ends with 4401 when its session or
// its token has.

#include <map>
#include <memory>
#include <string>

#include "realtime/gate.h"
#include "realtime/hub.h"
#include "realtime/sessions.h"
#include "realtime/socket.h"

namespace realtime {

struct OwnDialectParts {
    Hub& hub;
    SessionWatch& sessions;
    Access& access;
    SocketGate& gate;
    std::size_t most_topics = 100;
    std::chrono::milliseconds first_message_within{10'000};
};

class OwnDialect final : public Dialect, public Follower {
public:
    // `identity`: of a ticket or a cookie; without one the first message brings it. `pass`: of the gate.
    OwnDialect(const OwnDialectParts& parts, std::weak_ptr<Socket> socket, std::optional<Access::Identity> identity,
               SocketGate::Pass pass);
    ~OwnDialect() override;

    void on_open() override;
    async::Task<void> on_message(std::string_view text) override;
    void on_slow() override;
    void on_closed(CloseCode code) override;

    void on_delivery(const Delivery& delivery) override;
    void on_gap(std::string_view channel) override;

private:
    struct Request;

    async::Task<void> authenticate(std::string token);
    async::Task<void> subscribe(Request request);
    async::Task<void> tell_since(std::string cursor);
    void unsubscribe(const Request& request);
    void admit(Access::Identity identity);
    void judge_rights();
    [[nodiscard]] async::Task<std::optional<Followed>> begin(std::string topic);
    void say(std::string text);
    void refuse(std::string_view code, std::string_view message, std::string_view topic = {});
    [[nodiscard]] const auth::Caller& caller() const { return watched_->caller; }

    OwnDialectParts parts_;
    std::weak_ptr<Socket> socket_;
    std::optional<Access::Identity> identity_;
    SocketGate::Pass pass_;
    SessionWatch::Watched watched_;
    std::map<std::string, Followed, std::less<>> topics_;
    std::shared_ptr<const auth::Grants> grants_;  // by which the topics are read
    std::unique_ptr<async::Timer> patience_;
    bool gap_told_ = false;
};

}  // namespace realtime
