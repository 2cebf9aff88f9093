// What was sent to an endpoint, and once more.
#include "auth/caller.h"
#include "pos/modules/webhooks/events.h"
#include "pos/modules/webhooks/jobs.h"
#include "pos/modules/webhooks/routes.h"
#include "pos/modules/webhooks/sender.h"
#include "pos/plumbing/answer_once.h"
#include "pos/plumbing/audit.h"

namespace pos {

namespace {

namespace own {
constexpr auto disabled =
    base::conflict("webhook.disabled", "The endpoint is disabled: PATCH it with enabled true, then ask again");
constexpr auto one_of_two = base::invalid("webhook.one_of_two", "Give deliveryId or since, not both");
}  // namespace own

struct DeliveryFilter {
    db::PageRequest page;
    std::optional<WebhookDeliveryState> state;
    std::optional<std::string> event_type;
    std::optional<base::Timestamp> since;
    std::optional<base::Timestamp> until;

    friend constexpr auto describe(DeliveryFilter*) {
        using schema::field;
        return schema::object<DeliveryFilter>(
            "WebhookDeliveryFilter", schema::flatten<&DeliveryFilter::page>(),
            field<&DeliveryFilter::state>("state", {.doc = "What became of it."}),
            field<&DeliveryFilter::event_type>(
                "eventType", {.max_length = 80, .text = schema::Text::raw, .doc = "Those of this type alone."}),
            field<&DeliveryFilter::since>("since", {.doc = "Made then or later."}),
            field<&DeliveryFilter::until>("until", {.doc = "Made before."}));
    }
};

struct DeliveryDetails {
    WebhookDelivery delivery;
    std::string payload;
    std::vector<WebhookAttempt> tries;

    friend constexpr auto describe(DeliveryDetails*) {
        using schema::field;
        return schema::object<DeliveryDetails>(
            "WebhookDeliveryDetails", schema::flatten<&DeliveryDetails::delivery>(),
            field<&DeliveryDetails::payload>("payload", {.doc = "The body of each request, byte for byte."}),
            field<&DeliveryDetails::tries>("tries", {.doc = "The attempts and their outcomes, the first 100."}));
    }
};

struct Pinged {
    WebhookDeliveryId delivery_id;
    WebhookEventId event_id;

    friend constexpr auto describe(Pinged*) {
        return schema::object<Pinged>("WebhookPing", schema::field<&Pinged::delivery_id>("deliveryId"),
                                      schema::field<&Pinged::event_id>("eventId"));
    }
};

struct Redeliver {
    std::optional<WebhookDeliveryId> delivery_id;
    std::optional<base::Timestamp> since;

    friend constexpr auto describe(Redeliver*) {
        return schema::object<Redeliver>(
            "WebhookRedeliver",
            schema::field<&Redeliver::delivery_id>("deliveryId", {.doc = "This one, whatever became of it."}),
            schema::field<&Redeliver::since>("since", {.doc = "All that was given up or missed since, at most 30 days "
                                                              "ago; 10,000 of each at a time.",
                                                       .example = R"("2026-11-22T00:00:00Z")"}));
    }
};

struct Redelivered {
    std::int64_t count = 0;
    std::int64_t missed = 0;

    friend constexpr auto describe(Redelivered*) {
        return schema::object<Redelivered>(
            "WebhookRedelivered", schema::field<&Redelivered::count>("count", {.doc = "Deliveries that wait anew."}),
            schema::field<&Redelivered::missed>(
                "missed", {.doc = "Events that are still missed, as there is no room for them yet: ask again when "
                                  "what waits has arrived."}));
    }
};

async::Task<WebhookEndpoint> endpoint_of(db::Db db, WebhookEndpointId id) {
    co_return live(co_await db.one(hooks::endpoint_rows.by_id, id));
}

async::Task<db::Page<WebhookDelivery>> list(auth::Permitted<"webhooks.read">, http::Path<"id", WebhookEndpointId> id,
                                            http::Query<DeliveryFilter> filter, db::Db db) {
    std::ignore = co_await endpoint_of(db, *id);
    const auto since = filter->since.value_or(base::Timestamp{});
    const auto until = filter->until.value_or(*base::parse_timestamp("9999-01-01T00:00:00Z"));
    if (filter->state)
        co_return co_await db.page(hooks::delivery_page_of_state, filter->page, *id, since, until, filter->event_type,
                                   *filter->state);
    co_return co_await db.page(hooks::delivery_page, filter->page, *id, since, until, filter->event_type);
}

async::Task<WebhookDelivery> delivery_of(db::Db db, WebhookEndpointId endpoint, WebhookDeliveryId id) {
    auto row = co_await db.one(hooks::delivery_by_id, id);
    if (!row || row->endpoint_id != endpoint) throw base::Failure(errors::row_not_found);
    co_return *std::move(row);
}

async::Task<DeliveryDetails> show(auth::Permitted<"webhooks.read">, http::Path<"id", WebhookEndpointId> id,
                                  http::Path<"deliveryId", WebhookDeliveryId> delivery, db::Db db) {
    std::ignore = co_await endpoint_of(db, *id);
    DeliveryDetails details;
    details.delivery = co_await delivery_of(db, *id, *delivery);
    details.payload = co_await db.only(hooks::body_of, details.delivery.event_id, details.delivery.is_thin);
    details.tries = co_await db.all(hooks::attempts_of, *delivery);
    co_return details;
}

void require_enabled(const WebhookEndpoint& endpoint) {
    if (!endpoint.fields.enabled) throw base::Failure(own::disabled);
}

struct Asked {
    const Creator& write;
    WebhookEndpointId endpoint;
    Redeliver what{};
    std::int64_t max_pending = 0;

    [[nodiscard]] Runtime& runtime() const { return write.runtime(); }
};

async::Task<Pinged> ping_in(db::Db tx, const Asked* asked) {
    const auto id = asked->endpoint;
    require_enabled(co_await endpoint_of(tx, id));
    auto& runtime = asked->runtime();
    const Pinged pinged{runtime.new_id<WebhookDeliveryId>(), runtime.new_id<WebhookEventId>()};
    const auto now = runtime.now();
    auto batch = tx.batch();
    batch.add(hooks::lock_queue, id);
    batch.add(hooks::refuse_full, id, asked->max_pending);
    batch.add(hooks::add_own_event, pinged.event_id, std::string(ping_event), id.uuid(),
              schema::Bytes{webhook_body(pinged.event_id.uuid(), ping_event, now, schema::to_json(WebhookPinged{id}))},
              now);
    batch.add(hooks::add_own_delivery, pinged.delivery_id, id, pinged.event_id);
    batch.add(hooks::count_pending, id, std::int64_t{1});
    runtime.outbox().add(batch, serve_webhook, {id});
    co_await batch.commit();
    co_return pinged;
}

async::Task<http::JsonBytes<Pinged>> ping(Create<"webhooks.write"> write, http::Path<"id", WebhookEndpointId> id,
                                          db::Db db, http::Service<WebhookSender> sender) {
    const Asked asked{.write = write, .endpoint = *id, .max_pending = sender->settings().max_pending};
    co_return co_await answer_once<Pinged>(&write, db, write.request(Fingerprint{}),
                                           [&asked](db::Db tx) { return ping_in(tx, &asked); });
}

async::Task<Redelivered> revive_one(db::Db tx, const Asked* asked, WebhookDeliveryId delivery) {
    const auto id = asked->endpoint;
    const auto row = co_await delivery_of(tx, id, delivery);
    // One that is pending is hastened, and takes no more room.
    if (row.state != WebhookDeliveryState::pending) co_await tx.run(hooks::refuse_full, id, asked->max_pending);
    const auto added = co_await tx.only(hooks::send_again, id, delivery);
    co_await tx.run(hooks::count_pending, id, added);
    const auto queue = co_await tx.one(hooks::queue_of, id);
    co_return Redelivered{1, queue ? queue->missed : 0};
}

async::Task<Redelivered> revive_all(db::Db tx, const Asked* asked, base::Timestamp since) {
    const auto id = asked->endpoint;
    // Each counts before the next one looks how much room is left.
    const auto given_up = co_await tx.only(hooks::revive_since, id, since, asked->max_pending);
    co_await tx.run(hooks::count_pending, id, given_up);
    const auto missed = co_await tx.only(hooks::add_missed_since, id, since, asked->max_pending);
    co_await tx.run(hooks::count_pending, id, missed.added);
    const auto left = co_await tx.only(hooks::forget_missed, id, since, missed.added, missed.is_all);
    co_return Redelivered{given_up + missed.added, left};
}

async::Task<Redelivered> redeliver_in(db::Db tx, const Asked* asked) {
    const auto id = asked->endpoint;
    const auto endpoint = co_await endpoint_of(tx, id);
    require_enabled(endpoint);
    co_await tx.run(hooks::lock_queue, id);
    const auto& what = asked->what;
    const auto done =
        what.since ? co_await revive_all(tx, asked, *what.since) : co_await revive_one(tx, asked, *what.delivery_id);
    const auto& write = asked->write;
    auto batch = tx.batch();
    if (endpoint.fields.ordered && what.since) batch.add(hooks::let_heads_go, id);
    audit(batch, asked->runtime(),
          {.action = "webhook.redeliver",
           .actor = UserId(write.user_id),
           .subject = id.uuid(),
           .address = std::string(write.context().request().client_address())});
    asked->runtime().outbox().add(batch, serve_webhook, {id});
    co_await batch.commit();
    co_return done;
}

async::Task<http::JsonBytes<Redelivered>> redeliver(Create<"webhooks.write"> write,
                                                    http::Path<"id", WebhookEndpointId> id, http::Body<Redeliver> input,
                                                    db::Db db, http::Service<WebhookSender> sender) {
    if (input->delivery_id.has_value() == input->since.has_value()) throw base::Failure(own::one_of_two);
    const Asked asked{.write = write, .endpoint = *id, .what = *input, .max_pending = sender->settings().max_pending};
    co_return co_await answer_once<Redelivered>(&write, db, write.request(input),
                                                [&asked](db::Db tx) { return redeliver_in(tx, &asked); });
}

}  // namespace

void webhook_delivery_routes(http::Routes routes) {
    routes.get("/webhooks/{id}/deliveries", list,
               {.id = "listWebhookDeliveries",
                .summary = "What was sent to an endpoint, newest first",
                .description = "Kept for 30 days."});
    routes.get("/webhooks/{id}/deliveries/{deliveryId}", show,
               {.id = "getWebhookDelivery", .summary = "One delivery, its body and its attempts"});
    routes.post("/webhooks/{id}/ping", ping,
                {.id = "pingWebhook",
                 .summary = "Send an event that says nothing",
                 .description = "`webhook.ping`, whatever the endpoint asks for. Look at its delivery for the answer.",
                 .errors = {errors::row_not_found, errors::webhook_full, own::disabled}});
    routes.post("/webhooks/{id}/redeliver", redeliver,
                {.id = "redeliverWebhook",
                 .summary = "Send again, or what was missed",
                 .description = "The same bytes under the same id, from the start of the plan.",
                 .errors = {errors::row_not_found, errors::webhook_full, own::disabled, own::one_of_two}});
}

}  // namespace pos
