#pragma once
// How mail leaves, and where its links lead.
//
//     .settings = app::settings<MailSettings, check_mail_settings>()

#include <optional>
#include <string>

#include "app/settings.h"
#include "mail/settings.h"

namespace pos {

struct MailSettings {
    mail::Settings transport;
    std::optional<std::string> app_url;
    std::optional<std::string> sendgrid_webhook_key;
    std::optional<std::string> mailgun_webhook_key;

    friend constexpr auto describe(MailSettings*) {
        using schema::field;
        return schema::object<MailSettings>(
            "MailSettings", schema::flatten<&MailSettings::transport>(),
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
        return transport.is_on(app.environment == app::Environment::production);
    }
};

void check_mail_settings(const MailSettings& settings, const app::Settings& app, schema::Issues& issues);

}  // namespace pos
