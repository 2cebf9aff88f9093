#pragma once
// What is on the shelf and how it came there: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module stock_module();

}  // namespace pos
