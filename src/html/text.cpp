#include <algorithm>
#include <array>
#include <string_view>

#include "html/clean_html.h"
#include "html/elements.h"

namespace html {

namespace {

// All that the serialiser writes.
constexpr auto references = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"&amp;", "&"},
    {"&lt;", "<"},
    {"&gt;", ">"},
    {"&quot;", "\""},
    {"&#39;", "'"},
    {"&#824;", "\xCC\xB8"},
});

class TextWriter {
public:
    explicit TextWriter(std::string_view markup) : rest_(markup) {}

    std::string run() {
        while (!rest_.empty()) {
            if (rest_.front() == '<') {
                tag(take(rest_.find('>') + 1));
            } else {
                text(take(std::min(rest_.find('<'), rest_.size())));
            }
        }
        trim();
        return std::move(out_);
    }

private:
    std::string_view take(std::size_t size) {
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }

    void tag(std::string_view tag) {
        const bool is_end = tag.starts_with("</");
        tag.remove_prefix(is_end ? 2 : 1);
        const auto* element = detail::find_element(tag.substr(0, tag.find_first_of(" >")));
        if (element == nullptr) return;
        using detail::Kind;
        if (element->name == "br") return add_break();
        if (element->kind == Kind::preformatted) is_preformatted_ = !is_end;
        if (element->kind == Kind::cell) {
            if (!is_end && !is_at_line_start()) out_.push_back('\t');
            return;
        }
        const bool is_inline =
            element->kind == Kind::plain || element->kind == Kind::empty || is_formatting(element->kind);
        if (is_inline) return;
        if (!is_at_line_start()) add_break();
        if (element->kind == Kind::item && !is_end) out_.append("- ");
    }

    void text(std::string_view text) {
        while (!text.empty()) {
            const auto found =
                std::ranges::find_if(references, [&](const auto& r) { return text.starts_with(r.first); });
            const auto character = found != references.end() ? found->second : text.substr(0, 1);
            text.remove_prefix(found != references.end() ? found->first.size() : 1);
            if (!is_preformatted_ && std::string_view("\t\n\f\r ").contains(character)) {
                if (!is_at_line_start() && !out_.ends_with(' ')) out_.push_back(' ');
            } else {
                out_.append(character);
            }
        }
    }

    void add_break() {
        while (out_.ends_with(' ')) out_.pop_back();
        out_.push_back('\n');
    }
    [[nodiscard]] bool is_at_line_start() const {
        return out_.empty() || out_.ends_with('\n') || (out_.ends_with("- ") && is_line("- "));
    }
    [[nodiscard]] bool is_line(std::string_view line) const {
        return out_ == line || (out_.size() > line.size() && out_[out_.size() - line.size() - 1] == '\n');
    }
    void trim() {
        while (!out_.empty() && std::string_view("\t\n ").contains(out_.back())) out_.pop_back();
        out_.erase(0, std::min(out_.find_first_not_of('\n'), out_.size()));
    }

    std::string_view rest_;
    std::string out_;
    bool is_preformatted_ = false;
};

}  // namespace

std::string CleanHtml::text() const { return TextWriter(markup_).run(); }

}  // namespace html
