#include "pos/modules/notifications/settings.h"

#include "base/strings.h"

namespace pos {

namespace {

bool is_address(std::string_view text) {
    const auto at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
           text.find_first_of(" \t\r\n<>\"") == text.npos;
}

void check_transport(std::string_view name, const std::string& url, const app::Settings& app, schema::Issues& issues) {
    const auto pointer = "/" + std::string(name);
    if (url == "mailbox:") {
        if (app.environment == app::Environment::production)
            issues.add(pointer, "invalid_value", "mailbox: sends nothing, so production refuses it");
        return;
    }
    if (!url.starts_with("file:///"))
        issues.add(pointer, "invalid_format", "a mail transport is mailbox: or file:///directory");
}

}  // namespace

std::string MailSettings::from_address() const {
    const auto open = mail_from.rfind('<');
    const auto close = mail_from.rfind('>');
    if (open == std::string::npos || close == std::string::npos || close < open) return mail_from;
    return mail_from.substr(open + 1, close - open - 1);
}

std::string MailSettings::from_domain() const {
    const auto address = from_address();
    return base::ascii_lower(address.substr(address.find('@') + 1));
}

void check_mail_settings(const MailSettings& settings, const app::Settings& app, schema::Issues& issues) {
    if (settings.mail_url) check_transport("MAIL_URL", *settings.mail_url, app, issues);
    if (settings.mail_fallback_url) {
        check_transport("MAIL_FALLBACK_URL", *settings.mail_fallback_url, app, issues);
        if (!settings.mail_url)
            issues.add("/MAIL_FALLBACK_URL", "conflict", "a fallback stands behind MAIL_URL, which is not set");
    }
    if (!is_address(settings.from_address()))
        issues.add("/MAIL_FROM", "invalid_format", "an address, or a name and <address>");
    if (settings.app_url && settings.app_url->ends_with('/'))
        issues.add("/APP_URL", "invalid_format", "without a slash at the end");
    if (!settings.mail_url || app.environment != app::Environment::production) return;
    if (settings.mail_from == MailSettings().mail_from)
        issues.add("/MAIL_FROM", "required", "say who writes the mails: MAIL_FROM=Duka <no-reply@duka.example>");
    // Links are never made of what a request says.
    if (app.public_url.empty())
        issues.add("/PUBLIC_URL", "required", "links in mails begin with it: PUBLIC_URL=https://api.duka.example");
}

}  // namespace pos
