#include "html/reduce.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace html::detail {

namespace {

// Of the tags of formatting elements that are open: the parser repeats them.
constexpr std::size_t most_formatting_bytes = 4'096;
constexpr std::size_t longest_reference = 40;

constexpr std::string_view white_space = "\t\n\f\r ";

bool is_letter(char c) { return base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z'; }

// A tag as it stands in the text (HTML standard, §13.2.5.6 and what follows).
struct RawTag {
    std::string name;
    struct RawAttribute {
        std::string name;
        std::string_view value;
    };
    std::vector<RawAttribute> attributes;
    std::size_t end = 0;  // behind its ">"
};

class TagReader {
public:
    TagReader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

    // nullopt: it has no end. `wanted` says which attributes are kept.
    template <class Wanted>
    std::optional<RawTag> read(Wanted wanted) {
        RawTag tag;
        tag.name = base::ascii_lower(until("\t\n\f\r />"));
        while (true) {
            skip("\t\n\f\r /");
            if (is_over()) return std::nullopt;
            if (text_[at_] == '>') break;
            const auto start = at_++;  // a "=" in front belongs to the name
            until("\t\n\f\r />=");
            const auto name = base::ascii_lower(text_.substr(start, at_ - start));
            const auto value = read_value();
            if (!value) return std::nullopt;
            if (wanted(tag, name)) tag.attributes.push_back({name, *value});
        }
        tag.end = at_ + 1;
        return tag;
    }

private:
    [[nodiscard]] bool is_over() const { return at_ >= text_.size(); }
    void skip(std::string_view these) { at_ = std::min(text_.find_first_not_of(these, at_), text_.size()); }
    std::string_view until(std::string_view these) {
        const auto start = at_;
        at_ = std::min(text_.find_first_of(these, at_), text_.size());
        return text_.substr(start, at_ - start);
    }
    std::optional<std::string_view> read_value() {
        skip(white_space);
        if (is_over() || text_[at_] != '=') return "";
        ++at_;
        skip(white_space);
        if (is_over()) return std::nullopt;
        const char quote = text_[at_];
        if (quote != '"' && quote != '\'') return until("\t\n\f\r >");
        const auto end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) return std::nullopt;
        const auto value = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return value;
    }

    std::string_view text_;
    std::size_t at_;
};

// Whether the open element ends where the other one begins.
bool ends(Kind begun, Kind open) {
    switch (open) {
        case Kind::paragraph: return ends_paragraph(begun);
        case Kind::heading:
        case Kind::item:
        case Kind::term:
        case Kind::link: return begun == open;
        case Kind::rows:
        case Kind::row:
        case Kind::cell: return begun >= Kind::rows && begun <= open;
        default: return false;
    }
}

// Whether the open element keeps what is around it from being ended.
bool shields(Kind open, Kind begun) {
    if (open == Kind::list) return begun == Kind::item;
    if (open == Kind::terms) return begun == Kind::term;
    const bool is_part = is_table_part(begun) && begun != Kind::table;
    return is_part ? open == Kind::table : is_table_part(open);
}

class Reducer {
public:
    Reducer(std::string_view html, const Policy& policy) : html_(html), policy_(policy), limits_(policy.limits()) {}

    std::expected<std::string, Fault> run() {
        out_.reserve(html_.size() + 64);
        while (at_ < html_.size() && !fault_) {
            const auto bracket = std::min(html_.find('<', at_), html_.size());
            add_text(html_.substr(at_, bracket - at_));
            at_ = bracket;
            if (at_ < html_.size() && !read_markup()) add_rest_as_text();
        }
        if (fault_) return std::unexpected(*fault_);
        return std::move(out_);
    }

private:
    struct Open {
        const Element* element;
        std::size_t bytes;  // of a formatting element's tag
    };

    // At a "<". False: what it begins has no end.
    bool read_markup() {
        const auto rest = html_.substr(at_ + 1);
        if (!rest.empty() && is_letter(rest[0])) return read_start_tag();
        if (rest.size() > 1 && rest[0] == '/' && is_letter(rest[1])) return read_end_tag();
        if (rest.starts_with("!--")) return skip_comment();
        if (rest.starts_with('!') || rest.starts_with('?') || (rest.size() > 1 && rest[0] == '/')) return skip_to('>');
        add_text("<");
        ++at_;
        return true;
    }

    bool read_start_tag() {
        const auto tag = TagReader(html_, at_ + 1).read([&](const RawTag& read, std::string_view attribute) {
            const auto* known = policy_.find_tag(read.name);
            return known != nullptr && known->element->find(attribute) != nullptr &&
                   !has(read.attributes, attribute, &RawTag::RawAttribute::name);
        });
        if (!tag) return false;
        at_ = tag->end;
        if (const auto* known = policy_.find_tag(tag->name)) {
            begin(*known, *tag);
        } else {
            skip_content(tag->name);
            has_gap_ = true;
        }
        return true;
    }

    bool read_end_tag() {
        const auto tag = TagReader(html_, at_ + 2).read([](const RawTag&, std::string_view) { return false; });
        if (!tag) return false;
        at_ = tag->end;
        has_gap_ = true;
        const auto* known = policy_.find_tag(tag->name);
        if (known == nullptr) return true;
        if (tag->name == "br") {  // the one end tag that browsers take for a start tag
            begin(*known, RawTag{.name = tag->name, .attributes = {}, .end = 0});
        } else {
            finish(*known->element->element);
        }
        return true;
    }

    // Comments end at the first of these (§13.2.5.43).
    bool skip_comment() {
        auto rest = html_.substr(at_ + 4);
        if (rest.starts_with('>')) return skip_to('>');
        if (rest.starts_with("->")) return skip_to('>');
        for (auto dashes = rest.find("--"); dashes != std::string_view::npos; dashes = rest.find("--", dashes + 1)) {
            const auto behind = rest.substr(dashes + 2);
            if (!behind.starts_with('>') && !behind.starts_with("!>")) continue;
            at_ += 4 + dashes + 2 + (behind.starts_with('>') ? 1 : 2);
            has_gap_ = true;
            return true;
        }
        return false;
    }

    bool skip_to(char end) {
        const auto found = html_.find(end, at_);
        if (found == std::string_view::npos) return false;
        at_ = found + 1;
        has_gap_ = true;
        return true;
    }

    // Of an element that goes with its content: to its end tag.
    void skip_content(std::string_view name) {
        const auto dropped = dropped_elements();
        const auto found = std::ranges::find(dropped, name, &Dropped::name);
        if (found == dropped.end()) return;
        bool& none_left = none_left_[static_cast<std::size_t>(found - dropped.begin())];
        if (!none_left) {
            if (const auto end = find_end_tag(name)) {
                at_ = *end;
                return;
            }
            none_left = true;
        }
        if (found->to_the_end) at_ = html_.size();
    }

    [[nodiscard]] std::optional<std::size_t> find_end_tag(std::string_view name) const {
        for (auto tag = html_.find("</", at_); tag != std::string_view::npos; tag = html_.find("</", tag + 1)) {
            const auto rest = html_.substr(tag + 2);
            if (rest.size() > name.size() && base::iequals(rest.substr(0, name.size()), name) &&
                std::string_view("\t\n\f\r />").contains(rest[name.size()]))
                return tag;
        }
        return std::nullopt;
    }

    void begin(const Tag& tag, const RawTag& raw) {
        const Element& element = *tag.element->element;
        end_for(element.kind);
        if (++tags_ > limits_.max_tags) fault_ = Fault::too_many_tags;
        const auto start = out_.size();
        out_.append("<").append(element.name);
        for (const auto& [name, value] : tag.forced) add_attribute(name, value);
        for (const auto& [name, value] : raw.attributes)
            if (!has(tag.forced, name, &std::pair<std::string, std::string>::first)) add_attribute(name, value);
        out_.push_back('>');
        has_gap_ = false;
        if (!is_empty(element.kind)) push({&element, out_.size() - start});
    }

    // With what is open within it: the parser would repeat that in all that follows.
    void end_for(Kind begun) {
        for (std::size_t i = open_.size(); i > 0; --i) {
            const Kind open = open_[i - 1].element->kind;
            if (shields(open, begun)) return;
            if (!ends(begun, open)) continue;
            while (open_.size() >= i) close();
        }
    }

    void add_attribute(std::string_view name, std::string_view value) {
        out_.append(" ").append(name).append("=\"");
        for (const char c : value) {
            if (c == '"') {
                out_.append("&quot;");
            } else if (!is_control(c)) {
                out_.push_back(c);
            }
        }
        out_.push_back('"');
    }

    void push(Open opened) {
        open_.push_back(opened);
        if (open_.size() > limits_.max_depth) fault_ = Fault::too_deep;
        if (!is_formatting(opened.element->kind)) return;
        formatting_bytes_ += opened.bytes;
        if (++formatting_ > limits_.max_open_formatting || formatting_bytes_ > most_formatting_bytes)
            fault_ = Fault::too_much_formatting;
    }

    void close() {
        const Open closed = open_.back();
        open_.pop_back();
        out_.append("</").append(closed.element->name).append(">");
        has_gap_ = false;
        if (!is_formatting(closed.element->kind)) return;
        --formatting_;
        formatting_bytes_ -= closed.bytes;
    }

    // Closes the innermost one of the name, and all within; one without a start is left out. From within a cell nothing around its
    // table is closed.
    void finish(const Element& element) {
        for (std::size_t i = open_.size(); i > 0; --i) {
            const Element& open = *open_[i - 1].element;
            if (&open == &element) {
                while (open_.size() >= i) close();
                return;
            }
            if (is_table_part(open.kind) && !is_table_part(element.kind)) return;
        }
    }

    void add_text(std::string_view text) {
        if (text.empty()) return;
        if (has_gap_ && ends_within_reference()) out_.append("<!---->");
        has_gap_ = false;
        for (const char c : text) {
            if (c == '<') {
                out_.append("&lt;");
            } else if (!is_control(c)) {
                out_.push_back(c);
            }
        }
    }

    // "&am", a tag that is left out, "p;" are no "&amp;".
    [[nodiscard]] bool ends_within_reference() const {
        const std::string_view tail =
            std::string_view(out_).substr(out_.size() - std::min(out_.size(), longest_reference));
        const auto end = tail.find_last_of('&');
        return end != std::string_view::npos && std::ranges::all_of(tail.substr(end + 1), [](char c) {
                   return is_letter(c) || base::is_ascii_digit(c) || c == '#';
               });
    }

    void add_rest_as_text() {
        add_text(html_.substr(at_));
        at_ = html_.size();
    }

    std::string_view html_;
    const Policy& policy_;
    const Limits& limits_;
    std::size_t at_ = 0;
    std::string out_;
    std::vector<Open> open_;
    std::size_t tags_ = 0;
    std::size_t formatting_ = 0;
    std::size_t formatting_bytes_ = 0;
    bool has_gap_ = false;  // something was left out behind the last text
    std::array<bool, dropped_count> none_left_{};
    std::optional<Fault> fault_;
};

}  // namespace

std::expected<std::string, Fault> reduce(std::string_view html, const Policy& policy) {
    if (html.size() > policy.limits().max_bytes) return std::unexpected(Fault::too_long);
    if (html.contains('\0') || !base::is_utf8(html)) return std::unexpected(Fault::not_text);
    return Reducer(html, policy).run();
}

}  // namespace html::detail
