#pragma once
// The routes of the module, each group in the file of its name.

#include "http/handler.h"

namespace pos {

void payout_routes(http::Routes routes);           // payout_routes.cpp
void payout_callback_routes(http::Routes routes);  // payout_callbacks.cpp

[[nodiscard]] std::vector<db::StatementView> payout_route_statements();

}  // namespace pos
