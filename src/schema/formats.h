#pragma once
// Inside the library: string formats and patterns. Linear time on any input. Any thread; compiled patterns are per thread.

#include <string_view>

#include "schema/type.h"

namespace schema::detail {

[[nodiscard]] bool matches_format(Format format, std::string_view text);
// For a message: "an e-mail address such as amina@example.com".
[[nodiscard]] std::string_view describe_format(Format format);
// ECMA-262 pattern for JSON Schema; empty when the rule is none that a pattern could state.
[[nodiscard]] std::string_view pattern_of(Format format);
// Of what fits, in code points; no limit of its own: the greatest number.
[[nodiscard]] std::uint32_t longest_of(Format format);

// Whole value. Throws std::logic_error when the pattern itself is wrong: Components finds that at start-up.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace schema::detail
