#include "realtime/channel.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "base/strings.h"

namespace realtime {

namespace {

bool is_name(std::string_view name, std::size_t longest) {
    constexpr std::string_view marks = "_-=@,.;";
    return !name.empty() && name.size() <= longest && std::ranges::all_of(name, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    });
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

struct Split {
    ChannelKind kind;
    std::string_view rest;
};

Split split(std::string_view name) {
    Split result;
    result.kind.is_presence = take(name, "presence-");
    result.kind.is_private = take(name, "private-") && !result.kind.is_presence;
    if (result.kind.is_private) result.kind.is_encrypted = take(name, "encrypted-");
    result.kind.is_private = result.kind.is_private || result.kind.is_presence;
    result.kind.is_cache = take(name, "cache-");
    result.rest = name;
    return result;
}

}  // namespace

ChannelKind kind_of(std::string_view channel) { return split(channel).kind; }

bool is_topic(std::string_view topic) { return is_name(topic, longest_topic); }

bool is_user_id(std::string_view id) {
    constexpr std::string_view ends = "/?#%\x7f";
    return !id.empty() && base::utf8_length(id).value_or(SIZE_MAX) <= longest_user_id &&
           std::ranges::none_of(id, [&](char c) { return static_cast<unsigned char>(c) < 0x20U || ends.contains(c); });
}

bool is_channel(std::string_view name) {
    if (!is_name(name, longest_channel)) return false;
    const auto [kind, rest] = split(name);
    return !kind.is_private || !rest.starts_with("t.") || tenant_of(name).has_value();
}

std::string channel_of(const base::Uuid& tenant, std::string_view topic) {
    if (!is_topic(topic)) throw std::invalid_argument("realtime: this is no topic");
    std::string name = "private-t.";
    tenant.append_to(name);
    name += '.';
    name += topic;
    return name;
}

std::optional<TenantChannel> tenant_of(std::string_view channel) {
    auto [kind, rest] = split(channel);
    if (!kind.is_private || !take(rest, "t.")) return std::nullopt;
    const auto text = rest.substr(0, base::Uuid::text_size);
    const auto tenant = base::Uuid::from_string(text);
    if (!tenant || tenant->to_string() != text) return std::nullopt;
    rest.remove_prefix(text.size());
    if (!take(rest, ".") || !is_topic(rest)) return std::nullopt;
    return TenantChannel{*tenant, rest};
}

}  // namespace realtime
