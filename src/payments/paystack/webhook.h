#pragma once
// Events of Paystack: signed bytes become claims. Pure: any thread.
//
//     const auto verified = paystack::verify_event(credentials, bytes, headers.get("x-paystack-signature").value_or(""));
//
// `charge.success` proves the payment, with its amount and its transaction. Everything else of a charge makes us ask. Events have no id
// and no time: what they are told apart by is what they say. Refunds are told without the name that their maker gave them.

#include <expected>
#include <string_view>

#include "payments/paystack/credentials.h"
#include "payments/provider.h"

namespace payments::paystack {

[[nodiscard]] std::expected<VerifiedCallback, CallbackRefusal> verify_event(const Credentials& credentials,
                                                                            std::string_view bytes,
                                                                            std::string_view signature);

// Of one that was proved when it came: what it says, whatever has become of the secrets since.
[[nodiscard]] VerifiedCallback read_event(std::string_view bytes);

}  // namespace payments::paystack
