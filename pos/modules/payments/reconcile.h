#pragma once
// What nobody has told us, we ask for. Every 15 seconds the sweep finds what is due over all tenants and makes a job of each: attempts
// whose next query has come (30 s, 60 s, 2, 5, 15 min after their start, then once a day), what providers told and no job has
// read, and refunds that stay undecided (10 min after they were sent, then ever rarer, once a day at last).
// A row that it takes is leased by its own time: if its job is lost, it is due again.
// Once an hour, accounts that have something unexplained are asked for all that came in during 48 hours.
//
//     handle_jobs: add_reconciliation(handlers);      .schedules = reconciliation_schedules()

#include "app/jobs.h"
#include "app/schedule.h"
#include "pos/modules/payments/intents.h"

namespace pos {

// Tests run them without a queue.
[[nodiscard]] async::Task<void> sweep(db::SystemDb db, PaymentIntents* intents);
[[nodiscard]] async::Task<void> find_unexplained(db::SystemDb db, PaymentIntents* intents);
[[nodiscard]] async::Task<void> resume_intent(db::Db db, PaymentIntents* intents, IntentId id, client::Call call);
// False: the provider could not be asked for all of it.
[[nodiscard]] async::Task<bool> pull_account(db::Db db, PaymentIntents* intents, PaymentAccountId id,
                                             client::Call call);

void add_reconciliation(app::JobHandlers handlers);
[[nodiscard]] std::vector<app::Schedule> reconciliation_schedules();
[[nodiscard]] std::vector<db::StatementView> reconciliation_statements();

}  // namespace pos
