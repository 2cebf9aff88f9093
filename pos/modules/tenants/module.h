#pragma once
// Sign-up, and the tenant's own settings.

#include "app/module.h"
#include "pos/modules/tenants/tables.h"
#include "pos/plumbing/collection.h"

namespace pos {

inline constexpr Collection<tables::tenants> tenant_rows{"tenant.read"};

[[nodiscard]] app::Module tenants_module();

}  // namespace pos
