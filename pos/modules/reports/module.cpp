#include "pos/modules/reports/module.h"

#include <algorithm>

#include "app/jobs.h"
#include "auth/caller.h"
#include "jobs/once.h"
#include "pos/location_permissions.h"
#include "pos/modules/reports/dashboard.h"
#include "pos/modules/reports/report_days.h"
#include "pos/modules/reports/report_run_job.h"
#include "pos/modules/reports/report_runs.h"
#include "pos/modules/reports/routes.h"
#include "pos/modules/reports/tables.h"
#include "pos/modules/sales/events.h"
#include "pos/plumbing/runtime.h"

namespace pos {

namespace {

// ---- What clients send ------------------------------------------------------------------------------------------

struct SummaryFilter {
    db::PageRequest page;
    std::optional<LocationId> location_id;
    std::optional<base::Date> from;
    std::optional<base::Date> to;

    friend constexpr auto describe(SummaryFilter*) {
        return schema::object<SummaryFilter>(
            "SummaryFilter", schema::flatten<&SummaryFilter::page>(),
            schema::field<&SummaryFilter::location_id>(
                "locationId", {.doc = "Needed by callers who may see reports of some locations only."}),
            schema::field<&SummaryFilter::from>(
                "from", {.doc = "First business day. When it is missing, 31 days end with `to`, or with today."}),
            schema::field<&SummaryFilter::to>("to", {.doc = "Last business day."}));
    }
};

// ---- Statements -------------------------------------------------------------------------------------------------

// What JSON numbers hold exactly (2^53 - 1): a sum stops there, so that the next sale is counted all the same.
#define POS_MOST "9007199254740991"
constexpr db::Query<void(LocationId, base::Date, base::Money, base::Money, base::Money)> add_sale{
    {"reports.add_sale",
     "insert into daily_sales (tenant_id, location_id, business_day, sales, total, tax_total, discount_total, "
     "updated_at) "
     "values ($1, $2, $3, 1, $4, $5, $6, now()) "
     "on conflict (tenant_id, location_id, business_day) do update "
     "set sales = daily_sales.sales + 1, "
     "total = least(least(daily_sales.total, " POS_MOST ") + excluded.total, " POS_MOST "), "
     "tax_total = least(least(daily_sales.tax_total, " POS_MOST ") + excluded.tax_total, " POS_MOST "), "
     "discount_total = least(least(daily_sales.discount_total, " POS_MOST ") + excluded.discount_total, " POS_MOST "), "
     "updated_at = excluded.updated_at",
     db::Kind::write}};

// What no job counted: Redis has lost it. Marked as a job marks it, so that one of the two counts. In the order of count_sale's locks
// it is not: a job that counts one of these sales at the same moment may be ended by PostgreSQL, and runs again.
constexpr db::SystemQuery<std::int64_t(TenantId)> count_missed{
    {"reports.count_missed",
     "with missed as ("
     "  select id, location_id, business_day, total, tax_total, discount_total from sales s "
     "  where tenant_id = $1 and recorded_at > now() - interval '7 days' "
     "  and recorded_at < now() - interval '15 minutes' and not exists (select from handled_jobs "
     "    where tenant_id = $1 and queue = 'events' and job_id = 'daily_sales/' || s.id) "
     "  order by recorded_at, id limit 1000), "
     "marked as ("
     "  insert into handled_jobs (tenant_id, queue, job_id, handled_at) "
     "  select $1, 'events', 'daily_sales/' || id, now() from missed on conflict do nothing returning job_id), "
     "counted as ("
     "  insert into daily_sales (tenant_id, location_id, business_day, sales, total, tax_total, discount_total, "
     "    updated_at) "
     "  select $1, location_id, business_day, count(*), least(sum(total), " POS_MOST ")::bigint, "
     "    least(sum(tax_total), " POS_MOST ")::bigint, least(sum(discount_total), " POS_MOST ")::bigint, now() "
     "  from missed join marked on job_id = 'daily_sales/' || id group by location_id, business_day "
     "  on conflict (tenant_id, location_id, business_day) do update "
     "  set sales = daily_sales.sales + excluded.sales, "
     "  total = least(least(daily_sales.total, " POS_MOST ") + excluded.total, " POS_MOST "), "
     "  tax_total = least(least(daily_sales.tax_total, " POS_MOST ") + excluded.tax_total, " POS_MOST "), "
     "  discount_total = least(least(daily_sales.discount_total, " POS_MOST ") + excluded.discount_total, " POS_MOST
     "), updated_at = excluded.updated_at) "
     "select count(*) as found from marked",
     db::Kind::write}};
constexpr db::SystemQuery<TenantId(TenantId, std::int64_t)> tenants_after{
    {"reports.tenants_after", "select id from tenants where id > $1 order by id limit $2"}};

#undef POS_MOST

constexpr auto between = db::select<tables::daily_sales>()
                             .where<&DailySales::business_day, db::Compare::at_least>()
                             .where<&DailySales::business_day, db::Compare::at_most>();
constexpr auto days = between.order_by_descending<&DailySales::business_day, &DailySales::location_id>().page(
    "reports.days", "reports.days_after");
constexpr auto days_of_location = between.where<&DailySales::location_id>()
                                      .order_by_descending<&DailySales::business_day, &DailySales::location_id>()
                                      .page("reports.days_of_location", "reports.days_of_location_after");

constexpr base::Date last_day{std::chrono::year(9999), std::chrono::December, std::chrono::day(31)};

// ---- Handlers ---------------------------------------------------------------------------------------------------

// Rows of before the sums had a bound.
db::Page<DailySales> within_bounds(db::Page<DailySales> page) {
    for (auto& row : page.data) {
        for (auto* sum : {&row.total, &row.tax_total, &row.discount_total})
            sum->minor = std::clamp(sum->minor, -schema::max_safe_integer, schema::max_safe_integer);
    }
    return page;
}

async::Task<base::Date> today(db::Db db, base::Timestamp now) {
    co_return business_day_of((co_await db.only(reports::tenant, TenantId(db.tenant()))).settings, now);
}

async::Task<db::Page<DailySales>> sales_summary(auth::PermittedSomewhere<"reports.read"> caller,
                                                http::Query<SummaryFilter> filter, db::Db db,
                                                http::Service<Runtime> runtime) {
    if (filter->location_id) {
        caller.require_at("reports.read", filter->location_id->uuid());
    } else if (caller.places_with("reports.read")) {
        throw base::Failure(auth::errors::forbidden, "name a location: ?locationId=");
    }
    const auto to = filter->to.value_or(last_day);
    auto from = filter->from;
    if (!from) from = first_day_before(filter->to ? to : co_await today(db, runtime->now()));
    if (filter->location_id)
        co_return within_bounds(co_await db.page(days_of_location, filter->page, *from, to, *filter->location_id));
    co_return within_bounds(co_await db.page(days, filter->page, *from, to));
}

async::Task<void> count_sale(jobs::Job<SaleCreated>& job, app::TenantScope scope) {
    const auto& sale = job.data();
    auto batch = scope.db().batch();
    batch.add(add_sale, sale.location_id, sale.business_day, sale.total, sale.tax_total, sale.discount_total);
    batch.announce({.kind = std::string(daily_sales_changed), .place = sale.location_id.uuid()});
    auto effect = "daily_sales/" + sale.id.to_string();
    if (!co_await jobs::commit_once(std::move(batch), job, std::move(effect)))
        job.logger().info("this sale was counted before");
}

struct CountMissed {
    friend constexpr auto describe(CountMissed*) { return schema::object<CountMissed>("CountMissed"); }
};
struct MissedCounted {
    std::int64_t sales = 0;

    friend constexpr auto describe(MissedCounted*) {
        return schema::object<MissedCounted>("MissedCounted", schema::field<&MissedCounted::sales>("sales"));
    }
};

constexpr jobs::JobType<CountMissed> count_missed_sales{"maintenance", "reports.count_missed",
                                                        app::scheduled_job_defaults};

async::Task<MissedCounted> count_what_was_missed(jobs::Job<CountMissed>& job, app::JobScope scope) {
    constexpr std::int64_t at_once = 200;
    MissedCounted done;
    auto tenants = co_await scope.system_db().all(tenants_after, TenantId(), at_once);
    while (!tenants.empty()) {
        for (const auto id : tenants) done.sales += co_await scope.system_db().only(count_missed, id);
        tenants = co_await scope.system_db().all(tenants_after, tenants.back(), at_once);
    }
    if (done.sales > 0) job.logger().warn("sales were counted whose jobs are lost", {{"sales", done.sales}});
    co_return done;
}

void routes(http::Routes routes) {
    report_run_routes(routes);
    dashboard_routes(routes);
    routes.get("/reports/sales-summary", sales_summary,
               {.id = "getSalesSummary",
                .summary = "What was sold, by business day and location, newest first",
                .description = "Kept by a background job: a sale shows within seconds. A sum stops at "
                               "9007199254740991, which is the most that a JSON number says exactly.",
                .options = {.priority = http::Priority::low}});
}

// Its jobs were called as the event is before others could hear it: queues of the release before hold such.
void handle_jobs(app::JobHandlers handlers) {
    handlers.on_event(sale_created, count_sale, {.job = "sale.created"});
    handlers.on_system(count_missed_sales, count_what_was_missed);
    add_report_run_jobs(handlers);
}

std::vector<db::StatementView> all_statements() {
    auto all = db::statements(add_sale, count_missed, tenants_after, days, days_of_location);
    for (const auto& part : {report_query_statements(), report_run_statements(), report_run_route_statements(),
                             report_run_job_statements(), dashboard_statements()})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::vector<app::Schedule> all_schedules() {
    auto all = report_run_schedules();
    all.push_back(app::schedule(count_missed_sales, CountMissed{}, {.pattern = "41 * * * *", .time_zone = "UTC"},
                                "Counts sales of the last 7 days whose jobs Redis has lost."));
    return all;
}

}  // namespace

app::Module reports_module() {
    return {.name = "reports",
            .doc = "Totals by the day, and reports that are written into files.",
            .tables = {tables::daily_sales.view(), tables::report_runs.view()},
            .statements = all_statements(),
            .routes = routes,
            .jobs = handle_jobs,
            .schedules = all_schedules(),
            .services = app::services<make_report_runs>()};
}

}  // namespace pos
