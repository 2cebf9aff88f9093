#pragma once
// What a shop has done today, from the totals that are kept beside the sales: GET /v1/dashboard, and what `dashboard.{locationId}` sends to
// those who watch. Cheap: rows by their keys, no line of a sale. Tasks; loop's thread.
//
//     const auto shops = co_await totals_of_today(db, std::vector{location}, runtime.now());

#include <vector>

#include "auth/caller.h"
#include "db/db.h"
#include "http/handler.h"
#include "pos/modules/reports/tables.h"

namespace pos {

// Announced when the totals of a location change (db::AnnouncedRows::kind; `place`: the location).
inline constexpr std::string_view daily_sales_changed = "daily_sales";

struct LocationToday {
    LocationId location_id;
    std::string code;
    std::string name;
    base::Date business_day;
    std::int64_t sales = 0;
    base::Money total;
    base::Money tax_total;
    base::Money discount_total;
    std::optional<base::Timestamp> updated_at;

    friend constexpr auto describe(LocationToday*) {
        using schema::field;
        return schema::object<LocationToday>(
            "LocationToday", field<&LocationToday::location_id>("locationId"), field<&LocationToday::code>("code"),
            field<&LocationToday::name>("name"),
            field<&LocationToday::business_day>("businessDay", {.doc = "Today, by the tenant's clock."}),
            field<&LocationToday::sales>("sales", {.min = 0, .doc = "How many."}),
            field<&LocationToday::total>("total"), field<&LocationToday::tax_total>("taxTotal"),
            field<&LocationToday::discount_total>("discountTotal"),
            field<&LocationToday::updated_at>("updatedAt", {.doc = "Null: nothing was sold yet."}));
    }
};

// No locations: all. Those that were deleted are left out.
[[nodiscard]] async::Task<std::vector<LocationToday>> totals_of_today(db::Db db,
                                                                      std::optional<std::vector<LocationId>> locations,
                                                                      base::Timestamp now);

void dashboard_routes(http::Routes routes);
[[nodiscard]] std::vector<db::StatementView> dashboard_statements();

}  // namespace pos
