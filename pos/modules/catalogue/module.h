#pragma once
// What the shop sells: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module catalogue_module();

}  // namespace pos
