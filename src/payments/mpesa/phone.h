#pragma once
// Numbers of phones as M-Pesa writes them: of mobile phones in Kenya, without a plus. Pure.
//
//     mpesa::normalise_phone("0712 345 678");        // "254712345678"

#include <optional>
#include <string>
#include <string_view>

#include "schema/phone.h"

namespace payments::mpesa {

using schema::mask_phone;
using schema::mask_phones;

// Any spelling (schema/phone.h). nullopt: no mobile number of Kenya.
[[nodiscard]] std::optional<std::string> normalise_phone(std::string_view typed);

}  // namespace payments::mpesa
