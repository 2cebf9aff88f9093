#pragma once
// What reports there are: their rows, their SQL, who may have them. Constants; any thread. What open() gives belongs to the
// Db's loop.
//
//     const auto& report = report_definition(ReportName::sales);
//     auto next = report.open(db, {.from = from, .to = to});        // nothing is asked of the database yet
//     while (true) {
//         const auto text = co_await next(&locale, &count);         // some hundred rows as CSV; "": the end
//         if (text.empty()) break;
//     }
//
// Each report is one statement, read by a cursor (db/row_stream.h): all rows are of one moment, and memory holds one piece of them,
// however many there are. What is summed up is summed up by PostgreSQL.

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "db/db.h"
#include "pos/modules/reports/report_csv.h"
#include "pos/modules/reports/tables.h"

namespace pos {

struct ReportQuestion {
    base::Date from{};  // of a report of days: the first business day, and the last
    base::Date to{};
    std::optional<LocationId> location_id{};  // none: all
};

// What was read so far. `sales`: of reports with several rows a sale, which come together.
struct ReportCount {
    std::int64_t rows = 0;
    std::int64_t sales = 0;
    std::optional<SaleId> last_sale{};
};

// Both outlive the task.
using NextReportRows =
    std::move_only_function<async::Task<std::string>(const ReportLocale* locale, ReportCount* count)>;

struct ReportDefinition {
    ReportName name{};
    bool is_of_days = true;                   // else of the present
    bool is_by_sale = false;                  // ReportCount::sales is counted
    std::array<std::string_view, 2> needs{};  // permissions besides reports.export; "": none
    const schema::ObjectType* row = nullptr;
    NextReportRows (*open)(const db::Db& db, const ReportQuestion& question) = nullptr;
};

[[nodiscard]] std::span<const ReportDefinition> report_definitions();
[[nodiscard]] const ReportDefinition& report_definition(ReportName name);

[[nodiscard]] std::vector<db::StatementView> report_query_statements();

}  // namespace pos
