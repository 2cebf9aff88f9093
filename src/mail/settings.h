#pragma once
// How mail leaves, as the environment says it.
//
//     .settings = app::settings<mail::Settings, check_mail>()      // check_mail: mail::check(settings, in_production, issues)
//     auto transport = mail::open_transport(settings, parts);      // mail/open_transport.h

#include <string>
#include <vector>

#include "mail/address.h"
#include "mail/dkim.h"
#include "schema/schema.h"

namespace mail {

struct Settings {
    std::string url;
    std::string fallback_url;
    std::string from = "no-reply@localhost";
    std::string dkim_key_file;
    std::string dkim_selector;

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
                 .doc = "Who writes: `Example <no-reply@mail.example>`. Required with MAIL_URL in production."}),
            field<&Settings::dkim_key_file>(
                "MAIL_DKIM_KEY_FILE",
                {.max_length = 4096,
                 .defaulted = true,
                 .doc = "PEM file with the private key that signs mails (DKIM) for the domain of MAIL_FROM: RSA of "
                        "2048 to 4096 bits, or Ed25519. Not set: not signed. SendGrid signs by itself."}),
            field<&Settings::dkim_selector>(
                "MAIL_DKIM_SELECTOR",
                {.max_length = 63,
                 .defaulted = true,
                 .doc = "Where receivers find its public key: `mail2026` stands for the TXT record "
                        "`mail2026._domainkey.` of that domain."}));
    }

    [[nodiscard]] bool is_on(bool in_production) const { return !url.empty() || !in_production; }
    // Throws std::logic_error where check() would have found a fault.
    [[nodiscard]] Address sender() const;
    // As many as the settings name: none or one. Throws std::logic_error as well.
    [[nodiscard]] std::vector<DkimKey> dkim_keys() const;
};

void check(const Settings& settings, bool in_production, schema::Issues& issues);

}  // namespace mail
