#include "pos/modules/reports/dashboard.h"

#include <algorithm>

#include "pos/modules/reports/report_days.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/runtime.h"

namespace pos {

namespace {

constexpr std::int64_t most_locations = 500;
constexpr std::int64_t most_low = 1'000;  // counting ends there
constexpr std::int64_t most_open = 1'000;

using Locations = std::optional<std::vector<LocationId>>;

constexpr db::Query<LocationToday(Locations, base::Date, std::int64_t)> totals{
    {"reports.today",
     "select l.id as location_id, l.code, l.name, $3::date as business_day, coalesce(s.sales, 0) as sales, "
     "coalesce(s.total, 0) as total, coalesce(s.tax_total, 0) as tax_total, "
     "coalesce(s.discount_total, 0) as discount_total, s.updated_at "
     "from locations l left join daily_sales s "
     "  on s.tenant_id = l.tenant_id and s.location_id = l.id and s.business_day = $3 "
     "where l.tenant_id = $1 and l.deleted_at is null and ($2::uuid[] is null or l.id = any($2)) "
     "order by l.code, l.id limit $4",
     db::Kind::read}};

constexpr db::Query<std::int64_t(Locations, std::int64_t)> low_count{
    {"reports.low_count",
     "select count(*) from (select from stock_levels s "
     "  join variants v on v.tenant_id = s.tenant_id and v.id = s.variant_id and v.deleted_at is null "
     "  join products r on r.tenant_id = s.tenant_id and r.id = v.product_id and r.track_stock and r.deleted_at is "
     "null "
     "  join locations l on l.tenant_id = s.tenant_id and l.id = s.location_id and l.deleted_at is null "
     "  where s.tenant_id = $1 and ($2::uuid[] is null or s.location_id = any($2)) "
     "  and v.reorder_level is not null and s.on_hand <= v.reorder_level limit $3) low",
     db::Kind::read}};

// Those that were begun today: a payer answers within minutes.
constexpr db::Query<std::int64_t(Locations, std::int64_t)> open_count{
    {"reports.open_payments",
     "select count(*) from (select from payment_intents "
     "  where tenant_id = $1 and state in ('created', 'sent', 'pending', 'unknown') "
     "  and created_at > now() - interval '1 day' and ($2::uuid[] is null or location_id = any($2)) limit $3) open",
     db::Kind::read}};

struct Dashboard {
    base::Date business_day;
    std::string currency;
    base::Timestamp server_time;
    std::vector<LocationToday> locations;
    std::optional<std::int64_t> low_stock;
    std::optional<std::int64_t> open_payments;

    friend constexpr auto describe(Dashboard*) {
        using schema::field;
        return schema::object<Dashboard>(
            "Dashboard", field<&Dashboard::business_day>("businessDay"), field<&Dashboard::currency>("currency"),
            field<&Dashboard::server_time>("serverTime"),
            field<&Dashboard::locations>("locations", {.max_items = most_locations, .doc = "By code."}),
            field<&Dashboard::low_stock>(
                "lowStock", {.doc = "What is at or below its reorder level, at the locations whose stock the caller "
                                    "may see; 1000: or more. Null without `stock.read`."}),
            field<&Dashboard::open_payments>(
                "openPayments", {.doc = "Payments of the last day that wait for their payer or provider; 1000: or "
                                        "more. Null without `payments.read`."}));
    }
};

const db::Query<std::int64_t(Locations, std::int64_t)>& of(bool low) { return low ? low_count : open_count; }

async::Task<std::optional<std::int64_t>> count_for(const auth::Caller* caller, db::Db db, std::string_view permission,
                                                   bool low) {
    if (!caller->may(permission)) co_return std::nullopt;
    Locations locations;
    if (const auto places = caller->places_with(permission))
        locations = std::vector<LocationId>(places->begin(), places->end());
    co_return co_await db.only(of(low), locations, low ? most_low : most_open);
}

async::Task<Dashboard> dashboard(auth::PermittedSomewhere<"reports.read"> caller, db::Db db,
                                 http::Service<Runtime> runtime) {
    const auto tenant = co_await db.only(reports::tenant, TenantId(db.tenant()));
    Dashboard shown{.business_day = business_day_of(tenant.settings, runtime->now()),
                    .currency = tenant.settings.currency,
                    .server_time = runtime->now()};
    shown.locations =
        co_await db.all(totals, locations_with<"reports.read">(caller), shown.business_day, most_locations);
    shown.low_stock = co_await count_for(&caller, db, "stock.read", true);
    shown.open_payments = co_await count_for(&caller, db, "payments.read", false);
    co_return shown;
}

}  // namespace

async::Task<std::vector<LocationToday>> totals_of_today(db::Db db, std::optional<std::vector<LocationId>> locations,
                                                        base::Timestamp now) {
    const auto tenant = co_await db.only(reports::tenant, TenantId(db.tenant()));
    co_return co_await db.all(totals, locations, business_day_of(tenant.settings, now), most_locations);
}

void dashboard_routes(http::Routes routes) {
    routes.get("/dashboard", dashboard,
               {.id = "getDashboard",
                .summary = "Today, by location",
                .description = "From totals that a background job keeps: a sale shows within seconds. Of the locations "
                               "whose reports the caller may read. `/v1/events` says when to look again."});
}

std::vector<db::StatementView> dashboard_statements() { return db::statements(totals, low_count, open_count); }

}  // namespace pos
