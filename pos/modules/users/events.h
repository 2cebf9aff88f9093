#pragma once
// What is told of the tenant's members, in the transaction that changes them. Who they are (name, e-mail address, phone) is told to
// nobody: the API says it to those who may read it.
//
//     runtime.outbox().emit(batch, user_created, MemberTold::of(membership, roles));

#include "jobs/event.h"
#include "pos/modules/users/members.h"

namespace pos {

// `id` is the user's, as in the API.
struct MemberTold {
    UserId id;
    MembershipId membership_id;
    MembershipStatus status = MembershipStatus::active;
    std::optional<LocationId> default_location_id;
    std::vector<RoleAssignment> roles;
    std::int32_t version = 1;

    static MemberTold of(const Membership& row, std::vector<RoleAssignment> roles) {
        return {row.user_id, row.id, row.status, row.default_location_id, std::move(roles), row.meta.version};
    }
    friend constexpr auto describe(MemberTold*) {
        using schema::field;
        return schema::object<MemberTold>(
            "MemberTold", field<&MemberTold::id>("id"), field<&MemberTold::membership_id>("membershipId"),
            field<&MemberTold::status>("status"), field<&MemberTold::default_location_id>("defaultLocationId"),
            field<&MemberTold::roles>("roles"), field<&MemberTold::version>("version"));
    }
};

inline constexpr jobs::Event<MemberTold> user_created{"user.created"};
inline constexpr jobs::Event<MemberTold> user_changed{"user.changed"};

}  // namespace pos
