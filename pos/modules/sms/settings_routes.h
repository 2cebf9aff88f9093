#pragma once
// What a tenant says about its messages to phones: its own accounts at providers, and what it lets itself spend.

#include <vector>

#include "db/query.h"
#include "http/handler.h"

namespace pos {

void messaging_routes(http::Routes routes);

}  // namespace pos
