#pragma once
// Accepting an invitation: by somebody who is signed in, who has an account, or who gets one now. For the route and for the page.
//
//     const auto joined = co_await accept_invite(&context, db, request);        // 410 auth.link_dead, 403 invite.of_another
//
// An invitation to a phone proves nothing of an account, nor the number: whoever accepts it is signed in, or names an account, or gets a new
// one.
//
// Whoever has the token of a mail reads the mails of the invited address. So an account that somebody registered with it, and never proved, is
// theirs now: the password that they choose takes the place of the other one, and its sessions end.

#include "db/db.h"
#include "http/context.h"
#include "pos/modules/auth/account_contract.h"
#include "pos/modules/invites/tables.h"

namespace pos {

struct InviteAcceptance {
    std::string token;
    std::optional<std::string> name;
    std::optional<std::string> password;
    std::optional<std::string> email;

    friend constexpr auto describe(InviteAcceptance*) {
        return schema::object<InviteAcceptance>(
            "InviteAcceptance",
            schema::field<&InviteAcceptance::token>(
                "token", {.min_length = 1, .max_length = 200, .text = schema::Text::raw, .write_only = true}),
            schema::field<&InviteAcceptance::name>("name", {.min_length = 1,
                                                            .max_length = 120,
                                                            .text = schema::Text::name,
                                                            .doc = "Of a person who has no account yet."}),
            schema::field<&InviteAcceptance::password>(
                "password", {.min_length = 1,
                             .max_length = 1024,
                             .format = schema::Format::password,
                             .write_only = true,
                             .doc = "The account's, or the first one of a new account. Not needed by a caller who is "
                                    "signed in (Authorization)."}),
            schema::field<&InviteAcceptance::email>(
                "email", {.max_length = 254,
                          .format = schema::Format::email,
                          .doc = "Of an invitation to a phone: what the account signs in with."}));
    }
};

struct Joined {
    TenantId tenant_id;
    std::string tenant_name;
    UserId user_id;
    std::string email;

    friend constexpr auto describe(Joined*) {
        return schema::object<Joined>(
            "Joined", schema::field<&Joined::tenant_id>("tenantId"), schema::field<&Joined::tenant_name>("tenantName"),
            schema::field<&Joined::user_id>("userId"), schema::field<&Joined::email>("email"));
    }
};

[[nodiscard]] async::Task<Joined> accept_invite(http::Context* context, db::SystemDb db, InviteAcceptance request);
// What a person should know before: who invites to what. nullopt: the link is dead.
struct InvitePreview {
    std::string shop;
    std::string recipient;
    bool has_account = false;  // and has proved its address
    bool is_by_phone = false;
    Locale locale = Locale::english;  // of the message, and of the page

    friend constexpr auto describe(InvitePreview*) {
        return schema::object<InvitePreview>("InvitePreview", schema::field<&InvitePreview::shop>("shop"),
                                             schema::field<&InvitePreview::recipient>("recipient"),
                                             schema::field<&InvitePreview::has_account>("hasAccount"),
                                             schema::field<&InvitePreview::is_by_phone>("isByPhone"),
                                             schema::field<&InvitePreview::locale>("locale"));
    }
};
[[nodiscard]] async::Task<std::optional<InvitePreview>> preview_invite(db::SystemDb db, std::string token,
                                                                       base::Timestamp now);
[[nodiscard]] std::vector<db::StatementView> accept_statements();

}  // namespace pos
