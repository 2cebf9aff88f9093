#include "html/policy.h"

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"
#include "html/url.h"

namespace html::detail {

namespace {

constexpr std::size_t deepest = 256;

[[noreturn]] void refuse(std::string_view what, std::string_view name) {
    throw std::invalid_argument("html::Options: " + std::string(what) + " \"" + std::string(name) + "\"");
}

void check_limits(const Limits& limits) {
    constexpr Limits most;
    if (limits.max_bytes > most.max_bytes || limits.max_tags > most.max_tags ||
        limits.max_open_formatting > most.max_open_formatting || limits.max_depth > deepest)
        throw std::invalid_argument("html::Options: a limit is above what is known to be cheap");
}

// A part of a table without the others would lose its text.
void check_tables(const Options& options) {
    constexpr std::string_view parts[] = {"table", "tbody", "td", "tfoot", "th", "thead", "tr"};
    const auto is_allowed = [&](std::string_view name) { return has(options.allowed_tags, name); };
    if (std::ranges::any_of(options.allowed_tags, [](const std::string& name) {
            const auto* element = find_element(name);
            return element != nullptr && is_table_part(element->kind);
        })) {
        for (const auto part : parts)
            if (!is_allowed(part)) refuse("a table needs", part);
    }
}

bool is_dropped(std::string_view name) { return has(dropped_elements(), name, &Dropped::name); }

bool is_number(std::string_view value) {
    return !value.empty() && value.size() <= 4 && std::ranges::all_of(value, base::is_ascii_digit);
}

bool is_choice(std::string_view choices, std::string_view value) { return has(base::split(choices, ' '), value); }

}  // namespace

const Attribute* AllowedElement::find(std::string_view attribute) const {
    const auto found = std::ranges::find(attributes, attribute, &Attribute::name);
    return found != attributes.end() ? *found : nullptr;
}

Policy::Policy(const Options& options)
    : schemes_(options.allowed_schemes), link_rel_(options.link_rel), limits_(options.limits) {
    check_limits(limits_);
    check_tables(options);
    constexpr std::string_view safe[] = {"http", "https", "mailto", "tel"};
    for (const auto& scheme : schemes_) {
        if (!has(safe, scheme)) refuse("this scheme is never allowed:", scheme);
        if (scheme.starts_with("http")) image_schemes_.push_back(scheme);
    }
    allow_elements(options);
    add_transforms(options);
}

void Policy::allow_elements(const Options& options) {
    for (const auto& name : options.allowed_tags) {
        const auto* element = detail::find_element(name);
        if (element == nullptr) refuse("this element is never allowed:", name);
        elements_[name] = {element};
    }
    for (const auto& [name, attributes] : options.allowed_attributes) {
        if (name != "*" && !elements_.contains(name)) refuse("attributes of an element that is not allowed:", name);
        for (const auto& attribute : attributes) {
            const auto* known = find_attribute(attribute);
            if (known == nullptr) refuse("this attribute is never allowed:", attribute);
            for (auto& [of, allowed] : elements_)
                if ((name == "*" || name == of) && allowed.find(attribute) == nullptr)
                    allowed.attributes.push_back(known);
        }
    }
    for (const auto& [name, element] : elements_) tags_[name] = {&element};
}

void Policy::add_transforms(const Options& options) {
    for (const auto& [from, to] : options.transform_tags) {
        if (is_dropped(from)) refuse("this element goes with its content:", from);
        const auto* element = find_element(to.tag_name);
        if (element == nullptr) refuse("a transform into what is not allowed:", to.tag_name);
        if (from != to.tag_name && options.transform_tags.contains(to.tag_name))
            refuse("a transform into what is transformed:", to.tag_name);
        const auto* known = detail::find_element(from);
        if (known != nullptr && is_empty(known->kind) != is_empty(element->element->kind))
            refuse("a transform between elements with and without content:", from);
        Tag tag{element};
        for (const auto& [name, value] : to.attribs) {
            if (element->find(name) == nullptr) refuse("a transform adds an attribute that is not allowed:", name);
            tag.forced.emplace_back(name, value);
        }
        tags_[from] = std::move(tag);
    }
}

const Tag* Policy::find_tag(std::string_view name) const {
    const auto found = tags_.find(name);
    return found != tags_.end() ? &found->second : nullptr;
}

const AllowedElement* Policy::find_element(std::string_view name) const {
    const auto found = elements_.find(name);
    return found != elements_.end() ? &found->second : nullptr;
}

std::optional<std::string> Policy::clean_value(const Attribute& attribute, std::string_view value) const {
    switch (attribute.value) {
        case Value::text: return std::string(value);
        case Value::url: return clean_url(value, attribute.name == "src" ? image_schemes_ : schemes_);
        case Value::number: return is_number(value) ? std::optional(std::string(value)) : std::nullopt;
        case Value::choice:
            return is_choice(attribute.choices, value) ? std::optional(std::string(value)) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace html::detail
