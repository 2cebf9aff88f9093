#pragma once
// CleanHtml: markup that came out of a Sanitizer. It becomes no string by itself, so that what asks for a text (a mail, a printed
// slip, an attribute) is not given markup by mistake.

#include <string>
#include <utility>

namespace html {

class CleanHtml {
public:
    CleanHtml() = default;

    // For the content of an element of a page, such as a <div>.
    [[nodiscard]] const std::string& markup() const& noexcept { return markup_; }
    [[nodiscard]] std::string markup() && noexcept { return std::move(markup_); }
    // What a reader sees, in lines: blocks, rows and <br> end one, items of lists begin with "- ", cells are apart by a tab.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool empty() const noexcept { return markup_.empty(); }

    friend bool operator==(const CleanHtml&, const CleanHtml&) = default;

private:
    friend class Sanitizer;
    explicit CleanHtml(std::string markup) : markup_(std::move(markup)) {}

    std::string markup_;
};

}  // namespace html
