#pragma once
// The tenant's members and roles.

#include "app/module.h"
#include "pos/modules/users/tables.h"
#include "pos/plumbing/collection.h"

namespace pos {

inline constexpr Collection<tables::memberships> membership_rows{"users.read"};

[[nodiscard]] app::Module users_module();

}  // namespace pos
