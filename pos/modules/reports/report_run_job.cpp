#include "pos/modules/reports/report_run_job.h"

#include <map>

#include "pos/modules/reports/report_runs.h"

namespace pos {

namespace {

using namespace std::chrono_literals;

struct SweepReports {
    friend constexpr auto describe(SweepReports*) { return schema::object<SweepReports>("SweepReports"); }
};
constexpr jobs::JobType<SweepReports> sweep_job{"maintenance",
                                                "reports.sweep",
                                                {.attempts = 1,
                                                 .remove_on_complete = jobs::KeepJobs::last(10),
                                                 .remove_on_fail = jobs::KeepJobs::last(100),
                                                 .timeout = 1min}};
struct CleanReports {
    friend constexpr auto describe(CleanReports*) { return schema::object<CleanReports>("CleanReports"); }
};
constexpr jobs::JobType<CleanReports> clean_job{"maintenance", "reports.clean_up", app::scheduled_job_defaults};

struct RunOfTenant {
    base::Uuid tenant_id;
    ReportRunId id;

    friend constexpr auto describe(RunOfTenant*) {
        return schema::object<RunOfTenant>("RunOfTenant", schema::field<&RunOfTenant::tenant_id>("tenantId"),
                                           schema::field<&RunOfTenant::id>("id"));
    }
};

constexpr std::int64_t most_at_once = 500;
constexpr int most_portions = 20;

constexpr db::SystemQuery<RunOfTenant(std::int64_t)> take_due{
    {"reports.take_due",
     "update report_runs r set next_look_at = now() + interval '5 minutes' from ("
     "  select tenant_id, id from report_runs where next_look_at <= now() order by next_look_at limit $1 "
     "  for no key update skip locked) due "
     "where r.tenant_id = due.tenant_id and r.id = due.id returning r.tenant_id, r.id",
     db::Kind::write}};
constexpr db::SystemQuery<void(std::int64_t)> expire{
    {"reports.expire",
     "update report_runs set status = 'expired' where (tenant_id, id) in ("
     "  select tenant_id, id from report_runs where status = 'succeeded' and expires_at <= now() "
     "  order by expires_at limit $1)",
     db::Kind::write}};
constexpr db::SystemQuery<RunOfTenant(std::int64_t)> with_files{
    {"reports.with_files",
     "select tenant_id, id from report_runs where has_files and slot is null "
     "and (status <> 'succeeded' or deleted_at is not null) and (lease_until is null or lease_until < now()) "
     "order by finished_at limit $1",
     db::Kind::read}};

// The time of the next look and the jobs are one transaction. How many were taken.
async::Task<std::int64_t> send_due(db::SystemDb tx, Runtime* runtime) {
    const auto rows = co_await tx.all(take_due, most_at_once);
    std::map<base::Uuid, std::vector<ReportRunId>> by_tenant;
    for (const auto& row : rows) by_tenant[row.tenant_id].push_back(row.id);
    for (const auto& [tenant, due] : by_tenant) {
        auto batch = tx.as_tenant(tenant).batch();
        for (const auto& id : due) runtime->outbox().add(batch, run_report_job, RunReport{id});
        co_await batch.commit();
    }
    co_return std::ssize(rows);
}

// One that fails keeps no other from going.
async::Task<void> remove_one(db::SystemDb db, RunOfTenant run, ReportRuns* runs, ReportsCleaned* done) {
    try {
        const bool is_gone = co_await runs->remove_files(db.as_tenant(run.tenant_id), run.id);
        ++(is_gone ? done->removed : done->failed);
    } catch (const base::Failure&) {
        ++done->failed;
    }
}

// ---- Handlers ----------------------------------------------------------------------------------------------------

async::Task<void> run_report(jobs::Job<RunReport>& job, app::TenantScope scope) {
    constexpr auto until_a_place_is_free = 2s;
    const auto& id = job.data().id;
    const auto outcome = co_await scope.use<ReportRuns>().perform(
        [scope](std::chrono::seconds time) { return scope.db(time); }, id, [&job] { job.throw_if_cancelled(); });
    if (outcome == RunOutcome::busy) co_await job.move_to_delayed(until_a_place_is_free);
    if (outcome == RunOutcome::failed || outcome == RunOutcome::put_back)
        job.logger().warn("a report was not written", {{"reportRun", id.to_string()}});
}

async::Task<void> remove_files(jobs::Job<RemoveReportFiles>& job, app::TenantScope scope) {
    std::ignore = co_await scope.use<ReportRuns>().remove_files(scope.db(), job.data().id);
}

async::Task<void> sweep(jobs::Job<SweepReports>& /*job*/, app::JobScope scope) {
    co_await sweep_report_runs(scope.system_db(), &scope.use<Runtime>());
}

async::Task<ReportsCleaned> clean_up(jobs::Job<CleanReports>& job, app::JobScope scope) {
    const auto done = co_await clean_up_reports([scope] { return scope.system_db(); }, &scope.use<ReportRuns>());
    if (done.failed > 0) job.logger().warn("files of reports are left", {{"runs", done.failed}});
    co_return done;
}

}  // namespace

async::Task<void> sweep_report_runs(db::SystemDb db, Runtime* runtime) {
    for (int portion = 0; portion < most_portions; ++portion) {
        const auto sent = co_await db.transaction([&](db::SystemDb tx) { return send_due(tx, runtime); });
        if (sent < most_at_once) co_return;
    }
}

async::Task<ReportsCleaned> clean_up_reports(std::function<db::SystemDb()> db, ReportRuns* runs) {
    ReportsCleaned done;
    for (auto last = most_at_once; last == most_at_once; done.expired += last)
        last = co_await db().run(expire, most_at_once);
    for (int portion = 0; portion < most_portions; ++portion) {
        const auto removed_before = done.removed;
        const auto rows = co_await db().all(with_files, most_at_once);
        for (const auto& row : rows) co_await remove_one(db(), row, runs, &done);
        // What was not removed would come again.
        if (std::ssize(rows) < most_at_once || done.removed == removed_before) break;
    }
    co_return done;
}

void add_report_run_jobs(app::JobHandlers handlers) {
    handlers.on(run_report_job, run_report);
    handlers.on(remove_report_files_job, remove_files);
    handlers.on_system(sweep_job, sweep);
    handlers.on_system(clean_job, clean_up);
}

std::vector<app::Schedule> report_run_schedules() {
    return {app::schedule(sweep_job, SweepReports{}, {.pattern = "* * * * *", .time_zone = "UTC"},
                          "Sends report runs that nobody is at work on."),
            app::schedule(clean_job, CleanReports{}, {.pattern = "27 * * * *", .time_zone = "UTC"},
                          "Removes the files of report runs after a week.")};
}

std::vector<db::StatementView> report_run_job_statements() { return db::statements(take_due, expire, with_files); }

}  // namespace pos
