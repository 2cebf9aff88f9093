#include "mail/open_transport.h"

#include <stdexcept>
#include <utility>

#include "mail/fallback_transport.h"
#include "mail/file_transport.h"
#include "mail/mail_url.h"
#include "mail/mailgun_transport.h"
#include "mail/sendgrid_transport.h"
#include "mail/smtp_transport.h"

namespace mail {

namespace {

using Opened = std::unique_ptr<Transport>;

struct Open {
    const TransportParts& parts;

    Opened operator()(const MailboxUrl& /*url*/) const { return std::make_unique<MailboxTransport>(parts.mailbox); }
    Opened operator()(const FileUrl& url) const { return std::make_unique<FileTransport>(url.directory, parts.dkim); }
    Opened operator()(SmtpOptions options) const {
        options.ca_file = parts.ca_file;
        return std::make_unique<SmtpTransport>(parts.loop, std::move(options), parts.dkim);
    }
    Opened operator()(const SendgridUrl& url) const {
        SendgridOptions options{.key = url.key};
        if (url.is_eu) options.base_url = "https://api.eu.sendgrid.com";
        return std::make_unique<SendgridTransport>(parts.http, std::move(options));
    }
    Opened operator()(const MailgunUrl& url) const {
        MailgunOptions options{.key = url.key, .domain = url.domain};
        if (url.is_eu) options.base_url = "https://api.eu.mailgun.net";
        return std::make_unique<MailgunTransport>(parts.http, std::move(options), parts.dkim);
    }
};

Opened open_one(const std::string& url, const TransportParts& parts) {
    const auto read = parse_mail_url(url);
    if (!read) throw std::invalid_argument("mail: " + read.error());
    return std::visit(Open{parts}, *read);
}

}  // namespace

std::unique_ptr<Transport> open_transport(const Settings& settings, const TransportParts& parts) {
    auto first = open_one(settings.url.empty() ? "mailbox:" : settings.url, parts);
    if (settings.fallback_url.empty()) return first;
    return std::make_unique<FallbackTransport>(std::move(first), open_one(settings.fallback_url, parts));
}

}  // namespace mail
