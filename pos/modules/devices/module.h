#pragma once
// Tills and other devices: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module devices_module();

}  // namespace pos
