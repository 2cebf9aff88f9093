#pragma once
// WebhookSender: sends what waits for an endpoint, one turn at a time. One a loop, a service.
//
//     co_await scope.use<WebhookSender>().serve(scope.db(), endpoint, job.cancellation());      // the job
//
// A turn holds the endpoint's lease: no other worker sends to it meanwhile, so no delivery is sent twice at once. It takes
// deliveries in the order in which they are due, counts their attempts before a byte leaves, sends some at a time, writes down how
// they ended, and ends after ten seconds; what is left is another job's, behind those of the other endpoints. The lease is longer
// than the turn and its last request together, and what is left of it is looked at before each.
//
// An endpoint that fails gets one request at a time, and no more in this turn; its jobs are in a queue of their own.

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
        bool allows_loopback = false;  // for development and tests: this machine, by http
    };
    WebhookSender(Parts parts, const app::LoopParts& loop);

    [[nodiscard]] async::Task<void> serve(db::Db db, WebhookEndpointId id,
                                          std::shared_ptr<const jobs::Cancellation> cancellation);

    // Whether a tenant may have this URL called: throws url.*, at /url. Judged again at each attempt.
    [[nodiscard]] async::Task<void> require_url(std::string url, async::SteadyTime deadline) const;

    [[nodiscard]] const WebhookSettings& settings() const noexcept { return parts_.settings; }

    static constexpr std::chrono::seconds turn_time{10};
    static constexpr std::chrono::seconds lease{60};

private:
    struct Key {
        ::webhooks::SigningKey key;
        std::optional<async::SteadyTime> until;
    };
    struct Run {
        WebhookEndpointId id;
        hooks::Turn turn;
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
    [[nodiscard]] async::Task<bool> open_keys(db::Db db, Run* run) const;
    [[nodiscard]] async::Task<void> take_turn(db::Db db, Run* run,
                                              std::shared_ptr<const jobs::Cancellation> cancellation) const;
    [[nodiscard]] async::Task<std::vector<Sent>> send_all(const Run* run, std::vector<hooks::Taken> deliveries,
                                                          async::SteadyTime deadline,
                                                          const observe::SpanContext* span) const;
    [[nodiscard]] async::Task<Sent> send_one(const Run* run, hooks::Taken delivery, async::SteadyTime deadline,
                                             const observe::SpanContext* span) const;
    [[nodiscard]] async::Task<void> settle(db::Db db, Run* run, std::vector<Sent> sent) const;
    [[nodiscard]] async::Task<void> disable(db::Db db, const Run* run) const;
    [[nodiscard]] async::Task<void> end_turn(db::Db db, const Run* run) const;

    Parts parts_;
    logging::Logger logger_;
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
