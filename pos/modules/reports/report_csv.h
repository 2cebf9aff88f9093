#pragma once
// Rows of a report as people open them in a spreadsheet: CSV as schema/csv.h has it, formulas kept from running; amounts are
// decimals of the tenant's currency, times are those of its clock on the wall, with the offset. Pure functions: any thread.
//
//     std::string text;
//     write_report_header(schema::object_of<SalesLine>, text);          // businessDay,occurredAt,…,gross
//     write_report_row(schema::object_of<SalesLine>, &line, in, text);  // 2026-11-20,2026-11-20T12:00:00.000+03:00,…,225.00

#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time_zone.h"
#include "schema/type.h"

namespace pos {

struct ReportLocale {
    base::TimeZone zone = base::TimeZone::utc();
    std::uint8_t decimals = 2;  // of the currency
};
// An unknown zone is UTC, an unknown currency has two decimals.
[[nodiscard]] ReportLocale report_locale(std::string_view time_zone, std::string_view currency);

// "-1234.50"; without decimals "-1234". No sign of a currency, and no separator of thousands.
[[nodiscard]] std::string decimal_text(base::Money amount, std::uint8_t decimals);
// RFC 3339, in milliseconds: "2026-11-20T12:00:00.000+03:00". Offsets of the past that have seconds are cut to minutes, and the
// clock with them, so that the instant stays what it is.
[[nodiscard]] std::string zoned_text(base::Timestamp at, const base::TimeZone& zone);

void write_report_header(const schema::ObjectType& type, std::string& out);
void write_report_row(const schema::ObjectType& type, const void* row, const ReportLocale& locale, std::string& out);

}  // namespace pos
