#include "schema/pointer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "schema/json_document.h"

namespace schema {

namespace {

namespace dom = simdjson::dom;
// What stands at a place of the body; empty: nothing, or the body is not JSON.
using Place = std::optional<dom::element>;

constexpr std::size_t max_depth = 64;

const Type& plain(const Type& type) {
    return type.kind == Kind::optional || type.kind == Kind::maybe ? plain(*type.element) : type;
}

std::string unescaped(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool escape = token[i] == '~' && i + 1 < token.size();
        out.push_back(escape ? (token[++i] == '1' ? '/' : '~') : token[i]);
    }
    return out;
}

Place member_of(const Place& place, std::string_view name) {
    if (!place || !place->is_object()) return std::nullopt;
    const auto found = dom::object(*place).at_key(name);
    return found.error() == simdjson::SUCCESS ? Place(found.value_unsafe()) : std::nullopt;
}

Place item_of(const Place& place, std::size_t index) {
    if (!place || !place->is_array()) return std::nullopt;
    const auto found = dom::array(*place).at(index);
    return found.error() == simdjson::SUCCESS ? Place(found.value_unsafe()) : std::nullopt;
}

// Whether the rest of a pointer names something declared, below places that are there.
bool leads_somewhere(const Type& declared, const Place& place, std::string_view rest) {
    if (rest.empty()) return true;
    if (!place) return false;
    const Type& type = plain(declared);
    const auto end = std::min(rest.find('/', 1), rest.size());
    const auto token = unescaped(rest.substr(1, end - 1));
    const auto after = rest.substr(end);
    switch (type.kind) {
        case Kind::json: return true;
        case Kind::object: {
            const auto* field = type.object->find(token);
            if (field == nullptr || field->rules.internal) return member_of(place, token).has_value();
            return leads_somewhere(*field->type, member_of(place, token), after);
        }
        case Kind::map: return leads_somewhere(*type.element, member_of(place, token), after);
        case Kind::array: {
            const auto index = base::parse_integer<std::size_t>(token);
            const auto item = index ? item_of(place, *index) : std::nullopt;
            return item && leads_somewhere(*type.element, item, after);
        }
        default: return false;
    }
}

// The first place further inside where the type declares the member: as deep as the body says which item is meant.
std::optional<std::string> find_inside(const Type& declared, const Place& place, std::string_view name) {
    const Type& type = plain(declared);
    if (type.kind == Kind::array && place && place->is_array()) {
        const bool one_item = dom::array(*place).size() == 1;
        auto inside = find_inside(*type.element, item_of(place, 0), name);
        if (!inside) return std::nullopt;
        return one_item ? "/0" + *inside : "";
    }
    if (type.kind != Kind::object || !place || !place->is_object()) return std::nullopt;
    for (const auto& field : type.object->fields) {
        if (field.name == name && !field.rules.internal) return "/" + std::string(name);
    }
    for (const auto& field : type.object->fields) {
        if (field.rules.internal) continue;
        if (auto inside = find_inside(*field.type, member_of(place, field.name), name))
            return "/" + std::string(field.name) + *inside;
    }
    return std::nullopt;
}

bool is_there(const Place& root, std::string_view pointer) {
    const auto found = root->at_pointer(pointer);
    return found.error() == simdjson::SUCCESS && !found.value_unsafe().is_null();
}

// Of two places the one that holds both.
std::string around(const std::optional<std::string>& known, std::string other) {
    if (!known) return other;
    const auto differs = std::ranges::mismatch(*known, other);
    const bool whole = differs.in1 == known->end() && differs.in2 == other.end();
    if (!whole) other.erase(other.rfind('/', static_cast<std::size_t>(differs.in2 - other.begin())));
    return other;
}

// The place inside where a declared member of this name was sent; what is around all of them when there are several.
std::optional<std::string> find_sent(const Type& declared, const Place& place, std::string_view name) {
    const Type& type = plain(declared);
    std::optional<std::string> found;
    const auto add = [&](std::string_view token, const std::optional<std::string>& inside) {
        if (inside) found = around(found, fmt::format("/{}{}", token, *inside));
    };
    if (type.kind == Kind::array && place && place->is_array()) {
        std::size_t index = 0;
        for (const dom::element item : dom::array(*place))
            add(std::to_string(index++), find_sent(*type.element, item, name));
    }
    if (type.kind != Kind::object || !place || !place->is_object()) return found;
    for (const auto& field : type.object->fields) {
        const auto member = field.rules.internal ? std::nullopt : member_of(place, field.name);
        if (!member || member->is_null()) continue;
        add(field.name, field.name == name ? std::optional<std::string>("") : find_sent(*field.type, member, name));
    }
    return found;
}

std::string fit(const Type& type, const Place& root, const Pointer& pointer) {
    const std::string_view text = pointer.text;
    if (text.empty()) return {};
    const auto name = unescaped(text.substr(text.rfind('/') + 1));
    if (pointer.is_sent && !is_there(root, text)) {
        if (auto sent = find_sent(type, root, name)) return std::move(*sent);
    }
    if (leads_somewhere(type, root, text)) return std::string(text);
    return find_inside(type, root, name).value_or("");
}

}  // namespace

std::vector<std::string> fit_pointers(const Type& type, std::string_view json, const std::vector<Pointer>& pointers) {
    const bool all_whole = std::ranges::all_of(pointers, [](const auto& pointer) { return pointer.text.empty(); });
    detail::Document document;
    const bool is_read = !all_whole && document.parse(json, max_depth, detail::Reading::lenient) == Malformed::none;
    std::vector<std::string> fitted;
    for (const auto& pointer : pointers) fitted.push_back(is_read ? fit(type, document.root(), pointer) : pointer.text);
    return fitted;
}

}  // namespace schema
