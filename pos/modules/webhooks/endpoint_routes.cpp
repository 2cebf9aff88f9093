// Endpoints and their secrets. A secret is shown when it is made, and never again.
#include <algorithm>

#include "http/middleware/conditional.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/webhooks/events.h"
#include "pos/modules/webhooks/jobs.h"
#include "pos/modules/webhooks/routes.h"
#include "pos/modules/webhooks/sender.h"
#include "pos/plumbing/answer_once.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

constexpr std::size_t most_live_secrets = 5;
constexpr std::int32_t most_overlap_hours = 168;

namespace own {
constexpr auto unknown_type = base::invalid("webhook.unknown_type", "There is no event of this name");
constexpr auto too_many_secrets =
    base::conflict("webhook.too_many_secrets",
                   "Five secrets are live: wait until a former one has expired, or end them all with overlapHours 0");
}  // namespace own

struct NewWebhook {
    std::optional<WebhookEndpointId> id;
    WebhookEndpointFields fields;
    WebhookSigning signing = WebhookSigning::hmac;

    friend constexpr auto describe(NewWebhook*) {
        return schema::object<NewWebhook>(
            "NewWebhook", schema::field<&NewWebhook::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::flatten<&NewWebhook::fields>(),
            schema::field<&NewWebhook::signing>("signing",
                                                {.defaulted = true, .doc = "`hmac` is what all libraries verify."}));
    }
};

// What the receiver verifies with.
struct ShownSecret {
    std::optional<std::string> secret;
    std::optional<std::string> public_key;

    static ShownSecret of(const ::webhooks::SigningKey& key) {
        ShownSecret shown;
        (key.scheme() == ::webhooks::Scheme::hmac ? shown.secret : shown.public_key) = key.verifying_text();
        return shown;
    }
    friend constexpr auto describe(ShownSecret*) {
        return schema::object<ShownSecret>(
            "WebhookShownSecret",
            schema::field<&ShownSecret::secret>(
                "secret",
                {.doc = "Of `hmac`: `whsec_…`. In this reply alone; null when the request is repeated: the secret "
                        "of a reply that was lost is replaced by rotate-secret."}),
            schema::field<&ShownSecret::public_key>("publicKey", {.doc = "Of `ed25519`: `whpk_…`."}));
    }
};

struct NewWebhookReply {
    WebhookEndpoint endpoint;
    ShownSecret shown;

    friend constexpr auto describe(NewWebhookReply*) {
        return schema::object<NewWebhookReply>("NewWebhookReply", schema::flatten<&NewWebhookReply::endpoint>(),
                                               schema::flatten<&NewWebhookReply::shown>());
    }
};

struct SecretView {
    WebhookSecretId id;
    base::Timestamp created_at;
    std::optional<base::Timestamp> expires_at;
    std::optional<std::string> public_key;

    friend constexpr auto describe(SecretView*) {
        using schema::field;
        return schema::object<SecretView>(
            "WebhookSecret", field<&SecretView::id>("id"), field<&SecretView::created_at>("createdAt"),
            field<&SecretView::expires_at>("expiresAt", {.doc = "Until then it signs, too. Null: the present one."}),
            field<&SecretView::public_key>("publicKey", {.doc = "Of `ed25519`."}));
    }
};

struct WebhookDetails {
    WebhookEndpoint endpoint;
    std::int64_t pending = 0;
    std::int64_t missed = 0;
    std::optional<base::Timestamp> missed_since;
    std::optional<base::Timestamp> failing_since;
    std::vector<SecretView> secrets;

    friend constexpr auto describe(WebhookDetails*) {
        using schema::field;
        using Details = WebhookDetails;
        return schema::object<Details>(
            "WebhookDetails", schema::flatten<&Details::endpoint>(),
            field<&Details::pending>("pending", {.doc = "Deliveries that have not arrived, and are still tried."}),
            field<&Details::missed>("missed", {.doc = "Events for which there was no room, or that came while it was "
                                                      "disabled. They are sent when somebody asks for them."}),
            field<&Details::missed_since>("missedSince"),
            field<&Details::failing_since>("failingSince", {.doc = "The first failure after the last success."}),
            field<&Details::secrets>("secrets"));
    }
};

struct RotateSecret {
    std::int32_t overlap_hours = 24;

    friend constexpr auto describe(RotateSecret*) {
        return schema::object<RotateSecret>(
            "RotateWebhookSecret",
            schema::field<&RotateSecret::overlap_hours>(
                "overlapHours", {.min = 0,
                                 .max = most_overlap_hours,
                                 .defaulted = true,
                                 .doc = "How long the former secret signs beside the new one. Each has its own end. 0: "
                                        "all former ones end at once; for a secret that has leaked."}));
    }
};

struct RotatedSecret {
    ShownSecret shown;
    std::vector<SecretView> secrets;

    friend constexpr auto describe(RotatedSecret*) {
        return schema::object<RotatedSecret>("RotatedWebhookSecret", schema::flatten<&RotatedSecret::shown>(),
                                             schema::field<&RotatedSecret::secrets>("secrets"));
    }
};

// Each once, in their order.
void keep_once(std::vector<std::string>& asked) {
    std::vector<std::string> kept;
    for (auto& name : asked) {
        if (std::ranges::find(kept, name) == kept.end()) kept.push_back(std::move(name));
    }
    asked = std::move(kept);
}

void require_known(const WebhookTypes& types, const std::vector<std::string>& asked) {
    std::vector<base::Issue> issues;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (types.knows(asked[i])) continue;
        issues.push_back({"body",
                          "/eventTypes/" + std::to_string(i),
                          std::string(own::unknown_type.code),
                          types.names(),
                          {{"allowed", types.names_json()}}});
    }
    if (!issues.empty()) throw base::Failure(own::unknown_type, std::move(issues));
}

struct MadeSecret {
    WebhookSecret row;
    ShownSecret shown;
};
MadeSecret make_secret(const WebhookKeys& keys, const Writer& write, const WebhookEndpoint& endpoint) {
    const auto key = keys.generate(endpoint.signing);
    WebhookSecret row{.id = write.new_id<WebhookSecretId>(),
                      .endpoint_id = endpoint.id,
                      .sealed = {},
                      .created_at = write.now(),
                      .expires_at = std::nullopt};
    row.sealed = keys.seal(write.tenant_id, row.id, key.text());
    return {std::move(row), ShownSecret::of(key)};
}

std::vector<SecretView> views_of(const WebhookKeys& keys, base::Uuid tenant,
                                 const std::vector<hooks::LiveSecret>& secrets) {
    std::vector<SecretView> views;
    for (const auto& secret : secrets) {
        SecretView view{secret.id, secret.created_at, secret.expires_at, std::nullopt};
        const auto key = keys.open(tenant, secret.id, secret.sealed);
        if (key && key->scheme() == ::webhooks::Scheme::ed25519) view.public_key = key->verifying_text();
        views.push_back(std::move(view));
    }
    return views;
}

void audit_change(db::Batch& batch, const Writer& write, const http::Context& context, std::string_view action,
                  WebhookEndpointId id) {
    audit(batch, write.runtime(),
          {.action = action,
           .actor = UserId(write.user_id),
           .subject = id.uuid(),
           .address = std::string(context.request().client_address())});
}

// The guard of a write does not know where in the body its locations stood.
[[noreturn]] void throw_at_place(const base::Failure& failure) {
    const auto& unknown = errors::unknown_location;
    if (failure.code() != unknown) throw;
    throw base::Failure(unknown, {{"body", "/locationIds", std::string(unknown.code), std::string(unknown.title), {}}});
}

// ---- Handlers ----------------------------------------------------------------------------------------------------------

async::Task<db::Page<WebhookEndpoint>> list(auth::Permitted<"webhooks.read">, http::Query<ListFilter> filter,
                                            db::Db db) {
    return hooks::endpoint_list.page(db, *filter);
}

async::Task<Created<NewWebhookReply>> commit(CreateOnce<NewWebhookReply>* once, std::vector<Change> changes) {
    try {
        co_return co_await once->commit(std::move(changes));
    } catch (const base::Failure& failure) {
        throw_at_place(failure);
    }
}

async::Task<Created<NewWebhookReply>> create(Create<"webhooks.write"> write, http::Body<NewWebhook> input,
                                             db::SystemDb system, http::Service<WebhookSender> sender,
                                             http::Service<WebhookKeys> keys, http::Service<WebhookTypes> types) {
    co_await require_step_up(system, SessionId(write.session_id), write.now());
    keys->require_on();
    require_known(*types, input->fields.event_types);
    co_await sender->require_url(input->fields.url, write.context().deadline());
    NewWebhookReply reply;
    auto& row = reply.endpoint;
    row.id = input->id.value_or(write.new_id<WebhookEndpointId>());
    row.fields = input->fields;
    keep_once(row.fields.event_types);
    row.signing = input->signing;
    if (!row.fields.enabled) {
        row.disabled_reason = WebhookDisabledReason::by_hand;
        row.disabled_at = write.now();
    }
    row.meta = write.first_version();
    auto made = make_secret(*keys, write, row);
    // What is stored for a repeated request has no secret.
    auto once = co_await write.once(reply, row.id.uuid(), input);
    auto& batch = once.batch();
    batch.add(hooks::one_new_endpoint_at_a_time);
    batch.add(hooks::refuse_unknown_locations, row.fields.location_ids);
    batch.add(hooks::endpoint_rows.add, row);
    batch.add(hooks::refuse_too_many, sender->settings().max_endpoints);
    batch.add(hooks::add_secret, made.row);
    batch.add(hooks::add_queue, WebhookQueue{.endpoint_id = row.id});
    audit_change(batch, write, write.context(), "webhook.create", row.id);
    auto created = co_await commit(&once, {change_of(hooks::endpoint_rows, row)});
    if (!is_replayed(created)) {
        reply.shown = std::move(made.shown);
        created.body = schema::to_json(reply, write.view());
    }
    co_return created;
}

async::Task<WebhookDetails> show(auth::Permitted<"webhooks.read"> caller, http::Path<"id", WebhookEndpointId> id,
                                 db::Db db, http::Service<WebhookKeys> keys) {
    WebhookDetails details;
    details.endpoint = live(co_await db.one(hooks::endpoint_rows.by_id, *id));
    const auto queue = co_await db.one(hooks::queue_of, *id);
    if (queue) {
        details.pending = queue->pending;
        details.missed = queue->missed;
        details.missed_since = queue->missed_since;
        details.failing_since = queue->failing_since;
    }
    details.secrets = views_of(*keys, caller.tenant_id, co_await db.all(hooks::live_secrets, *id));
    co_return details;
}

async::Task<WebhookEndpoint> change(Edit<"webhooks.write"> write, http::Context& context,
                                    http::Path<"id", WebhookEndpointId> id, http::Body<PatchOf<WebhookEndpoint>> patch,
                                    db::SystemDb system, http::Service<WebhookSender> sender,
                                    http::Service<WebhookTypes> types) {
    using Fields = WebhookEndpointFields;
    // What else is changed takes nothing to a new place.
    if (patch->has<&Fields::url>()) co_await require_step_up(system, SessionId(write.session_id), write.now());
    if (patch->has<&Fields::event_types>()) require_known(*types, patch->value().event_types);
    if (patch->has<&Fields::url>()) co_await sender->require_url(patch->value().url, context.deadline());
    const auto more = [&](WebhookEndpoint& row, Writes& writes) {
        if (patch->has<&Fields::event_types>()) keep_once(row.fields.event_types);
        if (patch->has<&Fields::location_ids>())
            writes.batch.add(hooks::refuse_unknown_locations, row.fields.location_ids);
        if (!row.fields.enabled && !row.disabled_reason) {
            row.disabled_reason = WebhookDisabledReason::by_hand;
            row.disabled_at = write.now();
        }
        if (!row.fields.ordered) writes.batch.add(hooks::let_all_go, row.id);
        if (row.fields.enabled) {
            row.disabled_reason.reset();
            row.disabled_at.reset();
            if (patch->has<&Fields::enabled>()) writes.batch.add(hooks::forgive, row.id);
            if (patch->has<&Fields::url>()) writes.batch.add(hooks::doubt, row.id);
            write.runtime().outbox().add(writes.batch, serve_webhook, {row.id});
        }
        audit_change(writes.batch, write, context, "webhook.change", row.id);
    };
    try {
        co_return co_await write.edit(hooks::endpoint_rows, *id, *patch, more);
    } catch (const base::Failure& failure) {
        throw_at_place(failure);
    }
}

async::Task<http::NoContent> remove(Edit<"webhooks.write"> write, http::Context& context,
                                    http::Path<"id", WebhookEndpointId> id) {
    co_return co_await write.remove(hooks::endpoint_rows, *id, [&](WebhookEndpoint& row, Writes& writes) {
        writes.batch.add(hooks::forget_queue, row.id);
        writes.batch.add(hooks::end_secrets, row.id, 0);
        audit_change(writes.batch, write, context, "webhook.delete", row.id);
    });
}

struct Rotation {
    const Creator& write;
    WebhookEndpointId endpoint;
    const WebhookKeys& keys;
    std::int32_t overlap_hours;
    ShownSecret shown{};
};

async::Task<void> rotate_row(WebhookEndpoint* row, Writes* writes, Rotation* rotation) {
    constexpr std::int32_t seconds_an_hour = 3'600;
    const auto secrets = co_await writes->tx.all(hooks::live_secrets, row->id);
    // Without an overlap all of them end.
    if (rotation->overlap_hours > 0 && secrets.size() >= most_live_secrets) throw base::Failure(own::too_many_secrets);
    auto made = make_secret(rotation->keys, rotation->write, *row);
    writes->batch.add(hooks::end_secrets, row->id, rotation->overlap_hours * seconds_an_hour);
    writes->batch.add(hooks::add_secret, made.row);
    audit_change(writes->batch, rotation->write, rotation->write.context(), "webhook.rotate_secret", row->id);
    rotation->shown = std::move(made.shown);
}

async::Task<RotatedSecret> rotate_in(db::Db tx, Rotation* rotation) {
    const auto& write = rotation->write;
    std::vector<Change> changes;
    const Editor editor(write, tx, http::VersionMatch{.any = true}, changes);
    std::ignore = co_await editor.edit(
        hooks::endpoint_rows, rotation->endpoint,
        [rotation](WebhookEndpoint& row, Writes& writes) { return rotate_row(&row, &writes, rotation); });
    auto batch = tx.batch();
    record_changes(batch, changes, write.device_id);
    co_await batch.commit();
    // Stored for a repeated request: without the secret.
    co_return RotatedSecret{
        {}, views_of(rotation->keys, write.tenant_id, co_await tx.all(hooks::live_secrets, rotation->endpoint))};
}

async::Task<http::JsonBytes<RotatedSecret>> rotate(Create<"webhooks.write"> write,
                                                   http::Path<"id", WebhookEndpointId> id,
                                                   http::Body<RotateSecret> input, db::SystemDb system, db::Db db,
                                                   http::Service<WebhookKeys> keys) {
    co_await require_step_up(system, SessionId(write.session_id), write.now());
    keys->require_on();
    Rotation rotation{write, *id, *keys, input->overlap_hours};
    auto rotated = co_await answer_once<RotatedSecret>(&write, db, write.request(input),
                                                       [&rotation](db::Db tx) { return rotate_in(tx, &rotation); });
    if (!is_replayed(rotated)) {
        auto reply = *detail::read_stored<RotatedSecret>(rotated.body);
        reply.shown = std::move(rotation.shown);
        rotated.body = schema::to_json(reply, write.view());
    }
    co_return rotated;
}

}  // namespace

void endpoint_routes(http::Routes routes) {
    namespace urls = client::errors;
    const std::vector of_urls{errors::step_up_needed, errors::webhooks_off,      own::unknown_type,
                              urls::url_malformed,    urls::url_too_long,        urls::url_scheme,
                              urls::url_port,         urls::url_credentials,     urls::url_fragment,
                              urls::url_host,         urls::url_private_address, urls::url_no_public_address};
    routes.get("/webhooks", list, {.id = "listWebhooks", .summary = "Endpoints that events are posted to"});
    routes.post(
        "/webhooks", create,
        {.id = "createWebhook",
         .summary = "Add an endpoint",
         .description = "Events are signed as Standard Webhooks says. The secret is in this reply alone: keep it "
                        "where your receiver finds it.",
         .errors = of_urls,
         .middleware = {http::no_store()}});
    routes.get(
        "/webhooks/{id}", show,
        {.id = "getWebhook",
         .summary = "One endpoint",
         .description = "With what waits for it, what it has missed, and its live secrets without their texts."});
    routes.patch("/webhooks/{id}", change,
                 {.id = "changeWebhook",
                  .summary = "Change an endpoint",
                  .description = "`enabled: true` of one that was disabled: what waits goes on at once.",
                  .errors = of_urls});
    routes.del("/webhooks/{id}", remove,
               {.id = "deleteWebhook", .summary = "Delete an endpoint", .description = "Nothing more is sent to it."});
    routes.post("/webhooks/{id}/rotate-secret", rotate,
                {.id = "rotateWebhookSecret",
                 .summary = "Give an endpoint a new secret",
                 .description = "Until the former one expires, each message has a signature of both. `overlapHours` 0 "
                                "ends all former ones at once, and is never refused.",
                 .errors = {errors::webhooks_off, errors::row_not_found, own::too_many_secrets, errors::step_up_needed},
                 .middleware = {http::no_store()}});
}

}  // namespace pos
