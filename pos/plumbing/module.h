#pragma once
// The tables and statements behind idempotency and the change feed, and each loop's Runtime, as a module without routes.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module plumbing_module();

}  // namespace pos
