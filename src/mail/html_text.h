#pragma once
// The text part of a mail that was written as HTML: paragraphs, lists and rows as lines, links with their address behind
// them, in angle brackets and byte for byte. For HTML of our own templates: it is read leniently, and nothing is fetched. Internal.

#include <string>
#include <string_view>

namespace mail {

[[nodiscard]] std::string html_to_text(std::string_view html);

}  // namespace mail
