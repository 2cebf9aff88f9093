#pragma once
// AfricasTalkingTransport: SMS through Africa's Talking, up to a hundred numbers in a call. Loop's thread.
//
// Its reply is 201 also where no recipient was taken, and its errors are often plain text.

#include <memory>

#include "client/client.h"
#include "sms/account.h"
#include "sms/pace.h"
#include "sms/sms.h"

namespace sms {

class AfricasTalkingTransport : public Transport {
public:
    struct Parts {
        async::Loop* loop;
        client::Client* http;
        std::shared_ptr<Pace> pace;
        std::string base_url{};  // "": theirs, by the account
    };
    AfricasTalkingTransport(Parts parts, AfricasTalkingAccount account);

    [[nodiscard]] std::string_view name() const override { return "africastalking"; }
    [[nodiscard]] Channel channel() const override { return Channel::sms; }

private:
    [[nodiscard]] std::size_t most_at_once() const override { return 100; }
    [[nodiscard]] async::Task<std::vector<SendResult>> deliver(const OutgoingMessage* message,
                                                               std::vector<std::string> to,
                                                               async::SteadyTime deadline) override;

    client::Client* http_;
    AfricasTalkingAccount account_;
    client::Target target_;
};

// What a reply of 201 says of each of `to`. Pure.
[[nodiscard]] std::vector<SendResult> read_africastalking_reply(std::string_view body,
                                                                const std::vector<std::string>& to);

}  // namespace sms
