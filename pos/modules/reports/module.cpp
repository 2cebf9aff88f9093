#include "pos/modules/reports/module.h"

#include "jobs/once.h"
#include "pos/modules/reports/tables.h"
#include "pos/modules/sales/events.h"
#include "pos/permissions.h"

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
            schema::field<&SummaryFilter::from>("from", {.doc = "First business day."}),
            schema::field<&SummaryFilter::to>("to", {.doc = "Last business day."}));
    }
};

// ---- Statements -------------------------------------------------------------------------------------------------

constexpr db::Query<void(LocationId, base::Date, base::Money, base::Money, base::Money)> add_sale{
    {"reports.add_sale",
     "insert into daily_sales (tenant_id, location_id, business_day, sales, total, tax_total, discount_total, "
     "updated_at) "
     "values ($1, $2, $3, 1, $4, $5, $6, now()) "
     "on conflict (tenant_id, location_id, business_day) do update "
     "set sales = daily_sales.sales + 1, total = daily_sales.total + excluded.total, "
     "tax_total = daily_sales.tax_total + excluded.tax_total, "
     "discount_total = daily_sales.discount_total + excluded.discount_total, updated_at = excluded.updated_at",
     db::Kind::write}};

constexpr auto between = db::select<tables::daily_sales>()
                             .where<&DailySales::business_day, db::Compare::at_least>()
                             .where<&DailySales::business_day, db::Compare::at_most>();
constexpr auto days = between.order_by_descending<&DailySales::business_day, &DailySales::location_id>().page(
    "reports.days", "reports.days_after");
constexpr auto days_of_location = between.where<&DailySales::location_id>()
                                      .order_by_descending<&DailySales::business_day, &DailySales::location_id>()
                                      .page("reports.days_of_location", "reports.days_of_location_after");

constexpr base::Date first_day{std::chrono::year(1970), std::chrono::January, std::chrono::day(1)};
constexpr base::Date last_day{std::chrono::year(9999), std::chrono::December, std::chrono::day(31)};

// ---- Handlers ---------------------------------------------------------------------------------------------------

async::Task<db::Page<DailySales>> sales_summary(auth::PermittedSomewhere<"reports.read"> caller,
                                                http::Query<SummaryFilter> filter, db::Db db) {
    const auto from = filter->from.value_or(first_day);
    const auto to = filter->to.value_or(last_day);
    if (filter->location_id) {
        caller.require_at("reports.read", filter->location_id->uuid());
        return db.page(days_of_location, filter->page, from, to, *filter->location_id);
    }
    if (caller.locations_with("reports.read"))
        throw base::Failure(auth::errors::forbidden, "name a location: ?locationId=");
    return db.page(days, filter->page, from, to);
}

async::Task<void> count_sale(jobs::Job<SaleCreated>& job, app::JobScope scope) {
    const auto& sale = job.data();
    auto batch = scope.tenant_db(sale.tenant_id.uuid()).batch();
    batch.add(add_sale, sale.location_id, sale.business_day, sale.total, sale.tax_total, sale.discount_total);
    if (!co_await jobs::commit_once(std::move(batch), job)) job.logger().info("this sale was counted before");
}

void routes(http::Routes routes) {
    routes.get("/reports/sales-summary", sales_summary,
               {.id = "getSalesSummary",
                .summary = "What was sold, by business day and location, newest first",
                .description = "Kept by a background job: a sale shows within seconds."});
}

void handle_jobs(app::JobHandlers handlers) { handlers.on(sale_created, count_sale); }

}  // namespace

app::Module reports_module() {
    return {.name = "reports",
            .doc = "Totals by the day.",
            .tables = {tables::daily_sales.view()},
            .statements = db::statements(add_sale, days, days_of_location),
            .routes = routes,
            .jobs = handle_jobs};
}

}  // namespace pos
