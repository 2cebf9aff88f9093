#pragma once
// The key set of JWT_PRIVATE_KEY_FILE, JWT_NEXT_KEY_FILE, JWT_RETIRED_KEY_FILES and JWT_SECRET. Settings::check() reads it before
// anything starts, so that a file that is none is told beside every other fault; who signs reads it again.
//
//     schema::Issues issues("environment");
//     auto keys = app::signing_keys(settings, issues);      // nullopt, and an issue for each key that is none

#include <optional>

#include "app/settings.h"
#include "auth/jwk.h"

namespace app {

[[nodiscard]] std::optional<auth::KeySet> signing_keys(const Settings& settings, schema::Issues& issues);

}  // namespace app
