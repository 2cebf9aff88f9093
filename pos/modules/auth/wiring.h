#pragma once
// Authentication put together from the settings: once a process what loops share (keys, secrets, hashing threads), once a loop
// the services that handlers use (auth::Authenticator, AuthService, Runtime).
//
//     definition.make_services = [](const app::LoopParts& parts) { return std::make_shared<pos::AuthLoop>(parts, shared); };
//
// AuthShared outlives every AuthLoop.

#include <memory>

#include "app/app.h"
#include "auth/authenticator.h"
#include "base/random.h"
#include "pos/modules/auth/grant_source.h"
#include "pos/modules/auth/service.h"
#include "pos/plumbing/runtime.h"

namespace pos {

struct AuthShared {
    // Throws std::runtime_error when a key that the settings name cannot be read any more.
    explicit AuthShared(const app::Settings& settings, const base::Clock& wall_clock = base::system_clock());

    const base::Clock& clock;
    base::SecureRandom random;
    auth::KeySet keys;
    auth::SignedValues values;
    auth::SealedValues sealed;
    auth::SessionCookies cookies;
    auth::Permissions permissions;
    auth::PasswordHasher hasher;
};

class AuthLoop {
public:
    // Adds its services, and follows changes of sessions until destroyed.
    AuthLoop(const app::LoopParts& parts, AuthShared& shared);

    [[nodiscard]] auth::Authenticator& authenticator() { return authenticator_; }
    [[nodiscard]] AuthService& service() { return service_; }
    [[nodiscard]] Runtime& runtime() { return runtime_; }

private:
    Runtime runtime_;
    DatabaseGrants grants_;
    auth::Authenticator authenticator_;
    AuthService service_;
};

}  // namespace pos
