#pragma once
// How many parts an SMS has, known before it is sent: each is paid for. Pure.
//
//     sms::measure("Your code is 123456").parts;     // 1: 160 characters of GSM-7, 153 of each of several
//     sms::measure("Asante sana 🙏").parts;          // 1: UCS-2, 70 and 67
//     sms::plain("“Karibu” – 5 €");                  // "\"Karibu\" - 5 €": typography that would cost a part is written plainly
//
// One character that GSM-7 lacks makes the whole message UCS-2. ^ { } \ [ ] ~ | € count twice. Neither they nor a pair of
// surrogates are torn apart, so a part may be left with a place empty.

#include <cstdint>
#include <string>
#include <string_view>

namespace sms {

enum class Encoding : std::uint8_t { gsm7, ucs2 };

struct Measure {
    Encoding encoding = Encoding::gsm7;
    std::uint32_t units = 0;  // septets, or UTF-16 code units
    std::uint32_t parts = 0;  // 0: no text
};

// What every provider takes (Twilio: 1,600 characters).
inline constexpr std::uint32_t most_parts = 10;

[[nodiscard]] Measure measure(std::string_view utf8);
// Quotes, dashes, dots and spaces of typography as ASCII, and invisible characters left out; everything else as it is.
[[nodiscard]] std::string plain(std::string_view utf8);

}  // namespace sms
