#pragma once
// Pictures that shops show: README.md.

#include "app/module.h"
#include "pos/modules/images/statements.h"

namespace pos {

[[nodiscard]] app::Module images_module();

}  // namespace pos
