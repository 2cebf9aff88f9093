#include "sms/open_transport.h"

#include <string>
#include <utility>

#include "sms/africastalking_transport.h"
#include "sms/twilio_transport.h"
#include "sms/whatsapp_transport.h"

namespace sms {

namespace {

using Opened = std::unique_ptr<Transport>;

struct Open {
    const TransportParts& parts;

    // `who`: of all accounts of the provider.
    template <class T>
    [[nodiscard]] Opened open(const auto& account, const std::string& who, const std::string& base_url) const {
        using Parts = typename T::Parts;
        return std::make_unique<T>(Parts{.loop = &parts.loop,
                                         .http = &parts.http,
                                         .pace = parts.paces.of(who, account.per_second),
                                         .base_url = base_url},
                                   account);
    }

    Opened operator()(const CaptureAccount& /*account*/) const {
        return std::make_unique<CaptureTransport>(parts.outbox);
    }
    Opened operator()(const AfricasTalkingAccount& account) const {
        return open<AfricasTalkingTransport>(account, "africastalking " + account.username,
                                             parts.endpoints.africastalking);
    }
    Opened operator()(const TwilioAccount& account) const {
        return open<TwilioTransport>(account, "twilio " + account.account_sid, parts.endpoints.twilio);
    }
    Opened operator()(const WhatsappAccount& account) const {
        return open<WhatsappTransport>(account, "whatsapp " + account.phone_number_id, parts.endpoints.whatsapp);
    }
};

}  // namespace

std::unique_ptr<Transport> open_transport(const Account& account, const TransportParts& parts) {
    return std::visit(Open{parts}, account);
}

}  // namespace sms
