#pragma once
// Who may give which role where: for members and for invites. Nobody gives away what they do not have there themselves.
//
//     const auto roles = co_await db.all(roles_of_tenant);
//     require_cover(caller, roles, {{role_id, location_id}});          // 403 auth.forbidden, 422 role.unknown

#include <vector>

#include "auth/caller.h"
#include "db/query.h"
#include "pos/modules/users/members.h"

namespace pos {

inline constexpr auto roles_of_tenant = db::select<tables::roles>()
                                            .where<&RowMeta::deleted_at, db::Compare::is_null>()
                                            .order_by<&Role::name, &Role::id>()
                                            .named("users.roles");

[[nodiscard]] std::vector<std::string> permissions_of(const Role& role);

// Of every role that is given, or taken: the caller may give roles there, and holds each of its permissions there.
void require_cover(const auth::Caller& caller, const std::vector<Role>& roles,
                   const std::vector<RoleAssignment>& given);

}  // namespace pos
