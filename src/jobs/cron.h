#pragma once
// Cron patterns in the dialect of npm's cron-parser 5, which BullMQ's schedulers are written in. A value; any thread.
//
//     const auto pattern = jobs::CronPattern::parse("0 30 9 * * MON-FRI");
//     if (!pattern) { /* pattern.error() says what is wrong */ }
//     const auto next = pattern->next(clock.now(), *base::TimeZone::load("Africa/Nairobi"));
//
// Five fields (second 0) or six: second 0-59, minute 0-59, hour 0-23, day 1-31, month 1-12 or JAN-DEC, weekday 0-7 or SUN-SAT
// (0 and 7 are Sunday); fewer are those on the right. `*` and `?`, lists, ascending ranges, steps (`5/20` goes on to the end), `L`
// as day (the last) and `5L` as weekday (the last Friday), `1#2` (the second Monday), `H` (any one value, always the same for one
// seed), @yearly @annually @monthly @weekly @daily @hourly @minutely @secondly @weekdays @weekends. Day and weekday both
// restricted: either suffices.
//
// Summer time: unless every hour matches, a time in the skipped hour runs at the same minute of the hour after it, and a time
// in the repeated hour runs once, at the first.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/time_zone.h"

namespace jobs {

class CronPattern {
public:
    [[nodiscard]] static std::expected<CronPattern, std::string> parse(std::string_view text,
                                                                       std::string_view seed = "");

    // The first match strictly later than `after`, to the second; nullopt when there is none in forty years.
    [[nodiscard]] std::optional<base::Timestamp> next(base::Timestamp after, const base::TimeZone& zone) const;

private:
    CronPattern() = default;

    // A bit for each value.
    std::uint64_t seconds_ = 0;
    std::uint64_t minutes_ = 0;
    std::uint64_t hours_ = 0;
    std::uint64_t days_ = 0;
    std::uint64_t months_ = 0;
    std::uint64_t weekdays_ = 0;
    std::uint64_t last_weekdays_ = 0;  // in the last seven days of the month
    int nth_ = 0;                      // of the weekday in its month; 0: every
    bool last_day_ = false;
    bool any_day_ = false;
    bool any_weekday_ = false;

    [[nodiscard]] bool matches(base::Date date) const;
    [[nodiscard]] bool matches_hour(std::chrono::local_seconds hour, const base::TimeZone& zone) const;
    [[nodiscard]] bool can_ever_match() const;
};

}  // namespace jobs
