#pragma once
// GET /v1/audit-events: what was done to accounts and members. The rows are written by pos/plumbing/audit.h.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module audit_module();

}  // namespace pos
