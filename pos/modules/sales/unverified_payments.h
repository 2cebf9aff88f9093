#pragma once
// Payments of sales that nobody has seen the money of: a code was typed, or a prompt is open. They are verified by money that comes, or by
// a person (POST /v1/c2b-payments/{id}/match).

#include "db/query.h"
#include "http/handler.h"

namespace pos {

void unverified_payment_routes(http::Routes routes);
[[nodiscard]] std::vector<db::StatementView> unverified_payment_statements();

}  // namespace pos
