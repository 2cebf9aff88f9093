#pragma once
// The billing clock: once an hour, each subscription that has come to a day of its plan gets its invoice, its state and its mail. A shop
// without any gets one of the default plan. Runs may overlap, be repeated or be killed: each shop is one transaction under its lock.
//
//     const auto done = co_await run_billing(scope);

#include "app/jobs.h"
#include "app/module.h"
#include "pos/modules/billing/account.h"

namespace pos {

struct BillingRun {
    std::int64_t begun = 0;
    std::int64_t invoices = 0;
    std::int64_t notices = 0;
    std::int64_t suspended = 0;
    std::int64_t ended = 0;

    friend constexpr auto describe(BillingRun*) {
        return schema::object<BillingRun>(
            "BillingRun", schema::field<&BillingRun::begun>("begun"), schema::field<&BillingRun::invoices>("invoices"),
            schema::field<&BillingRun::notices>("notices"), schema::field<&BillingRun::suspended>("suspended"),
            schema::field<&BillingRun::ended>("ended"));
    }
};

[[nodiscard]] async::Task<BillingRun> run_billing(app::JobScope scope);

void handle_billing_jobs(app::JobHandlers handlers);
[[nodiscard]] std::vector<app::Schedule> billing_schedules();
[[nodiscard]] std::vector<db::StatementView> clock_statements();

}  // namespace pos
