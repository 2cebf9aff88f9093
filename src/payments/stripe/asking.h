#pragma once
// What Stripe says of an attempt: by the id of its session or its payment intent, or by our metadata when neither is known. Loop's thread.
//
//     const Evidence evidence = co_await stripe::ask(&wire, &attempt, now);

#include <chrono>
#include <string>

#include "async/task.h"
#include "base/time.h"
#include "payments/provider.h"
#include "payments/stripe/wire.h"

namespace payments::stripe {

// Stripe keeps the keys of POSTs for 24 hours at least; an hour is for clocks, and for a request that is long on its way.
inline constexpr std::chrono::hours resend_within{23};

// Source::query. `lost`: it could not be asked, or it is not found and may still be. Not found a day later it is `declined`: Stripe never
// took it.
[[nodiscard]] async::Task<Evidence> ask(Wire* wire, const AttemptRef* attempt, base::Timestamp now);

// Where a refund is asked of: {"payment_intent", "pi_…"} or {"charge", "ch_…"}; empty strings: it is not found at present.
[[nodiscard]] async::Task<std::pair<std::string, std::string>> payment_of(Wire* wire, const AttemptRef* attempt,
                                                                          base::Timestamp now);

}  // namespace payments::stripe
