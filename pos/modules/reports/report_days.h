#pragma once
// Business days of a report, and the tenant's settings, which say when they begin.

#include "db/db.h"
#include "pos/modules/tenants/tables.h"

namespace pos {

namespace reports {
inline constexpr auto tenant = db::find<tables::tenants>("reports.tenant");
}  // namespace reports

// How many days a report has whose first day nobody named.
inline constexpr std::chrono::days default_days{31};

[[nodiscard]] base::Date business_day_of(const TenantSettings& settings, base::Timestamp now);
// The first of default_days that end with `last`.
[[nodiscard]] base::Date first_day_before(base::Date last);

}  // namespace pos
