// How a report's cells are written: amounts, times, formulas, quotes.
#include "pos/modules/reports/report_csv.h"

#include <gtest/gtest.h>

#include <limits>

#include "schema/schema.h"

namespace {

using namespace pos;

base::Timestamp at(std::string_view text) { return base::parse_timestamp(text).value(); }

TEST(ReportCsvTest, AmountsAreDecimalsOfTheCurrency) {
    constexpr struct {
        std::int64_t minor;
        std::uint8_t decimals;
        std::string_view text;
    } cases[] = {{0, 2, "0.00"},
                 {5, 2, "0.05"},
                 {-5, 2, "-0.05"},
                 {100, 2, "1.00"},
                 {123'456, 2, "1234.56"},
                 {-123'456, 2, "-1234.56"},
                 {1'500, 0, "1500"},
                 {-7, 0, "-7"},
                 {1, 3, "0.001"},
                 {1'234'567, 3, "1234.567"},
                 {std::numeric_limits<std::int64_t>::min(), 2, "-92233720368547758.08"}};
    for (const auto& one : cases) EXPECT_EQ(decimal_text({one.minor}, one.decimals), one.text);
}

TEST(ReportCsvTest, TimesAreThoseOfTheWallWithTheOffset) {
    const struct {
        std::string_view zone;
        std::string_view utc;
        std::string_view text;
    } cases[] = {
        {"Africa/Nairobi", "2026-11-20T09:14:03.120Z", "2026-11-20T12:14:03.120+03:00"},
        {"Africa/Nairobi", "2026-11-20T22:00:00Z", "2026-11-21T01:00:00.000+03:00"},
        {"UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+00:00"},
        {"Asia/Kathmandu", "2026-06-30T20:00:00Z", "2026-07-01T01:45:00.000+05:45"},
        {"America/St_Johns", "2026-01-01T02:00:00Z", "2025-12-31T22:30:00.000-03:30"},
        // Before and behind the hour that occurs twice.
        {"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00.000+02:00"},
        {"Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00.000+01:00"},
        // Local mean time, 2:27:16 ahead.
        {"Africa/Nairobi", "1900-01-01T00:00:00Z", "1900-01-01T02:27:00.000+02:27"},
        {"no/where", "2026-11-20T09:00:00Z", "2026-11-20T09:00:00.000+00:00"},
    };
    for (const auto& one : cases) {
        const auto text = zoned_text(at(one.utc), report_locale(one.zone, "KES").zone);
        EXPECT_EQ(text, one.text);
        EXPECT_EQ(base::parse_timestamp(text), at(one.utc)) << text;
    }
}

TEST(ReportCsvTest, CurrenciesHaveTheirDecimals) {
    EXPECT_EQ(report_locale("UTC", "KES").decimals, 2);
    EXPECT_EQ(report_locale("UTC", "UGX").decimals, 0);
    EXPECT_EQ(report_locale("UTC", "TND").decimals, 3);
    EXPECT_EQ(report_locale("UTC", "???").decimals, 2);
}

struct Line {
    std::string name;
    base::Money amount;
    std::optional<base::Money> cost;
    std::optional<base::Timestamp> sold_at;
    base::Quantity quantity;
    std::optional<std::string> note;
    base::Date day;

    friend constexpr auto describe(Line*) {
        using schema::field;
        return schema::object<Line>("Line", field<&Line::name>("name"), field<&Line::amount>("amount"),
                                    field<&Line::cost>("cost"), field<&Line::sold_at>("soldAt"),
                                    field<&Line::quantity>("quantity"), field<&Line::note>("note"),
                                    field<&Line::day>("day"));
    }
};

TEST(ReportCsvTest, TextsRunNoFormulaAndNumbersStayNumbers) {
    std::string text;
    write_report_header(schema::object_of<Line>, text);
    const auto locale = report_locale("Africa/Nairobi", "KES");
    const Line lines[] = {
        {.name = "=1+1", .amount = {-250}, .cost = {{-100}}, .quantity = {-15'000}, .note = "a \"b\", c"},
        {.name = "Sugar\r\n1kg", .sold_at = at("2026-11-20T09:00:00Z"), .note = "@SUM(A1)"}};
    for (auto line : lines) {
        line.day = *base::parse_date("2026-11-20");
        write_report_row(schema::object_of<Line>, &line, locale, text);
    }
    EXPECT_EQ(text,
              "name,amount,cost,soldAt,quantity,note,day\r\n"
              "'=1+1,-2.50,-1.00,,-1.5,\"a \"\"b\"\", c\",2026-11-20\r\n"
              "\"Sugar\r\n1kg\",0.00,,2026-11-20T12:00:00.000+03:00,0,'@SUM(A1),2026-11-20\r\n");
}

}  // namespace
