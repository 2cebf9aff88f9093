#pragma once
// Asks the server on this machine whether it is ready: GET /ready, over one connection, within half a second.
//
//     while (!dev::is_ready(port)) signals.pause(10ms);

#include <cstdint>

namespace app::dev {

// True for a 200 alone; false for anything else, no server included.
[[nodiscard]] bool is_ready(std::uint16_t port);

}  // namespace app::dev
