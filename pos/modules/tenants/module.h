#pragma once
// Sign-up, and the tenant's own settings.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module tenants_module();

}  // namespace pos
