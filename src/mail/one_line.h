#pragma once
// What anybody may have typed, as one line of a header: UTF-8, no controls, NFC, one space between words. Internal.

#include <string>
#include <string_view>

namespace mail {

// Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view text);
[[nodiscard]] std::string one_line(std::string_view text);
[[nodiscard]] bool is_printable_ascii(std::string_view text);

}  // namespace mail
