#pragma once
// A second transport for what the first one refuses for reasons of its own (an account that is closed, a limit for today). Never for
// a recipient who is not there, nor for what may have been taken.
//
//     mail::FallbackTransport transport(std::move(first), std::move(second));

#include <memory>

#include "mail/transport.h"

namespace mail {

class FallbackTransport : public Transport {
public:
    FallbackTransport(std::unique_ptr<Transport> first, std::unique_ptr<Transport> second)
        : first_(std::move(first)), second_(std::move(second)) {}

    [[nodiscard]] std::string_view name() const override { return first_->name(); }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) override;

private:
    std::unique_ptr<Transport> first_;
    std::unique_ptr<Transport> second_;
};

}  // namespace mail
