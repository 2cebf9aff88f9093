#pragma once
// Instants, calendar dates, their texts, and the clock as an argument. Values and pure functions: any thread.
//
//     const std::optional<base::Timestamp> at = base::parse_timestamp("2026-11-22T09:14:03.120+03:00");
//     base::format_timestamp(*at);              // "2026-11-22T06:14:03.120Z"
//     base::format_http_date(*at);              // "Sun, 22 Nov 2026 06:14:03 GMT"
//     base::parse_date("2024-02-29");           // Date, checked against the calendar
//     const base::Timestamp now = clock.now();

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// Microseconds since 1970-01-01T00:00:00Z without leap seconds: the resolution of PostgreSQL's timestamptz.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using Date = std::chrono::year_month_day;

// RFC 3339 date-time with upper-case `T` and `Z` or `+hh:mm`/`-hh:mm`; 0 to 9 fraction digits, cut to microseconds.
// Refused: leap seconds (:60), days that do not exist, a missing offset, instants outside the years 0001 to 9999 UTC.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);
// Always UTC: "2026-11-22T06:14:03.120Z", with six digits when milliseconds would lose something. Years 0001 to 9999;
// anything beyond is written as the nearest bound.
[[nodiscard]] std::string format_timestamp(Timestamp time);
void append_timestamp(std::string& out, Timestamp time);

// ISO 8601 calendar date "2026-11-22", years 0001 to 9999.
[[nodiscard]] std::optional<Date> parse_date(std::string_view text);
[[nodiscard]] std::string format_date(Date date);
void append_date(std::string& out, Date date);

// IMF-fixdate (RFC 9110 §5.6.7), whole seconds. The two obsolete forms are not read: a validator in them is ignored,
// which costs one full reply.
[[nodiscard]] std::optional<Timestamp> parse_http_date(std::string_view text);
[[nodiscard]] std::string format_http_date(Timestamp time);

class Clock {
public:
    virtual ~Clock() = default;
    // May step back (NTP). Thread-safe in every implementation.
    [[nodiscard]] virtual Timestamp now() const = 0;
};

// The system's wall clock; stateless, lives as long as the program.
[[nodiscard]] const Clock& system_clock();

}  // namespace base
