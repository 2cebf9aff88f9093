#pragma once
// The settings of signing in, read beside the service's own (src/app/settings.h).
//
//     .settings = app::settings<AuthSettings, check_auth_settings>()
//
//     schema::Issues issues("environment");
//     auto keys = signing_keys(settings, issues);      // nullopt, and an issue for each key that is none

#include <optional>
#include <string>
#include <vector>

#include "app/settings.h"
#include "auth/jwk.h"

namespace pos {

struct AuthSettings {
    std::optional<std::string> jwt_private_key_file;
    std::optional<std::string> jwt_next_key_file;
    std::vector<std::string> jwt_retired_key_files;
    std::optional<std::string> jwt_secret;
    std::string jwt_issuer = "backend-api";
    std::string jwt_audience = "backend-api";
    std::int32_t access_token_seconds = 600;
    std::int32_t refresh_token_days = 60;
    std::int32_t password_threads = 2;

    friend constexpr auto describe(AuthSettings*) {
        using schema::field;
        return schema::object<AuthSettings>(
            "AuthSettings",
            field<&AuthSettings::jwt_private_key_file>(
                "JWT_PRIVATE_KEY_FILE",
                {.min_length = 1,
                 .doc = "PEM of the Ed25519 or P-256 key that signs access tokens; published at "
                        "/.well-known/jwks.json. Required, unless JWT_SECRET is given: one of the two, not both."}),
            field<&AuthSettings::jwt_next_key_file>(
                "JWT_NEXT_KEY_FILE",
                {.min_length = 1, .doc = "Key that will sign next: published, so that verifiers know it in time."}),
            field<&AuthSettings::jwt_retired_key_files>(
                "JWT_RETIRED_KEY_FILES", {.max_items = 8,
                                          .defaulted = true,
                                          .doc = "Keys that signed before; kept until their last token has expired."}),
            field<&AuthSettings::jwt_secret>(
                "JWT_SECRET", {.min_length = 32,
                               .max_length = 4096,
                               .write_only = true,
                               .doc = "HS256 instead of JWT_PRIVATE_KEY_FILE; at least 32 bytes. Nothing is published "
                                      "then."}),
            field<&AuthSettings::jwt_issuer>("JWT_ISSUER", {.min_length = 1,
                                                            .max_length = 255,
                                                            .defaulted = true,
                                                            .doc = "`iss` of access tokens; another one is refused."}),
            field<&AuthSettings::jwt_audience>("JWT_AUDIENCE",
                                               {.min_length = 1,
                                                .max_length = 255,
                                                .defaulted = true,
                                                .doc = "`aud` of access tokens; another one is refused."}),
            field<&AuthSettings::access_token_seconds>(
                "ACCESS_TOKEN_SECONDS",
                {.min = 60, .max = 3600, .defaulted = true, .doc = "How long an access token is good."}),
            field<&AuthSettings::refresh_token_days>(
                "REFRESH_TOKEN_DAYS", {.min = 1,
                                       .max = 365,
                                       .defaulted = true,
                                       .doc = "How long a refresh token is good, from its last use on."}),
            field<&AuthSettings::password_threads>(
                "PASSWORD_THREADS",
                {.min = 1, .max = 64, .defaulted = true, .doc = "argon2id hashes at a time, 19 MiB each."}));
    }
};

// One key, and files that hold one each; in production no weak secret.
void check_auth_settings(const AuthSettings& settings, const app::Settings& app, schema::Issues& issues);

// Out of JWT_PRIVATE_KEY_FILE, JWT_NEXT_KEY_FILE and JWT_RETIRED_KEY_FILES, or JWT_SECRET. The check reads them, so that a file that
// is none is told beside every other fault; who signs reads them again.
[[nodiscard]] std::optional<auth::KeySet> signing_keys(const AuthSettings& settings, schema::Issues& issues);

}  // namespace pos
