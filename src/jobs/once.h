#pragma once
// A job's effect, once. Queues deliver at least once: a worker may be killed between its effect and the word that the job is done.
// Where the effect is in the database, the mark that it was had goes into the same transaction.
//
//     db::Batch batch = db.batch();
//     batch.add(add_to_totals, ...);
//     co_await jobs::commit_once(std::move(batch), job);       // false: an earlier run had the effect already

#include "db/db.h"
#include "jobs/job.h"

namespace jobs {

namespace errors {
inline constexpr base::ErrorCode handled{"jobs.handled", 409, false, base::Action::none,
                                         "The job had its effect before"};
}

struct HandledJob {
    std::string queue;
    std::string job_id;
    base::Timestamp handled_at;

    friend constexpr auto describe(HandledJob*) {
        return schema::object<HandledJob>("HandledJob",
                                          schema::field<&HandledJob::queue>("queue", {.text = schema::Text::raw}),
                                          schema::field<&HandledJob::job_id>("jobId", {.text = schema::Text::raw}),
                                          schema::field<&HandledJob::handled_at>("handledAt"));
    }
};

namespace tables {
inline constexpr auto handled_jobs = db::tenant_table<HandledJob>(
    "handled_jobs", db::primary_key<&HandledJob::queue, &HandledJob::job_id>(errors::handled),
    db::expression_index("handled_jobs_age", "btree", "handled_at"));
}  // namespace tables

// Commits the batch unless the job did so before; then nothing of it is kept, and the answer is false. Marks are removed after
// thirty days (remove_old_marks), long after a queue has forgotten its jobs.
[[nodiscard]] async::Task<bool> commit_once(db::Batch batch, const JobContext& job);
// The same for an effect that has a name without its job ("totals/<id of what is counted>"), so that what no job did, because Redis
// lost it, can be found by what is not marked, and done.
[[nodiscard]] async::Task<bool> commit_once(db::Batch batch, const JobContext& job, std::string effect);

// How many marks, older than thirty days, were removed; at most `most`.
[[nodiscard]] async::Task<std::int64_t> remove_old_marks(db::SystemDb db, std::int64_t most);

[[nodiscard]] std::vector<db::StatementView> once_statements();

}  // namespace jobs
