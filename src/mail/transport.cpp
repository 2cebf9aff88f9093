#include "mail/transport.h"

#include "mail/fallback_transport.h"

namespace mail {

async::Task<bool> may_go(const OutgoingMail* mail) {
    if (!mail->confirm) co_return true;
    co_return co_await mail->confirm();
}

async::Task<SendResult> FallbackTransport::send(OutgoingMail mail, async::SteadyTime deadline) {
    auto result = co_await first_->send(mail, deadline);
    if (result.outcome == Outcome::refused && result.whose == Reason::sender)
        result = co_await second_->send(std::move(mail), deadline);
    co_return result;
}

}  // namespace mail
