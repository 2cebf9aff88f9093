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

// ---- What the document says of it ----------------------------------------------------------------------------------

// RFC 7517, with the members of RFC 8037 (OKP) and RFC 7518 (EC).
struct SigningKey {
    std::string kty;
    std::string crv;
    std::string x;
    schema::Maybe<std::string> y;
    std::string kid;
    std::string use;
    std::string alg;
    std::vector<std::string> key_ops;

    friend constexpr auto describe(SigningKey*) {
        using schema::field;
        return schema::object<SigningKey>(
            "SigningKey", field<&SigningKey::kty>("kty", {.example = R"("OKP")"}),
            field<&SigningKey::crv>("crv", {.example = R"("Ed25519")"}),
            field<&SigningKey::x>("x", {.example = R"("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")"}),
            field<&SigningKey::y>("y", {.doc = "Of keys with two coordinates (EC)."}),
            field<&SigningKey::kid>("kid", {.doc = "What a token's header names."}),
            field<&SigningKey::use>("use", {.example = R"("sig")"}),
            field<&SigningKey::alg>("alg", {.example = R"("EdDSA")"}),
            field<&SigningKey::key_ops>("key_ops", {.example = R"(["verify"])"}));
    }
};

struct SigningKeys {
    std::vector<SigningKey> keys;

    friend constexpr auto describe(SigningKeys*) {
        return schema::object<SigningKeys>(
            "SigningKeys", schema::doc("A JWK Set (RFC 7517)."),
            schema::field<&SigningKeys::keys>(
                "keys", {.doc = "The one that signs, and those before and after it while keys are changed."}));
    }
};

void describe_keys(http::Method, http::Operation& operation) {
    operation.replies.clear();
    operation.can_answer({.status = 200,
                          .body = &schema::type_of<SigningKeys>,
                          .media_type = jwks_media_type,
                          .doc = "May be kept for ten minutes."});
}

}  // namespace

void add_jwks_route(http::Router& router) {
    http::Routes(router.group("").describing(describe_keys), "auth")
        .get("/.well-known/jwks.json", show_keys,
             {.id = "getSigningKeys",
              .summary = "Public keys of the access tokens",
              .description = "For other services that check a token by themselves (`jose`, `koa-jwt`)."});
}

}  // namespace auth
