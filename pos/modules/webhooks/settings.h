#pragma once
// Bounds of webhooks.
//
//     .settings = app::settings<WebhookSettings>()

#include "schema/schema.h"

namespace pos {

struct WebhookSettings {
    std::int32_t max_endpoints = 20;
    std::int64_t max_pending = 100'000;
    std::int32_t concurrency = 8;
    std::int32_t timeout_seconds = 15;

    friend constexpr auto describe(WebhookSettings*) {
        using schema::field;
        return schema::object<WebhookSettings>(
            "WebhookSettings",
            field<&WebhookSettings::max_endpoints>(
                "WEBHOOK_MAX_ENDPOINTS",
                {.min = 1, .max = 200, .defaulted = true, .doc = "Endpoints that a tenant may have."}),
            field<&WebhookSettings::max_pending>(
                "WEBHOOK_MAX_PENDING",
                {.min = 100,
                 .max = 10'000'000,
                 .defaulted = true,
                 .doc = "Deliveries that may wait for one endpoint. What happens while it has so many is counted as "
                        "missed, and sent when somebody asks for it (`POST /v1/webhooks/{id}/redeliver`)."}),
            field<&WebhookSettings::concurrency>(
                "WEBHOOK_CONCURRENCY",
                {.min = 1,
                 .max = 64,
                 .defaulted = true,
                 .doc = "Requests to one endpoint at a time. One that fails gets one at a time."}),
            field<&WebhookSettings::timeout_seconds>(
                "WEBHOOK_TIMEOUT_SECONDS",
                {.min = 1, .max = 30, .defaulted = true, .doc = "How long an endpoint may take to answer."}));
    }
};

}  // namespace pos
