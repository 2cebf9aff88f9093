#pragma once
// What providers of mail tell of the messages that they took: POST /v1/callbacks/mail/sendgrid and …/mailgun. Their bytes are
// judged first: by SendGrid's signature of them (ECDSA), by Mailgun's of a timestamp and a token (HMAC). Both say 406 to a
// sender who cannot prove himself: 400 and 403 would be sent again for hours.
//
//     routes.post("/callbacks/mail/sendgrid", …);      // webhook_routes(routes)

#include "http/handler.h"
#include "pos/modules/notifications/tables.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode webhook_refused{"mail.webhook_refused", 406, false, base::Action::contact,
                                                 "The webhook is not signed as its provider signs"};
}  // namespace errors

// A signature in DER as JOSE has it: 64 bytes of r and s. nullopt: it is none of P-256.
[[nodiscard]] std::optional<std::string> raw_signature(std::string_view der);

// What one event means for its message.
struct MailEvent {
    enum class Meaning : std::uint8_t { nothing, delivered, bounced, dropped, complained, unsubscribed };

    Meaning meaning = Meaning::nothing;
    bool suppresses = false;  // a bounce of an address that is not there
    std::optional<NotificationId> id;
    std::optional<std::string> detail{};
    std::size_t position = 0;  // among those that were sent at once
};
[[nodiscard]] std::vector<MailEvent> read_sendgrid_events(std::string_view body);
// nullopt: the body is no event.
[[nodiscard]] std::optional<MailEvent> read_mailgun_event(std::string_view body);

void webhook_routes(http::Routes routes);

}  // namespace pos
