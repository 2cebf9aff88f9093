#pragma once
// Tax classes and their rates: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module taxes_module();

}  // namespace pos
