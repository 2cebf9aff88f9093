#pragma once
// The tenant's members and roles.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module users_module();

}  // namespace pos
