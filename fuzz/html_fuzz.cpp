// HTML of strangers: what is cleaned stays the same when it is cleaned again, is well nested, and has no tag, attribute and scheme that
// is not on the lists. The first byte chooses between the default lists and everything that can be allowed.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "html/elements.h"
#include "html/sanitizer.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

html::Options everything() {
    html::Options options;
    options.allowed_tags.clear();
    for (const auto& element : html::detail::all_elements()) options.allowed_tags.emplace_back(element.name);
    options.allowed_attributes = {{"*", {"dir", "lang", "title"}}, {"a", {"href", "target"}},
                                  {"blockquote", {"cite"}},        {"img", {"src", "alt", "width"}},
                                  {"ol", {"start", "type"}},       {"td", {"colspan", "rowspan"}}};
    options.transform_tags = {{"font", {"span", {{"lang", "sw"}}}}, {"strike", {"s"}}};
    return options;
}

bool is_empty_element(std::string_view name) {
    const auto* element = html::detail::find_element(name);
    return element != nullptr && html::detail::is_empty(element->kind);
}

// ` name="value"` …, as the serialiser writes them.
void check_attributes(std::string_view rest) {
    while (!rest.empty()) {
        require(rest.starts_with(' '));
        const auto equals = rest.find("=\"");
        require(equals != std::string_view::npos);
        const auto name = rest.substr(1, equals - 1);
        const auto value = rest.substr(equals + 2, rest.find('"', equals + 2) - equals - 2);
        require(name == "rel" || html::detail::find_attribute(name) != nullptr);
        require(value.find_first_of("<>'`=") == std::string_view::npos);
        if (html::detail::is_url_attribute(name))
            require(value.starts_with("http://") || value.starts_with("https://") || value.starts_with("mailto:") ||
                    value.starts_with("tel:"));
        rest.remove_prefix(equals + value.size() + 3);
    }
}

void check_markup(std::string_view markup) {
    std::vector<std::string_view> open;
    for (auto start = markup.find('<'); start != std::string_view::npos; start = markup.find('<', start + 1)) {
        const auto tag = markup.substr(start + 1, markup.find('>', start) - start - 1);
        if (tag.starts_with('/')) {
            require(!open.empty() && open.back() == tag.substr(1));
            open.pop_back();
            continue;
        }
        const auto name = tag.substr(0, tag.find(' '));
        require(html::detail::find_element(name) != nullptr);
        check_attributes(tag.substr(name.size()));
        if (!is_empty_element(name)) open.push_back(name);
    }
    require(open.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const html::Sanitizer usual;
    static const html::Sanitizer generous(everything());
    if (size == 0) return 0;
    const auto& sanitizer = data[0] % 2 == 0 ? usual : generous;
    const auto clean = sanitizer.clean({reinterpret_cast<const char*>(data) + 1, size - 1});
    if (!clean) return 0;
    check_markup(clean->markup());
    const auto again = sanitizer.clean(clean->markup());
    require(again.has_value() && again->markup() == clean->markup());
    require(base::is_utf8(clean->text()));
    return 0;
}
