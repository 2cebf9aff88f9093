#include "payments/mpesa/phone.h"

namespace payments::mpesa {

std::optional<std::string> normalise_phone(std::string_view typed) {
    auto number = schema::normalise_phone(typed);
    if (!number || !schema::is_mobile_of_kenya(*number)) return std::nullopt;
    return number->substr(1);
}

}  // namespace payments::mpesa
