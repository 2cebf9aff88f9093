#pragma once
// Inside the library: the tree as markup, by the policy.

#include <expected>
#include <string>

#include "html/policy.h"
#include "html/tree.h"

namespace html::detail {

// Markup that any parser of HTML reads as the same tree: what would be read as something else (a paragraph in a paragraph, a
// link in a link) is written without its tags.
[[nodiscard]] std::expected<std::string, Fault> serialise(const Tree& tree, const Policy& policy);

}  // namespace html::detail
