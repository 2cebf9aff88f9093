#include "pos/modules/reports/report_days.h"

#include <algorithm>

#include "base/time_zone.h"

namespace pos {

base::Date business_day_of(const TenantSettings& settings, base::Timestamp now) {
    const auto zone = base::TimeZone::load(settings.time_zone).value_or(base::TimeZone::utc());
    return zone.business_day(now, std::chrono::minutes(settings.business_day_cutoff));
}

base::Date first_day_before(base::Date last) {
    constexpr std::chrono::sys_days earliest = std::chrono::year(1) / 1 / 1;
    return std::max(std::chrono::sys_days(last) - (default_days - std::chrono::days(1)), earliest);
}

}  // namespace pos
