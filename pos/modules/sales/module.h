#pragma once
// Sales: `POST /v1/sales` whole, and reading them back.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module sales_module();

}  // namespace pos
