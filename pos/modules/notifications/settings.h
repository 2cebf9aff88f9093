#pragma once
// How mail leaves, and where its links lead.
//
//     .settings = app::settings<MailSettings, check_mail_settings>()

#include <optional>
#include <string>

#include "app/settings.h"

namespace pos {

struct MailSettings {
    std::optional<std::string> mail_url;
    std::optional<std::string> mail_fallback_url;
    std::string mail_from = "backend-api <no-reply@localhost>";
    std::optional<std::string> app_url;
    std::optional<std::string> sendgrid_webhook_key;
    std::optional<std::string> mailgun_webhook_key;

    friend constexpr auto describe(MailSettings*) {
        using schema::field;
        return schema::object<MailSettings>(
            "MailSettings",
            field<&MailSettings::mail_url>(
                "MAIL_URL",
                {.min_length = 1,
                 .max_length = 2'000,
                 .doc = "Who takes the mails: `mailbox:` (kept in memory, shown at /dev/mail; not in production) or "
                        "`file:///directory` (a file each). Not set: `mailbox:`; in production no mail is sent, and "
                        "what needs one answers 503 `mail.off`."}),
            field<&MailSettings::mail_fallback_url>(
                "MAIL_FALLBACK_URL", {.min_length = 1,
                                      .max_length = 2'000,
                                      .doc = "Tried when MAIL_URL refuses a mail for reasons of its own, never for the "
                                             "recipient's."}),
            field<&MailSettings::mail_from>(
                "MAIL_FROM", {.min_length = 3,
                              .max_length = 320,
                              .defaulted = true,
                              .doc = "Who writes: `Duka <no-reply@duka.example>`. Required with MAIL_URL in "
                                     "production."}),
            field<&MailSettings::app_url>(
                "APP_URL", {.max_length = 500,
                            .format = schema::Format::url,
                            .doc = "Where links of mails lead, without a slash at the end: your app's "
                                   "`/accept-invite`, `/reset-password`, `/verify-email`, `/confirm-email`, each with "
                                   "`?token=`. Not set: the same pages of this service, at PUBLIC_URL`/account`."}),
            field<&MailSettings::sendgrid_webhook_key>(
                "SENDGRID_WEBHOOK_KEY", {.min_length = 1,
                                         .max_length = 1'000,
                                         .doc = "Public key of SendGrid's signed event webhook, base64. Not set: its "
                                                "webhook is refused."}),
            field<&MailSettings::mailgun_webhook_key>(
                "MAILGUN_WEBHOOK_KEY",
                {.min_length = 1,
                 .max_length = 1'000,
                 .write_only = true,
                 .doc = "Mailgun's HTTP webhook signing key. Not set: its webhook is refused."}));
    }

    [[nodiscard]] bool is_on(const app::Settings& app) const {
        return mail_url || app.environment != app::Environment::production;
    }
    // "no-reply@duka.example" of MAIL_FROM.
    [[nodiscard]] std::string from_address() const;
    // "duka.example": behind the @ of Message-IDs.
    [[nodiscard]] std::string from_domain() const;
};

void check_mail_settings(const MailSettings& settings, const app::Settings& app, schema::Issues& issues);

}  // namespace pos
