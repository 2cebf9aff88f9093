#pragma once
// Payments through a provider: README.md.

#include "app/module.h"
#include "pos/modules/payments/statements.h"

namespace pos {

[[nodiscard]] app::Module payments_module();

}  // namespace pos
