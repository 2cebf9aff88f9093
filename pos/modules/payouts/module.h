#pragma once
// Payouts: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module payouts_module();

}  // namespace pos
