#include "pos/modules/notifications/settings.h"

#include "pos/modules/notifications/webhooks.h"

namespace pos {

void check_mail_settings(const MailSettings& settings, const app::Settings& app, schema::Issues& issues) {
    const bool in_production = app.environment == app::Environment::production;
    mail::check(settings.transport, in_production, issues);
    if (settings.app_url && settings.app_url->ends_with('/'))
        issues.add("/APP_URL", "invalid_format", "without a slash at the end");
    if (settings.sendgrid_webhook_key && !is_sendgrid_key(*settings.sendgrid_webhook_key)) {
        issues.add(
            "/SENDGRID_WEBHOOK_KEY", "invalid_format",
            "the public key of the event webhook as SendGrid shows it: base64 on one line, without BEGIN and END");
    }
    if (settings.mailgun_webhook_key && settings.mailgun_webhook_key->find_first_of(" \t\r\n") != std::string::npos)
        issues.add("/MAILGUN_WEBHOOK_KEY", "invalid_format", "the HTTP webhook signing key, without blanks");
    // Links are never made of what a request says.
    if (in_production && !settings.transport.url.empty() && app.public_url.empty())
        issues.add("/PUBLIC_URL", "required", "links in mails begin with it: PUBLIC_URL=https://api.duka.example");
}

}  // namespace pos
