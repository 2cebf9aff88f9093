#pragma once
// MailgunTransport: mails through Mailgun (or its servers in the EU), as the bytes that SMTP would carry: our headers, our signature, our
// Message-ID. Contents are streamed. Loop's thread.
//
//     mail::MailgunTransport transport(http, {.key = settings.mailgun_key, .domain = "mg.example.com"});
//
// Links are sent as they are: tracking is off. Mailgun has no way past its lists, so before a mail that is_security its recipients are
// taken off them; that this fails is no reason not to send.

#include <vector>

#include "client/client.h"
#include "mail/dkim.h"
#include "mail/transport.h"

namespace mail {

struct MailgunOptions {
    std::string key;
    std::string domain;
    std::string base_url = "https://api.mailgun.net";  // of the EU: https://api.eu.mailgun.net
};

class MailgunTransport : public Transport {
public:
    MailgunTransport(client::Client& http, MailgunOptions options, std::vector<DkimKey> keys = {});

    [[nodiscard]] std::string_view name() const override { return "mailgun"; }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) override;

private:
    [[nodiscard]] async::Task<void> take_off_lists(std::vector<Address> recipients, async::SteadyTime deadline);

    client::Client& http_;
    std::string domain_;
    client::Target target_;
    client::Target lists_;
    std::vector<DkimKey> keys_;
};

}  // namespace mail
