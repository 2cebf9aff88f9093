#include "auth/jwks_route.h"

#include "auth/authenticator.h"
#include "auth/jwk.h"
#include "http/context.h"
#include "http/handler.h"

namespace auth {

namespace {

// Ten minutes: a key is published as `next` for longer than that before it signs.
async::Task<void> show_keys(http::Context& context, http::Service<Authenticator> authenticator) {
    context.response()
        .content_type(jwks_media_type)
        .header("Cache-Control", "public, max-age=600")
        .static_body(authenticator->public_keys());
    co_return;
}

}  // namespace

void add_jwks_route(http::Router& router) {
    http::Routes(router.group(""), "auth")
        .get("/.well-known/jwks.json", show_keys,
             {.id = "getSigningKeys", .summary = "Public keys of the access tokens"});
}

}  // namespace auth
