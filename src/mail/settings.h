#pragma once
// How mail leaves, as the environment says it.
//
//     .settings = app::settings<mail::Settings, check_mail>()      // check_mail: mail::check(settings, in_production, issues)
//     auto transport = mail::open_transport(settings, parts);      // mail/open_transport.h

#include <string>

#include "mail/address.h"
#include "schema/schema.h"

namespace mail {

struct Settings {
    std::string url;
    std::string fallback_url;
    std::string from = "no-reply@localhost";

    friend constexpr auto describe(Settings*) {
        using schema::field;
        return schema::object<Settings>(
            "MailTransportSettings",
            field<&Settings::url>(
                "MAIL_URL",
                {.max_length = 2'000,
                 .defaulted = true,
                 .write_only = true,
                 .doc =
                     "Who takes the mails: `smtps://user:password@host:465/?maxConnections=5`, `smtp://…` (STARTTLS, "
                     "port 587), "
                     "`sendgrid://KEY@default`, `mailgun://KEY:DOMAIN@default?region=eu`, `file:///directory`, or "
                     "`mailbox:` (kept "
                     "in memory, shown at /dev/mail; not in production). Not set: `mailbox:`; in production no mail is "
                     "sent."}),
            field<&Settings::fallback_url>(
                "MAIL_FALLBACK_URL",
                {.max_length = 2'000,
                 .defaulted = true,
                 .write_only = true,
                 .doc = "Tried when MAIL_URL cannot be reached, or refuses a mail for reasons of its own; "
                        "never for the recipient's, nor when the mail may have been taken."}),
            field<&Settings::from>(
                "MAIL_FROM",
                {.min_length = 3,
                 .max_length = 320,
                 .defaulted = true,
                 .doc = "Who writes: `Example <no-reply@mail.example>`. Required with MAIL_URL in production."}));
    }

    [[nodiscard]] bool is_on(bool in_production) const { return !url.empty() || !in_production; }
    // Throws std::logic_error where check() would have found a fault.
    [[nodiscard]] Address sender() const;
};

void check(const Settings& settings, bool in_production, schema::Issues& issues);

}  // namespace mail
