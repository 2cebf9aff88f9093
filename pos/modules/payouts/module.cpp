#include "pos/modules/payouts/module.h"

#include "app/jobs.h"
#include "pos/modules/payouts/events.h"
#include "pos/modules/payouts/jobs.h"
#include "pos/modules/payouts/orders.h"
#include "pos/modules/payouts/routes.h"

namespace pos {

namespace {

void routes(http::Routes routes) {
    payout_routes(routes);
    payout_callback_routes(routes);
}

void handle_jobs(app::JobHandlers handlers) { add_payout_jobs(handlers); }

std::vector<db::StatementView> all_statements() {
    std::vector<db::StatementView> all;
    for (const auto& part : {payout_statements(), payout_route_statements(), payout_job_statements()})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

#define POS_PAYOUT_EXAMPLE(state, receipt, result)                                                                 \
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8097","kind":"payout","state":")" state                              \
    R"(","provider":"mpesa","amount":150000,"currency":"KES","purpose":"salary","intentId":null,"refundId":null,)" \
    R"("receiptCode":)" receipt R"(,"resultCode":)" result R"(,"concern":null})"

std::vector<app::WebhookEventType> told_events() {
    const auto told = [](const jobs::Event<PayoutMoved>& event, app::WebhookEventDoc doc) {
        return app::webhook_event<&PayoutMoved::id>(event, doc);
    };
    return {told(payout_created, {"Money is to go out: a payout, or a reversal of a payment",
                                  POS_PAYOUT_EXAMPLE("created", "null", "null")}),
            told(payout_succeeded,
                 {"The money has gone out", POS_PAYOUT_EXAMPLE("succeeded", R"("SLG1ABC2DE")", R"("0")")}),
            told(payout_failed, {"No money went out, as far as is known: a `payout.succeeded` may still follow",
                                 POS_PAYOUT_EXAMPLE("failed", "null", R"("2040")")})};
}
#undef POS_PAYOUT_EXAMPLE

}  // namespace

app::Module payouts_module() {
    return {.name = "payouts",
            .doc = "Money that goes out: payouts to phones, reversals of payments, and what the accounts hold.",
            .tables = {tables::payouts.view(), tables::payout_results.view(), tables::payout_balances.view()},
            .statements = all_statements(),
            .routes = routes,
            .jobs = handle_jobs,
            .schedules = payout_schedules(),
            .measure = measure_payouts,
            .webhooks = told_events(),
            .services = app::services<make_payout_orders>()};
}

}  // namespace pos
