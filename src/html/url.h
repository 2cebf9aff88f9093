#pragma once
// Inside the library: a URL as a browser reads it (URL standard, §4.4), as far as it decides what a click does.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace html::detail {

// `value` is decoded already. What may be written in its place: without the tabs, line breaks and outer spaces that a browser
// leaves out, the scheme in small letters, inner spaces as %20. nullopt: no scheme, or none of these; http and https without a
// plain host behind two slashes, or with a user name; controls.
[[nodiscard]] std::optional<std::string> clean_url(std::string_view value, std::span<const std::string> schemes);

}  // namespace html::detail
