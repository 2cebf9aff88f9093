#include "pos/modules/notifications/settings.h"

namespace pos {

void check_mail_settings(const MailSettings& settings, const app::Settings& app, schema::Issues& issues) {
    const bool in_production = app.environment == app::Environment::production;
    mail::check(settings.transport, in_production, issues);
    if (settings.app_url && settings.app_url->ends_with('/'))
        issues.add("/APP_URL", "invalid_format", "without a slash at the end");
    // Links are never made of what a request says.
    if (in_production && !settings.transport.url.empty() && app.public_url.empty())
        issues.add("/PUBLIC_URL", "required", "links in mails begin with it: PUBLIC_URL=https://api.duka.example");
}

}  // namespace pos
