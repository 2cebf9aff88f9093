#pragma once
// The SQL of report runs.

#include "db/db.h"
#include "pos/modules/reports/tables.h"

namespace pos::reports {

#define POS_RUN_COLUMNS                                                                                        \
    "id, report, first_day, last_day, location_id, format, status, slot, attempt, lease_until, next_look_at, " \
    "has_files, rows, percent, bytes, sha256, failure, created_at, started_at, finished_at, expires_at, "      \
    "deleted_at, created_by "

// Whoever takes a slot or a turn of the tenant's does so alone.
inline constexpr db::Query<void()> lock_runs{
    {"reports.lock_runs", "select pg_advisory_xact_lock(hashtextextended('report runs ' || $1::uuid::text, 0))",
     db::Kind::write}};

struct NewRun {
    ReportRunId id;
    ReportName report{};
    std::optional<base::Date> first_day;
    std::optional<base::Date> last_day;
    std::optional<LocationId> location_id;
    ReportFormat format{};
    base::Timestamp created_at;
    base::Uuid created_by;

    friend constexpr auto describe(NewRun*) {
        using schema::field;
        return schema::object<NewRun>("NewRun", field<&NewRun::id>("id"), field<&NewRun::report>("report"),
                                      field<&NewRun::first_day>("firstDay"), field<&NewRun::last_day>("lastDay"),
                                      field<&NewRun::location_id>("locationId"), field<&NewRun::format>("format"),
                                      field<&NewRun::created_at>("createdAt"), field<&NewRun::created_by>("createdBy"));
    }
};
// Behind lock_runs. The lowest slot that is free; without one the row is refused (`report_runs_slot`).
inline constexpr db::Query<void(NewRun, std::int32_t)> add_run{
    {"reports.add_run",
     "insert into report_runs (tenant_id, id, report, first_day, last_day, location_id, format, status, slot, attempt, "
     "next_look_at, has_files, rows, created_at, created_by) "
     "select $1, $2, $3, $4, $5, $6, $7, 'queued', (select min(free) from generate_series(1, $10::integer) as free "
     "  where not exists (select from report_runs where tenant_id = $1 and slot = free)), 0, "
     "now() + interval '5 minutes', false, 0, $8, $9",
     db::Kind::write}};

inline constexpr auto run_by_id = db::find<tables::report_runs>("reports.run_by_id");

// Begun as often as may be, and nobody is at work.
inline constexpr db::Query<void(ReportRunId, std::int32_t)> give_up{
    {"reports.give_up",
     "update report_runs set status = 'failed', failure = coalesce(failure, 'report.interrupted'), slot = null, "
     "lease_until = null, next_look_at = null, finished_at = now() "
     "where tenant_id = $1 and id = $2 and attempt >= $3 and status in ('queued', 'running') "
     "and (lease_until is null or lease_until < now())",
     db::Kind::write}};
// Behind lock_runs: one that nobody is at work on, while the tenant has no other one under way.
inline constexpr db::Query<ReportRun(ReportRunId, std::int64_t)> take{
    {"reports.take",
     "update report_runs r set status = 'running', attempt = attempt + 1, has_files = true, started_at = now(), "
     "rows = 0, percent = null, failure = null, lease_until = now() + $3::bigint * interval '1 second', "
     "next_look_at = now() + $3::bigint * interval '1 second' "
     "where tenant_id = $1 and id = $2 and status in ('queued', 'running') "
     "and (lease_until is null or lease_until < now()) and not exists ("
     "  select from report_runs other where other.tenant_id = $1 and other.id <> $2 and other.status = 'running' "
     "  and other.slot is not null and other.lease_until >= now()) "
     "returning " POS_RUN_COLUMNS,
     db::Kind::write}};
// No row: it was cancelled, or is another attempt's.
inline constexpr db::Query<void(ReportRunId, std::int32_t, std::int64_t, std::optional<std::int32_t>, std::int64_t)>
    tell{{"reports.tell",
          "update report_runs set rows = $4, percent = $5, lease_until = now() + $6::bigint * interval '1 second', "
          "next_look_at = now() + $6::bigint * interval '1 second' "
          "where tenant_id = $1 and id = $2 and attempt = $3 and status = 'running'",
          db::Kind::write}};
inline constexpr db::Query<void(ReportRunId, std::int32_t, std::int64_t, std::int64_t, std::string)> succeed{
    {"reports.succeed",
     "update report_runs set status = 'succeeded', rows = $4, percent = 100, bytes = $5, sha256 = $6, slot = null, "
     "lease_until = null, next_look_at = null, finished_at = now(), expires_at = now() + interval '7 days' "
     "where tenant_id = $1 and id = $2 and attempt = $3 and status = 'running'",
     db::Kind::write}};
inline constexpr db::Query<void(ReportRunId, std::int32_t, std::string)> fail{
    {"reports.fail",
     "update report_runs set status = 'failed', failure = $4, slot = null, lease_until = null, next_look_at = null, "
     "finished_at = now() where tenant_id = $1 and id = $2 and attempt = $3 and status = 'running'",
     db::Kind::write}};
inline constexpr db::Query<void(ReportRunId, std::int32_t, std::string, std::int64_t)> put_back{
    {"reports.put_back",
     "update report_runs set status = 'queued', failure = $4, lease_until = null, "
     "next_look_at = now() + $5::bigint * interval '1 second' "
     "where tenant_id = $1 and id = $2 and attempt = $3 and status = 'running'",
     db::Kind::write}};
// The lease stays: whoever is at work may leave a file until it has noticed.
inline constexpr db::Query<void(ReportRunId)> cancel{
    {"reports.cancel",
     "update report_runs set deleted_at = now(), status = case when slot is null then status else 'failed' end, "
     "failure = case when slot is null then failure else 'report.cancelled' end, "
     "finished_at = coalesce(finished_at, now()), slot = null, next_look_at = null "
     "where tenant_id = $1 and id = $2 and deleted_at is null",
     db::Kind::write}};

// The oldest that waits for its tenant's turn.
inline constexpr db::Query<ReportRunId(ReportRunId)> next_waiting{
    {"reports.next_waiting",
     "update report_runs set next_look_at = now() + interval '5 minutes' where tenant_id = $1 and id = ("
     "  select id from report_runs where tenant_id = $1 and id <> $2 and status = 'queued' and attempt = 0 "
     "  order by created_at, id limit 1) returning id",
     db::Kind::write}};

inline constexpr db::Query<void(ReportRunId, std::int32_t)> forget_files{
    {"reports.forget_files",
     "update report_runs set has_files = false where tenant_id = $1 and id = $2 and attempt = $3 and slot is null "
     "and (status <> 'succeeded' or deleted_at is not null) and (lease_until is null or lease_until < now())",
     db::Kind::write}};

// How many sales the days have, as far as they are counted: what progress is a part of.
inline constexpr db::Query<std::int64_t(base::Date, base::Date, std::optional<LocationId>)> expected_sales{
    {"reports.expected_sales",
     "select least(coalesce(sum(sales), 0), 9007199254740991)::bigint as sales from daily_sales "
     "where tenant_id = $1 and business_day between $2 and $3 and ($4::uuid is null or location_id = $4)",
     db::Kind::read}};

}  // namespace pos::reports
