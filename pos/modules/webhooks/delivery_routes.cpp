// What was sent to an endpoint, and once more.
#include "auth/caller.h"
#include "pos/modules/webhooks/events.h"
#include "pos/modules/webhooks/jobs.h"
#include "pos/modules/webhooks/routes.h"
#include "pos/modules/webhooks/sender.h"
#include "pos/plumbing/audit.h"

namespace pos {

namespace {

namespace own {
constexpr auto disabled = base::conflict("webhook.disabled", "The endpoint is disabled");
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
                "eventType", {.max_length = 80, .doc = "Those of this type alone.", .text = schema::Text::raw}),
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

    friend constexpr auto describe(Redelivered*) {
        return schema::object<Redelivered>(
            "WebhookRedelivered", schema::field<&Redelivered::count>("count", {.doc = "Deliveries that wait anew."}));
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
    const auto endpoint = co_await endpoint_of(db, *id);
    DeliveryDetails details;
    details.delivery = co_await delivery_of(db, *id, *delivery);
    const bool is_thin = endpoint.fields.payload == WebhookPayload::thin;
    details.payload = co_await db.only(hooks::body_of, details.delivery.event_id, is_thin);
    details.tries = co_await db.all(hooks::attempts_of, *delivery);
    co_return details;
}

void require_enabled(const WebhookEndpoint& endpoint) {
    if (!endpoint.fields.enabled) throw base::Failure(own::disabled);
}

async::Task<Pinged> ping(auth::Permitted<"webhooks.write">, http::Path<"id", WebhookEndpointId> id, db::Db db,
                         http::Service<Runtime> runtime) {
    require_enabled(co_await endpoint_of(db, *id));
    const Pinged pinged{runtime->new_id<WebhookDeliveryId>(), runtime->new_id<WebhookEventId>()};
    const auto now = runtime->now();
    const auto data = R"({"webhookId":")" + id->to_string() + R"("})";
    auto batch = db.batch();
    batch.add(hooks::lock_queue, *id);
    batch.add(hooks::add_own_event, pinged.event_id, std::string(ping_event), id->uuid(),
              schema::Bytes{webhook_body(pinged.event_id.uuid(), ping_event, now, data)}, now);
    batch.add(hooks::add_own_delivery, pinged.delivery_id, *id, pinged.event_id);
    batch.add(hooks::count_pending, *id, std::int64_t{1});
    runtime->outbox().add(batch, serve_webhook, {*id});
    co_await batch.commit();
    co_return pinged;
}

struct Asked {
    WebhookEndpoint endpoint;
    Redeliver what;
    UserId actor;
    std::string address;
    std::int64_t max_pending = 0;
    Runtime* runtime = nullptr;
};

async::Task<std::int64_t> revive(db::Db tx, const Asked* asked) {
    const auto id = asked->endpoint.id;
    if (asked->what.delivery_id) {
        std::ignore = co_await delivery_of(tx, id, *asked->what.delivery_id);
        const auto added = co_await tx.only(hooks::send_again, id, *asked->what.delivery_id);
        co_await tx.run(hooks::count_pending, id, added);
        co_return 1;
    }
    // Each counts before the next one looks how much room is left.
    const auto given_up = co_await tx.only(hooks::revive_since, id, *asked->what.since, asked->max_pending);
    co_await tx.run(hooks::count_pending, id, given_up);
    const auto missed = co_await tx.only(hooks::add_missed_since, id, *asked->what.since, asked->max_pending);
    co_await tx.run(hooks::count_pending, id, missed);
    co_await tx.run(hooks::forget_missed, id, *asked->what.since);
    co_return given_up + missed;
}

async::Task<std::int64_t> redeliver_in(db::Db tx, const Asked* asked) {
    const auto id = asked->endpoint.id;
    co_await tx.run(hooks::lock_queue, id);
    const auto count = co_await revive(tx, asked);
    auto batch = tx.batch();
    if (asked->endpoint.fields.ordered && asked->what.since) batch.add(hooks::let_heads_go, id);
    audit(batch, *asked->runtime,
          {.action = "webhook.redeliver", .actor = asked->actor, .subject = id.uuid(), .address = asked->address});
    asked->runtime->outbox().add(batch, serve_webhook, {id});
    co_await batch.commit();
    co_return count;
}

async::Task<Redelivered> redeliver(auth::Permitted<"webhooks.write"> caller, http::Context& context,
                                   http::Path<"id", WebhookEndpointId> id, http::Body<Redeliver> input, db::Db db,
                                   http::Service<Runtime> runtime, http::Service<WebhookSender> sender) {
    if (input->delivery_id.has_value() == input->since.has_value()) throw base::Failure(own::one_of_two);
    const Asked asked{.endpoint = co_await endpoint_of(db, *id),
                      .what = *input,
                      .actor = UserId(caller.user_id),
                      .address = std::string(context.request().client_address()),
                      .max_pending = sender->settings().max_pending,
                      .runtime = &*runtime};
    require_enabled(asked.endpoint);
    co_return Redelivered{co_await db.transaction([&asked](db::Db tx) { return redeliver_in(tx, &asked); })};
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
                 .errors = {own::disabled}});
    routes.post("/webhooks/{id}/redeliver", redeliver,
                {.id = "redeliverWebhook",
                 .summary = "Send again, or what was missed",
                 .description = "The same bytes under the same id, from the start of the plan.",
                 .errors = {own::disabled, own::one_of_two}});
}

}  // namespace pos
