#include "mail/settings.h"

#include <stdexcept>

#include "mail/mail_url.h"

namespace mail {

namespace {

void check_url(std::string_view variable, const std::string& url, bool in_production, schema::Issues& issues) {
    const auto pointer = "/" + std::string(variable);
    const auto read = parse_mail_url(url);
    if (!read) return issues.add(pointer, "invalid_format", read.error());
    if (in_production && std::holds_alternative<MailboxUrl>(*read))
        issues.add(pointer, "invalid_value", "mailbox: sends nothing, so production refuses it");
}

}  // namespace

Address Settings::sender() const {
    auto address = Address::parse(from);
    if (!address) throw std::logic_error("MAIL_FROM has not been checked");
    return *std::move(address);
}

void check(const Settings& settings, bool in_production, schema::Issues& issues) {
    if (!settings.url.empty()) check_url("MAIL_URL", settings.url, in_production, issues);
    if (!settings.fallback_url.empty()) {
        check_url("MAIL_FALLBACK_URL", settings.fallback_url, in_production, issues);
        if (settings.url.empty())
            issues.add("/MAIL_FALLBACK_URL", "conflict", "a fallback stands behind MAIL_URL, which is not set");
    }
    if (!Address::parse(settings.from))
        issues.add("/MAIL_FROM", "invalid_format", "an address, or a name and <address>");
    if (in_production && !settings.url.empty() && settings.from == Settings().from)
        issues.add("/MAIL_FROM", "required", "say who writes the mails: MAIL_FROM=Example <no-reply@mail.example>");
}

}  // namespace mail
