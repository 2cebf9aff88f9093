// /dev/webhooks: a receiver of development. Post to /dev/webhooks/in, or to /dev/webhooks/in/503 to have that answered.
#include <fmt/format.h>

#include "base/strings.h"
#include "db/db.h"
#include "http/context.h"
#include "pos/modules/webhooks/inbox.h"
#include "pos/modules/webhooks/inbox_statements.h"
#include "pos/modules/webhooks/keys.h"
#include "pos/modules/webhooks/routes.h"
#include "pos/plumbing/filled_reply.h"
#include "pos/plumbing/html_page.h"
#include "pos/plumbing/runtime.h"
#include "webhooks/signed_request.h"

namespace pos {

namespace {

using Html = Filled<"text/html">;

constexpr std::size_t most_shown = 20'000;

async::Task<Html> show_inbox(http::Context& context, http::Service<WebhookInbox> inbox) {
    std::string items;
    for (const auto& entry : inbox->newest()) {
        items +=
            fmt::format("<li><p><strong>{}</strong></p><pre>{}</pre><small>{}, {}, id {}, answered {}</small></li>\n",
                        escaped(entry.verdict), escaped(entry.body), base::format_timestamp(entry.received_at),
                        escaped(entry.path), escaped(entry.id), entry.status);
    }
    if (items.empty()) items = "<li>No webhook yet.</li>\n";
    send_page(context.response(), 200, "Webhooks",
              "<h1>Webhooks</h1><p><small>Add an endpoint with the URL <code>/dev/webhooks/in</code> of this service, "
              "and ping it. <code>/dev/webhooks/in/503</code> answers 503.</small></p>\n<ul>\n" +
                  items + "</ul>\n");
    co_return Html{};
}

// With the secrets of the endpoints that the event goes to: what was sent is verified as a receiver does it.
async::Task<std::string> verdict_of(http::Context* context, std::string_view body) {
    const auto received = ::webhooks::received(context->request());
    const auto id = base::Uuid::from_string(received.id);
    if (!id) co_return "not verified: no webhook-id of ours";
    const auto& services = context->services();
    const auto db = db::system_db(services.use<db::Databases>(), context->deadline(), context->span());
    std::vector<::webhooks::VerifyingKey> keys;
    for (const auto& secret : co_await db.all(hooks::secrets_of_event, WebhookEventId(*id))) {
        const auto key = services.use<WebhookKeys>().open(secret.tenant_id, secret.id, secret.sealed);
        if (key) keys.push_back(*::webhooks::VerifyingKey::parse(key->verifying_text()));
    }
    const auto fault = ::webhooks::verify(keys, received, body, services.use<Runtime>().now());
    co_return fault ? "not verified: " + std::string(to_string(*fault)) : std::string("verified");
}

int wanted_status(const http::Context& context) {
    constexpr int no_content = 204;
    const auto status = base::parse_integer<int>(context.param("status"));
    return status && *status >= 200 && *status <= 599 ? *status : no_content;
}

async::Task<void> receive(http::Context& context) {
    const auto body = co_await context.request().body();
    const auto verdict = co_await verdict_of(&context, body);
    const auto status = wanted_status(context);
    context.services().use<WebhookInbox>().add(
        {.received_at = context.services().use<Runtime>().now(),
         .path = std::string(context.request().target()),
         .id = std::string(context.request().header(::webhooks::id_header).value_or("")),
         .body = std::string(body.substr(0, most_shown)),
         .verdict = verdict,
         .status = status});
    context.response().status(static_cast<std::uint16_t>(status));
}

}  // namespace

void webhook_inbox_pages(http::Routes routes) {
    routes.get("", show_inbox, {.id = "listDevelopmentWebhooks", .summary = "Webhooks that came here, newest first"});
    routes.post("/in", receive,
                {.id = "receiveDevelopmentWebhook",
                 .summary = "Take a webhook, and show it",
                 .description =
                     "An endpoint to try webhooks with: whatever comes is verified by the keys of this service's own "
                     "endpoints, and answered with 204."});
    routes.post("/in/{status}", receive,
                {.id = "answerDevelopmentWebhook",
                 .summary = "Take a webhook, and answer as the path says",
                 .description = "`/in/503`: to see it sent again."});
}

}  // namespace pos
