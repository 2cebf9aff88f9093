#pragma once
// What is due of payouts: every 15 seconds the sweep finds, over all tenants, what is to be sent or asked after, and makes a job of each.
// A row that it takes is leased by its own time: if its job is lost, it is due again.
//
//     handle_jobs: add_payout_jobs(handlers);      .schedules = payout_schedules()

#include "app/jobs.h"
#include "app/schedule.h"
#include "pos/modules/payouts/orders.h"

namespace pos {

// Tests run it without a queue.
[[nodiscard]] async::Task<void> sweep_payouts(db::SystemDb db, PayoutOrders* payouts);

// How many payouts nobody knows the end of, for operators (pos/modules/payments/measures.h).
[[nodiscard]] async::Task<void> measure_payouts(db::SystemDb db, observe::Metrics* metrics);

void add_payout_jobs(app::JobHandlers handlers);
[[nodiscard]] std::vector<app::Schedule> payout_schedules();
[[nodiscard]] std::vector<db::StatementView> payout_job_statements();

}  // namespace pos
