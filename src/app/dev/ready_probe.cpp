#include "app/dev/ready_probe.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <array>
#include <string>
#include <string_view>

#include "app/dev/process.h"

namespace app::dev {

namespace {

constexpr std::string_view expected = "HTTP/1.1 200 ";

Descriptor connect_to(std::uint16_t port) {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{.tv_sec = 0, .tv_usec = 500'000};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) socket.close();
    return socket;
}

}  // namespace

bool is_ready(std::uint16_t port) {
    const Descriptor socket = connect_to(port);
    if (!socket) return false;
    const std::string request =
        fmt::format("GET /ready HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", port);
    if (send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
        return false;
    std::array<char, expected.size()> status{};
    const ssize_t count = recv(socket.get(), status.data(), status.size(), MSG_WAITALL);
    return count == static_cast<ssize_t>(status.size()) && std::string_view(status.data(), status.size()) == expected;
}

}  // namespace app::dev
