#pragma once
// What members hear of without asking: the day's sales, and what runs low. README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module alerts_module();

}  // namespace pos
