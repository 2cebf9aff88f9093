#pragma once
// Members as the API shows and takes them.

#include "auth/password.h"
#include "pos/modules/users/tables.h"

namespace pos {

struct RoleAssignment {
    RoleId role_id;
    std::optional<LocationId> location_id;

    friend bool operator==(const RoleAssignment&, const RoleAssignment&) = default;
    friend constexpr auto describe(RoleAssignment*) {
        return schema::object<RoleAssignment>(
            "RoleAssignment", schema::field<&RoleAssignment::role_id>("roleId"),
            schema::field<&RoleAssignment::location_id>("locationId", {.doc = "Null: at every location."}));
    }
};

struct MemberRole {
    RoleId role_id;
    std::string name;
    std::optional<LocationId> location_id;

    friend constexpr auto describe(MemberRole*) {
        return schema::object<MemberRole>("MemberRole", schema::field<&MemberRole::role_id>("roleId"),
                                          schema::field<&MemberRole::name>("name"),
                                          schema::field<&MemberRole::location_id>("locationId"));
    }
};

// `id` is the user's.
struct Member {
    UserId id;
    MembershipId membership_id;
    std::string name;
    std::string email;
    std::optional<std::string> phone;
    MembershipStatus status = MembershipStatus::active;
    std::optional<LocationId> default_location_id;
    std::vector<MemberRole> roles;
    std::int32_t version = 1;
    base::Timestamp created_at;
    base::Timestamp updated_at;
    bool has_second_factor = false;

    friend constexpr auto describe(Member*) {
        return schema::object<Member>(
            "Member", schema::field<&Member::id>("id"), schema::field<&Member::membership_id>("membershipId"),
            schema::field<&Member::name>("name"), schema::field<&Member::email>("email"),
            schema::field<&Member::phone>("phone", {.format = schema::Format::phone}),
            schema::field<&Member::status>("status"), schema::field<&Member::default_location_id>("defaultLocationId"),
            schema::field<&Member::roles>("roles"), schema::field<&Member::version>("version"),
            schema::field<&Member::created_at>("createdAt"), schema::field<&Member::updated_at>("updatedAt"),
            schema::field<&Member::has_second_factor>("hasSecondFactor"));
    }
};

struct NewMember {
    schema::Maybe<UserId> id;
    std::string name;
    std::string email;
    std::optional<std::string> phone;
    std::string password;
    std::vector<RoleAssignment> roles;
    std::optional<LocationId> default_location_id;

    friend constexpr auto describe(NewMember*) {
        return schema::object<NewMember>(
            "NewMember", schema::field<&NewMember::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::field<&NewMember::name>("name", {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            schema::field<&NewMember::email>("email", {.max_length = 254, .format = schema::Format::email}),
            schema::field<&NewMember::phone>("phone", {.format = schema::Format::phone}),
            schema::field<&NewMember::password>("password", {.min_length = auth::min_password_code_points,
                                                             .max_length = 1024,
                                                             .format = schema::Format::password,
                                                             .write_only = true,
                                                             .doc = "To begin with. Not one that is often used."}),
            schema::field<&NewMember::roles>("roles", {.min_items = 1, .max_items = 50}),
            schema::field<&NewMember::default_location_id>("defaultLocationId"));
    }
};

struct MemberFields {
    MembershipStatus status = MembershipStatus::active;
    std::optional<LocationId> default_location_id;
    std::vector<RoleAssignment> roles;

    friend constexpr auto describe(MemberFields*) {
        return schema::object<MemberFields>(
            "Member", schema::field<&MemberFields::status>("status", {.doc = "`disabled` ends the member's sessions."}),
            schema::field<&MemberFields::default_location_id>("defaultLocationId"),
            schema::field<&MemberFields::roles>("roles",
                                                {.min_items = 1, .max_items = 50, .doc = "Replaces them all."}));
    }
};

struct RoleView {
    RoleId id;
    std::string name;
    std::optional<std::string> built_in;
    std::vector<std::string> permissions;

    friend constexpr auto describe(RoleView*) {
        return schema::object<RoleView>(
            "RoleView", schema::field<&RoleView::id>("id"), schema::field<&RoleView::name>("name"),
            schema::field<&RoleView::built_in>("builtIn", {.doc = "Of a role that every tenant has: its fixed name."}),
            schema::field<&RoleView::permissions>("permissions"));
    }
};

struct RoleList {
    std::vector<RoleView> data;

    friend constexpr auto describe(RoleList*) {
        return schema::object<RoleList>("RoleList", schema::field<&RoleList::data>("data"));
    }
};

}  // namespace pos
