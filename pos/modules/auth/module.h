#pragma once
// Signing in and out, sessions, passwords.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module auth_module();

}  // namespace pos
