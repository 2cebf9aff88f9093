#pragma once
// Inside the library: what the parser is given. One pass over the text that leaves out every tag and attribute that is not
// allowed, comments, and elements that go with their content, and that closes tags in the order in which they were opened. So
// the parser sees no more than was counted here, and none of its less trodden ways: no templates, no foreign content, no raw
// text.

#include <expected>
#include <string>
#include <string_view>

#include "html/policy.h"

namespace html::detail {

// UTF-8 without U+0000. Values of attributes and texts keep their character references.
[[nodiscard]] std::expected<std::string, Fault> reduce(std::string_view html, const Policy& policy);

}  // namespace html::detail
