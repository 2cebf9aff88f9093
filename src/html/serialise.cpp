#include "html/serialise.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace html::detail {

namespace {

constexpr std::string_view long_solidus = "\xCC\xB8";  // U+0338

// Where something is to be written: what is open around it, as far as it decides how a parser would read it.
struct Place {
    Kind parent = Kind::block;
    bool in_paragraph = false;
    bool in_heading = false;
    bool in_link = false;
    bool in_item = false;
    bool in_term = false;
};

// What a reference can name and a text cannot hold (§13.2.3.5): how many bytes of it are in front.
std::size_t refused_character(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    if (text.size() >= 2 && byte(0) == 0xC2 && byte(1) < 0xA0) return 2;  // C1
    if (text.size() >= 3 && byte(0) == 0xEF && byte(1) == 0xB7 && byte(2) >= 0x90 && byte(2) <= 0xAF)
        return 3;                                                                             // U+FDD0
    if (text.size() >= 3 && byte(0) == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE) return 3;  // U+FFFE
    if (text.size() >= 4 && byte(0) >= 0xF0 && (byte(1) & 0x0FU) == 0x0F && byte(2) == 0xBF && byte(3) >= 0xBE)
        return 4;
    return 0;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto refused = refused_character(text.substr(at));
        if (refused > 0) out.append("\xEF\xBF\xBD");
        if (refused == 0 && !is_control(text[at])) out.push_back(text[at]);
        at += std::max<std::size_t>(refused, 1);
    }
    return out;
}

bool holds_parts_alone(Kind kind) {
    return kind == Kind::table || kind == Kind::columns || kind == Kind::rows || kind == Kind::row;
}

// HTML standard, §13.2.6.4.7 and what follows: whether the start tag begins an element exactly here.
bool fits(Kind kind, const Place& place) {
    switch (kind) {
        case Kind::caption:
        case Kind::columns:
        case Kind::rows: return place.parent == Kind::table;
        case Kind::column: return place.parent == Kind::columns;
        case Kind::row: return place.parent == Kind::rows;
        case Kind::cell: return place.parent == Kind::row;
        default: break;
    }
    if (holds_parts_alone(place.parent)) return false;
    if (place.in_paragraph && ends_paragraph(kind)) return false;
    if (kind == Kind::heading) return !place.in_heading;
    if (kind == Kind::link) return !place.in_link;
    if (kind == Kind::item) return !place.in_item;
    if (kind == Kind::term) return !place.in_term;
    return true;
}

Place inside(Kind kind, Place place) {
    place.parent = kind;
    switch (kind) {
        case Kind::paragraph: place.in_paragraph = true; break;
        case Kind::heading: place.in_heading = true; break;
        case Kind::link: place.in_link = true; break;
        case Kind::list: place.in_item = false; break;
        case Kind::item: place.in_item = true; break;
        case Kind::terms: place.in_term = false; break;
        case Kind::term: place.in_term = true; break;
        case Kind::cell:
        case Kind::caption: return {.parent = kind, .in_link = place.in_link};
        default: break;
    }
    return place;
}

class Serialiser {
public:
    Serialiser(const Tree& tree, const Policy& policy) : tree_(tree), policy_(policy) {}

    // Without recursion: the depth is the text's choice.
    std::expected<std::string, Fault> run() {
        levels_.push_back({.node = &tree_.root()});
        while (!levels_.empty()) {
            if (depth_ > policy_.limits().max_depth) return std::unexpected(Fault::too_deep);
            if (out_.size() > policy_.limits().max_bytes) return std::unexpected(Fault::too_long);
            Level& level = levels_.back();
            const GumboVector& children = level.node->v.element.children;
            if (level.next == children.length) {
                leave();
            } else {
                write(*static_cast<const GumboNode*>(children.data[level.next++]));
            }
        }
        return std::move(out_);
    }

private:
    struct Level {
        const GumboNode* node;
        unsigned next = 0;
        const Element* written = nullptr;  // its tags are
        Place place{};
    };

    void write(const GumboNode& node) {
        switch (node.type) {
            case GUMBO_NODE_TEXT:
            case GUMBO_NODE_WHITESPACE: return write_text(node.v.text.text);
            case GUMBO_NODE_ELEMENT: return enter(node);
            default: return;  // no other is made of what reduce() leaves, and none is wanted
        }
    }

    void enter(const GumboNode& node) {
        const Place& place = levels_.back().place;
        const auto* allowed = node.v.element.tag_namespace == GUMBO_NAMESPACE_HTML
                                  ? policy_.find_element(gumbo_normalized_tagname(node.v.element.tag))
                                  : nullptr;
        if (allowed == nullptr || !fits(allowed->element->kind, place)) {
            levels_.push_back({.node = &node, .place = place});
            return;
        }
        write_start_tag(*allowed, node.v.element.attributes);
        const Element& element = *allowed->element;
        if (is_empty(element.kind)) return;
        ++depth_;
        levels_.push_back({.node = &node, .written = &element, .place = inside(element.kind, place)});
    }

    void leave() {
        if (const auto* element = levels_.back().written) {
            out_.append("</").append(element->name).append(">");
            --depth_;
            ends_with_pre_ = false;
        }
        levels_.pop_back();
    }

    void write_start_tag(const AllowedElement& allowed, const GumboVector& attributes) {
        out_.append("<").append(allowed.element->name);
        bool is_reference = false;
        for (const void* item : std::span(attributes.data, attributes.length)) {
            const auto& given = *static_cast<const GumboAttribute*>(item);
            const auto* attribute = allowed.find(given.name);
            if (attribute == nullptr) continue;
            const auto value = policy_.clean_value(*attribute, given.value);
            if (!value) continue;
            write_attribute(attribute->name, *value);
            is_reference = is_reference || attribute->name == "href";
        }
        if (is_reference && !policy_.link_rel().empty()) write_attribute("rel", policy_.link_rel());
        out_.push_back('>');
        ends_with_pre_ = allowed.element->kind == Kind::preformatted;
    }

    // Nothing in a value can end it, its tag or its element, nor be an attribute, wherever the markup is put.
    void write_attribute(std::string_view name, std::string_view value) {
        out_.append(" ").append(name).append("=\"");
        for (const char c : printable(value)) write_character(c, true);
        out_.push_back('"');
    }

    void write_text(std::string_view given) {
        const std::string whole = printable(given);
        std::string_view text = whole;
        if (holds_parts_alone(levels_.back().place.parent) &&
            text.find_first_not_of("\t\n\f\r ") != std::string_view::npos)
            return;
        // A line break right behind <pre> is none.
        if (ends_with_pre_) text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
        if (text.empty()) return;
        ends_with_pre_ = false;
        // ">" and this mark are one character to whoever composes them.
        if (out_.ends_with('>') && text.starts_with(long_solidus)) {
            out_.append("&#824;");
            text.remove_prefix(long_solidus.size());
        }
        for (const char c : text) write_character(c, false);
    }

    void write_character(char c, bool in_attribute) {
        switch (c) {
            case '=': out_.append(in_attribute ? "&#61;" : "="); break;
            case '`': out_.append(in_attribute ? "&#96;" : "`"); break;
            case '&': out_.append("&amp;"); break;
            case '<': out_.append("&lt;"); break;
            case '>': out_.append("&gt;"); break;
            case '"': out_.append("&quot;"); break;
            case '\'': out_.append("&#39;"); break;
            case '\r': out_.push_back('\n'); break;  // else the next parser would
            default: out_.push_back(c);
        }
    }

    const Tree& tree_;
    const Policy& policy_;
    std::string out_;
    std::vector<Level> levels_;
    std::size_t depth_ = 0;
    bool ends_with_pre_ = false;
};

}  // namespace

std::expected<std::string, Fault> serialise(const Tree& tree, const Policy& policy) {
    return Serialiser(tree, policy).run();
}

}  // namespace html::detail
