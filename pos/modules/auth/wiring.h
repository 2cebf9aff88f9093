#pragma once
// Authentication put together: the services that auth_module() brings. Handlers use auth::Authenticator and AuthService; AuthShared is
// of the process, the others of each loop.

#include <memory>

#include "app/app.h"
#include "auth/authenticator.h"
#include "base/random.h"
#include "pos/modules/auth/grant_source.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/auth/settings.h"

namespace pos {

// Keys, secrets and hashing threads, which loops share.
struct AuthShared {
    // Throws std::runtime_error when a key that the settings name cannot be read any more.
    AuthShared(const AuthSettings& own, const app::Settings& settings, base::RandomSource& random);

    auth::KeySet keys;
    auth::SignedValues values;
    auth::SealedValues sealed;
    auth::SessionCookies cookies;
    auth::Permissions permissions;
    auth::PasswordHasher hasher;
};

[[nodiscard]] std::unique_ptr<AuthShared> make_auth_shared(const AuthSettings& own, const app::Settings& settings,
                                                           base::SecureRandom& random);
[[nodiscard]] std::unique_ptr<DatabaseGrants> make_grants(const db::Databases& databases, AuthShared& shared,
                                                          const base::Clock& clock);
// It follows changes of sessions until destroyed.
[[nodiscard]] std::unique_ptr<auth::Authenticator> make_authenticator(const AuthSettings& own,
                                                                      const app::LoopParts& parts, AuthShared& shared,
                                                                      DatabaseGrants& grants, const base::Clock& clock);
[[nodiscard]] std::unique_ptr<AuthService> make_auth_service(const AuthSettings& own, const app::LoopParts& parts,
                                                             AuthShared& shared, Runtime& runtime, Notifier& notifier,
                                                             const base::Clock& clock, base::SecureRandom& random);

}  // namespace pos
