#pragma once
// Invitations of people to a tenant.

#include "db/error.h"
#include "pos/modules/notifications/tables.h"
#include "pos/modules/users/tables.h"

namespace pos {

using InviteId = base::Id<struct InviteTag>;

namespace errors {
inline constexpr auto invite_open =
    base::conflict("invite.open", "This address or number is invited already: send it again");
inline constexpr auto invite_closed = base::conflict("invite.closed", "The invitation was accepted or withdrawn");
inline constexpr auto invite_unreachable = base::conflict(
    "invite.unreachable",
    "Nothing is sent there: the address has unsubscribed, complained or bounced, or the number has said STOP");
inline constexpr base::ErrorCode invite_of_another{"invite.of_another", 403, false, base::Action::fix,
                                                   "The invitation is for another address than the caller's"};
inline constexpr base::ErrorCode accounts_closed{"invite.accounts_closed", 403, false, base::Action::contact,
                                                 "New accounts are made by whoever runs this service"};
}  // namespace errors

// To an address or to a number. The token is in the message alone; sending it again makes a new one.
struct Invite {
    InviteId id;
    std::optional<std::string> email;
    RoleId role_id;
    std::optional<LocationId> location_id;  // null: at all of them
    Locale locale = Locale::english;
    schema::Bytes token_hash;
    std::optional<std::string> used_by;
    std::optional<UserId> created_by;
    base::Timestamp created_at;
    base::Timestamp sent_at;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> accepted_at;
    std::optional<UserId> accepted_by;
    std::optional<base::Timestamp> revoked_at;
    std::optional<std::string> phone;
    Channel channel = Channel::email;

    friend constexpr auto describe(Invite*) {
        using schema::field;
        return schema::object<Invite>(
            "Invite", field<&Invite::id>("id"), field<&Invite::email>("email", {.format = schema::Format::email}),
            field<&Invite::role_id>("roleId"),
            field<&Invite::location_id>("locationId", {.doc = "Null: at every location."}),
            field<&Invite::locale>("locale"), field<&Invite::token_hash>("tokenHash", {.internal = true}),
            field<&Invite::used_by>("usedBy", {.internal = true}), field<&Invite::created_by>("createdBy"),
            field<&Invite::created_at>("createdAt"), field<&Invite::sent_at>("sentAt"),
            field<&Invite::expires_at>("expiresAt"), field<&Invite::accepted_at>("acceptedAt"),
            field<&Invite::accepted_by>("acceptedBy"), field<&Invite::revoked_at>("revokedAt"),
            field<&Invite::phone>("phone", {.format = schema::Format::phone}), field<&Invite::channel>("channel"));
    }
};

namespace tables {
inline constexpr auto invites = db::tenant_table<Invite>(
    "invites", db::primary_key<&Invite::id>(errors::id_taken),
    db::unique<&Invite::email>("invites_open", errors::invite_open).where("accepted_at is null and revoked_at is null"),
    db::unique<&Invite::phone>("invites_open_phone", errors::invite_open)
        .where("accepted_at is null and revoked_at is null"),
    db::check("invites_recipient", "(email is null) <> (phone is null)", db::errors::value_refused),
    db::column_default<&Invite::channel>("'email'"),
    db::references<&Invite::role_id>("invites_role", roles, errors::unknown_role),
    db::references<&Invite::location_id>("invites_location", locations, errors::unknown_location),
    db::index<&Invite::created_at, &Invite::id>("invites_newest"),
    // Before a tenant is known.
    db::expression_index("invites_by_token", "btree", "token_hash"));
}  // namespace tables

}  // namespace pos
