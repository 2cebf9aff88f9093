#include "mail/html_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace mail {

namespace {

struct Entity {
    std::string_view name;
    std::string_view text;
};

// Those that people and templates write; others stay as they are. &shy; says where a word may be parted, and is nothing here.
constexpr auto entities = std::to_array<Entity>(
    {{"amp", "&"},       {"lt", "<"},      {"gt", ">"},     {"quot", "\""},  {"apos", "'"},   {"nbsp", "\u00a0"},
     {"shy", ""},        {"copy", "©"},    {"reg", "®"},    {"trade", "™"},  {"euro", "€"},   {"pound", "£"},
     {"cent", "¢"},      {"yen", "¥"},     {"sect", "§"},   {"deg", "°"},    {"times", "×"},  {"divide", "÷"},
     {"plusmn", "±"},    {"frac12", "½"},  {"frac14", "¼"}, {"frac34", "¾"}, {"hellip", "…"}, {"ndash", "–"},
     {"mdash", "—"},     {"bull", "•"},    {"middot", "·"}, {"lsquo", "‘"},  {"rsquo", "’"},  {"ldquo", "“"},
     {"rdquo", "”"},     {"laquo", "«"},   {"raquo", "»"},  {"larr", "←"},   {"rarr", "→"},   {"check", "✓"},
     {"zwnj", "\u200c"}, {"zwj", "\u200d"}});

constexpr std::size_t longest_entity = 10;

void append_utf8(std::string& out, std::uint32_t code) {
    const bool is_character = code != 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    const std::uint32_t c = is_character ? code : 0xFFFD;
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0U | (c >> 6U));
        tail(0);
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0U | (c >> 12U));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | (c >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

std::optional<std::uint32_t> parse_number(std::string_view digits) {
    const bool is_hex = digits.starts_with('x') || digits.starts_with('X');
    if (is_hex) digits.remove_prefix(1);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, is_hex ? 16 : 10);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

// What stands at the '&' that `text` begins with; says how long it is.
std::size_t append_entity(std::string& out, std::string_view text) {
    const std::size_t end = text.substr(0, longest_entity + 2).find(';');
    if (end != std::string_view::npos) {
        const std::string_view name = text.substr(1, end - 1);
        if (name.starts_with('#')) {
            if (const auto code = parse_number(name.substr(1))) {
                append_utf8(out, *code);
                return end + 1;
            }
        } else if (const auto* known = std::ranges::find(entities, name, &Entity::name); known != entities.end()) {
            out += known->text;
            return end + 1;
        }
    }
    out += '&';
    return 1;
}

std::string decode_entities(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        if (text.front() == '&') {
            text.remove_prefix(append_entity(out, text));
        } else {
            out += text.front();
            text.remove_prefix(1);
        }
    }
    return out;
}

struct Tag {
    std::string name;
    bool is_closing = false;
    std::vector<std::pair<std::string, std::string>> attributes;

    [[nodiscard]] std::string attribute(std::string_view wanted) const {
        const auto found =
            std::ranges::find(attributes, wanted, [](const auto& one) { return std::string_view(one.first); });
        return found == attributes.end() ? std::string() : found->second;
    }
    [[nodiscard]] bool is_hidden() const {
        std::string style = base::ascii_lower(attribute("style"));
        std::erase_if(style, base::is_ascii_space);
        return style.contains("display:none") ||
               std::ranges::any_of(attributes, [](const auto& one) { return one.first == "hidden"; });
    }
};

bool is_one_of(std::string_view name, std::string_view names) {
    return std::ranges::any_of(base::split(names, ' '), [&](std::string_view one) { return one == name; });
}

// Reads tags and attributes; what cannot be one is text.
class TagReader {
public:
    explicit TagReader(std::string_view html) : html_(html) {}

    [[nodiscard]] bool at_end() const { return at_ >= html_.size(); }
    [[nodiscard]] std::string_view rest() const { return html_.substr(at_); }
    void skip(std::size_t count) { at_ = std::min(html_.size(), at_ + count); }
    // To the end, when it is not found.
    void skip_past(std::string_view what) {
        const std::size_t found = html_.find(what, at_);
        at_ = found == std::string_view::npos ? html_.size() : found + what.size();
    }

    // To behind the closing tag of the element whose opening one was read; elements of its name inside it are counted.
    void skip_element(std::string_view name) {
        int depth = 1;
        while (depth > 0 && !at_end()) {
            skip_past("<");
            const bool is_closing = rest().starts_with('/');
            if (is_closing) skip(1);
            const std::string_view found = take_until(" \t\r\n/><");
            if (base::iequals(found, name)) depth += is_closing ? -1 : 1;
        }
        skip_past(">");
    }

    [[nodiscard]] bool at_tag() const {
        const std::string_view next = rest().substr(0, 2);
        if (next.size() < 2 || next[0] != '<') return false;
        const char c = base::ascii_lower(next[1]);
        return (c >= 'a' && c <= 'z') || c == '/' || c == '!' || c == '?';
    }

    // An empty name for comments and declarations.
    Tag take_tag() {
        Tag tag;
        if (rest().starts_with("<!--")) return skip_past("-->"), tag;
        if (rest().starts_with("<!") || rest().starts_with("<?")) return skip_past(">"), tag;
        skip(1);
        if (rest().starts_with('/')) {
            tag.is_closing = true;
            skip(1);
        }
        tag.name = base::ascii_lower(take_until(" \t\r\n/>"));
        while (!at_end() && html_[at_] != '>') take_attribute(tag);
        skip(1);
        return tag;
    }

private:
    std::string_view take_until(std::string_view ends) {
        const std::size_t end = std::min(html_.find_first_of(ends, at_), html_.size());
        const std::string_view taken = html_.substr(at_, end - at_);
        at_ = end;
        return taken;
    }
    void skip_blanks() { at_ = std::min(html_.find_first_not_of(" \t\r\n", at_), html_.size()); }

    void take_attribute(Tag& tag) {
        at_ = std::min(html_.find_first_not_of(" \t\r\n/", at_), html_.size());
        const std::string name = base::ascii_lower(take_until(" \t\r\n/>="));
        skip_blanks();
        std::string value;
        if (rest().starts_with('=')) {
            skip(1);
            skip_blanks();
            value = decode_entities(take_value());
        }
        if (!name.empty()) tag.attributes.emplace_back(name, std::move(value));
    }

    std::string_view take_value() {
        if (!rest().starts_with('"') && !rest().starts_with('\'')) return take_until(" \t\r\n>");
        const std::string_view quote = rest().substr(0, 1);
        skip(1);
        const std::string_view value = take_until(quote);
        skip(1);
        return value;
    }

    std::string_view html_;
    std::size_t at_ = 0;
};

class TextWriter {
public:
    // White space is one space, but in <pre>.
    void add(std::string_view text) {
        for (const char c : text) {
            if (base::is_ascii_space(c) && !is_preformatted) {
                is_space_due_ = true;
            } else if (c == '\n') {
                require_breaks(std::min(breaks_due_ + 1, 2));
            } else if (c != '\r') {
                put(c);
            }
        }
    }
    // At least so many line breaks before what follows: 2 leave an empty line.
    void require_breaks(int count) {
        if (is_behind_marker_) return;
        breaks_due_ = std::max(breaks_due_, count);
        is_space_due_ = false;
    }
    // What follows stays on the line of this, such as the "-" of a list's item.
    void add_marker(std::string_view text) {
        add(text);
        is_space_due_ = is_behind_marker_ = true;
    }
    void add_break() { require_breaks(std::min(breaks_due_ + 1, 2)); }
    void add_column() {
        if (breaks_due_ == 0 && !out_.empty()) put(' ');
        is_space_due_ = breaks_due_ == 0 && !out_.empty();
    }
    [[nodiscard]] std::size_t size() const { return out_.size(); }
    [[nodiscard]] std::string_view since(std::size_t start) const { return std::string_view(out_).substr(start); }
    [[nodiscard]] std::string take() && { return out_.empty() ? std::move(out_) : std::move(out_ += '\n'); }

    bool is_preformatted = false;

private:
    void put(char c) {
        if (breaks_due_ > 0 && !out_.empty()) {
            while (out_.ends_with(' ')) out_.pop_back();
            out_.append(static_cast<std::size_t>(breaks_due_), '\n');
        } else if (is_space_due_ && breaks_due_ == 0 && !out_.empty()) {
            out_ += ' ';
        }
        breaks_due_ = 0;
        is_space_due_ = is_behind_marker_ = false;
        out_ += c;
    }

    std::string out_;
    int breaks_due_ = 0;
    bool is_space_due_ = false;
    bool is_behind_marker_ = false;
};

class Converter {
public:
    explicit Converter(std::string_view html) : tags_(html) {}

    std::string convert() && {
        while (!tags_.at_end()) {
            if (tags_.at_tag()) {
                take(tags_.take_tag());
            } else if (tags_.rest().front() == '&') {
                std::string text;
                tags_.skip(append_entity(text, tags_.rest()));
                text_.add(text);
            } else {
                text_.add(tags_.rest().substr(0, 1));
                tags_.skip(1);
            }
        }
        return std::move(text_).take();
    }

private:
    struct List {
        bool is_ordered = false;
        int items = 0;
    };

    void take(const Tag& tag) {
        if (tag.name.empty()) return;
        if (!tag.is_closing && is_one_of(tag.name, "script style head title template"))
            return tags_.skip_element(tag.name);
        if (!tag.is_closing && tag.is_hidden() && !is_one_of(tag.name, "img br hr input meta link col")) {
            return tags_.skip_element(tag.name);
        }
        if (tag.name == "a") return take_link(tag);
        if (tag.name == "br") return text_.add_break();
        if (tag.name == "img") return text_.add(tag.attribute("alt"));
        if (tag.name == "pre") text_.is_preformatted = !tag.is_closing;
        if (is_one_of(tag.name, "ul ol")) take_list(tag);
        if (tag.name == "li" && !tag.is_closing) return take_item();
        if (is_one_of(tag.name, "td th") && !tag.is_closing) return text_.add_column();
        if (tag.name == "hr") {
            text_.require_breaks(2);
            text_.add("----");
        }
        if (is_one_of(tag.name, "p h1 h2 h3 h4 h5 h6 table blockquote pre hr dl")) text_.require_breaks(2);
        if (is_one_of(tag.name, "div tr section header footer article address main dt dd body"))
            text_.require_breaks(1);
    }

    void take_link(const Tag& tag) {
        if (!tag.is_closing) {
            link_ = tag.attribute("href");
            link_start_ = text_.size();
            return;
        }
        const std::string_view shown = base::trim(text_.since(std::min(link_start_, text_.size())));
        const bool leads_away =
            link_.starts_with("https:") || link_.starts_with("http:") || link_.starts_with("mailto:");
        if (leads_away && shown != link_ && "mailto:" + std::string(shown) != link_) text_.add(" <" + link_ + ">");
        link_.clear();
    }

    void take_list(const Tag& tag) {
        text_.require_breaks(lists_.empty() || (tag.is_closing && lists_.size() == 1) ? 2 : 1);
        if (!tag.is_closing) {
            lists_.push_back({.is_ordered = tag.name == "ol"});
        } else if (!lists_.empty()) {
            lists_.pop_back();
        }
    }

    void take_item() {
        text_.require_breaks(1);
        if (lists_.empty()) lists_.emplace_back();
        List& list = lists_.back();
        text_.add_marker(list.is_ordered ? std::to_string(++list.items) + "." : "-");
    }

    TagReader tags_;
    TextWriter text_;
    std::vector<List> lists_;
    std::string link_;
    std::size_t link_start_ = 0;
};

}  // namespace

std::string html_to_text(std::string_view html) { return Converter(html).convert(); }

}  // namespace mail
