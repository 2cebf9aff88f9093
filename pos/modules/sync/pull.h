#pragma once
// GET /v1/sync/changes, and what it shares with events: a caller who is looked at again while their request waits.

#include "auth/caller.h"
#include "http/handler.h"
#include "pos/modules/sync/scope.h"

namespace pos::sync {

// Throws what the permissions of the caller are withheld by, if nothing of these may be read for now (402, 403).
void require_not_withheld(const auth::Caller& caller, std::string_view permission);
void require_not_withheld(const auth::Caller& caller, const Scope& scope);
// The caller of a request that has waited, with the permissions of now. Throws 401 when the session or the token has ended meanwhile, and
// what keeps the caller out since then (auth::Grants::wall).
[[nodiscard]] async::Task<auth::Caller> admit_again(http::Context* context, auth::Caller caller, base::Timestamp now);

void pull_routes(http::Routes routes);

}  // namespace pos::sync
