#pragma once
// The routes of report runs; those of the reports that answer at once are in module.cpp.

#include "db/query.h"
#include "http/handler.h"

namespace pos {

void report_run_routes(http::Routes routes);  // report_run_routes.cpp

[[nodiscard]] std::vector<db::StatementView> report_run_route_statements();

}  // namespace pos
