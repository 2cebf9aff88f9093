#pragma once
// People, their membership of tenants, and what they may do there. Users belong to the installation; the rest to a tenant.

#include "db/error.h"
#include "pos/modules/locations/tables.h"
#include "pos/modules/tenants/tables.h"

namespace pos {

using MembershipId = base::Id<struct MembershipTag>;
using RoleId = base::Id<struct RoleTag>;

namespace errors {
inline constexpr auto email_taken = base::conflict("user.email_taken", "Another user has this e-mail address");
inline constexpr auto phone_taken = base::conflict("user.phone_taken", "Another user has this phone number");
inline constexpr auto unknown_user = base::invalid("user.unknown", "There is no such user");
inline constexpr auto already_member =
    base::conflict("user.already_member", "The user is a member of this tenant already");
inline constexpr auto role_name_taken = base::conflict("role.name_taken", "Another role has this name");
inline constexpr auto unknown_role = base::invalid("role.unknown", "There is no such role");
inline constexpr auto unknown_membership = base::invalid("membership.unknown", "There is no such member");
inline constexpr auto role_given = base::conflict("membership.role_given", "The member has this role there already");
inline constexpr base::ErrorCode caller_changed{"auth.caller_changed", 409, true, base::Action::retry,
                                                "What the caller may do was changed just now"};
}  // namespace errors

// Of what is written to a person.
enum class Locale : std::uint8_t { english, swahili };
constexpr auto describe(Locale*) {
    return schema::enumeration<Locale>("Locale", {{Locale::english, "en"}, {Locale::swahili, "sw"}});
}

struct User {
    UserId id;
    std::string email;
    std::optional<std::string> phone;
    std::string name;
    std::string password_hash;
    base::Timestamp password_changed_at;
    std::optional<base::Timestamp> disabled_at;
    std::optional<TenantId> default_tenant_id;
    std::int32_t version = 1;
    base::Timestamp created_at;
    base::Timestamp updated_at;
    // When somebody proved that they read the mails of `email`.
    std::optional<base::Timestamp> email_verified_at{};
    Locale locale = Locale::english;
    std::optional<base::Timestamp> phone_verified_at{};  // the same of `phone`
    std::optional<base::Timestamp>
        second_factor_since{};  // modules/second_factor: nobody signs in by the password alone

    friend constexpr auto describe(User*) {
        return schema::object<User>(
            "User", schema::field<&User::id>("id"),
            schema::field<&User::email>("email", {.format = schema::Format::email}),
            schema::field<&User::phone>("phone", {.format = schema::Format::phone}),
            schema::field<&User::name>("name", {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            schema::field<&User::password_hash>("passwordHash", {.internal = true}),
            schema::field<&User::password_changed_at>("passwordChangedAt", {.internal = true}),
            schema::field<&User::disabled_at>("disabledAt", {.internal = true}),
            schema::field<&User::default_tenant_id>("defaultTenantId"), schema::field<&User::version>("version"),
            schema::field<&User::created_at>("createdAt"), schema::field<&User::updated_at>("updatedAt"),
            schema::field<&User::email_verified_at>("emailVerifiedAt", {.internal = true}),
            schema::field<&User::locale>("locale", {.internal = true}),
            schema::field<&User::phone_verified_at>("phoneVerifiedAt", {.internal = true}),
            schema::field<&User::second_factor_since>("secondFactorSince", {.internal = true}));
    }
};

enum class MembershipStatus : std::uint8_t { active, disabled };
constexpr auto describe(MembershipStatus*) {
    return schema::enumeration<MembershipStatus>(
        "MembershipStatus", {{MembershipStatus::active, "active"}, {MembershipStatus::disabled, "disabled"}});
}

struct Membership {
    MembershipId id;
    UserId user_id;
    MembershipStatus status = MembershipStatus::active;
    std::optional<LocationId> default_location_id;
    RowMeta meta;

    friend constexpr auto describe(Membership*) {
        return schema::object<Membership>(
            "Membership", schema::field<&Membership::id>("id"), schema::field<&Membership::user_id>("userId"),
            schema::field<&Membership::status>("status"),
            schema::field<&Membership::default_location_id>("defaultLocationId"), schema::flatten<&Membership::meta>());
    }
};

// A built-in role's permissions are the code's (permissions.h), so that a new release reaches every tenant; its row only
// gives it an id. Roles of the tenant's own list theirs.
struct Role {
    RoleId id;
    std::string name;
    std::optional<std::string> built_in;
    std::vector<std::string> permissions;
    RowMeta meta;

    friend constexpr auto describe(Role*) {
        return schema::object<Role>(
            "Role", schema::field<&Role::id>("id"),
            schema::field<&Role::name>("name", {.min_length = 1, .max_length = 60, .text = schema::Text::name}),
            schema::field<&Role::built_in>("builtIn"),
            schema::field<&Role::permissions>("permissions", {.max_items = 200, .items = {.max_length = 80}}),
            schema::flatten<&Role::meta>());
    }
};

struct MembershipRole {
    base::Uuid id;
    MembershipId membership_id;
    RoleId role_id;
    std::optional<LocationId> location_id;  // null: at all of them

    friend constexpr auto describe(MembershipRole*) {
        return schema::object<MembershipRole>("MembershipRole", schema::field<&MembershipRole::id>("id"),
                                              schema::field<&MembershipRole::membership_id>("membershipId"),
                                              schema::field<&MembershipRole::role_id>("roleId"),
                                              schema::field<&MembershipRole::location_id>("locationId"));
    }
};

namespace tables {
inline constexpr auto users = db::system_table<User>(
    "users", db::primary_key<&User::id>(errors::id_taken), db::unique<&User::email>("users_email", errors::email_taken),
    db::unique<&User::phone>("users_phone", errors::phone_taken), db::column_default<&User::locale>("'en'"));
inline constexpr auto memberships = db::tenant_table<Membership>(
    "memberships", db::primary_key<&Membership::id>(),
    db::unique<&Membership::user_id>("memberships_user", errors::already_member),
    // Its name is what require_current_caller() refuses by.
    db::check("memberships_current", "version > 0", errors::caller_changed),
    db::references<&Membership::user_id>("memberships_users", users, errors::unknown_user),
    db::references<&Membership::default_location_id>("memberships_location", locations, errors::unknown_location),
    db::index<&RowMeta::updated_at, &Membership::id>("memberships_updated"),
    // Across tenants: of what a person who signs in is a member.
    db::expression_index("memberships_of_user", "btree", "user_id"));
inline constexpr auto roles = db::tenant_table<Role>(
    "roles", db::primary_key<&Role::id>(),
    db::unique<&Role::name>("roles_name", errors::role_name_taken).where("deleted_at is null"),
    db::check("roles_permission_names", POS_FLAT_AND_WHOLE("permissions"), db::errors::value_refused));
inline constexpr auto membership_roles = db::tenant_table<MembershipRole>(
    "membership_roles", db::primary_key<&MembershipRole::id>(),
    db::unique<&MembershipRole::membership_id, &MembershipRole::role_id, &MembershipRole::location_id>(
        "membership_roles_once", errors::role_given),
    db::references<&MembershipRole::membership_id>("membership_roles_membership", memberships,
                                                   errors::unknown_membership),
    db::references<&MembershipRole::role_id>("membership_roles_role", roles, errors::unknown_role),
    db::references<&MembershipRole::location_id>("membership_roles_location", locations, errors::unknown_location));
}  // namespace tables

}  // namespace pos
