#include "base/time_zone.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::string_view text) { return parse_timestamp(text).value(); }

TEST(TimeZone, LoadsIanaNamesAlone) {
    for (const std::string_view name :
         {"Africa/Nairobi", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3"}) {
        const auto zone = TimeZone::load(name);
        ASSERT_TRUE(zone) << name;
        EXPECT_EQ(zone->name(), name);
    }
    const std::string long_name(10'000, 'A');
    for (const std::string_view name :
         {"", "Nairobi", "africa/nairobi", "/usr/share/zoneinfo/Africa/Nairobi", "../zoneinfo/UTC", "localtime",
          "file:Africa/Nairobi", ":UTC", "right/UTC", "posix/UTC", "Africa", "Africa/", "zone.tab", "tzdata.zi",
          "Fixed/UTC+03:00:00", long_name.c_str()}) {
        EXPECT_FALSE(TimeZone::load(name)) << name.substr(0, 80);
    }
    EXPECT_FALSE(TimeZone::load(std::string_view{"Africa/Nairobi\0", 15}));
}

TEST(TimeZone, LocalDateChangesAtLocalMidnight) {
    const auto nairobi = TimeZone::load("Africa/Nairobi").value();
    EXPECT_EQ(format_date(nairobi.local_date(at("2026-11-21T20:59:59.999999Z"))), "2026-11-21");
    EXPECT_EQ(format_date(nairobi.local_date(at("2026-11-21T21:00:00Z"))), "2026-11-22");
    EXPECT_EQ(format_date(nairobi.local_date(at("2050-12-31T21:00:00Z"))), "2051-01-01");  // beyond 2037
    EXPECT_EQ(format_date(TimeZone::utc().local_date(at("1969-12-31T23:59:59.999999Z"))), "1969-12-31");
}

TEST(TimeZone, BusinessDayEndsAtTheCutoff) {
    const auto nairobi = TimeZone::load("Africa/Nairobi").value();
    struct Case {
        std::string_view instant;
        std::chrono::minutes cutoff;
        std::string_view day;
    };
    const Case cases[] = {
        {"2026-11-22T00:59:59+03:00", 0min, "2026-11-22"},
        {"2026-11-22T03:59:59.999999+03:00", 240min, "2026-11-21"},
        {"2026-11-22T04:00:00+03:00", 240min, "2026-11-22"},
        {"2026-11-22T23:59:59+03:00", 240min, "2026-11-22"},
        {"2026-03-01T00:30:00+03:00", 31min, "2026-02-28"},
        {"2024-03-01T00:30:00+03:00", 31min, "2024-02-29"},
        {"2026-01-01T00:00:00+03:00", 1439min, "2025-12-31"},
        {"2026-01-01T23:59:00+03:00", 1439min, "2026-01-01"},
    };
    for (const auto& expected : cases) {
        EXPECT_EQ(format_date(nairobi.business_day(at(expected.instant), expected.cutoff)), expected.day)
            << expected.instant;
    }
}

TEST(TimeZone, SummerTimeMovesNoBorder) {
    const auto berlin = TimeZone::load("Europe/Berlin").value();
    // 2026-03-29: 02:00 becomes 03:00 (01:00Z); 2026-10-25: 03:00 becomes 02:00 (01:00Z).
    EXPECT_EQ(format_date(berlin.business_day(at("2026-03-29T01:59:59Z"), 240min)),
              "2026-03-28");  // 03:59:59 summer time
    EXPECT_EQ(format_date(berlin.business_day(at("2026-03-29T02:00:00Z"), 240min)), "2026-03-29");
    EXPECT_EQ(format_date(berlin.business_day(at("2026-10-25T02:59:59Z"), 240min)),
              "2026-10-24");  // 03:59:59 winter time
    EXPECT_EQ(format_date(berlin.business_day(at("2026-10-25T03:00:00Z"), 240min)), "2026-10-25");
}

}  // namespace
}  // namespace base
