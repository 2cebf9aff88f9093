#pragma once
// Events, from their transaction to the deliveries of each endpoint that asked for them.
//
//     .write_webhook_event = write_webhook_event            // Module: in the transaction of the event
//     co_await fan_out_events(db, &outbox, limit);            // the job, and tests
//
// Of a tenant without endpoints nothing is written. The body is put together once, and kept as bytes.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/app.h"
#include "db/db.h"
#include "jobs/outbox.h"
#include "pos/modules/webhooks/tables.h"

namespace pos {

inline constexpr std::string_view ping_event = "webhook.ping";
struct WebhookPinged {
    WebhookEndpointId webhook_id;

    friend constexpr auto describe(WebhookPinged*) {
        return schema::object<WebhookPinged>("WebhookPinged", schema::field<&WebhookPinged::webhook_id>("webhookId"));
    }
};
// In the document; of an endpoint that was asked for it, and of no other.
inline constexpr jobs::Event<WebhookPinged> webhook_pinged{ping_event};

// {"id":…,"type":…,"occurredAt":…,"data":…}
[[nodiscard]] std::string webhook_body(base::Uuid id, std::string_view type, base::Timestamp occurred_at,
                                       std::string_view data);

void write_webhook_event(db::Batch& batch, jobs::Outbox& outbox, const app::WebhookEvent& event);

// What may be asked for: the names of all modules' events. Of the process; any thread.
class WebhookTypes {
public:
    explicit WebhookTypes(const app::App& app);

    // A name, a resource's "sale.*", or "*".
    [[nodiscard]] bool knows(std::string_view asked) const;
    [[nodiscard]] const std::vector<const app::WebhookEventType*>& all() const noexcept { return types_; }
    // All that may be asked for but the resources: for people, and as JSON.
    [[nodiscard]] std::string names() const;
    [[nodiscard]] std::string names_json() const;

private:
    std::vector<const app::WebhookEventType*> types_;
};
[[nodiscard]] std::unique_ptr<WebhookTypes> make_webhook_types(const app::App& app);

// Makes the deliveries of all events of the tenant that no one has taken, and the jobs of the endpoints that they are for.
[[nodiscard]] async::Task<void> fan_out_events(db::Db db, jobs::Outbox* outbox, std::int64_t max_pending);

}  // namespace pos
