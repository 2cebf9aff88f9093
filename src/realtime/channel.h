#pragma once
// Channels: what one may follow. One namespace for all dialects, that of Pusher Channels: the prefix says the kind, and
// `private-t.{tenantId}.{topic}` is a topic of a tenant, whichever way it is followed. Pure.
//
//     channel_of(tenant, "changes");                       // "private-t.0197f0c2-….changes"
//     kind_of("presence-cache-room");                      // {.is_private = true, .is_presence = true, .is_cache = true}
//     tenant_of("private-t.0197f0c2-….changes");           // {tenant, "changes"}

#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace realtime {

inline constexpr std::size_t longest_channel = 164;
inline constexpr std::size_t longest_event = 200;
inline constexpr std::size_t longest_topic = 100;
inline constexpr std::size_t longest_user_id = 128;  // characters
inline constexpr std::string_view user_channel_prefix = "#server-to-user-";

struct ChannelKind {
    bool is_private = false;  // needs a signature
    bool is_presence = false;
    bool is_cache = false;
    bool is_encrypted = false;
};
[[nodiscard]] ChannelKind kind_of(std::string_view channel);
// 1 to 164 of letters, digits and `_-=@,.;`. What a tenant's channel is named like must be one: "private-t.x" is none.
[[nodiscard]] bool is_channel(std::string_view name);
// 1 to 100 of the same.
[[nodiscard]] bool is_topic(std::string_view topic);
// Of who signs in: 1 to 128 characters of UTF-8, none of them a control, nor one of `/ ? # %`: the HTTP API has ids in its paths.
[[nodiscard]] bool is_user_id(std::string_view id);

// Throws std::invalid_argument for what is no topic.
[[nodiscard]] std::string channel_of(const base::Uuid& tenant, std::string_view topic);

struct TenantChannel {
    base::Uuid tenant;
    std::string_view topic;  // of the name
};
// nullopt: it is nobody's in particular. The id must be written in small letters: one channel has one name.
[[nodiscard]] std::optional<TenantChannel> tenant_of(std::string_view channel);

}  // namespace realtime
