#pragma once
// SendgridTransport: mails through SendGrid's v3 API (or its servers in the EU). Attachments are streamed. Loop's thread.
//
//     mail::SendgridTransport transport(http, {.key = settings.sendgrid_key});
//
// Links are sent as they are: click and open tracking, SendGrid's own unsubscribe line and its analytics parameters are off. A mail
// that is_security gets past SendGrid's lists (bypass_list_management). Our id is the mail's custom argument "notification".

#include "client/client.h"
#include "mail/transport.h"

namespace mail {

struct SendgridOptions {
    std::string key;
    std::string base_url = "https://api.sendgrid.com";  // of the EU: https://api.eu.sendgrid.com
};

class SendgridTransport : public Transport {
public:
    SendgridTransport(client::Client& http, SendgridOptions options);

    [[nodiscard]] std::string_view name() const override { return "sendgrid"; }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) override;

private:
    client::Client& http_;
    client::Target target_;
};

}  // namespace mail
