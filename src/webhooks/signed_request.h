#pragma once
// StandardWebhook<Receiver>: the scheme of http::SignedBody for routes that others' Standard Webhooks come to. The receiver is a
// service that has the keys; several are several senders, or a sender that changes its secret.
//
//     struct PartnerHooks {
//         [[nodiscard]] std::vector<webhooks::VerifyingKey> keys(const http::Context& context) const;  // none: nobody is believed
//         [[nodiscard]] base::Timestamp now() const;
//     };
//     async::Task<http::NoContent> receive(http::SignedBody<webhooks::StandardWebhook<PartnerHooks>> body,
//                                          http::Context& context) {
//         const auto id = webhooks::received(context.request()).id;     // remember it: a sender repeats itself
//
// The reply to a sender that is refused says nothing of why: 401 webhook.not_verified; the log does.

#include <vector>

#include "base/failure.h"
#include "http/context.h"
#include "http/operation.h"
#include "webhooks/signature.h"

namespace webhooks {

namespace errors {
inline constexpr base::ErrorCode not_verified{
    "webhook.not_verified", 401, false, base::Action::contact,
    "The signature is missing or wrong, or the timestamp is more than five minutes from our clock"};
}  // namespace errors

[[nodiscard]] Received received(const http::Request& request);
// Throws webhook.not_verified, with the fault for the log.
void require_verified(const http::Request& request, std::string_view bytes, const std::vector<VerifyingKey>& keys,
                      base::Timestamp now);

template <class Receiver>
struct StandardWebhook {
    static async::Task<void> verify(http::Context* context, std::string_view bytes) {
        const auto& receiver = context->services().use<Receiver>();
        require_verified(context->request(), bytes, receiver.keys(*context), receiver.now());
        co_return;
    }
    static void describe(http::Operation& operation) {
        operation.need<Receiver>();
        operation.can_fail(errors::not_verified);
    }
};

}  // namespace webhooks
