#pragma once
// Maintenance: rows that have served their time are removed by the clock. See README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module maintenance_module();

}  // namespace pos
