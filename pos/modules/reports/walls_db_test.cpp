// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// Viewers read reports, and take none with them; stock clerks have those of the stock.
constexpr std::string_view exporters = "oamst";

constexpr RouteRule rules[] = {
    {"GET /v1/reports/sales-summary", "oamtv", "oamtv", nobody, "?locationId=@here"},
    {"GET /v1/dashboard", "oamtv", "oamtv", "oamtv"},
    {"GET /v1/report-runs", exporters, exporters, exporters},
    {"POST /v1/report-runs", exporters, exporters, nobody, "", R"({"report":"stock-low","locationId":"@here"})"},
    {"GET /v1/report-runs/{id}", exporters, exporters, nobody},
    {"DELETE /v1/report-runs/{id}", exporters, exporters, nobody},
};

constexpr SampleRow rows[] = {
    {"/v1/report-runs/{id}", "/v1/report-runs", R"({"report":"stock-low","locationId":"@here"})"},
};

const Walls walls{rules, rows};

}  // namespace
