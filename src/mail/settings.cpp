#include "mail/settings.h"

#include <expected>
#include <filesystem>
#include <fstream>
#include <sstream>
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

std::expected<DkimKey, std::string> read_key(const Settings& settings, const Address& sender) {
    std::error_code unknown;
    if (std::filesystem::is_fifo(settings.dkim_key_file, unknown))
        return std::unexpected("a pipe would be waited for: give a file");
    const std::ifstream file(settings.dkim_key_file, std::ios::binary);
    std::ostringstream pem;
    pem << file.rdbuf();  // of a directory, too, which throws elsewhere
    if (!file || !pem) return std::unexpected("give a PEM file that can be read");
    return DkimKey::from_pem(pem.view(), sender.domain(), settings.dkim_selector);
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
