#pragma once
// Numbers of phones, as people type them, in the one form in which they are kept: E.164 with its plus. Pure.
//
//     schema::normalise_phone("0712 345 678");            // "+254712345678"
//     schema::normalise_phone("+44 (0)20 7946 0018");     // "+442079460018"
//     schema::mask_phone("+254712345678");                // "+2547****5678": for logs
//
// Fields of Format::phone are read through it.

#include <optional>
#include <string>
#include <string_view>

namespace schema {

// Of Kenya, also without its country: "07…", "01…", "7…", "1…", "254…", "+254…", "00254…", "000254…" (000 dials out of Kenya),
// "020…" (a landline), with or without the 0 that people leave in ("+254 (0)7…", "25407…"). Of other countries: behind "+", "00" or
// "000". A tel: URI (RFC 3966) is its number; one with parameters (an extension, a context) is none. Spaces, no-break and invisible ones too, hyphens, dots and brackets do not count. nullopt: no number. A mobile number of Kenya
// has nine digits behind 254, of which the first is 7 or 1; whose it is cannot be told, as numbers are ported.
[[nodiscard]] std::optional<std::string> normalise_phone(std::string_view typed);

// `number` as normalise_phone() gives it.
[[nodiscard]] bool is_mobile_of_kenya(std::string_view number);

// With or without a plus; of anything that is no number: "****".
[[nodiscard]] std::string mask_phone(std::string_view number);
// Each run of 9 to 15 digits masked: of a text from outside, for logs and people.
[[nodiscard]] std::string mask_phones(std::string_view text);

}  // namespace schema
