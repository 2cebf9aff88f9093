#pragma once
// The three kinds of callbacks. Internal.

#include <algorithm>

#include "schema/form.h"
#include "sms/callback.h"

namespace sms {

using ReadCallback = std::expected<Callback, CallbackRefusal>;

[[nodiscard]] ReadCallback read_africastalking_callback(const AfricasTalkingAccount& account,
                                                        const CallbackRequest& request);
[[nodiscard]] ReadCallback read_twilio_callback(const TwilioAccount& account, const CallbackRequest& request);
[[nodiscard]] ReadCallback read_whatsapp_callback(const WhatsappAccount& account, const CallbackRequest& request);

[[nodiscard]] ReadCallback not_proven(std::string detail);
[[nodiscard]] ReadCallback not_understood(std::string detail);

// "" where there is none.
[[nodiscard]] inline std::string_view member_of(const schema::FormPairs& form, std::string_view name) {
    const auto found = std::ranges::find(form, name, [](const auto& one) { return one.first; });
    return found == form.end() ? std::string_view() : found->second;
}

// The longest text of a person that is kept, whole UTF-8.
[[nodiscard]] std::string incoming_text(std::string_view text);

}  // namespace sms
