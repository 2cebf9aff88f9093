#pragma once
// GET /.well-known/jwks.json: the public keys of access tokens, for whoever verifies them elsewhere (RFC 7517 §5).
//
//     .root_routes = auth::add_jwks_route      // of an app::Module
//
// Symmetric keys are never in it: with JWT_SECRET alone the set is empty.

#include "http/router.h"

namespace auth {

void add_jwks_route(http::Router& router);

}  // namespace auth
