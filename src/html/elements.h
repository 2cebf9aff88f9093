#pragma once
// Inside the library: the elements and attributes that can be allowed at all, and those that never are.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace html::detail {

// Draws nothing and is left out: the parser would put U+FFFD in its place.
[[nodiscard]] constexpr bool is_control(char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r') || c == 0x7F;
}

// How the HTML standard's tree construction (§13.2.6) treats an element.
enum class Kind : std::uint8_t {
    plain,
    formatting,  // in the list of active formatting elements, as `link` is
    link,
    empty,  // without content and end tag
    rule,   // empty, and ends a paragraph
    block,
    paragraph,
    heading,
    preformatted,
    list,
    item,
    terms,
    term,
    table,
    caption,
    columns,
    column,
    rows,
    row,
    cell,
};

template <class Range, class Wanted, class Projection = std::identity>
[[nodiscard]] constexpr bool has(const Range& range, const Wanted& wanted, Projection projection = {}) {
    return std::ranges::find(range, wanted, projection) != std::ranges::end(range);
}

struct Element {
    std::string_view name;
    Kind kind;
};

[[nodiscard]] constexpr bool is_empty(Kind kind) {
    return kind == Kind::empty || kind == Kind::rule || kind == Kind::column;
}
[[nodiscard]] constexpr bool is_formatting(Kind kind) { return kind == Kind::formatting || kind == Kind::link; }
[[nodiscard]] constexpr bool is_table_part(Kind kind) { return kind >= Kind::table; }

// Whether a paragraph that is open ends where the element begins.
[[nodiscard]] constexpr bool ends_paragraph(Kind kind) {
    return kind != Kind::plain && kind != Kind::empty && !is_formatting(kind) &&
           (!is_table_part(kind) || kind == Kind::table);
}

// nullptr: it cannot be allowed.
[[nodiscard]] const Element* find_element(std::string_view name);
[[nodiscard]] std::span<const Element> all_elements();

// Elements that go with what is between their tags. `to_the_end`: the parser reads their content as raw text, so that without an
// end tag all that follows is content.
struct Dropped {
    std::string_view name;
    bool to_the_end;
};
inline constexpr std::size_t dropped_count = 14;
[[nodiscard]] std::span<const Dropped, dropped_count> dropped_elements();

enum class Value : std::uint8_t { text, url, number, choice };

struct Attribute {
    std::string_view name;
    Value value = Value::text;
    std::string_view choices{};  // apart by spaces
};

// nullptr: it cannot be allowed.
[[nodiscard]] const Attribute* find_attribute(std::string_view name);
// Whether its value is fetched, followed or resolved as a URL, in HTML, SVG or in what browsers once knew.
[[nodiscard]] bool is_url_attribute(std::string_view name);
[[nodiscard]] std::span<const std::string_view> url_attributes();

}  // namespace html::detail
