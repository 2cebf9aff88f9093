#pragma once
// Totals kept beside the sales, so that a report reads rows by the day and not by the line.

#include "pos/modules/locations/tables.h"

namespace pos {

// Of a location and a business day, in the tenant's currency.
struct DailySales {
    LocationId location_id;
    base::Date business_day;
    std::int64_t sales = 0;
    base::Money total;
    base::Money tax_total;
    base::Money discount_total;
    base::Timestamp updated_at;

    friend constexpr auto describe(DailySales*) {
        return schema::object<DailySales>("DailySales", schema::field<&DailySales::location_id>("locationId"),
                                          schema::field<&DailySales::business_day>("businessDay"),
                                          schema::field<&DailySales::sales>("sales", {.min = 0, .doc = "How many."}),
                                          schema::field<&DailySales::total>("total"),
                                          schema::field<&DailySales::tax_total>("taxTotal"),
                                          schema::field<&DailySales::discount_total>("discountTotal"),
                                          schema::field<&DailySales::updated_at>("updatedAt"));
    }
};

namespace tables {
inline constexpr auto daily_sales = db::tenant_table<DailySales>(
    "daily_sales", db::primary_key<&DailySales::location_id, &DailySales::business_day>(),
    db::references<&DailySales::location_id>("daily_sales_location", locations, errors::unknown_location),
    db::index<&DailySales::business_day, &DailySales::location_id>("daily_sales_days"));
}  // namespace tables

}  // namespace pos
