#include "pos/modules/users/role_rules.h"

#include <algorithm>

#include "pos/permissions.h"

namespace pos {

namespace {

bool may_there(const auth::Caller& caller, std::string_view permission, const std::optional<LocationId>& location) {
    return location ? caller.may_at(permission, location->uuid()) : caller.may_everywhere(permission);
}

bool covers(const auth::Caller& caller, const Role& role, const std::optional<LocationId>& location) {
    return std::ranges::all_of(permissions_of(role), [&](const std::string& name) {
        // A permission of a later release is an owner's to give.
        const auto known = caller.permissions->find(name) ? std::string_view(name) : "ownership.transfer";
        return may_there(caller, known, location);
    });
}

bool is_for_staff(const Role& role) {
    return role.built_in && std::ranges::find(staff_roles, *role.built_in) != staff_roles.end();
}

}  // namespace

std::vector<std::string> permissions_of(const Role& role) {
    return pos::permissions_of(role.built_in.value_or(""), role.permissions);
}

// Nobody gives away, or takes from another, what they do not have there themselves; managers give roles of staff only.
void require_cover(const auth::Caller& caller, const std::vector<Role>& roles,
                   const std::vector<RoleAssignment>& given) {
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto role = std::ranges::find(roles, given[i].role_id, &Role::id);
        if (role == roles.end())
            throw base::Failure(
                errors::unknown_role,
                {{"body", "/roles/" + std::to_string(i) + "/roleId", "unknown", "there is no such role", {}}});
        const auto& location = given[i].location_id;
        if (!may_there(caller, "users.write", location) || !covers(caller, *role, location))
            throw base::Failure(auth::errors::forbidden,
                                "the role \"" + role->name + "\" holds more than you may do there");
        if (!is_for_staff(*role) && !may_there(caller, "roles.give", location))
            throw base::Failure(auth::errors::forbidden, "the role \"" + role->name + "\" needs \"roles.give\"");
    }
}

}  // namespace pos
