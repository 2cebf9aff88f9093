#include "pos/modules/auth/wiring.h"

#include <stdexcept>

#include "config/config.h"
#include "pos/permissions.h"

namespace pos {

namespace {

constexpr std::string_view service_name = "backend-api";
constexpr std::string_view device_claim = "did";  // the session's device, in access tokens

// As the settings' check has read them; what has changed meanwhile ends the program.
auth::KeySet read_keys(const AuthSettings& settings) {
    schema::Issues issues("environment");
    auto keys = signing_keys(settings, issues);
    if (keys) return *std::move(keys);
    // lint: allow(thrown-type) at start: it ends the program
    throw std::runtime_error(config::report(issues.list()));
}

// Behind a host of our own, browsers keep `__Host-` cookies for https alone, and for http://localhost not at all (Safari).
bool has_secure_cookies(const app::Settings& settings) {
    return settings.environment == app::Environment::production || settings.public_url.starts_with("https://");
}

std::vector<std::string> named_origins(const std::vector<std::string>& origins) {
    std::vector<std::string> named;
    for (const auto& origin : origins) {
        if (origin != "*") named.push_back(origin);
    }
    return named;
}

auth::Authenticator::Options authenticator_options(const AuthSettings& own, const app::Settings& settings) {
    auth::Authenticator::Options options;
    options.tokens.issuer = own.jwt_issuer;
    options.tokens.audience = own.jwt_audience;
    options.tokens.device_claim = device_claim;
    options.tag_secret = settings.secret;
    return options;
}

AuthService::Options service_options(const AuthSettings& own) {
    AuthService::Options options;
    options.issuer = own.jwt_issuer;
    options.audience = own.jwt_audience;
    options.access_token_life = std::chrono::seconds(own.access_token_seconds);
    options.session_life = std::chrono::days(own.refresh_token_days);
    options.service_name = service_name;
    options.device_claim = device_claim;
    return options;
}

}  // namespace

AuthShared::AuthShared(const AuthSettings& own, const app::Settings& settings, base::RandomSource& random)
    : keys(read_keys(own)),
      values({.secret = settings.secret, .previous_secrets = {}}),
      sealed({.secret = settings.secret, .previous_secrets = {}}, random),
      cookies({.secure = has_secure_cookies(settings), .origins = named_origins(settings.cors_origins)}, values),
      permissions({permission_names.begin(), permission_names.end()}, {.field = "locationId", .noun = "location"},
                  "permission_names of pos/permissions.h"),
      hasher({.threads = static_cast<std::size_t>(own.password_threads), .queue_limit = 64, .parameters = {}}, random) {
}

std::unique_ptr<AuthShared> make_auth_shared(const AuthSettings& own, const app::Settings& settings,
                                             base::SecureRandom& random) {
    return std::make_unique<AuthShared>(own, settings, random);
}

std::unique_ptr<DatabaseGrants> make_grants(const db::Databases& databases, AuthShared& shared,
                                            const base::Clock& clock) {
    return std::make_unique<DatabaseGrants>(databases, shared.permissions, clock);
}

std::unique_ptr<auth::Authenticator> make_authenticator(const AuthSettings& own, const app::LoopParts& parts,
                                                        AuthShared& shared, DatabaseGrants& grants,
                                                        const base::Clock& clock) {
    auto authenticator = std::make_unique<auth::Authenticator>(
        authenticator_options(own, parts.settings),
        auth::Authenticator::Parts{parts.loop, shared.keys, shared.cookies, grants, shared.permissions, clock,
                                   parts.metrics});
    authenticator->listen(*parts.databases.system);
    return authenticator;
}

std::unique_ptr<AuthService> make_auth_service(const AuthSettings& own, const app::LoopParts& parts, AuthShared& shared,
                                               Runtime& runtime, Notifier& notifier, const base::Clock& clock,
                                               base::SecureRandom& random) {
    return std::make_unique<AuthService>(
        service_options(own), AuthService::Parts{parts.loop, shared.keys, shared.values, shared.sealed, shared.cookies,
                                                 shared.hasher, clock, random, runtime, notifier});
}

}  // namespace pos
