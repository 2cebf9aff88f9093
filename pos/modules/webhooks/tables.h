#pragma once
// Webhooks out: endpoints and their secrets, what happened, what of it goes where, and how each attempt ended.

#include "db/error.h"
#include "db/table.h"
#include "pos/modules/users/tables.h"
#include "pos/plumbing/row.h"
#include "webhooks/attempt.h"

namespace pos {

using WebhookEndpointId = base::Id<struct WebhookEndpointTag>;
using WebhookSecretId = base::Id<struct WebhookSecretTag>;
using WebhookEventId = base::Id<struct WebhookEventTag>;
using WebhookDeliveryId = base::Id<struct WebhookDeliveryTag>;
using WebhookAttemptId = base::Id<struct WebhookAttemptTag>;

namespace errors {
inline constexpr auto webhook_too_many = base::conflict(
    "webhook.too_many", "There are as many endpoints as a shop may have (20, unless the service says otherwise)");
inline constexpr auto unknown_webhook = base::invalid("webhook.unknown", "There is no such endpoint");
inline constexpr auto unknown_webhook_event = base::invalid("webhook.unknown_event", "There is no such event");
inline constexpr auto webhook_full =
    base::conflict("webhook.full", "As many deliveries as may be wait for this endpoint already");
inline constexpr auto webhook_known = base::conflict("webhook.known", "The event goes to this endpoint already");
}  // namespace errors

enum class WebhookPayload : std::uint8_t { full, thin };
constexpr auto describe(WebhookPayload*) {
    return schema::enumeration<WebhookPayload>("WebhookPayload",
                                               {{WebhookPayload::full, "full"}, {WebhookPayload::thin, "thin"}});
}

enum class WebhookSigning : std::uint8_t { hmac, ed25519 };
constexpr auto describe(WebhookSigning*) {
    return schema::enumeration<WebhookSigning>("WebhookSigning",
                                               {{WebhookSigning::hmac, "hmac"}, {WebhookSigning::ed25519, "ed25519"}});
}

enum class WebhookDisabledReason : std::uint8_t { by_hand, failing, gone };
constexpr auto describe(WebhookDisabledReason*) {
    return schema::enumeration<WebhookDisabledReason>("WebhookDisabledReason",
                                                      {{WebhookDisabledReason::by_hand, "by_hand"},
                                                       {WebhookDisabledReason::failing, "failing"},
                                                       {WebhookDisabledReason::gone, "gone"}});
}

// What a client may set.
struct WebhookEndpointFields {
    std::string url;
    std::optional<std::string> description;
    std::vector<std::string> event_types;
    std::vector<LocationId> location_ids;
    WebhookPayload payload = WebhookPayload::full;
    bool ordered = false;
    bool enabled = true;

    friend constexpr auto describe(WebhookEndpointFields*) {
        using schema::field;
        using Fields = WebhookEndpointFields;
        return schema::object<Fields>(
            "Webhook",
            field<&Fields::url>("url", {.min_length = 1,
                                        .max_length = 2'000,
                                        .text = schema::Text::free,
                                        .doc = "Where events are posted to: https, at port 443 or 8443, and no private "
                                               "address. In development also this machine, by http.",
                                        .example = R"("https://example.com/hooks/shop")"}),
            field<&Fields::description>("description", {.max_length = 200, .text = schema::Text::name}),
            field<&Fields::event_types>("eventTypes",
                                        {.min_items = 1,
                                         .max_items = 50,
                                         .items = {.min_length = 1, .max_length = 80, .text = schema::Text::identifier},
                                         .doc = "Names of events, each kept once; `sale.*` for all of a resource; `*` "
                                                "for all, also those of later releases.",
                                         .example = R"(["sale.*","payment.succeeded"])"}),
            field<&Fields::location_ids>(
                "locationIds", {.max_items = 100,
                                .defaulted = true,
                                .doc = "Only events of these locations, and those that belong to none. Empty: all."}),
            field<&Fields::payload>(
                "payload",
                {.defaulted = true,
                 .doc = "`thin`: `data` has the id alone; ask the API for the rest. A delivery keeps the form "
                        "that it was made with."}),
            field<&Fields::ordered>(
                "ordered", {.defaulted = true,
                            .doc = "Events of one subject leave one behind the other: the next one when the one before "
                                   "it has arrived, or was given up."}),
            field<&Fields::enabled>("enabled",
                                    {.defaulted = true,
                                     .doc = "False: nothing is sent, and events are counted as missed. What waits goes "
                                            "on when it is true again."}));
    }
};

struct WebhookEndpoint {
    WebhookEndpointId id;
    WebhookEndpointFields fields;
    WebhookSigning signing = WebhookSigning::hmac;
    std::optional<WebhookDisabledReason> disabled_reason;
    std::optional<base::Timestamp> disabled_at;
    RowMeta meta;

    friend constexpr auto describe(WebhookEndpoint*) {
        using schema::field;
        return schema::object<WebhookEndpoint>(
            "WebhookEndpoint", field<&WebhookEndpoint::id>("id"), schema::flatten<&WebhookEndpoint::fields>(),
            field<&WebhookEndpoint::signing>(
                "signing", {.doc = "`hmac`: signatures `v1`, and a shared secret (`whsec_`). `ed25519`: signatures "
                                   "`v1a`, verified with a public key (`whpk_`)."}),
            field<&WebhookEndpoint::disabled_reason>(
                "disabledReason",
                {.doc = "`gone`: it answered 410. `failing`: nothing arrived for five days. `by_hand`: "
                        "somebody set `enabled` to false."}),
            field<&WebhookEndpoint::disabled_at>("disabledAt"), schema::flatten<&WebhookEndpoint::meta>());
    }
};

// A key that an endpoint's messages are signed with. The newest has no end; each former one has its own.
struct WebhookSecret {
    WebhookSecretId id;
    WebhookEndpointId endpoint_id;
    schema::Bytes sealed;
    base::Timestamp created_at;
    std::optional<base::Timestamp> expires_at;

    friend constexpr auto describe(WebhookSecret*) {
        using schema::field;
        return schema::object<WebhookSecret>(
            "WebhookSecret", field<&WebhookSecret::id>("id"), field<&WebhookSecret::endpoint_id>("endpointId"),
            field<&WebhookSecret::sealed>("sealed"), field<&WebhookSecret::created_at>("createdAt"),
            field<&WebhookSecret::expires_at>("expiresAt"));
    }
};

// What waits for an endpoint, one row each. Who holds the lease alone sends; `claim` counts the leases, and fences a former holder.
// A fast one has proved itself: its last requests arrived, and none of them took long.
struct WebhookQueue {
    WebhookEndpointId endpoint_id;
    std::int64_t pending = 0;
    std::int64_t missed = 0;
    std::optional<base::Timestamp> missed_since;
    std::optional<base::Timestamp> failing_since;
    std::optional<base::Timestamp> next_due_at;
    std::optional<base::Timestamp> wake_at;  // for when its job is in the queue
    std::optional<base::Timestamp> leased_until;
    std::int64_t claim = 0;
    bool is_fast = false;
    bool has_fast_turn = false;                    // of the lease: among whose turns it counts
    std::optional<base::Timestamp> waiting_since;  // for a turn, as the tenant has as many as may be

    friend constexpr auto describe(WebhookQueue*) {
        using schema::field;
        return schema::object<WebhookQueue>(
            "WebhookQueue", field<&WebhookQueue::endpoint_id>("endpointId"), field<&WebhookQueue::pending>("pending"),
            field<&WebhookQueue::missed>("missed"), field<&WebhookQueue::missed_since>("missedSince"),
            field<&WebhookQueue::failing_since>("failingSince"), field<&WebhookQueue::next_due_at>("nextDueAt"),
            field<&WebhookQueue::wake_at>("wakeAt"), field<&WebhookQueue::leased_until>("leasedUntil"),
            field<&WebhookQueue::claim>("claim"), field<&WebhookQueue::is_fast>("isFast"),
            field<&WebhookQueue::has_fast_turn>("hasFastTurn"), field<&WebhookQueue::waiting_since>("waitingSince"));
    }
};

// What happened, written in the transaction in which it did. Its bodies are bytes: each attempt sends the same.
struct WebhookEventRow {
    WebhookEventId id;
    std::int64_t position = 0;
    std::string type;
    base::Uuid subject;
    std::optional<base::Uuid> place;
    schema::Bytes body;
    schema::Bytes thin_body;
    base::Timestamp occurred_at;
    base::Timestamp recorded_at;
    std::optional<base::Timestamp> fanned_out_at;

    friend constexpr auto describe(WebhookEventRow*) {
        using schema::field;
        return schema::object<WebhookEventRow>(
            "WebhookEventRow", field<&WebhookEventRow::id>("id"), field<&WebhookEventRow::position>("position"),
            field<&WebhookEventRow::type>("type"), field<&WebhookEventRow::subject>("subject"),
            field<&WebhookEventRow::place>("place"), field<&WebhookEventRow::body>("body"),
            field<&WebhookEventRow::thin_body>("thinBody"), field<&WebhookEventRow::occurred_at>("occurredAt"),
            field<&WebhookEventRow::recorded_at>("recordedAt"), field<&WebhookEventRow::fanned_out_at>("fannedOutAt"));
    }
};

enum class WebhookDeliveryState : std::uint8_t { pending, succeeded, exhausted };
constexpr auto describe(WebhookDeliveryState*) {
    return schema::enumeration<WebhookDeliveryState>("WebhookDeliveryState",
                                                     {{WebhookDeliveryState::pending, "pending"},
                                                      {WebhookDeliveryState::succeeded, "succeeded"},
                                                      {WebhookDeliveryState::exhausted, "exhausted"}});
}

// An event on its way to an endpoint, in the form that the endpoint asked for when it was made. `attempts` counts those of the plan, and begins anew when somebody asks for it; `sent` all.
struct WebhookDelivery {
    WebhookDeliveryId id;
    WebhookEndpointId endpoint_id;
    WebhookEventId event_id;
    std::string event_type;
    base::Uuid subject;
    std::int64_t position = 0;
    WebhookDeliveryState state = WebhookDeliveryState::pending;
    std::int32_t attempts = 0;
    std::int32_t sent = 0;
    std::optional<base::Timestamp> next_attempt_at;  // null while it is pending: it waits for the one before it
    std::optional<::webhooks::Outcome> last_outcome;
    std::optional<std::int32_t> last_status;
    base::Timestamp created_at;
    std::optional<base::Timestamp> settled_at;
    bool is_thin = false;

    friend constexpr auto describe(WebhookDelivery*) {
        using schema::field;
        return schema::object<WebhookDelivery>(
            "WebhookDelivery", field<&WebhookDelivery::id>("id"), field<&WebhookDelivery::endpoint_id>("endpointId"),
            field<&WebhookDelivery::event_id>("eventId", {.doc = "The `webhook-id` of each of its requests."}),
            field<&WebhookDelivery::event_type>("eventType"), field<&WebhookDelivery::subject>("subject"),
            field<&WebhookDelivery::position>("position", {.internal = true}), field<&WebhookDelivery::state>("state"),
            field<&WebhookDelivery::attempts>(
                "attempts", {.doc = "Of the nine that the plan has. Counted before the request leaves: one without an "
                                    "entry among the attempts is one whose end nobody wrote down."}),
            field<&WebhookDelivery::sent>("sent", {.internal = true}),
            field<&WebhookDelivery::next_attempt_at>(
                "nextAttemptAt", {.doc = "Null while it is pending: it waits for an earlier event of its subject."}),
            field<&WebhookDelivery::last_outcome>("lastOutcome"), field<&WebhookDelivery::last_status>("lastStatus"),
            field<&WebhookDelivery::created_at>("createdAt"), field<&WebhookDelivery::settled_at>("settledAt"),
            field<&WebhookDelivery::is_thin>("isThin", {.internal = true}));
    }
};

struct WebhookAttempt {
    WebhookAttemptId id;
    WebhookDeliveryId delivery_id;
    std::int32_t number = 0;
    base::Timestamp started_at;
    std::int32_t duration_ms = 0;
    ::webhooks::Outcome outcome{};
    std::optional<std::int32_t> status;
    std::optional<std::string> reply;

    friend constexpr auto describe(WebhookAttempt*) {
        using schema::field;
        return schema::object<WebhookAttempt>(
            "WebhookAttempt", field<&WebhookAttempt::id>("id"),
            field<&WebhookAttempt::delivery_id>("deliveryId", {.internal = true}),
            field<&WebhookAttempt::number>("number"), field<&WebhookAttempt::started_at>("startedAt"),
            field<&WebhookAttempt::duration_ms>("durationMs"), field<&WebhookAttempt::outcome>("outcome"),
            field<&WebhookAttempt::status>("status", {.doc = "Of the reply; null: there was none."}),
            field<&WebhookAttempt::reply>(
                "reply", {.doc = "The first 1 KiB of the reply's body, without what looks like a secret."}));
    }
};

namespace tables {
inline constexpr auto webhook_endpoints = db::tenant_table<WebhookEndpoint>(
    "webhook_endpoints", db::primary_key<&WebhookEndpoint::id>(errors::id_taken), db::no_delete(),
    // Their names are what guards refuse by (statements.h).
    db::check("webhook_endpoints_limit", "url <> ''", errors::webhook_too_many),
    db::check("webhook_endpoints_locations", "url <> ''", errors::unknown_location),
    db::check("webhook_endpoints_types", POS_FLAT_AND_WHOLE("event_types"), db::errors::value_refused),
    db::check("webhook_endpoints_places", POS_FLAT_AND_WHOLE("location_ids"), db::errors::value_refused),
    db::index<&RowMeta::created_at, &WebhookEndpoint::id>("webhook_endpoints_newest"),
    db::index<&RowMeta::updated_at, &WebhookEndpoint::id>("webhook_endpoints_updated"));

inline constexpr auto webhook_secrets = db::tenant_table<WebhookSecret>(
    "webhook_secrets", db::primary_key<&WebhookSecret::id>(),
    db::references<&WebhookSecret::endpoint_id>("webhook_secrets_endpoint", webhook_endpoints, errors::unknown_webhook),
    db::index<&WebhookSecret::endpoint_id, &WebhookSecret::created_at>("webhook_secrets_of_endpoint"),
    db::expression_index("webhook_secrets_age", "btree", "expires_at").where("expires_at is not null"));

inline constexpr auto webhook_queues = db::tenant_table<WebhookQueue>(
    "webhook_queues", db::primary_key<&WebhookQueue::endpoint_id>(), db::no_delete(),
    db::column_default<&WebhookQueue::is_fast>("false"), db::column_default<&WebhookQueue::has_fast_turn>("false"),
    db::references<&WebhookQueue::endpoint_id>("webhook_queues_endpoint", webhook_endpoints, errors::unknown_webhook),
    db::check("webhook_queues_counts", "pending >= 0 and missed >= 0", db::errors::value_refused),
    // Its name is what a guard refuses by (statements.h).
    db::check("webhook_queues_room", "pending >= 0", errors::webhook_full),
    // Across tenants: what is due and nobody does.
    db::expression_index("webhook_queues_due", "btree", "next_due_at").where("next_due_at is not null"));

inline constexpr auto webhook_events = db::tenant_table<WebhookEventRow>(
    "webhook_events", db::primary_key<&WebhookEventRow::id>(),
    db::index<&WebhookEventRow::recorded_at, &WebhookEventRow::id>("webhook_events_newest"),
    db::index<&WebhookEventRow::position>("webhook_events_waiting").where("fanned_out_at is null"),
    // Across tenants: what no job has taken, and what goes.
    db::expression_index("webhook_events_late", "btree", "recorded_at").where("fanned_out_at is null"),
    db::expression_index("webhook_events_age", "btree", "recorded_at"));

inline constexpr auto webhook_deliveries = db::tenant_table<WebhookDelivery>(
    "webhook_deliveries", db::primary_key<&WebhookDelivery::id>(),
    db::column_default<&WebhookDelivery::is_thin>("false"),
    db::unique<&WebhookDelivery::event_id, &WebhookDelivery::endpoint_id>("webhook_deliveries_once",
                                                                          errors::webhook_known),
    db::references<&WebhookDelivery::endpoint_id>("webhook_deliveries_endpoint", webhook_endpoints,
                                                  errors::unknown_webhook),
    db::references<&WebhookDelivery::event_id>("webhook_deliveries_event", webhook_events,
                                               errors::unknown_webhook_event),
    // Of one endpoint: what is due first, however much waits; and what is the next of a subject.
    db::index<&WebhookDelivery::endpoint_id, &WebhookDelivery::next_attempt_at>("webhook_deliveries_due")
        .where("state = 'pending' and next_attempt_at is not null"),
    db::index<&WebhookDelivery::endpoint_id, &WebhookDelivery::subject, &WebhookDelivery::position>(
        "webhook_deliveries_in_order")
        .where("state = 'pending'"),
    db::index<&WebhookDelivery::endpoint_id, &WebhookDelivery::created_at, &WebhookDelivery::id>(
        "webhook_deliveries_newest"),
    db::index<&WebhookDelivery::endpoint_id, &WebhookDelivery::state, &WebhookDelivery::created_at,
              &WebhookDelivery::id>("webhook_deliveries_by_state"),
    db::index<&WebhookDelivery::endpoint_id, &WebhookDelivery::event_type, &WebhookDelivery::created_at,
              &WebhookDelivery::id>("webhook_deliveries_by_type"),
    db::expression_index("webhook_deliveries_age", "btree", "settled_at").where("settled_at is not null"),
    db::expression_index("webhook_deliveries_old", "btree", "created_at").where("state = 'pending'"));

// Without a foreign key: rows are many, and go before what they are about.
inline constexpr auto webhook_attempts = db::tenant_table<WebhookAttempt>(
    "webhook_attempts", db::primary_key<&WebhookAttempt::id>(),
    db::index<&WebhookAttempt::delivery_id, &WebhookAttempt::number>("webhook_attempts_of_delivery"),
    db::expression_index("webhook_attempts_age", "btree", "started_at"));
}  // namespace tables

}  // namespace pos
