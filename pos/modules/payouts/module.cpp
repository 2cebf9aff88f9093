#include "pos/modules/payouts/module.h"

#include "app/jobs.h"
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
            .services = app::services<make_payout_orders>()};
}

}  // namespace pos
