#pragma once
// The jobs of report runs: one for each run, one that removes a run's files, and by the clock the sweep, which sends what
// nobody is at work on, and the clean-up, after which a run is `expired`.

#include "app/jobs.h"
#include "app/schedule.h"
#include "pos/modules/reports/tables.h"
#include "pos/plumbing/runtime.h"

namespace pos {

class ReportRuns;

struct RunReport {
    ReportRunId id;

    friend constexpr auto describe(RunReport*) {
        return schema::object<RunReport>("RunReport", schema::field<&RunReport::id>("id"));
    }
};
// Once: what fails is due again by its row. A queue of its own: a report takes minutes.
inline constexpr jobs::JobType<RunReport> run_report_job{
    "reports",
    "reports.run",
    {.attempts = 1,
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .timeout = std::chrono::minutes(22)}};

struct RemoveReportFiles {
    ReportRunId id;

    friend constexpr auto describe(RemoveReportFiles*) {
        return schema::object<RemoveReportFiles>("RemoveReportFiles", schema::field<&RemoveReportFiles::id>("id"));
    }
};
inline constexpr jobs::JobType<RemoveReportFiles> remove_report_files_job{
    "maintenance",
    "reports.remove_files",
    {.attempts = 5,
     .backoff = {"exponential", std::chrono::seconds(5), 0.5},
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .timeout = std::chrono::minutes(3)}};

// Sends a job for each run that is due: its lease has run out, or its job was lost.
async::Task<void> sweep_report_runs(db::SystemDb db, Runtime* runtime);

struct ReportsCleaned {
    std::int64_t expired = 0;
    std::int64_t removed = 0;
    std::int64_t failed = 0;  // files that the storage did not remove; the next turn tries again

    friend constexpr auto describe(ReportsCleaned*) {
        return schema::object<ReportsCleaned>("ReportsCleaned", schema::field<&ReportsCleaned::expired>("expired"),
                                              schema::field<&ReportsCleaned::removed>("removed"),
                                              schema::field<&ReportsCleaned::failed>("failed"));
    }
};
// Marks what has had its week, and then removes the files that nobody has a use for. `db` is called for each step, and gives it
// its time.
[[nodiscard]] async::Task<ReportsCleaned> clean_up_reports(std::function<db::SystemDb()> db, ReportRuns* runs);

void add_report_run_jobs(app::JobHandlers handlers);
[[nodiscard]] std::vector<app::Schedule> report_run_schedules();
[[nodiscard]] std::vector<db::StatementView> report_run_job_statements();

}  // namespace pos
