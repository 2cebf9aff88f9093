#pragma once
// The link that holds every reply against the document: a status, or a problem's code, that its route does not describe becomes a 500
// that says what to add. For tests and development, so that whatever a suite provokes is in the document. May be shared by loops.
//
//     links.insert(links.begin(), openapi::reply_check());      // outside of http::problems()
//
// Left alone: what any request can meet (default_common_errors(), server.exhausted), 500s, and what handlers fill in
// themselves (`Task<void>`; a problem that they throw is looked at). Bodies, headers and what hooks make of a reply later (304,
// compression) are compared by the clients of the end-to-end tests (tests/e2e/support/contract.ts).

#include "http/middleware.h"

namespace openapi {

[[nodiscard]] http::Middleware reply_check();

}  // namespace openapi
