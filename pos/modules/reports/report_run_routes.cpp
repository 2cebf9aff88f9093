// Reports that are written into files: ask for one, follow it, fetch it, take it back.
#include <algorithm>

#include "auth/caller.h"
#include "http/middleware/conditional.h"
#include "pos/location_permissions.h"
#include "pos/modules/reports/report_days.h"
#include "pos/modules/reports/report_run_job.h"
#include "pos/modules/reports/report_run_statements.h"
#include "pos/modules/reports/report_runs.h"
#include "pos/modules/reports/routes.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

constexpr std::string_view export_permission = "reports.export";
// Of a report; what it has in rows has a bound of its own.
constexpr std::chrono::days longest_report{3'660};
constexpr std::int64_t retry_after_ms = 30'000;

// ---- What clients send and get -----------------------------------------------------------------------------------

struct NewReportRun {
    ReportName report{};
    std::optional<base::Date> from;
    std::optional<base::Date> to;
    std::optional<LocationId> location_id;
    ReportFormat format = ReportFormat::csv;

    friend constexpr auto describe(NewReportRun*) {
        using schema::field;
        return schema::object<NewReportRun>(
            "NewReportRun",
            field<&NewReportRun::report>(
                "report",
                {.doc = "`sales`: every line of every sale. `profit` and `stock-valuation` need `costs.read`.",
                 .example = R"("sales")"}),
            field<&NewReportRun::from>(
                "from", {.doc = "First business day, as the shop's clock and cutoff have it. When it is missing, 31 "
                                "days end with `to`. Not of `stock-valuation` and `stock-low`, which are of now.",
                         .example = R"("2026-11-01")"}),
            field<&NewReportRun::to>(
                "to", {.doc = "Last business day; today when it is missing.", .example = R"("2026-11-30")"}),
            field<&NewReportRun::location_id>(
                "locationId", {.doc = "Needed by callers who may have reports of some locations only."}),
            field<&NewReportRun::format>(
                "format", {.defaulted = true,
                           .doc = "`csv-bom`: with a byte order mark in front, for Excel; programs take `csv`."}));
    }
};

struct ReportProgress {
    std::int64_t rows = 0;
    std::optional<std::int32_t> percent;

    friend constexpr auto describe(ReportProgress*) {
        return schema::object<ReportProgress>(
            "ReportProgress", schema::field<&ReportProgress::rows>("rows", {.min = 0, .doc = "Written so far."}),
            schema::field<&ReportProgress::percent>(
                "percent", {.min = 0, .max = 100, .doc = "Null: nobody knows how many there will be."}));
    }
};

struct ReportFile {
    std::int64_t bytes = 0;
    std::int64_t rows = 0;
    std::string sha256;
    std::optional<std::string> url;
    std::optional<base::Timestamp> url_expires_at;
    base::Timestamp expires_at;

    friend constexpr auto describe(ReportFile*) {
        using schema::field;
        return schema::object<ReportFile>(
            "ReportFile", field<&ReportFile::bytes>("bytes"),
            field<&ReportFile::rows>("rows", {.doc = "Without the line of names."}),
            field<&ReportFile::sha256>("sha256", {.text = schema::Text::raw, .doc = "Of the bytes, hexadecimal."}),
            field<&ReportFile::url>("url",
                                    {.text = schema::Text::raw,
                                     .doc = "Whoever has it may fetch the file, without a token. In lists null."}),
            field<&ReportFile::url_expires_at>("urlExpiresAt",
                                               {.doc = "Read the run again for a new one; 15 minutes at most."}),
            field<&ReportFile::expires_at>("expiresAt", {.doc = "When the file goes."}));
    }
};

struct ReportRunReply {
    ReportRunId id;
    ReportName report{};
    std::optional<base::Date> from;
    std::optional<base::Date> to;
    std::optional<LocationId> location_id;
    ReportFormat format{};
    ReportRunStatus status{};
    ReportProgress progress;
    std::optional<ReportFile> file;
    std::optional<std::string> failure;
    std::int32_t attempts = 0;
    base::Timestamp created_at;
    std::optional<base::Timestamp> started_at;
    std::optional<base::Timestamp> finished_at;
    std::optional<base::Uuid> created_by;

    friend constexpr auto describe(ReportRunReply*) {
        using schema::field;
        return schema::object<ReportRunReply>(
            "ReportRun", field<&ReportRunReply::id>("id"), field<&ReportRunReply::report>("report"),
            field<&ReportRunReply::from>("from"), field<&ReportRunReply::to>("to"),
            field<&ReportRunReply::location_id>("locationId"), field<&ReportRunReply::format>("format"),
            field<&ReportRunReply::status>("status"), field<&ReportRunReply::progress>("progress"),
            field<&ReportRunReply::file>("file", {.doc = "Of `succeeded`, for seven days; then the run is `expired`."}),
            field<&ReportRunReply::failure>("failure", {.text = schema::Text::raw,
                                                        .doc = "The code of what went wrong; of a run that is `queued` "
                                                               "again, in its last attempt."}),
            field<&ReportRunReply::attempts>("attempts"), field<&ReportRunReply::created_at>("createdAt"),
            field<&ReportRunReply::started_at>("startedAt"), field<&ReportRunReply::finished_at>("finishedAt"),
            field<&ReportRunReply::created_by>("createdBy"));
    }
};

// What the audit keeps of it.
struct ReportAsked {
    ReportName report{};
    std::optional<base::Date> from;
    std::optional<base::Date> to;
    std::optional<LocationId> location_id;

    friend constexpr auto describe(ReportAsked*) {
        using schema::field;
        return schema::object<ReportAsked>("ReportAsked", field<&ReportAsked::report>("report"),
                                           field<&ReportAsked::from>("from"), field<&ReportAsked::to>("to"),
                                           field<&ReportAsked::location_id>("locationId"));
    }
};

// A file whose time is over has none, whether the clean-up has been there or not.
bool has_file(const ReportRun& run, base::Timestamp now) {
    return run.status == ReportRunStatus::succeeded && run.bytes && run.sha256 && run.expires_at &&
           *run.expires_at > now;
}

ReportRunReply reply_of(const ReportRun& run, base::Timestamp now) {
    ReportRunReply reply{.id = run.id,
                         .report = run.report,
                         .from = run.first_day,
                         .to = run.last_day,
                         .location_id = run.location_id,
                         .format = run.format,
                         .status = run.status,
                         .progress = {run.rows, run.percent},
                         .file = {},
                         .failure = run.failure,
                         .attempts = run.attempt,
                         .created_at = run.created_at,
                         .started_at = run.started_at,
                         .finished_at = run.finished_at,
                         .created_by = run.created_by};
    if (has_file(run, now)) {
        reply.file = ReportFile{.bytes = *run.bytes,
                                .rows = run.rows,
                                .sha256 = *run.sha256,
                                .url = {},
                                .url_expires_at = {},
                                .expires_at = *run.expires_at};
    } else if (run.status == ReportRunStatus::succeeded) {
        reply.status = ReportRunStatus::expired;
    }
    return reply;
}

// ---- Who may have which ------------------------------------------------------------------------------------------

bool may(const auth::Caller& caller, std::string_view permission, const std::optional<LocationId>& location) {
    return location ? caller.may_at(permission, location->uuid()) : caller.may_everywhere(permission);
}

bool may_have(const auth::Caller& caller, ReportName report, const std::optional<LocationId>& location) {
    const auto& needs = report_definition(report).needs;
    return may(caller, export_permission, location) && std::ranges::all_of(needs, [&](std::string_view permission) {
               return permission.empty() || may(caller, permission, location);
           });
}

void require_may_have(const auth::Caller& caller, const NewReportRun& asked) {
    if (may_have(caller, asked.report, asked.location_id)) return;
    const bool somewhere = !asked.location_id && std::ranges::any_of(caller.grants->by_place, [&](const auto& grant) {
        return may_have(caller, asked.report, LocationId(grant.first));
    });
    throw base::Failure(auth::errors::forbidden, somewhere ? "name a location: `locationId`" : "");
}

// Reports of all locations by their names; and for each location that is not among them a name and a place.
struct Visible {
    std::vector<std::string> everywhere;
    std::vector<std::string> names;
    std::vector<LocationId> places;
};
Visible visible_to(const auth::Caller& caller) {
    Visible visible;
    for (const auto& report : report_definitions()) {
        const std::string name(schema::name_of(report.name));
        if (may_have(caller, report.name, std::nullopt)) {
            visible.everywhere.push_back(name);
            continue;
        }
        for (const auto& [place, permissions] : caller.grants->by_place) {
            if (!may_have(caller, report.name, LocationId(place))) continue;
            visible.names.push_back(name);
            visible.places.emplace_back(place);
        }
    }
    return visible;
}

#define POS_VISIBLE_RUNS                                                                                     \
    "select " POS_RUN_COLUMNS                                                                                \
    "from report_runs r where r.tenant_id = $1 and r.deleted_at is null and (r.report = any($2) or exists (" \
    "  select from unnest($3::text[], $4::uuid[]) as seen (report, place) "                                  \
    "  where seen.report = r.report and seen.place = r.location_id)) "
#define POS_NEWEST_FIRST "order by r.created_at desc, r.id desc "
constexpr db::PageQuery<ReportRun, std::tuple<base::Timestamp, ReportRunId>, std::vector<std::string>,
                        std::vector<std::string>, std::vector<LocationId>>
    newest_runs{{{"reports.runs", POS_VISIBLE_RUNS POS_NEWEST_FIRST "limit $5::int"}},
                {{"reports.runs_after",
                  POS_VISIBLE_RUNS "and (r.created_at, r.id) < ($5, $6) " POS_NEWEST_FIRST "limit $7::int"}},
                &db::detail::key_of_row<ReportRun, &ReportRun::created_at, &ReportRun::id>};

// ---- Handlers ----------------------------------------------------------------------------------------------------

base::Failure refuse(std::string pointer, std::string code, std::string text) {
    return base::Failure(http::errors::invalid, {{"body", std::move(pointer), std::move(code), std::move(text), {}}});
}

struct Days {
    std::optional<base::Date> from;
    std::optional<base::Date> to;
};

Days days_of(const NewReportRun& asked, const TenantSettings& settings, base::Timestamp now) {
    if (!report_definition(asked.report).is_of_days) {
        if (asked.from || asked.to)
            throw refuse(asked.from ? "/from" : "/to", "not_allowed", "this report is of the present, not of days");
        return {};
    }
    const auto to = asked.to.value_or(asked.from ? std::max(*asked.from, business_day_of(settings, now))
                                                 : business_day_of(settings, now));
    const auto from = asked.from.value_or(first_day_before(to));
    if (from > to) throw refuse("/from", "too_large", "the first day is behind the last one");
    if (std::chrono::sys_days(to) - std::chrono::sys_days(from) >= longest_report)
        throw refuse("/from", "too_small", "a report has 3,660 days at most");
    return {from, to};
}

ReportRun new_run(const NewReportRun& asked, const Days& days, const Creator& write) {
    ReportRun run;
    run.id = write.new_id<ReportRunId>();
    run.report = asked.report;
    run.first_day = days.from;
    run.last_day = days.to;
    run.location_id = asked.location_id;
    run.format = asked.format;
    run.created_at = write.now();
    run.created_by = write.user_id;
    return run;
}

void add(db::Batch& batch, const ReportRun& run, const Creator& write) {
    batch.add(reports::lock_runs);
    batch.add(reports::add_run,
              reports::NewRun{.id = run.id,
                              .report = run.report,
                              .first_day = run.first_day,
                              .last_day = run.last_day,
                              .location_id = run.location_id,
                              .format = run.format,
                              .created_at = run.created_at,
                              .created_by = write.user_id},
              most_open_runs);
    write.runtime().outbox().add(batch, run_report_job, RunReport{run.id});
    audit(batch, write.runtime(),
          {.action = "report.ask",
           .actor = UserId(write.user_id),
           .subject = run.id.uuid(),
           .address = std::string(write.context().request().client_address()),
           .detail = schema::to_json(ReportAsked{run.report, run.first_day, run.last_day, run.location_id})});
}

async::Task<Created<ReportRunReply>> create(Create<"reports.export", Held::as_declared, IdempotencyKeyHeader> write,
                                            http::Body<NewReportRun> input, db::Db db, http::Service<ReportRuns> runs) {
    require_may_have(write, *input);
    runs->require_storage();
    const auto shop = co_await db.only(reports::tenant, TenantId(db.tenant()));
    const auto run = new_run(*input, days_of(*input, shop.settings, write.now()), write);
    auto once = write.once(db, reply_of(run, write.now()), run.id.uuid(), input);
    add(once.batch(), run, write);
    try {
        co_return co_await once.commit({});
    } catch (const base::Failure& failure) {
        if (failure.code() != errors::too_many_runs) throw;
    }
    throw base::Failure(errors::too_many_runs).retry_after(retry_after_ms);
}

async::Task<db::Page<ReportRunReply>> list(auth::PermittedSomewhere<"reports.export"> caller,
                                           http::Query<db::PageRequest> request, db::Db db,
                                           http::Service<Runtime> runtime) {
    const auto visible = visible_to(caller);
    auto page = co_await db.page(newest_runs, *request, visible.everywhere, visible.names, visible.places);
    db::Page<ReportRunReply> replies{{}, std::move(page.next_cursor), std::move(page.count)};
    for (const auto& run : page.data) replies.data.push_back(reply_of(run, runtime->now()));
    co_return replies;
}

async::Task<ReportRun> readable(db::Db db, const auth::Caller* caller, ReportRunId id) {
    auto run = co_await db.one(reports::run_by_id, id);
    if (!run || run->deleted_at || !may_have(*caller, run->report, run->location_id))
        throw base::Failure(errors::row_not_found);
    co_return *std::move(run);
}

async::Task<ReportRunReply> show(auth::PermittedSomewhere<"reports.export"> caller, http::Path<"id", ReportRunId> id,
                                 db::Db db, http::Service<ReportRuns> runs) {
    const auto run = co_await readable(db, &caller, *id);
    auto reply = reply_of(run, runs->runtime().now());
    if (reply.file) {
        auto signed_url = runs->sign(db.tenant(), run);
        reply.file->url = std::move(signed_url.url);
        reply.file->url_expires_at = signed_url.expires_at;
    }
    co_return reply;
}

async::Task<http::NoContent> remove(auth::PermittedSomewhere<"reports.export"> caller, http::Path<"id", ReportRunId> id,
                                    db::Db db, http::Service<ReportRuns> runs) {
    const auto run = co_await readable(db, &caller, *id);
    auto& runtime = runs->runtime();
    auto batch = db.batch();
    batch.add(reports::cancel, run.id);
    runtime.outbox().add(batch, remove_report_files_job, RemoveReportFiles{run.id});
    co_await batch.commit();
    if (run.slot) co_await send_next_run(db, &runtime, run.id);
    co_return http::NoContent{};
}

}  // namespace

void report_run_routes(http::Routes routes) {
    routes.post("/report-runs", create,
                {.id = "createReportRun",
                 .summary = "Have a report written into a file",
                 .description =
                     "The answer is a run that is `queued`. Read it again every few seconds until it is `succeeded`, "
                     "and fetch its file. A shop has five runs under way at most, one of them at work.",
                 .errors = {errors::key_missing, errors::key_reused, errors::too_many_runs, errors::unknown_location,
                            errors::reports_off},
                 .options = {.priority = http::Priority::low}});
    routes.get("/report-runs", list,
               {.id = "listReportRuns",
                .summary = "Report runs that the caller may have, newest first",
                .description = "Without URLs: those come with the run itself.",
                .options = {.priority = http::Priority::low}});
    routes.get("/report-runs/{id}", show,
               {.id = "getReportRun",
                .summary = "One report run, and where its file is",
                .errors = {errors::reports_off},
                .options = {.priority = http::Priority::low},
                .middleware = {http::no_store()}});
    routes.del("/report-runs/{id}", remove,
               {.id = "deleteReportRun",
                .summary = "Cancel a report run, and remove its file",
                .description = "One that is at work stops within seconds."});
}

std::vector<db::StatementView> report_run_route_statements() { return db::statements(newest_runs, reports::tenant); }

}  // namespace pos
