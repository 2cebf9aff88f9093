#pragma once
// Stripe-Signature: `t=1705300000,v1=<hex>,v1=<hex>,v0=…`. Each v1 is the HMAC-SHA256 of "t.body" under the endpoint's secret as it is
// written, "whsec_" and all. Pure.
//
//     if (const auto refusal = stripe::refusal_of_signature(header, bytes, secrets, now)) …     // why; nothing of the secret

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace payments::stripe {

// Either way: a delivery that was recorded is not to be played again, and a clock that is wrong is to be seen.
inline constexpr std::chrono::seconds signature_tolerance{300};

// nullopt: one of `secrets` signed exactly these bytes, within the tolerance of `now`.
[[nodiscard]] std::optional<std::string_view> refusal_of_signature(std::string_view header, std::string_view bytes,
                                                                   std::span<const std::string> secrets,
                                                                   base::Timestamp now);

}  // namespace payments::stripe
