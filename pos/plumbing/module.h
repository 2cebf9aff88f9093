#pragma once
// The tables and statements behind idempotency and the change feed, as a module without routes.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module plumbing_module();

}  // namespace pos
