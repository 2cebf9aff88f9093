#include "html/elements.h"

#include <algorithm>
#include <array>

namespace html::detail {

namespace {

constexpr auto elements = std::to_array<Element>({
    {"a", Kind::link},           {"abbr", Kind::plain},       {"address", Kind::block}, {"article", Kind::block},
    {"aside", Kind::block},      {"b", Kind::formatting},     {"bdi", Kind::plain},     {"blockquote", Kind::block},
    {"br", Kind::empty},         {"caption", Kind::caption},  {"cite", Kind::plain},    {"code", Kind::formatting},
    {"col", Kind::column},       {"colgroup", Kind::columns}, {"dd", Kind::term},       {"del", Kind::plain},
    {"dfn", Kind::plain},        {"div", Kind::block},        {"dl", Kind::terms},      {"dt", Kind::term},
    {"em", Kind::formatting},    {"figcaption", Kind::block}, {"figure", Kind::block},  {"footer", Kind::block},
    {"h1", Kind::heading},       {"h2", Kind::heading},       {"h3", Kind::heading},    {"h4", Kind::heading},
    {"h5", Kind::heading},       {"h6", Kind::heading},       {"header", Kind::block},  {"hr", Kind::rule},
    {"i", Kind::formatting},     {"img", Kind::empty},        {"ins", Kind::plain},     {"kbd", Kind::plain},
    {"li", Kind::item},          {"mark", Kind::plain},       {"ol", Kind::list},       {"p", Kind::paragraph},
    {"pre", Kind::preformatted}, {"q", Kind::plain},          {"s", Kind::formatting},  {"samp", Kind::plain},
    {"section", Kind::block},    {"small", Kind::formatting}, {"span", Kind::plain},    {"strong", Kind::formatting},
    {"sub", Kind::plain},        {"sup", Kind::plain},        {"table", Kind::table},   {"tbody", Kind::rows},
    {"td", Kind::cell},          {"tfoot", Kind::rows},       {"th", Kind::cell},       {"thead", Kind::rows},
    {"time", Kind::plain},       {"tr", Kind::row},           {"u", Kind::formatting},  {"ul", Kind::list},
    {"var", Kind::plain},        {"wbr", Kind::empty},
});

constexpr std::array<Dropped, dropped_count> dropped{{
    {"script", true},
    {"style", true},
    {"title", true},
    {"textarea", true},
    {"xmp", true},
    {"iframe", true},
    {"noembed", true},
    {"noframes", true},
    {"noscript", true},
    {"plaintext", true},
    {"svg", false},
    {"math", false},
    {"template", false},
    {"select", false},
}};

constexpr auto attributes = std::to_array<Attribute>({
    {"alt"},
    {"cite", Value::url},
    {"colspan", Value::number},
    {"datetime"},
    {"dir", Value::choice, "auto ltr rtl"},
    {"height", Value::number},
    {"href", Value::url},
    {"lang"},
    {"loading", Value::choice, "eager lazy"},
    {"rowspan", Value::number},
    {"scope", Value::choice, "col colgroup row rowgroup"},
    {"span", Value::number},
    {"src", Value::url},
    {"start", Value::number},
    {"target", Value::choice, "_blank"},
    {"title"},
    {"type", Value::choice, "1 A I a i"},
    {"value", Value::number},
    {"width", Value::number},
});

// HTML standard, index of attributes, those that take a URL or several; SVG 2 and XML; what came before them.
constexpr auto with_urls = std::to_array<std::string_view>({
    "action",     "archive",  "background", "cite",       "classid",     "codebase", "data",     "dynsrc",
    "formaction", "from",     "href",       "icon",       "imagesrcset", "itemid",   "itemtype", "longdesc",
    "lowsrc",     "manifest", "ping",       "poster",     "profile",     "src",      "srcdoc",   "srcset",
    "to",         "usemap",   "values",     "xlink:href", "xml:base",
});

constexpr bool urls_are_checked = std::ranges::all_of(attributes, [](const Attribute& attribute) {
    return std::ranges::find(with_urls, attribute.name) == with_urls.end() || attribute.value == Value::url;
});
static_assert(urls_are_checked);
static_assert(std::ranges::is_sorted(elements, {}, &Element::name) &&
              std::ranges::is_sorted(attributes, {}, &Attribute::name));

}  // namespace

const Element* find_element(std::string_view name) {
    const auto found = std::ranges::lower_bound(elements, name, {}, &Element::name);
    return found != elements.end() && found->name == name ? &*found : nullptr;
}

std::span<const Element> all_elements() { return elements; }

std::span<const Dropped, dropped_count> dropped_elements() { return dropped; }

const Attribute* find_attribute(std::string_view name) {
    const auto found = std::ranges::lower_bound(attributes, name, {}, &Attribute::name);
    return found != attributes.end() && found->name == name ? &*found : nullptr;
}

bool is_url_attribute(std::string_view name) { return std::ranges::find(with_urls, name) != with_urls.end(); }

std::span<const std::string_view> url_attributes() { return with_urls; }

}  // namespace html::detail
