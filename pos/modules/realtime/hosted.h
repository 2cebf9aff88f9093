#pragma once
// Hosted services: Pusher Channels and Ably are told what our own sockets are told, so that whoever listens there hears of it. By settings:
// PUSHER_APP_…, ABLY_KEY; both may be. A service of each loop, http::Service<HostedLive>.
//
//     changes → poke {"seq":91823}          dashboard.…, intent.…, notifications → changed {}
//
// What leaves says where to look, never what is there: the service is somebody else's, and does not end a subscription when a right ends.
// It leaves by a job that commits with what it tells of (db/announcements.h, write_by), at least once, one at a time of a topic: what comes
// while a topic's job waits is told by it, and what comes while it runs by one more (BullMQ's deduplication, keepLastIfActive).
//
// 429, 5xx and the network: the job is tried again. 401, 403 and Ably's 40160: nothing will pass until a person has looked, so for a
// minute nothing is sent, and the log says so once. Whatever else is refused is given up: the next change is told anew.

#include <memory>
#include <string>
#include <vector>

#include "app/app.h"
#include "base/time.h"
#include "client/client.h"
#include "jobs/job_type.h"
#include "pos/modules/realtime/settings.h"
#include "pos/plumbing/runtime.h"
#include "realtime/hosted/publisher.h"

namespace app {
class JobHandlers;
}
namespace http {
class Routes;
}

namespace pos {

struct TellHosted {
    std::string topic;
    friend constexpr auto describe(TellHosted*) {
        return schema::object<TellHosted>("TellHosted", schema::field<&TellHosted::topic>("topic"));
    }
};
inline constexpr jobs::JobType<TellHosted> tell_hosted{
    "realtime",
    "realtime.tell_hosted",
    {.attempts = 12,
     .backoff = {"exponential", std::chrono::seconds(1), 0.5},
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .timeout = std::chrono::seconds(60)}};

class HostedLive {
public:
    struct Parts {
        const app::LoopParts& loop;
        const RealtimeSettings& settings;
        client::Client& http;
        jobs::Outbox& outbox;
        const base::Clock& clock;
    };
    explicit HostedLive(const Parts& parts);
    ~HostedLive();

    async::Task<void> start();
    async::Task<void> stop(async::SteadyTime deadline);

    // The job. `id`: of this attempt. Throws what makes it tried again, or given up (jobs::Unrecoverable).
    async::Task<void> tell(db::Db db, std::string topic, std::string id);

    [[nodiscard]] const std::optional<realtime::pusher::AppKeys>& pusher_app() const noexcept { return pusher_app_; }
    [[nodiscard]] const std::optional<std::string>& ably_key() const noexcept { return parts_.settings.ably_key; }
    [[nodiscard]] const base::Clock& clock() const noexcept { return parts_.clock; }

private:
    struct Service {
        std::string name;
        std::unique_ptr<realtime::hosted::Publisher> publisher;
        async::SteadyTime off_until{};  // its settings are wrong
    };
    void write(db::Batch& batch, const std::vector<db::AnnouncedRows>& rows);
    async::Task<realtime::hosted::Outcome> publish(Service* service, realtime::Message message, std::string id);

    Parts parts_;
    logging::Logger logger_;
    std::optional<realtime::pusher::AppKeys> pusher_app_;
    std::vector<Service> services_;
    observe::CounterFamily published_;
};

[[nodiscard]] std::unique_ptr<HostedLive> make_hosted_live(const RealtimeSettings& settings,
                                                           const app::LoopParts& parts, client::Client& http,
                                                           jobs::Outbox& outbox, const base::Clock& clock);

void hosted_jobs(app::JobHandlers handlers);
void hosted_routes(http::Routes routes);

}  // namespace pos
