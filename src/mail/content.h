#pragma once
// What a mail says, as blocks: HTML and plain text are made of the same ones. A block's texts are values, never markup: they are
// escaped where they stand, and a link leads to http or https or the mail is not made.
//
//     mail::Content content(say("Your receipt {}", "Risiti yako {}", number));                // the subject
//     content.paragraph(say("Thank you, {}.", "Asante, {}.", name));
//     content.button(say("Open", "Fungua"), link);
//     outgoing.html = mail::to_html(content, {.sender = "Duka la Amani", .language = "sw"});
//     outgoing.text = mail::to_text(content, …);
//
// mail::Say says each sentence in the language of its reader. Both languages stand side by side, and the compiler compares their
// places with the values: a value that is missing does not compile (docs/decisions/0059-mail-templates.md).
//
//     const mail::Say say(mail::Language::swahili);

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mail {

enum class Language : std::uint8_t { english, swahili };

[[nodiscard]] constexpr std::string_view code_of(Language language) {
    return language == Language::swahili ? "sw" : "en";
}

class Say {
public:
    explicit constexpr Say(Language language) noexcept : language_(language) {}

    template <class... Values>
    [[nodiscard]] std::string operator()(fmt::format_string<const Values&...> english,
                                         fmt::format_string<const Values&...> swahili, const Values&... values) const {
        return language_ == Language::swahili ? fmt::format(swahili, values...) : fmt::format(english, values...);
    }
    [[nodiscard]] constexpr Language language() const noexcept { return language_; }

private:
    Language language_;
};

struct Paragraph {
    std::string text;
    bool is_small = false;
};
struct Button {
    std::string label;
    std::string url;
};
// Columns behind the first are figures, at the right.
struct Table {
    std::vector<std::vector<std::string>> rows;
    bool last_is_total = false;
};
using Block = std::variant<Paragraph, Button, Table>;

class Content {
public:
    explicit Content(std::string subject) : subject_(std::move(subject)) {}

    Content& paragraph(std::string text) { return add(Paragraph{std::move(text)}); }
    Content& small(std::string text) { return add(Paragraph{std::move(text), true}); }
    // Throws std::invalid_argument for a link that is neither http nor https.
    Content& button(std::string label, std::string url);
    Content& table(std::vector<std::vector<std::string>> rows, bool last_is_total = false) {
        return add(Table{std::move(rows), last_is_total});
    }

    [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
    [[nodiscard]] const std::vector<Block>& blocks() const noexcept { return blocks_; }

private:
    Content& add(Block block) {
        blocks_.push_back(std::move(block));
        return *this;
    }

    std::string subject_;
    std::vector<Block> blocks_;
};

// What stands around every mail.
struct Layout {
    std::string sender;                          // above it
    std::string_view language = "en";            // of the whole
    std::string footer{};                        // below it
    std::pair<std::string, std::string> link{};  // label and URL below the footer; none without a URL
};

[[nodiscard]] std::string to_html(const Content& content, const Layout& layout);
[[nodiscard]] std::string to_text(const Content& content, const Layout& layout);

}  // namespace mail
