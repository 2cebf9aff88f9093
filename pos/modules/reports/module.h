#pragma once
// Reports: what was sold by the day. See README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module reports_module();

}  // namespace pos
