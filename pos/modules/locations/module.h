#pragma once
// Shops and store rooms: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module locations_module();

}  // namespace pos
