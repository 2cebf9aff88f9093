#pragma once
// The requests that the documentation page sends when nobody has typed anything, and that generated collections begin with: each
// works against the demo shop, signed in as its owner. A route that takes a body or an id has one here; where it changes or
// deletes a row, that is a row which no other example counts on.
//
//     definition.examples = demo::examples();
//
// Three need what only a reply can tell: refreshSession the refresh token of a login, deleteSession the id of a session. logout ends
// the session that asks.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "openapi/document.h"

namespace pos::demo {

[[nodiscard]] std::vector<openapi::Example> examples();

// Two packets of sugar and one of milk, paid in cash at NRB2: a request to POST /v1/sales.
[[nodiscard]] std::string sale_json(base::Uuid client_request_id, std::optional<base::Uuid> id,
                                    std::string_view occurred_at);

}  // namespace pos::demo
