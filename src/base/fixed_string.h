#pragma once
// FixedString: a text as an argument of a template, so that a type carries a name.
//
//     template <base::FixedString Permission> class Permitted;        Permitted<"products.read"> caller

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace base {

template <std::size_t N>
struct FixedString {
    char text[N]{};
    consteval FixedString(const char (&from)[N]) { std::copy_n(from, N, text); }  // NOLINT(google-explicit-constructor)
    [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

}  // namespace base
