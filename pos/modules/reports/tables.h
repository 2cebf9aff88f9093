#pragma once
// Totals kept beside the sales, so that a report reads rows by the day and not by the line; and reports that are written into
// files.

#include "db/error.h"
#include "pos/modules/locations/tables.h"

namespace pos {

using ReportRunId = base::Id<struct ReportRunTag>;

namespace errors {
inline constexpr base::ErrorCode too_many_runs{"report.too_many_runs", 429, true, base::Action::retry,
                                               "So many reports of this shop are under way already"};
}  // namespace errors

// Of a location and a business day, in the tenant's currency.
struct DailySales {
    LocationId location_id;
    base::Date business_day;
    std::int64_t sales = 0;
    base::Money total;
    base::Money tax_total;
    base::Money discount_total;
    base::Timestamp updated_at;

    friend constexpr auto describe(DailySales*) {
        return schema::object<DailySales>("DailySales", schema::field<&DailySales::location_id>("locationId"),
                                          schema::field<&DailySales::business_day>("businessDay"),
                                          schema::field<&DailySales::sales>("sales", {.min = 0, .doc = "How many."}),
                                          schema::field<&DailySales::total>("total"),
                                          schema::field<&DailySales::tax_total>("taxTotal"),
                                          schema::field<&DailySales::discount_total>("discountTotal"),
                                          schema::field<&DailySales::updated_at>("updatedAt"));
    }
};

// What a run can write. One that is not among report_definitions (report_queries.h) does not compile.
enum class ReportName : std::uint8_t {
    sales,
    sales_summary,
    payments,
    tax,
    best_sellers,
    profit,
    cashier,
    stock_valuation,
    stock_low,
};
constexpr auto describe(ReportName*) {
    return schema::enumeration<ReportName>("ReportName", {{ReportName::sales, "sales"},
                                                          {ReportName::sales_summary, "sales-summary"},
                                                          {ReportName::payments, "payments"},
                                                          {ReportName::tax, "tax"},
                                                          {ReportName::best_sellers, "best-sellers"},
                                                          {ReportName::profit, "profit"},
                                                          {ReportName::cashier, "cashier"},
                                                          {ReportName::stock_valuation, "stock-valuation"},
                                                          {ReportName::stock_low, "stock-low"}});
}

// `csv_bom` has a byte order mark in front, by which Excel knows UTF-8.
enum class ReportFormat : std::uint8_t { csv, csv_bom };
constexpr auto describe(ReportFormat*) {
    return schema::enumeration<ReportFormat>("ReportFormat",
                                             {{ReportFormat::csv, "csv"}, {ReportFormat::csv_bom, "csv-bom"}});
}

enum class ReportRunStatus : std::uint8_t { queued, running, succeeded, failed, expired };
constexpr auto describe(ReportRunStatus*) {
    return schema::enumeration<ReportRunStatus>("ReportRunStatus", {{ReportRunStatus::queued, "queued"},
                                                                    {ReportRunStatus::running, "running"},
                                                                    {ReportRunStatus::succeeded, "succeeded"},
                                                                    {ReportRunStatus::failed, "failed"},
                                                                    {ReportRunStatus::expired, "expired"}});
}

// Moved by pos::ReportRuns alone (report_runs.h). Whoever begins to write it counts `attempt` up, and ends it with that number
// alone: an earlier one that is still at work changes nothing any more. Each attempt has a file of its own.
struct ReportRun {
    ReportRunId id;
    ReportName report{};
    std::optional<base::Date> first_day;  // null: of a report of the present
    std::optional<base::Date> last_day;
    std::optional<LocationId> location_id;  // null: all
    ReportFormat format = ReportFormat::csv;
    ReportRunStatus status = ReportRunStatus::queued;
    std::optional<std::int32_t> slot;  // which of the tenant's places it holds until it ends
    std::int32_t attempt = 0;
    std::optional<base::Timestamp> lease_until;   // until when the attempt is believed to be at work
    std::optional<base::Timestamp> next_look_at;  // when a job is sent for it again; null: never
    bool has_files = false;                       // attempts 1 to `attempt` may have left one
    std::int64_t rows = 0;
    std::optional<std::int32_t> percent;
    std::optional<std::int64_t> bytes;
    std::optional<std::string> sha256;   // hexadecimal
    std::optional<std::string> failure;  // a code
    base::Timestamp created_at;
    std::optional<base::Timestamp> started_at;
    std::optional<base::Timestamp> finished_at;
    std::optional<base::Timestamp> expires_at;  // when the file goes
    std::optional<base::Timestamp> deleted_at;
    std::optional<base::Uuid> created_by;

    friend constexpr auto describe(ReportRun*) {
        using schema::field;
        return schema::object<ReportRun>(
            "ReportRunRow", field<&ReportRun::id>("id"), field<&ReportRun::report>("report"),
            field<&ReportRun::first_day>("firstDay"), field<&ReportRun::last_day>("lastDay"),
            field<&ReportRun::location_id>("locationId"), field<&ReportRun::format>("format"),
            field<&ReportRun::status>("status"), field<&ReportRun::slot>("slot"), field<&ReportRun::attempt>("attempt"),
            field<&ReportRun::lease_until>("leaseUntil"), field<&ReportRun::next_look_at>("nextLookAt"),
            field<&ReportRun::has_files>("hasFiles"), field<&ReportRun::rows>("rows"),
            field<&ReportRun::percent>("percent"), field<&ReportRun::bytes>("bytes"),
            field<&ReportRun::sha256>("sha256"), field<&ReportRun::failure>("failure"),
            field<&ReportRun::created_at>("createdAt"), field<&ReportRun::started_at>("startedAt"),
            field<&ReportRun::finished_at>("finishedAt"), field<&ReportRun::expires_at>("expiresAt"),
            field<&ReportRun::deleted_at>("deletedAt"), field<&ReportRun::created_by>("createdBy"));
    }
};

namespace tables {
inline constexpr auto daily_sales = db::tenant_table<DailySales>(
    "daily_sales", db::primary_key<&DailySales::location_id, &DailySales::business_day>(),
    db::references<&DailySales::location_id>("daily_sales_location", locations, errors::unknown_location),
    db::index<&DailySales::business_day, &DailySales::location_id>("daily_sales_days"));

// The slot is the bound: whoever finds none is refused by `report_runs_slot`, and two that took the same one by
// `report_runs_slots`.
inline constexpr auto report_runs = db::tenant_table<ReportRun>(
    "report_runs", db::primary_key<&ReportRun::id>(),
    db::references<&ReportRun::location_id>("report_runs_location", locations, errors::unknown_location),
    db::unique<&ReportRun::slot>("report_runs_slots", errors::too_many_runs).where("slot is not null"),
    db::check("report_runs_slot", "(slot is not null) = (status in ('queued', 'running'))", errors::too_many_runs),
    db::check("report_runs_file",
              "(status in ('succeeded', 'expired')) = (bytes is not null and sha256 is not null and "
              "expires_at is not null)",
              db::errors::value_refused),
    db::index<&ReportRun::created_at, &ReportRun::id>("report_runs_newest"),
    // Across tenants: what is to be done, what expires, whose files are to go, what goes itself.
    db::expression_index("report_runs_due", "btree", "next_look_at").where("next_look_at is not null"),
    db::expression_index("report_runs_expiry", "btree", "expires_at").where("status = 'succeeded'"),
    db::expression_index("report_runs_files", "btree", "finished_at")
        .where("has_files and slot is null and (status <> 'succeeded' or deleted_at is not null)"),
    db::expression_index("report_runs_age", "btree", "created_at"));
}  // namespace tables

}  // namespace pos
