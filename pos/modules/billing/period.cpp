#include "pos/modules/billing/period.h"

#include <algorithm>

namespace pos::billing {

Period period_from(base::Date start, std::int32_t anchor, BillingPeriod length) {
    const auto months = length == BillingPeriod::year ? std::chrono::months(12) : std::chrono::months(1);
    const auto month = std::chrono::year_month(start.year(), start.month()) + months;
    const std::chrono::year_month_day_last last(month.year(), std::chrono::month_day_last(month.month()));
    const auto day = std::min(std::chrono::day(static_cast<unsigned>(anchor)), last.day());
    return {start, {month.year(), month.month(), day}};
}

base::Date plus_days(base::Date day, std::chrono::days days) { return std::chrono::sys_days(day) + days; }

std::chrono::days days_between(base::Date from, base::Date to) {
    return std::chrono::sys_days(to) - std::chrono::sys_days(from);
}

}  // namespace pos::billing
