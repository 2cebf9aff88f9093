#pragma once
// HTML of strangers made fit for a page: what is on the lists stays, and everything is written anew. The options are named as
// those of npm's `sanitize-html`.
//
//     const html::Sanitizer sanitizer;                                  // once; any thread, no state
//     const auto clean = sanitizer.clean(R"(<p onclick=x()>Fresh <b>milk</b><script>x()</script>)");
//     clean->markup();                                                  // "<p>Fresh <b>milk</b></p>"
//     clean->text();                                                    // "Fresh milk"
//     if (!clean) return html::to_string(clean.error());                // it is above a limit
//
// Cleaning again changes nothing: clean(x) is clean(clean(x)), byte by byte. Which elements and attributes can be allowed at
// all, and what is never: README.md.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "html/clean_html.h"

namespace html {

// What the parser is given at most, and what leaves at most. Options may be stricter than the defaults, never more generous (but
// for the depth: 256).
struct Limits {
    std::size_t max_bytes = 65'536;
    std::size_t max_tags = 1'000;  // start tags that are allowed
    // <a>, <b>, <i>, … that are open at once. The parser repeats them in each block.
    std::size_t max_open_formatting = 16;
    std::size_t max_depth = 100;
};

// What another element becomes. `attribs` are added to those that it has, and take the place of theirs.
struct Transform {
    std::string tag_name;
    std::map<std::string, std::string> attribs{};
};

struct Options {
    // Others go, and what is between their tags stays; but for <script>, <style> and their like, which go as a whole.
    std::vector<std::string> allowed_tags{"a",  "b",     "blockquote", "br",     "code", "del", "div", "em", "h2",
                                          "h3", "h4",    "hr",         "i",      "ins",  "li",  "ol",  "p",  "pre",
                                          "s",  "small", "span",       "strong", "sub",  "sup", "u",   "ul"};
    // By element; "*": of every one.
    std::map<std::string, std::vector<std::string>> allowed_attributes{{"a", {"href", "title"}}};
    // Of these four. URLs without a scheme are never allowed.
    std::vector<std::string> allowed_schemes{"http", "https", "mailto", "tel"};
    // By element, which need not be allowed itself.
    std::map<std::string, Transform> transform_tags{};
    // Every link has this rel; "": none.
    std::string link_rel = "nofollow noopener noreferrer";
    Limits limits{};
};

enum class Fault : std::uint8_t {
    not_text,  // no UTF-8, or with U+0000
    too_long,  // what is given, or what comes out
    too_many_tags,
    too_much_formatting,  // max_open_formatting, or 4,096 bytes of attributes in those that are open
    too_deep,
};
// "html.too_deep"
[[nodiscard]] std::string_view to_string(Fault fault);

namespace detail {
class Policy;
}

class Sanitizer {
public:
    // std::invalid_argument: the options name what cannot be allowed.
    explicit Sanitizer(const Options& options = {});
    ~Sanitizer();
    Sanitizer(Sanitizer&&) noexcept;
    Sanitizer& operator=(Sanitizer&&) noexcept;

    [[nodiscard]] std::expected<CleanHtml, Fault> clean(std::string_view html) const;

private:
    std::unique_ptr<const detail::Policy> policy_;
};

}  // namespace html
