#pragma once
// The routes of the module, each group in the file of its name.

#include "http/handler.h"

namespace pos {

void intent_routes(http::Routes routes);   // intent_routes.cpp
void refund_routes(http::Routes routes);   // refund_routes.cpp
void account_routes(http::Routes routes);  // account_routes.cpp

[[nodiscard]] std::vector<db::StatementView> intent_route_statements();
[[nodiscard]] std::vector<db::StatementView> refund_route_statements();
[[nodiscard]] std::vector<db::StatementView> account_route_statements();

}  // namespace pos
