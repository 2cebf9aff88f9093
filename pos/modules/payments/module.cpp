#include "pos/modules/payments/module.h"

#include "app/jobs.h"
#include "pos/modules/payments/callbacks.h"
#include "pos/modules/payments/events.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/payments/measures.h"
#include "pos/modules/payments/people.h"
#include "pos/modules/payments/provider_events.h"
#include "pos/modules/payments/reconcile.h"
#include "pos/modules/payments/reseal_command.h"
#include "pos/modules/payments/resolve.h"
#include "pos/modules/payments/routes.h"

namespace pos {

namespace {

void routes(http::Routes routes) {
    intent_routes(routes);
    refund_routes(routes);
    account_routes(routes);
    callback_routes(routes);
    people_routes(routes);
}

void handle_jobs(app::JobHandlers handlers) { add_reconciliation(handlers); }

std::vector<db::StatementView> all_statements() {
    std::vector<db::StatementView> all;
    for (const auto& part :
         {intent_statements(), intent_route_statements(), refund_route_statements(), account_route_statements(),
          callback_statements(), provider_event_statements(), people_statements(), resolve_statements(),
          reseal_statements(), reconciliation_statements(), measure_statements()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

#define POS_PAYMENT_EXAMPLE(state)                                                                                        \
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8095","locationId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8094","state":")" state \
    R"(","purpose":"sale",)"                                                                                              \
    R"("subjectId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8093","provider":"mpesa","amount":22500,"currency":"KES"})"

#define POS_REFUND_EXAMPLE(state)                                                                                \
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8096","intentId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8095",)"         \
    R"("locationId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8094","subjectId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8093",)" \
    R"("amount":5000,"currency":"KES","reason":"Broken","byHand":false,"state":")" state R"("})"

// Of one payment, or of one refund, at its location.
app::WebhookEventType told(const jobs::Event<PaymentMoved>& event, app::WebhookEventDoc doc) {
    return app::webhook_event<&PaymentMoved::id, &PaymentMoved::location_id>(event, doc);
}
app::WebhookEventType told(const jobs::Event<RefundMoved>& event, app::WebhookEventDoc doc) {
    return app::webhook_event<&RefundMoved::id, &RefundMoved::location_id>(event, doc);
}

std::vector<app::WebhookEventType> told_events() {
    return {
        told(payment_succeeded, {"Money has come", POS_PAYMENT_EXAMPLE("succeeded")}),
        told(payment_failed, {"A payment has ended without money, as far as is known", POS_PAYMENT_EXAMPLE("failed")}),
        told(payment_refunded, {"All of a payment went back", POS_PAYMENT_EXAMPLE("refunded")}),
        told(refund_created, {"Some or all of a payment is to go back", POS_REFUND_EXAMPLE("pending")}),
        told(refund_succeeded, {"A refund was sent, or given back by hand", POS_REFUND_EXAMPLE("succeeded")}),
        told(refund_failed, {"A refund has failed: the money is still here", POS_REFUND_EXAMPLE("failed")})};
}
#undef POS_PAYMENT_EXAMPLE
#undef POS_REFUND_EXAMPLE

}  // namespace

app::Module payments_module() {
    return {.name = "payments",
            .doc = "Payments through providers: accounts, attempts, refunds, and money that came by itself.",
            .tables = {tables::payment_accounts.view(), tables::payment_intents.view(), tables::payment_refunds.view(),
                       tables::payment_intent_keys.view(), tables::payment_refund_tasks.view(),
                       tables::payment_disputes.view(), tables::provider_events.view(), tables::c2b_payments.view()},
            .statements = all_statements(),
            .routes = routes,
            .jobs = handle_jobs,
            .schedules = reconciliation_schedules(),
            .measure = measure_payments,
            .webhooks = told_events(),
            .settings = app::settings<PaymentSettings, check_payment_settings>(),
            .process_services = app::process_services<make_payment_keys>(),
            .services = app::services<make_providers, make_payment_intents>()};
}

}  // namespace pos
