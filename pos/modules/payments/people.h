#pragma once
// What people decide where nobody else knows: what money pays that came by itself, and whether an attempt of unknown outcome was paid.
// Who said so, and when, is an audit event of the same transaction.

#include <vector>

#include "db/query.h"
#include "http/handler.h"

namespace pos {

void people_routes(http::Routes routes);
[[nodiscard]] std::vector<db::StatementView> people_statements();

}  // namespace pos
