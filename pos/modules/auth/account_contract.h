#pragma once
// What the routes of links in mails take and answer.

#include "auth/password.h"
#include "pos/modules/auth/tables.h"

namespace pos {

inline constexpr schema::StringRules new_password_rules{.min_length = auth::min_password_code_points,
                                                        .max_length = 1024,
                                                        .format = schema::Format::password,
                                                        .write_only = true,
                                                        .doc = "15 characters are better. Not one that is often used."};

struct ForgottenPassword {
    std::string email;

    friend constexpr auto describe(ForgottenPassword*) {
        return schema::object<ForgottenPassword>(
            "ForgottenPassword",
            schema::field<&ForgottenPassword::email>("email", {.max_length = 254, .format = schema::Format::email}));
    }
};

struct PasswordReset {
    std::string token;
    std::string new_password;

    friend constexpr auto describe(PasswordReset*) {
        return schema::object<PasswordReset>(
            "PasswordReset",
            schema::field<&PasswordReset::token>(
                "token", {.min_length = 1, .max_length = 200, .text = schema::Text::raw, .write_only = true}),
            schema::field<&PasswordReset::new_password>("newPassword", new_password_rules));
    }
};

struct EmailVerification {
    std::string token;
    std::optional<std::string> password;
    std::optional<std::string> new_password;

    friend constexpr auto describe(EmailVerification*) {
        return schema::object<EmailVerification>(
            "EmailVerification", schema::doc("The token, and the account's password or a new one."),
            schema::field<&EmailVerification::token>(
                "token", {.min_length = 1, .max_length = 200, .text = schema::Text::raw, .write_only = true}),
            schema::field<&EmailVerification::password>(
                "password",
                {.min_length = 1, .max_length = 1024, .format = schema::Format::password, .write_only = true}),
            schema::field<&EmailVerification::new_password>(
                "newPassword",
                {.min_length = auth::min_password_code_points,
                 .max_length = 1024,
                 .format = schema::Format::password,
                 .write_only = true,
                 .doc = "Of whoever does not know the password, as somebody else chose it: all sessions end."}),
            schema::refine<&EmailVerification::check>());
    }
    static void check(const EmailVerification& request, schema::Issues& issues) {
        if (request.password.has_value() == request.new_password.has_value())
            issues.add("/password", "one_of", "give either password or newPassword");
    }
};

struct EmailChange {
    std::string new_email;
    std::string password;

    friend constexpr auto describe(EmailChange*) {
        return schema::object<EmailChange>(
            "EmailChange",
            schema::field<&EmailChange::new_email>("newEmail", {.max_length = 254, .format = schema::Format::email}),
            schema::field<&EmailChange::password>("password", {.min_length = 1,
                                                               .max_length = 1024,
                                                               .format = schema::Format::password,
                                                               .write_only = true,
                                                               .doc = "The present one."}));
    }
};

struct EmailConfirmation {
    std::string token;

    friend constexpr auto describe(EmailConfirmation*) {
        return schema::object<EmailConfirmation>(
            "EmailConfirmation",
            schema::field<&EmailConfirmation::token>(
                "token", {.min_length = 1, .max_length = 200, .text = schema::Text::raw, .write_only = true}));
    }
};

struct EmailConfirmed {
    bool is_changed = false;

    friend constexpr auto describe(EmailConfirmed*) {
        return schema::object<EmailConfirmed>("EmailConfirmed",
                                              schema::field<&EmailConfirmed::is_changed>(
                                                  "changed", {.doc = "False: the other address has not agreed yet."}));
    }
};

}  // namespace pos
