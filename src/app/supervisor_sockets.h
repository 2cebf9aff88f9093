#pragma once
// What a supervisor that opens the sockets says in the environment (systemd.socket(5), sd_listen_fds(3), sd_notify(3)): listeners that are
// here already, so that no client is refused while one process ends and the next one starts, and whom to tell that it has started.
//
//     auto given = take_given_listeners(environment, ::getpid(), MANAGEMENT_PORT);     // LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES
//     tell_supervisor(environment, "READY=1");                                           // NOTIFY_SOCKET

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/listener_owner.h"
#include "base/descriptor.h"
#include "config/environment.h"

namespace app {

struct GivenListeners {
    std::vector<base::Descriptor> service{};  // of one port
    base::Descriptor management{};

    [[nodiscard]] std::uint16_t port() const;  // of the service; 0: none was given
};

inline constexpr int first_given_listener = 3;  // SD_LISTEN_FDS_START
inline constexpr int most_given_listeners = 256;

// Empty when nothing was given to this process. The one that is named `management`, or listens at `management_port`, is the management
// port's; the others are the service's. Throws config::Faults for what is no listener of TCP, and for two ports. Children do not inherit
// them. Once.
[[nodiscard]] GivenListeners take_given_listeners(const config::Environment& environment, pid_t self,
                                                  std::optional<std::int32_t> management_port,
                                                  int first = first_given_listener);

// A listener that is not where the settings say: it is served all the same.
struct Misplaced {
    std::string listens;   // "[::]:8080"
    std::string settings;  // "HOST=127.0.0.1", or with PORT behind it
};
// Where listening is wanted: an empty address, and port 0, are not set.
[[nodiscard]] std::vector<Misplaced> misplaced(const GivenListeners& given, const Place& service,
                                               const Place& management);

// Until there are as many as loops: others of the same socket.
void share_among(std::vector<base::Descriptor>& listeners, std::size_t loops);

// Nothing when nobody wants to know; what cannot be said is not said.
void tell_supervisor(const config::Environment& environment, std::string_view state);

}  // namespace app
