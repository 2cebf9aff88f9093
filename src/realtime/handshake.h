#pragma once
// The opening handshake of WebSocket (RFC 6455 §4.2), on top of http::UpgradeRequest<"websocket">, which has judged method, version,
// Upgrade and Connection.
//
//     async::Task<http::Upgrade> connect(http::UpgradeRequest<"websocket"> request, realtime::Handshake handshake) {
//         auto upgrade = request.accept(conversation);
//         handshake.accept(upgrade, {.protocol = handshake.choose({"v1"}), .deflate = handshake.deflate()});
//         co_return upgrade;
//     }

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/handler.h"
#include "http/upgrade.h"

namespace realtime {

namespace errors {
inline constexpr base::ErrorCode bad_handshake{"realtime.bad_handshake", 400, false, base::Action::fix,
                                               "The WebSocket handshake does not follow RFC 6455"};
inline constexpr base::ErrorCode unknown_version{"realtime.unknown_version", 426, false, base::Action::fix,
                                                 "This speaks version 13 of WebSocket (RFC 6455)"};
}  // namespace errors

// base64(SHA-1(key and RFC 6455's GUID)).
[[nodiscard]] std::string accept_key(std::string_view key);
// 16 bytes in base64 (§4.2.1).
[[nodiscard]] bool is_key(std::string_view key);

// permessage-deflate as agreed (RFC 7692 §7). Neither side keeps its window between messages: a socket holds nothing of zlib, and a
// message that goes to many is compressed once.
struct Deflate {
    int window_bits = 15;       // of what we send, as the client asks
    bool names_window = false;  // it asked, so it is told
};
// The first offer of Sec-WebSocket-Extensions that can be met; nullopt: none, and the socket has no compression.
[[nodiscard]] std::optional<Deflate> choose_deflate(std::string_view extensions);
[[nodiscard]] std::string to_header(const Deflate& deflate);

// A part: what the request asks for beside the upgrade.
class Handshake {
public:
    // Of the offered subprotocols the first that is among `ours`; "" for none. A client that has offered some and is answered none
    // gives up (RFC 6455 §4.1), so say which one counts.
    [[nodiscard]] std::string_view choose(std::initializer_list<std::string_view> ours) const;
    [[nodiscard]] std::optional<Deflate> deflate() const { return choose_deflate(extensions_); }

    struct Answer {
        std::string_view protocol{};
        std::optional<Deflate> deflate{};
    };
    void accept(http::Upgrade& upgrade, const Answer& answer) const;

    static Handshake read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);

private:
    std::string accept_;
    std::string protocols_;
    std::string extensions_;
};

}  // namespace realtime
