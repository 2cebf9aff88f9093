#pragma once
// What codes mean to whoever stands at the counter, in English and Swahili: the codes of reading.h, bearer_api.h and of statuses that
// providers have in common. Pure.
//
//     return payments::common_saying("wrong_pin", language, "Flutterwave");

#include <string_view>

#include "payments/provider.h"

namespace payments {

// `title` is the provider's, where it is named.
[[nodiscard]] Saying common_saying(std::string_view code, std::string_view language, std::string_view title);

}  // namespace payments
