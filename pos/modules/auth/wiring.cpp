#include "pos/modules/auth/wiring.h"

#include <stdexcept>

#include "app/signing_keys.h"
#include "config/config.h"
#include "pos/permissions.h"

namespace pos {

namespace {

constexpr std::string_view service_name = "backend-api";

// As the settings' check has read them; what has changed meanwhile ends the program.
auth::KeySet read_keys(const app::Settings& settings) {
    schema::Issues issues("environment");
    auto keys = app::signing_keys(settings, issues);
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

auth::Authenticator::Options authenticator_options(const app::Settings& settings) {
    auth::Authenticator::Options options;
    options.tokens.issuer = settings.jwt_issuer;
    options.tokens.audience = settings.jwt_audience;
    options.tag_secret = settings.secret;
    return options;
}

AuthService::Options service_options(const app::Settings& settings) {
    AuthService::Options options;
    options.issuer = settings.jwt_issuer;
    options.audience = settings.jwt_audience;
    options.access_token_life = std::chrono::seconds(settings.access_token_seconds);
    options.session_life = std::chrono::days(settings.refresh_token_days);
    options.service_name = service_name;
    return options;
}

}  // namespace

AuthShared::AuthShared(const app::Settings& settings, const base::Clock& wall_clock)
    : clock(wall_clock),
      keys(read_keys(settings)),
      values({.secret = settings.secret, .previous_secrets = {}}),
      sealed({.secret = settings.secret, .previous_secrets = {}}, random),
      cookies({.secure = has_secure_cookies(settings), .origins = named_origins(settings.cors_origins)}, values),
      permissions({permission_names.begin(), permission_names.end()}),
      hasher({.threads = static_cast<std::size_t>(settings.password_threads), .queue_limit = 64, .parameters = {}},
             random) {}

AuthLoop::AuthLoop(const app::LoopParts& parts, AuthShared& shared)
    : runtime_(shared.clock, shared.random, parts.services.use<jobs::Outbox>()),
      grants_(parts.store, shared.permissions, shared.clock),
      authenticator_(authenticator_options(parts.settings), {parts.loop, shared.keys, shared.cookies, grants_,
                                                             shared.permissions, shared.clock, parts.metrics}),
      service_(service_options(parts.settings), {parts.loop, shared.keys, shared.values, shared.sealed, shared.cookies,
                                                 shared.hasher, shared.clock, shared.random, runtime_}) {
    parts.services.add(runtime_);
    parts.services.add(authenticator_);
    parts.services.add(service_);
    authenticator_.listen(*parts.store.system);
}

}  // namespace pos
