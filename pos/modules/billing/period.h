#pragma once
// Periods of a subscription: days of the shop's calendar, from the first one to the day that the next period begins with. Pure.
//
//     billing::period_from(start, 31, BillingPeriod::month)     // 2027-01-31: until 2027-02-28; then until 2027-03-31
//
// A due day is the anchor, the day of the month that the subscription began on, or the last day of a month that has no such day. So
// periods touch, and February moves nothing.

#include "base/time.h"
#include "pos/modules/billing/tables.h"

namespace pos::billing {

struct Period {
    base::Date start;
    base::Date end;  // the first day of the next one

    friend bool operator==(const Period&, const Period&) = default;
};

// Which day of the month a subscription that begins then is anchored to.
[[nodiscard]] constexpr std::int32_t anchor_of(base::Date start) {
    return static_cast<std::int32_t>(static_cast<unsigned>(start.day()));
}

// The period that begins on `start`, which is a due day of that anchor.
[[nodiscard]] Period period_from(base::Date start, std::int32_t anchor, BillingPeriod length);

[[nodiscard]] base::Date plus_days(base::Date day, std::chrono::days days);
// Negative when `to` is before `from`.
[[nodiscard]] std::chrono::days days_between(base::Date from, base::Date to);

}  // namespace pos::billing
