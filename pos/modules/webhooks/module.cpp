#include "pos/modules/webhooks/module.h"

#include <algorithm>

#include "app/jobs.h"
#include "pos/modules/webhooks/events.h"
#include "pos/modules/webhooks/inbox.h"
#include "pos/modules/webhooks/inbox_statements.h"
#include "pos/modules/webhooks/jobs.h"
#include "pos/modules/webhooks/measures.h"
#include "pos/modules/webhooks/reseal_command.h"
#include "pos/modules/webhooks/routes.h"
#include "pos/modules/webhooks/sender.h"

namespace pos {

namespace {

constexpr std::int32_t most_at_once = 500;

struct SweepWebhooks {
    friend constexpr auto describe(SweepWebhooks*) { return schema::object<SweepWebhooks>("SweepWebhooks"); }
};
constexpr jobs::JobType<SweepWebhooks> sweep_job{"maintenance", "webhooks.sweep", app::scheduled_job_defaults};
constexpr jobs::JobType<SweepWebhooks> give_up_job{"maintenance", "webhooks.give_up", app::scheduled_job_defaults};

async::Task<void> run_fan_out(jobs::Job<FanOutWebhooks>& /*job*/, app::TenantScope scope) {
    const auto& settings = scope.use<WebhookSender>().settings();
    co_await fan_out_events(scope.db(std::chrono::seconds(90)), &scope.use<Runtime>().outbox(), settings.max_pending);
}

// Its statements may go on after the last request has come back.
async::Task<void> run_serve(jobs::Job<ServeWebhook>& job, app::TenantScope scope) {
    co_await scope.use<WebhookSender>().serve(scope.db(std::chrono::seconds(90)), job.data().endpoint_id, true,
                                              job.cancellation());
}

async::Task<void> run_serve_failing(jobs::Job<ServeWebhook>& job, app::TenantScope scope) {
    co_await scope.use<WebhookSender>().serve(scope.db(std::chrono::seconds(90)), job.data().endpoint_id, false,
                                              job.cancellation());
}

async::Task<void> run_sweep(jobs::Job<SweepWebhooks>& /*job*/, app::JobScope scope) {
    co_await sweep_webhooks(scope.system_db(), &scope.use<Runtime>().outbox());
}

async::Task<void> run_give_up(jobs::Job<SweepWebhooks>& /*job*/, app::JobScope scope) {
    constexpr std::int32_t portion = 5'000;
    // The statement says how many queues it counted in; none is the end.
    while (co_await scope.system_db().run(hooks::give_up_old, portion) > 0) {}
}

void handle_jobs(app::JobHandlers handlers) {
    handlers.on(fan_out_webhooks, run_fan_out);
    handlers.on(serve_webhook, run_serve);
    handlers.on(serve_failing_webhook, run_serve_failing);
    handlers.on_system(sweep_job, run_sweep);
    handlers.on_system(give_up_job, run_give_up);
}

void routes(http::Routes routes) {
    endpoint_routes(routes);
    webhook_delivery_routes(routes);
}

std::vector<db::StatementView> all_statements() {
    auto all = hooks::statements();
    std::ranges::copy(reseal_webhook_secrets_statements(), std::back_inserter(all));
    std::ranges::copy(webhook_measure_statements(), std::back_inserter(all));
    std::ranges::copy(db::statements(hooks::secrets_of_event), std::back_inserter(all));
    return all;
}

async::Task<void> wake_late(db::SystemDb tx, jobs::Outbox* outbox) {
    for (const auto& late : co_await tx.all(hooks::take_late_queues, most_at_once)) {
        auto batch = tx.as_tenant(late.tenant_id).batch();
        outbox->add(batch, serve_job_of(late.is_fast), {late.endpoint_id});
        co_await batch.commit();
    }
}

}  // namespace

async::Task<void> sweep_webhooks(db::SystemDb db, jobs::Outbox* outbox) {
    for (const auto& tenant : co_await db.all(hooks::late_events, most_at_once)) {
        auto batch = db.as_tenant(tenant).batch();
        outbox->add(batch, fan_out_webhooks, {});
        co_await batch.commit();
    }
    co_await db.transaction([outbox](db::SystemDb tx) { return wake_late(tx, outbox); });
}

app::Module webhooks_module() {
    return {
        .name = "webhooks",
        .doc = "Signed webhooks: what happens in the shop, posted to those who want to know.",
        .tables = {tables::webhook_endpoints.view(), tables::webhook_secrets.view(), tables::webhook_queues.view(),
                   tables::webhook_events.view(), tables::webhook_deliveries.view(), tables::webhook_attempts.view()},
        .statements = all_statements(),
        .routes = routes,
        .jobs = handle_jobs,
        .schedules = {app::schedule(sweep_job, SweepWebhooks{}, {.every = std::chrono::seconds(15)},
                                    "Sends webhooks whose jobs were lost."),
                      app::schedule(give_up_job, SweepWebhooks{}, {.pattern = "27 * * * *", .time_zone = "UTC"},
                                    "Gives up webhooks that have waited for 30 days.")},
        .measure = measure_webhooks,
        .webhooks = {app::webhook_event<&WebhookPinged::webhook_id>(
            webhook_pinged, {.summary = "Somebody asked for it (pingWebhook); no endpoint has to ask for this name",
                             .example = R"({"webhookId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8093"})"})},
        .write_webhook_event = write_webhook_event,
        .settings = app::settings<WebhookSettings>(),
        .process_services = app::process_services<make_webhook_keys, make_webhook_types, make_webhook_inbox>(),
        .services = app::services<make_webhook_sender>(),
        .development_routes = webhook_inbox_pages};
}

}  // namespace pos
