#pragma once
// Live: everything of sockets that a loop has: hub, sessions, limits, and the way from what was committed (pos/plumbing/announcer.h) to
// those who follow it. A service of each loop, http::Service<Live>.
//
//     live->hub().publish({.channel = …, .event = …, .data = …});
//     co_return live->accept(request, handshake, {.dialect = live->own(socket, identity, std::move(pass)), .socket = socket});

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "app/app.h"
#include "auth/authenticator.h"
#include "pos/modules/realtime/settings.h"
#include "pos/modules/realtime/tickets.h"
#include "pos/modules/sync/topics.h"
#include "pos/plumbing/announcer.h"
#include "realtime/gate.h"
#include "realtime/hub.h"
#include "realtime/own_dialect.h"
#include "realtime/pusher/dialect.h"
#include "realtime/pusher/webhooks.h"
#include "realtime/sessions.h"

namespace pos {

// Of the process.
struct LiveShared {
    LiveShared(const RealtimeSettings& settings, base::RandomSource& random);
    realtime::Hubs hubs;
    realtime::SocketGate gate;
    realtime::pusher::Settings pusher;
    bool speaks_pusher = false;
};
[[nodiscard]] std::unique_ptr<LiveShared> make_live_shared(const RealtimeSettings& settings,
                                                           base::SecureRandom& random);

class Live final : public realtime::Access {
public:
    struct Parts {
        const app::LoopParts& loop;
        LiveShared& shared;
        const RealtimeSettings& settings;
        auth::Authenticator& authenticator;
        Announcer& announcer;
        redis::Client* redis;
        client::Client& http;
        const base::Clock& clock;
        base::RandomSource& random;
    };
    explicit Live(const Parts& parts);
    ~Live() override;

    async::Task<void> start();
    async::Task<void> stop(async::SteadyTime deadline);

    [[nodiscard]] realtime::Hub& hub() noexcept { return hub_; }
    [[nodiscard]] LiveShared& shared() noexcept { return parts_.shared; }
    [[nodiscard]] redis::Client* redis() noexcept { return parts_.redis; }
    [[nodiscard]] const base::Clock& clock() const noexcept { return parts_.clock; }

    // Throws 503 realtime.too_many_sockets.
    [[nodiscard]] realtime::SocketGate::Pass enter(const http::Context& context);
    [[nodiscard]] std::shared_ptr<realtime::Socket> make_socket(const realtime::Handshake& handshake,
                                                                realtime::Handshake::Answer& answer);
    [[nodiscard]] std::unique_ptr<realtime::Dialect> own(const std::shared_ptr<realtime::Socket>& socket,
                                                         std::optional<Identity> identity,
                                                         realtime::SocketGate::Pass pass);
    [[nodiscard]] std::unique_ptr<realtime::Dialect> pusher(const std::shared_ptr<realtime::Socket>& socket,
                                                            realtime::pusher::PusherDialect::Hello hello,
                                                            realtime::SocketGate::Pass pass);
    [[nodiscard]] async::Task<std::optional<Identity>> holder_of(TicketHolder holder, async::SteadyTime deadline);

    async::Task<std::vector<auth::Caller>> still_live(std::vector<auth::Caller> callers,
                                                      async::SteadyTime deadline) override;
    async::Task<std::optional<realtime::Followed>> may_begin(auth::Caller caller, std::string topic,
                                                             async::SteadyTime deadline) override;
    [[nodiscard]] const base::ErrorCode* why_not(const auth::Caller& caller,
                                                 const realtime::Followed& followed) const override;
    [[nodiscard]] realtime::Reader reader_of(const auth::Caller& caller,
                                             const realtime::Followed& followed) const override;
    async::Task<Identity> identify(std::string token, async::SteadyTime deadline) override;
    async::Task<Since> since(auth::Caller caller, std::string cursor, async::SteadyTime deadline) override;

private:
    void follow_tenant(const base::Uuid& tenant, bool is_followed);
    void on_poke(const base::Uuid& tenant, const Poke& poke);
    void begin_to_tell();
    async::Task<void> tell_changed();
    [[nodiscard]] bool may_tell_dashboard(const std::string& channel);
    async::Task<void> tell(std::string channel, base::Uuid tenant, sync::Topic topic);
    [[nodiscard]] auth::Caller caller_with(const base::Uuid& tenant, std::shared_ptr<const auth::Grants> grants) const;

    Parts parts_;
    realtime::SocketLimits limits_;
    realtime::SocketMetrics metrics_;
    realtime::MessageDeflater deflater_;
    realtime::MessageInflater inflater_;
    realtime::Hub hub_;
    realtime::SessionWatch sessions_;
    std::unique_ptr<realtime::pusher::Webhooks> webhooks_;
    std::unordered_map<base::Uuid, Announcer::Listening> listening_;
    std::unordered_map<std::string, async::SteadyTime> dashboards_told_;  // by channel
    std::set<std::string> changed_;                                       // channels whose topic is to be told
    bool is_telling_ = false;
    std::shared_ptr<const auth::Grants> everything_;  // what nothing is kept from
    async::Stop stop_;
    async::TaskGroup tasks_;
};

[[nodiscard]] std::unique_ptr<Live> make_live(const RealtimeSettings& settings, const app::LoopParts& parts,
                                              LiveShared& shared, auth::Authenticator& authenticator,
                                              Announcer& announcer, redis::Client* redis, client::Client& http,
                                              const base::Clock& clock, base::SecureRandom& random);

[[nodiscard]] std::vector<db::StatementView> live_statements();

}  // namespace pos
