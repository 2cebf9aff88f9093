#include "uploads/metadata.h"

#include <algorithm>

#include "base/strings.h"

namespace uploads {

namespace {

bool is_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
}

}  // namespace

std::optional<Metadata> Metadata::parse(std::string_view header) {
    Metadata metadata;
    if (header.size() > most_bytes) return std::nullopt;
    if (base::trim(header).empty()) return metadata;
    const auto pairs = base::split(header, ',');
    if (pairs.size() > most_pairs) return std::nullopt;
    for (const auto untrimmed : pairs) {
        const auto pair = base::trim(untrimmed);
        const auto space = std::min(pair.find(' '), pair.size());
        const auto name = pair.substr(0, space);
        auto value = base::base64_decode(base::trim(pair.substr(space)));
        if (!is_name(name) || !value || metadata.get(name)) return std::nullopt;
        metadata.pairs_.emplace_back(name, std::move(*value));
    }
    return metadata;
}

std::optional<std::string_view> Metadata::get(std::string_view name) const {
    const auto found = std::ranges::find(pairs_, name, &std::pair<std::string, std::string>::first);
    return found == pairs_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

}  // namespace uploads
