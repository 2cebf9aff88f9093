#pragma once
// WebhookSender: sends what waits for an endpoint, one turn at a time. One a loop, a service.
//
//     co_await scope.use<WebhookSender>().serve(scope.db(), endpoint, is_fast, job.cancellation());      // the job
//
// A turn holds the endpoint's lease: no other worker sends to it meanwhile, so no delivery is sent twice at once. It takes
// deliveries in the order in which they are due, counts their attempts before a byte leaves, sends some at a time, writes down how
// they ended, and ends after three seconds; what is left is another job's, behind those of the other endpoints. The lease is longer
// than the turn and its last request together, and what is left of it is looked at before each. Where an endpoint leads and its
// secrets are looked up with each portion.
//
// Fast is an endpoint whose last requests arrived, none of them late: it has a queue and workers of its own. All others, new ones
// and those that were enabled again among them, have one portion a turn in the other queue. Of each queue a tenant has a few turns
// at once, and its other endpoints wait for those: whatever its endpoints do, other tenants find workers. One that fails gets one
// request at a time.

#include <algorithm>
#include <memory>
#include <vector>

#include "app/app.h"
#include "async/resolver.h"
#include "client/client.h"
#include "client/guard.h"
#include "jobs/job.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/webhooks/keys.h"
#include "pos/modules/webhooks/settings.h"
#include "pos/modules/webhooks/statements.h"
#include "webhooks/attempt.h"

namespace pos {

class WebhookSender {
public:
    struct Parts {
        const WebhookSettings& settings;
        const WebhookKeys& keys;
        const Notifier& notifier;
        Runtime& runtime;
        client::Client& http;
        db::Databases databases;
        base::RandomSource& random;
        std::int64_t workers = 8;      // of each queue
        bool allows_loopback = false;  // for development and tests: this machine, by http
    };
    WebhookSender(Parts parts, const app::LoopParts& loop);

    // `is_fast`: for the workers of the fast ones. An endpoint that is none of theirs gets a job in its own queue.
    [[nodiscard]] async::Task<void> serve(db::Db db, WebhookEndpointId id, bool is_fast,
                                          std::shared_ptr<const jobs::Cancellation> cancellation);

    // Whether a tenant may have this URL called: throws url.*, at /url. Judged again at each attempt.
    [[nodiscard]] async::Task<void> require_url(std::string url, async::SteadyTime deadline) const;

    [[nodiscard]] const WebhookSettings& settings() const noexcept { return parts_.settings; }

    static constexpr std::chrono::seconds turn_time{3};
    static constexpr std::chrono::seconds lease{60};
    // A request that took longer is of a slow endpoint.
    static constexpr std::chrono::milliseconds long_request{2'000};
    // Of a tenant, in each of the two queues; and no more than half of its workers here.
    static constexpr std::int64_t most_turns = 4;

private:
    struct Key {
        ::webhooks::SigningKey key;
        std::optional<async::SteadyTime> until;
    };
    struct Run {
        WebhookEndpointId id;
        hooks::Turn turn;
        bool had_fast_turn = false;
        bool is_ordered = false;
        std::string url{};  // that the newest deliveries went to
        std::vector<Key> keys{};
        std::optional<WebhookDisabledReason> disabled_for{};
        std::int32_t rest_seconds = 0;  // before the next turn
    };
    struct Sent {
        hooks::Taken delivery;
        base::Timestamp started_at;
        ::webhooks::Attempt attempt;
        bool was_sent = true;  // false: its attempts were used up before
    };

    [[nodiscard]] std::chrono::seconds most_sending() const {
        return std::chrono::seconds(parts_.settings.timeout_seconds);
    }
    [[nodiscard]] std::int64_t most_turns_here() const {
        return std::clamp<std::int64_t>(parts_.workers / 2, 1, most_turns);
    }
    [[nodiscard]] async::Task<std::optional<hooks::Turn>> begin_turn(db::Db db, WebhookEndpointId id,
                                                                     bool is_fast) const;
    [[nodiscard]] async::Task<void> wake_next(db::Db db, bool is_fast) const;
    [[nodiscard]] async::Task<bool> open_keys(db::Db db, Run* run) const;
    [[nodiscard]] async::Task<void> take_turn(db::Db db, Run* run,
                                              std::shared_ptr<const jobs::Cancellation> cancellation) const;
    [[nodiscard]] async::Task<std::vector<Sent>> send_all(const Run* run, std::vector<hooks::Taken> deliveries,
                                                          async::SteadyTime deadline,
                                                          const observe::SpanContext* span) const;
    [[nodiscard]] async::Task<Sent> send_one(const Run* run, hooks::Taken delivery, async::SteadyTime deadline,
                                             const observe::SpanContext* span) const;
    [[nodiscard]] async::Task<void> settle(db::Db db, Run* run, std::vector<Sent> sent) const;
    [[nodiscard]] async::Task<bool> disable(db::Db db, const Run* run) const;
    [[nodiscard]] async::Task<void> end_turn(db::Db db, const Run* run) const;

    Parts parts_;
    logging::Logger logger_;
    observe::CounterFamily attempts_;
    client::Target target_;
    std::unique_ptr<async::Resolver> resolver_;  // of URLs that tenants type in; those of calls have another one
};

[[nodiscard]] std::unique_ptr<WebhookSender> make_webhook_sender(const WebhookSettings& settings,
                                                                 const client::Settings& outgoing,
                                                                 const WebhookKeys& keys, const Notifier& notifier,
                                                                 Runtime& runtime, client::Client& http,
                                                                 base::SecureRandom& random,
                                                                 const app::LoopParts& parts);

}  // namespace pos
