#pragma once
// Pesapal's notifications (IPN): that something happened to an order, not what. They are not signed. Pure.
//
//     const VerifiedCallback callback = pesapal::read_ipn(bytes);

#include <string_view>

#include "payments/provider.h"

namespace payments::pesapal {

// Bytes that are not understood make no claim.
[[nodiscard]] VerifiedCallback read_ipn(std::string_view bytes);

}  // namespace payments::pesapal
