#pragma once
// Numbers of phones in Kenya, as people type them and as M-Pesa writes them. Pure.
//
//     mpesa::normalise_phone("0712 345 678");        // "254712345678"
//     mpesa::mask_phone("254712345678");             // "2547****5678"
//     mpesa::mask_phones("254712345678 - Jane");     // of a text from outside, for logs and people

#include <optional>
#include <string>
#include <string_view>

namespace payments::mpesa {

// "07…", "01…", "7…", "1…", "254…", "+254…", "00254…", "000254…" (000 dials out of Kenya), also with the 0 that people leave in
// ("+254 (0)7…"). Spaces, no-break and invisible ones too, "-", ".", "(" and ")" do not count. nullopt: no mobile number of Kenya. Which
// operator it belongs to cannot be told from a number: they are ported.
[[nodiscard]] std::optional<std::string> normalise_phone(std::string_view typed);
// Of anything else than twelve digits: "****".
[[nodiscard]] std::string mask_phone(std::string_view phone);
// Each run of 9 to 15 digits masked.
[[nodiscard]] std::string mask_phones(std::string_view text);

}  // namespace payments::mpesa
