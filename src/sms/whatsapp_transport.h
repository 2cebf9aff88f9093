#pragma once
// WhatsappTransport: texts and templates through Meta's WhatsApp Cloud API, one number in a call. Loop's thread.
//
// Its errors are told by their code alone: the same one comes with several statuses and texts.

#include <memory>

#include "client/client.h"
#include "sms/account.h"
#include "sms/pace.h"
#include "sms/sms.h"

namespace sms {

class WhatsappTransport : public Transport {
public:
    struct Parts {
        async::Loop* loop;
        client::Client* http;
        std::shared_ptr<Pace> pace;
        std::string base_url{};  // "": theirs
    };
    WhatsappTransport(Parts parts, WhatsappAccount account);

    [[nodiscard]] std::string_view name() const override { return "whatsapp"; }
    [[nodiscard]] Channel channel() const override { return Channel::whatsapp; }

private:
    [[nodiscard]] async::Task<std::vector<SendResult>> deliver(const OutgoingMessage* message,
                                                               std::vector<std::string> to,
                                                               async::SteadyTime deadline) override;

    client::Client* http_;
    WhatsappAccount account_;
    client::Target target_;
};

// The body of a request, as JSON. Pure.
[[nodiscard]] std::string whatsapp_request(const OutgoingMessage& message, std::string_view to);

}  // namespace sms
