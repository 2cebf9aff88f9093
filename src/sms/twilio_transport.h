#pragma once
// TwilioTransport: SMS through Twilio's Messages, one number in a call. Loop's thread.

#include <memory>

#include "client/client.h"
#include "sms/account.h"
#include "sms/pace.h"
#include "sms/sms.h"

namespace sms {

class TwilioTransport : public Transport {
public:
    struct Parts {
        async::Loop* loop;
        client::Client* http;
        std::shared_ptr<Pace> pace;
        std::string base_url{};  // "": theirs
    };
    TwilioTransport(Parts parts, TwilioAccount account);

    [[nodiscard]] std::string_view name() const override { return "twilio"; }
    [[nodiscard]] Channel channel() const override { return Channel::sms; }

private:
    [[nodiscard]] async::Task<std::vector<SendResult>> deliver(const OutgoingMessage* message,
                                                               std::vector<std::string> to,
                                                               async::SteadyTime deadline) override;

    client::Client* http_;
    TwilioAccount account_;
    client::Target target_;
};

}  // namespace sms
