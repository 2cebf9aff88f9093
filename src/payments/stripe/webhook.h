#pragma once
// Events of Stripe: signed bytes become claims. Pure: any thread.
//
//     const auto verified = stripe::verify_event(credentials, bytes, headers.get("Stripe-Signature").value_or(""), now);
//
// What happened is taken from the object inside, never from the event's type: events come late, twice and in any order. One that
// cannot prove a payment claims it without a receipt, so that whoever believes it asks first.

#include <expected>
#include <string_view>

#include "base/time.h"
#include "payments/provider.h"
#include "payments/stripe/credentials.h"

namespace payments::stripe {

[[nodiscard]] std::expected<VerifiedCallback, CallbackRefusal> verify_event(const Credentials& credentials,
                                                                            std::string_view bytes,
                                                                            std::string_view signature,
                                                                            base::Timestamp now);

// Of one that was proved when it came: what it says, whatever has become of the secrets since.
[[nodiscard]] VerifiedCallback read_event(std::string_view bytes);

}  // namespace payments::stripe
