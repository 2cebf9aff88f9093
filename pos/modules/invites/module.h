#pragma once
// Invitations: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module invites_module();

}  // namespace pos
