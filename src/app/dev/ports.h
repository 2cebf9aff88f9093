#pragma once
// Ports of this machine, as they are at this moment.
//
//     if (!dev::port_is_free({.address = "::1", .port = 3000})) …

#include <cstdint>
#include <string>

namespace app::dev {

struct Listening {
    std::string address{};  // an IP address; empty: all of them, of IPv6 and IPv4
    std::uint16_t port = 0;
};

// A port of 127.0.0.1 that nobody listens on. Throws StartFailure when there is none.
[[nodiscard]] std::uint16_t free_port();
// False when somebody listens there, which would keep a server from it. What else would (no such address) the server says best.
[[nodiscard]] bool port_is_free(const Listening& at);

}  // namespace app::dev
