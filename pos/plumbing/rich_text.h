#pragma once
// A text that may hold markup. The declaration is all that it takes: what is read (POST, PATCH, batch) is cleaned before it is
// checked and stored. Every other text is plain.
//
//     schema::field<&ProductFields::description>("description",
//         {.max_length = 4'000, .format = rich_text, .text = schema::Text::free, .doc = rich_text_doc})
//
// A column that was plain before needs a migration that escapes what is in it: see docs/decisions/0066-clean-html.md.

#include <string>
#include <string_view>

#include "schema/type.h"

namespace pos {

namespace detail {
[[nodiscard]] bool is_rich_text(std::string_view text);
void clean_rich_text(std::string& text);
}  // namespace detail

inline constexpr schema::OwnFormat rich_text{
    "html",
    &detail::is_rich_text,
    "HTML of at most 65536 bytes, 1000 tags, 32 levels and 16 open <b>, <a> and the like",
    {},
    &detail::clean_rich_text};

inline constexpr std::string_view rich_text_doc =
    "HTML, which is cleaned before it is stored: a, b, blockquote, br, code, del, div, em, h2, h3, h4, hr, i, ins, li, "
    "ol, p, pre, s, "
    "small, span, strong, sub, sup, u, ul stay, `href` and `title` of links too (http, https, mailto, tel). Write a "
    "plain text with `&lt;` for <.";

}  // namespace pos
