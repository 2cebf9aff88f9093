#include "schema/canonical.h"

#include <algorithm>

#include "schema/json_document.h"

namespace schema {

namespace {

// Deeper than any body that read_json takes by default, and still no danger to the stack.
constexpr std::size_t max_depth = 64;

}  // namespace

std::optional<std::string> canonical_json(std::string_view json, std::span<const std::string_view> without) {
    detail::Document document;
    if (document.parse(json, max_depth) != Malformed::none) return std::nullopt;
    detail::TreeFault fault;
    detail::inspect(document.root(), fault);
    if (fault.malformed != Malformed::none) return std::nullopt;

    std::string out;
    out.reserve(json.size());
    if (without.empty() || !document.root().is_object()) {
        detail::append_json(document.root(), detail::KeyOrder::sorted, out);
        return out;
    }
    detail::JSONMembers members;
    for (const auto [key, value] : simdjson::dom::object(document.root())) {
        if (std::ranges::find(without, key) == without.end()) members.emplace_back(key, value);
    }
    std::ranges::sort(members, {}, &detail::JSONMembers::value_type::first);
    detail::append_members(members, detail::KeyOrder::sorted, out);
    return out;
}

}  // namespace schema
