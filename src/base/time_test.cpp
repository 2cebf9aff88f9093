#include "base/time.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "base/random.h"

namespace base {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

struct Reading {
    std::string_view text;
    std::int64_t microseconds;
};

TEST(Timestamp, ReadsRfc3339) {
    // Figures of `date -u -d ... +%s`.
    const Reading cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"1985-04-12T23:20:50.52Z", 482196050520000},         // RFC 3339 §5.8
        {"1996-12-19T16:39:57-08:00", 851042397000000},       // RFC 3339 §5.8
        {"1937-01-01T12:00:27.87+00:20", -1041337172130000},  // RFC 3339 §5.8
        {"2026-11-22T09:14:03.120+03:00", 1795328043120000},
        {"2024-02-29T00:00:00Z", 1709164800000000},
        {"2000-02-29T12:00:00Z", 951825600000000},
        {"2000-02-29t12:00:00z", 951825600000000},  // RFC 3339 §5.6
        {"2000-02-29T12:00:00.1234567890123456789Z", 951825600123456},
        {"2016-12-31T23:59:60Z", 1483228799000000},  // a leap second
        {"2038-01-19T03:14:08Z", 2147483648000000},
        {"0001-01-01T00:00:00Z", -62135596800000000},
        {"9999-12-31T23:59:59.999999999Z", 253402300799999999},
        {"2026-01-01T00:00:00-00:00", 1767225600000000},     // RFC 3339 §4.3: offset unknown
        {"2026-01-01T00:00:00.1234567Z", 1767225600123456},  // cut, not rounded
        {"2026-01-01T00:00:00.123456999Z", 1767225600123456},
        {"2026-01-01T00:00:00+23:59", 1767225600000000 - (23 * 60 + 59) * 60'000'000LL},
        {"0001-01-01T01:00:00+01:00", -62135596800000000},
    };
    for (const auto& expected : cases) {
        const auto time = parse_timestamp(expected.text);
        ASSERT_TRUE(time) << expected.text;
        EXPECT_EQ(time->time_since_epoch().count(), expected.microseconds) << expected.text;
    }
}

TEST(Timestamp, RefusesEverythingElse) {
    const std::string_view cases[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T09:14:03",
        "2026-11-22T09:14Z",
        "2026-11-22 09:14:03Z",
        "2026-11-22T09:14:03.Z",
        "2026-11-22T09:14:03,5Z",
        "2026-11-22T09:14:03+3:00",
        "2026-11-22T09:14:03+0300",
        "2026-11-22T09:14:03+24:00",
        "2026-11-22T09:14:03+03:60",
        "2026-11-22T09:14:03+03",
        "2026-11-22T09:14:03Z ",
        " 2026-11-22T09:14:03Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T09:60:03Z",
        "2016-12-31T23:59:61Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2026-11-22T09:14:03Zjunk",
        "2026-11-22T09:14:-3Z",
        "20 6-11-22T09:14:03Z",
        "2026-11-22T09:14:03.-1Z",
        std::string_view{"2026-11-22T09:14:03Z\0", 21},
        "\xEF\xBC\x92"
        "026-11-22T09:14:03Z",
    };
    for (const auto text : cases) EXPECT_FALSE(parse_timestamp(text)) << text;
}

TEST(Timestamp, WritesUtcWithThreeOrSixDigits) {
    const Reading cases[] = {
        {"1970-01-01T00:00:00.000Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1969-12-31T23:59:59.999Z", -1000},
        {"2026-11-22T06:14:03.120Z", 1795328043120000},
        {"2026-11-22T06:14:03.120500Z", 1795328043120500},
        {"0001-01-01T00:00:00.000Z", -62135596800000000},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
        {"0001-01-01T00:00:00.000Z", INT64_MIN},
        {"9999-12-31T23:59:59.999999Z", INT64_MAX},
    };
    for (const auto& expected : cases) {
        EXPECT_EQ(format_timestamp(Timestamp{microseconds{expected.microseconds}}), expected.text);
    }
}

TEST(Timestamp, WritingAndReadingGivesTheSameInstant) {
    SeededRandom random{3};
    constexpr std::int64_t first = -62135596800000000;
    constexpr std::uint64_t span = 253402300799999999 - first + 1;
    for (int i = 0; i < 20'000; ++i) {
        const Timestamp time{microseconds{first + static_cast<std::int64_t>(random.below(span))}};
        ASSERT_EQ(parse_timestamp(format_timestamp(time)), time);
        ASSERT_EQ(parse_http_date(format_http_date(time)), std::chrono::floor<std::chrono::seconds>(time));
    }
}

TEST(Date, ReadsAndWritesIso8601) {
    for (const std::string_view text : {"2026-11-22", "2024-02-29", "0001-01-01", "9999-12-31", "2000-02-29"}) {
        const auto date = parse_date(text);
        ASSERT_TRUE(date) << text;
        EXPECT_EQ(format_date(*date), text);
    }
    for (const std::string_view text : {"", "2026-11", "2026-11-22 ", "2026-11-22T", "2025-02-29", "2026-1-02",
                                        "0000-01-01", "10000-01-01", "2026/11/22", "2026-11-31", "20261122"}) {
        EXPECT_FALSE(parse_date(text)) << text;
    }
}

TEST(HttpDate, IsImfFixdate) {
    const auto example = Timestamp{784111777s};
    EXPECT_EQ(format_http_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 §5.6.7
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), example);
    for (const std::string_view text :
         {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
          "sun, 06 nov 1994 08:49:37 gmt", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 31 Feb 1994 08:49:37 GMT"}) {
        EXPECT_FALSE(parse_http_date(text)) << text;
    }
}

TEST(Clock, FakeClockMovesOnlyWhenTold) {
    FakeClock clock;
    EXPECT_EQ(format_timestamp(clock.now()), "2026-01-01T00:00:00.000Z");
    clock.advance(90s);
    EXPECT_EQ(format_timestamp(clock.now()), "2026-01-01T00:01:30.000Z");
    clock.advance(-30s);
    EXPECT_EQ(format_timestamp(clock.now()), "2026-01-01T00:01:00.000Z");
    clock.set(*parse_timestamp("2030-06-01T00:00:00Z"));
    EXPECT_EQ(format_timestamp(clock.now()), "2030-06-01T00:00:00.000Z");
}

TEST(Clock, SystemClockIsNearNow) {
    const auto difference = system_clock().now() - std::chrono::floor<microseconds>(std::chrono::system_clock::now());
    EXPECT_LT(std::chrono::abs(difference), 5s);
}

}  // namespace
}  // namespace base
