#pragma once
// What a child says of itself over a datagram socket (sd_notify(3)): that it is ready, where it listens, how long it takes to stop.
// Nobody asks it, so nobody has to know at which address, and by which protocol, it would answer.
//
//     Notices notices;
//     auto server = Process::start({…, .environment = {"NOTIFY_SOCKET=" + notices.name()}});
//     const auto said = notices.take(server.id());                    // {{"READY", "1"}, {"X_API_URL", "http://localhost:3000"}}
//
// Anybody on this machine may write to it: the kernel says who did, and only the child is listened to.

#include <sys/types.h>

#include <map>
#include <string>

#include "base/descriptor.h"

namespace app::dev {

inline constexpr std::size_t most_notice_bytes = 8192;

class Notices {
public:
    // Throws std::system_error when there is no socket to be had.
    Notices();

    // "@…": an abstract name, so no file is left behind.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    // VARIABLE=value lines that came from the process since the last call, the later of two alike; nothing waits. A message that is
    // longer than `most_notice_bytes` is dropped.
    [[nodiscard]] std::map<std::string, std::string> take(pid_t from);

private:
    base::Descriptor socket_;
    std::string name_;
};

}  // namespace app::dev
