#include "pos/modules/auth/wiring.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "pos/permissions.h"

namespace pos {

namespace {

constexpr std::string_view service_name = "backend-api";

auth::Key read_key(std::string_view setting, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    // lint: allow(thrown-type) at start: it ends the program
    if (!file) throw std::runtime_error(fmt::format("{}: cannot read {}", setting, path));
    auto key = auth::Key::from_pem(pem);
    // lint: allow(thrown-type) at start: it ends the program
    if (!key) throw std::runtime_error(fmt::format("{}: {}: {}", setting, path, auth::explain(key.error())));
    return *std::move(key);
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

auth::KeySet signing_keys(const app::Settings& settings) {
    std::vector<auth::KeySetEntry> entries;
    if (settings.jwt_private_key_file)
        entries.push_back({read_key("JWT_PRIVATE_KEY_FILE", *settings.jwt_private_key_file), auth::KeyState::current});
    if (settings.jwt_next_key_file)
        entries.push_back({read_key("JWT_NEXT_KEY_FILE", *settings.jwt_next_key_file), auth::KeyState::next});
    for (const auto& path : settings.jwt_retired_key_files)
        entries.push_back({read_key("JWT_RETIRED_KEY_FILES", path), auth::KeyState::retired});
    if (settings.jwt_secret) {
        auto key = auth::Key::from_secret(*settings.jwt_secret);
        // lint: allow(thrown-type) at start: it ends the program
        if (!key) throw std::runtime_error(fmt::format("JWT_SECRET: {}", auth::explain(key.error())));
        // Beside a key file the secret only verifies: what was signed before the change.
        entries.push_back(
            {*std::move(key), settings.jwt_private_key_file ? auth::KeyState::retired : auth::KeyState::current});
    }
    return auth::KeySet(std::move(entries));
}

AuthShared::AuthShared(const app::Settings& settings, const base::Clock& wall_clock)
    : clock(wall_clock),
      keys(signing_keys(settings)),
      values({.secret = settings.secret, .previous_secrets = {}}),
      sealed({.secret = settings.secret, .previous_secrets = {}}, random),
      cookies({.secure = has_secure_cookies(settings), .origins = named_origins(settings.cors_origins)}, values),
      permissions({permission_names.begin(), permission_names.end()}),
      hasher({.threads = static_cast<std::size_t>(settings.password_threads), .queue_limit = 64, .parameters = {}},
             random) {}

AuthLoop::AuthLoop(const app::LoopParts& parts, AuthShared& shared)
    : runtime_(shared.clock, shared.random, parts.services.use<jobs::Outbox>()),
      grants_(parts.databases, shared.permissions),
      authenticator_(authenticator_options(parts.settings), {parts.loop, shared.keys, shared.cookies, grants_,
                                                             shared.permissions, shared.clock, parts.metrics}),
      service_(service_options(parts.settings), {parts.loop, shared.keys, shared.values, shared.sealed, shared.cookies,
                                                 shared.hasher, shared.clock, shared.random, runtime_}) {
    parts.services.add(runtime_);
    parts.services.add(authenticator_);
    parts.services.add(service_);
    authenticator_.listen(*parts.databases.system);
}

}  // namespace pos
