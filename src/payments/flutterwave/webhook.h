#pragma once
// Events of Flutterwave: bytes of whoever knows the secret hash become hints. Pure: any thread.
//
//     const auto verified = flutterwave::verify_event(credentials, bytes, headers);
//
// The header `verif-hash` is the secret itself: it says nothing of the body, and anybody who saw it once can send anything. So an event
// gives no value: it names the attempt, and Flutterwave is asked. `flutterwave-signature` (HMAC-SHA256 of the body, in Base64) of newer
// accounts is taken as well; it is also what is kept of `verif-hash`, so that no row holds the secret.

#include <expected>
#include <string_view>

#include "http/headers.h"
#include "payments/flutterwave/credentials.h"
#include "payments/provider.h"

namespace payments::flutterwave {

[[nodiscard]] std::expected<VerifiedCallback, CallbackRefusal> verify_event(const Credentials& credentials,
                                                                            std::string_view bytes,
                                                                            const http::Headers& headers);

// Of one that was proved when it came: what it says, whatever has become of the secrets since.
[[nodiscard]] VerifiedCallback read_event(std::string_view bytes);

}  // namespace payments::flutterwave
