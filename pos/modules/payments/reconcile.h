#pragma once
// What nobody has told us, we ask for. Every 15 seconds the sweep finds what is due over all tenants and makes a job of each: attempts
// whose next query has come (30 s, 60 s, 2, 5, 15 min after their start, then once a day), what providers told and no job has
// read, and refunds that stay undecided (10 min after they were sent, then ever rarer, once a day at last).
// Who told of something that has to be asked after, and proved who they are, has it asked at once.
// A row that it takes is leased by its own time: if its job is lost, it is due again.
// Once an hour, accounts that have something unexplained are asked for all that came in during 48 hours.
//
//     handle_jobs: add_reconciliation(handlers);      .schedules = reconciliation_schedules()

#include "app/jobs.h"
#include "app/schedule.h"
#include "jobs/job_type.h"
#include "pos/modules/payments/intents.h"

namespace pos {

struct ResumeIntent {
    IntentId id;

    friend constexpr auto describe(ResumeIntent*) {
        return schema::object<ResumeIntent>("ResumeIntent", schema::field<&ResumeIntent::id>("id"));
    }
};
// Once: what fails is due again by its row.
inline constexpr jobs::JobType<ResumeIntent> resume_payment{
    "payments",
    "payments.resume",
    {.attempts = 1,
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .timeout = std::chrono::minutes(2)}};

// What has gone back of an attempt, behind an event that told of a refund and not of which.
struct AskRefunds {
    IntentId id;
    std::optional<RefundId> refund{};  // this one alone, which is said to have failed and to be done

    friend constexpr auto describe(AskRefunds*) {
        return schema::object<AskRefunds>("AskRefunds", schema::field<&AskRefunds::id>("id"),
                                          schema::field<&AskRefunds::refund>("refund"));
    }
};
// Some seven hours, where the provider does not answer.
inline constexpr jobs::JobType<AskRefunds> ask_refunds{
    "payments",
    "payments.ask_refunds",
    {.attempts = 12,
     .backoff = {"exponential", std::chrono::seconds(12), 0.3},
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 604'800},
     .timeout = std::chrono::minutes(2)}};

// By a job of this transaction; one at a time of an attempt.
[[nodiscard]] async::Task<void> ask_refunds_later(db::Db tx, jobs::Outbox* outbox, IntentId id,
                                                  std::optional<RefundId> refund = std::nullopt);

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
