#pragma once
// What devices keep up to date with: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module sync_module();

}  // namespace pos
