#pragma once
// What Pusher Channels signs: HMAC-SHA256 by the app's secret, in small hexadecimal digits (pusher.com/docs/channels, "Auth
// signatures", "HTTP API reference", "Webhooks"). Pure.
//
//     sign_channel(app, "1234.1234", "private-room");                      // "KEY:58df8b…"
//     verify_channel(app, socket_id, {.channel = channel, .auth = auth, .data = channel_data});
//
// What we sign for a caller's own tenant carries a grant besides: "KEY:signature:session.expiry". It is signed by another key, so that
// nothing is left of it without the grant; by it a socket knows whose session the subscription ends with. Clients pass it on as it is.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"

namespace realtime::pusher {

struct AppKeys {
    std::string id;
    std::string key;
    std::string secret;
};

struct Grant {
    base::Uuid session_id;
    base::Timestamp expires_at;  // whole seconds
};

[[nodiscard]] bool is_socket_id(std::string_view text);  // digits, a dot, digits

// `data`: the channel_data of presence channels, exactly as it is sent later; nullptr for none.
[[nodiscard]] std::string sign_channel(const AppKeys& app, std::string_view socket_id, std::string_view channel,
                                       const std::string* data = nullptr, const Grant* grant = nullptr);
[[nodiscard]] std::string sign_user(const AppKeys& app, std::string_view socket_id, std::string_view user_data);
// Of an encrypted channel: base64 of SHA-256(channel, master key).
[[nodiscard]] std::string shared_secret(std::string_view channel, std::string_view master_key);

struct Verified {
    std::optional<Grant> grant;
};
struct ChannelAuth {
    std::string_view channel;
    std::string_view auth;
    const std::string* data = nullptr;
};
// nullopt: the key is another one, or the signature is wrong.
[[nodiscard]] std::optional<Verified> verify_channel(const AppKeys& app, std::string_view socket_id,
                                                     const ChannelAuth& given);
[[nodiscard]] bool verify_user(const AppKeys& app, std::string_view socket_id, std::string_view auth,
                               std::string_view user_data);

// Of the HTTP API. Parameters decoded.
using Parameters = std::vector<std::pair<std::string, std::string>>;
struct SignedRequest {
    std::string_view method;  // capital letters
    std::string_view path;
    const Parameters& parameters;
    std::string_view body;
};
inline constexpr std::int64_t signature_window_seconds = 600;
[[nodiscard]] std::string sign_request(const AppKeys& app, const SignedRequest& request);
// auth_key, auth_timestamp, auth_version, body_md5 and auth_signature, in order.
[[nodiscard]] Parameters signed_parameters(const AppKeys& app, const SignedRequest& request, base::Timestamp now);
// What is wrong with it; nullopt: nothing.
[[nodiscard]] std::optional<std::string_view> fault_of_request(const AppKeys& app, const SignedRequest& request,
                                                               base::Timestamp now);
// X-Pusher-Signature.
[[nodiscard]] std::string sign_webhook(const AppKeys& app, std::string_view body);

}  // namespace realtime::pusher
