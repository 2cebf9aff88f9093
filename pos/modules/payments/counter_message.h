#pragma once
// What whoever stands at the counter is told of an attempt: by its state first, and by the provider's code where that says why it ended.
//
//     const auto said = counter_message(intent, provider, "sw", now);       // {"Imelipwa.", may_try_again = false}
//
// "Paid." is said of what has succeeded, and of nothing else. Nobody is told to try again what the service tries again by itself, or what
// may still be paid.

#include "payments/provider.h"
#include "pos/modules/payments/tables.h"

namespace pos {

// So long an open attempt keeps its payer's phone, and its subject, from another prompt.
inline constexpr std::chrono::minutes prompt_keeps_phone{5};

// Whether a phone rings for it, and not a page is open somewhere.
[[nodiscard]] inline bool rings_phone(const ::payments::Traits& traits, const PaymentIntent& intent) {
    return traits.by_phone && !traits.only_pages && intent.phone.has_value();
}

// `provider`: nullptr where it is not configured any more. `language`: "sw"; English for any other.
[[nodiscard]] ::payments::Saying counter_message(const PaymentIntent& intent, const ::payments::Provider* provider,
                                                 std::string_view language, base::Timestamp now);

}  // namespace pos
