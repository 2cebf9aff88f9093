#pragma once
// URLs that Daraja calls back to: it refuses some by their words. Pure.
//
//     if (const auto word = mpesa::forbidden_word(public_url); !word.empty()) …

#include <string_view>

namespace payments::mpesa {

// The first of Daraja's forbidden words in it, whatever its case; "": none. Hexadecimal digits make none of them.
[[nodiscard]] std::string_view forbidden_word(std::string_view url);

}  // namespace payments::mpesa
