#include "mail/settings.h"

#include <expected>
#include <stdexcept>

#include "base/file.h"
#include "mail/mail_url.h"

namespace mail {

namespace {

constexpr std::size_t most_pem_bytes = 16 * 1024;

void check_url(std::string_view variable, const std::string& url, bool in_production, schema::Issues& issues) {
    const auto pointer = "/" + std::string(variable);
    const auto read = parse_mail_url(url);
    if (!read) return issues.add(pointer, "invalid_format", read.error());
    if (in_production && std::holds_alternative<MailboxUrl>(*read))
        issues.add(pointer, "invalid_value", "mailbox: sends nothing, so production refuses it");
}

std::expected<DkimKey, std::string> read_key(const Settings& settings, const Address& sender) {
    const auto pem = base::read_file(settings.dkim_key_file, most_pem_bytes);
    if (!pem) return std::unexpected("the file " + pem.error());
    return DkimKey::from_pem(*pem, sender.domain(), settings.dkim_selector);
}

void check_dkim(const Settings& settings, const Address& sender, schema::Issues& issues) {
    const bool has_file = !settings.dkim_key_file.empty();
    if (has_file != !settings.dkim_selector.empty()) {
        issues.add(has_file ? "/MAIL_DKIM_SELECTOR" : "/MAIL_DKIM_KEY_FILE", "required",
                   "MAIL_DKIM_KEY_FILE and MAIL_DKIM_SELECTOR belong together");
        return;
    }
    if (!has_file) return;
    if (const auto key = read_key(settings, sender); !key) issues.add("/MAIL_DKIM_KEY_FILE", "format", key.error());
}

}  // namespace

Address Settings::sender() const {
    auto address = Address::parse(from);
    if (!address) throw std::logic_error("MAIL_FROM has not been checked");
    return *std::move(address);
}

std::vector<DkimKey> Settings::dkim_keys() const {
    if (dkim_key_file.empty()) return {};
    auto key = read_key(*this, sender());
    if (!key) throw std::logic_error("MAIL_DKIM_KEY_FILE: " + key.error());
    return {*std::move(key)};
}

void check(const Settings& settings, bool in_production, schema::Issues& issues) {
    if (!settings.url.empty()) check_url("MAIL_URL", settings.url, in_production, issues);
    if (!settings.fallback_url.empty()) {
        check_url("MAIL_FALLBACK_URL", settings.fallback_url, in_production, issues);
        if (settings.url.empty())
            issues.add("/MAIL_FALLBACK_URL", "conflict", "a fallback stands behind MAIL_URL, which is not set");
    }
    const auto sender = Address::parse(settings.from);
    if (!sender) issues.add("/MAIL_FROM", "invalid_format", "an address, or a name and <address>");
    if (sender) check_dkim(settings, *sender, issues);
    if (in_production && !settings.url.empty() && settings.from == Settings().from)
        issues.add("/MAIL_FROM", "required", "say who writes the mails: MAIL_FROM=Example <no-reply@mail.example>");
}

}  // namespace mail
