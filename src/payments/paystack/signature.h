#pragma once
// x-paystack-signature: the HMAC-SHA512 of the raw body under the account's secret key, in small hexadecimal digits. Pure.
//
//     if (!paystack::is_signed(header, bytes, credentials.secret_key)) …

#include <string>
#include <string_view>

namespace payments::paystack {

[[nodiscard]] std::string signature_of(std::string_view bytes, std::string_view secret_key);
// In constant time.
[[nodiscard]] bool is_signed(std::string_view header, std::string_view bytes, std::string_view secret_key);

}  // namespace payments::paystack
