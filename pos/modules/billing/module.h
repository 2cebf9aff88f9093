#pragma once
// Billing: what shops pay for this service. See README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module billing_module();

}  // namespace pos
