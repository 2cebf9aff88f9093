#include "app/dev/ports.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <cerrno>
#include <cstring>

#include "app/dev/process.h"

namespace app::dev {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address address_of_v4(in_addr host, std::uint16_t port) {
    Address address{.size = sizeof(sockaddr_in)};
    auto& as_v4 = reinterpret_cast<sockaddr_in&>(address.storage);
    as_v4.sin_family = AF_INET;
    as_v4.sin_addr = host;
    as_v4.sin_port = htons(port);
    return address;
}

Address address_of_v6(in6_addr host, std::uint16_t port) {
    Address address{.size = sizeof(sockaddr_in6)};
    auto& as_v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    as_v6.sin6_family = AF_INET6;
    as_v6.sin6_addr = host;
    as_v6.sin6_port = htons(port);
    return address;
}

// As the server binds (http/server.cpp): what is all of IPv6 is all of IPv4, too. Gives errno; 0: it is free.
int bind_to(const Address& address) {
    const Descriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    const int off = 0;
    // As every server does: connections of the last run that linger do not count.
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.storage.ss_family == AF_INET6) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    return bind(socket.get(), address.get(), address.size) == 0 ? 0 : errno;
}

}  // namespace

std::uint16_t free_port() {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Address any = address_of_v4({.s_addr = htonl(INADDR_LOOPBACK)}, 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (bind(socket.get(), any.get(), any.size) != 0 ||
        getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw StartFailure(fmt::format("no free port on 127.0.0.1: {}", std::strerror(errno)));
    }
    return ntohs(address.sin_port);
}

bool port_is_free(const Listening& at) {
    in_addr v4{};
    in6_addr v6{};
    const char* host = at.address.empty() ? "::" : at.address.c_str();
    if (inet_pton(AF_INET, host, &v4) == 1) return bind_to(address_of_v4(v4, at.port)) != EADDRINUSE;
    if (inet_pton(AF_INET6, host, &v6) != 1) return true;
    // Where the kernel has no IPv6, all of IPv4 is left of it.
    const bool is_all = IN6_IS_ADDR_UNSPECIFIED(&v6);
    return bind_to(address_of_v6(v6, at.port)) != EADDRINUSE &&
           (!is_all || bind_to(address_of_v4({.s_addr = htonl(INADDR_ANY)}, at.port)) != EADDRINUSE);
}

}  // namespace app::dev
