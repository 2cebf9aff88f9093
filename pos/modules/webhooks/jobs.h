#pragma once
// The jobs of webhooks. They carry ids alone: what is to be done stands in PostgreSQL, and the sweep finds what Redis has lost.

#include "jobs/job_type.h"
#include "jobs/outbox.h"
#include "pos/modules/webhooks/tables.h"

namespace pos {

struct FanOutWebhooks {
    friend constexpr auto describe(FanOutWebhooks*) { return schema::object<FanOutWebhooks>("FanOutWebhooks"); }
};
struct ServeWebhook {
    WebhookEndpointId endpoint_id;

    friend constexpr auto describe(ServeWebhook*) {
        return schema::object<ServeWebhook>("ServeWebhook", schema::field<&ServeWebhook::endpoint_id>("endpointId"));
    }
};

namespace detail {
// Once: what fails is found by the sweep.
inline constexpr jobs::JobDefaults webhook_job{
    .attempts = 1,
    .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
    .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
    .timeout = std::chrono::minutes(2)};
}  // namespace detail

inline constexpr jobs::JobType<FanOutWebhooks> fan_out_webhooks{"webhooks", "webhooks.fan_out", detail::webhook_job};
inline constexpr jobs::JobType<ServeWebhook> serve_webhook{"webhooks", "webhooks.serve", detail::webhook_job};
// Endpoints that have not proved themselves, are slow, or fail have workers of their own: however many of them hang, the others do
// not wait. A job that finds its endpoint among the others goes there.
inline constexpr jobs::JobType<ServeWebhook> serve_failing_webhook{"webhooks_failing", "webhooks.serve_failing",
                                                                   detail::webhook_job};

[[nodiscard]] constexpr const jobs::JobType<ServeWebhook>& serve_job_of(bool is_fast) {
    return is_fast ? serve_webhook : serve_failing_webhook;
}

}  // namespace pos
