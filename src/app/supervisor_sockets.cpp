#include "app/supervisor_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/listener_owner.h"
#include "base/strings.h"
#include "config/config.h"

namespace app {

namespace {

std::string_view value_of(const config::Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

// Of a socket that listens for TCP; 0 for any other.
std::uint16_t tcp_port_of(int listener) {
    int type = 0;
    socklen_t size = sizeof type;
    const bool is_stream = ::getsockopt(listener, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
    return is_stream ? listening_port(listener) : 0;
}

// As inet_ntop(3) writes it, so that two spellings of one address are one.
std::string canonical(const std::string& address) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = address.contains(':') ? AF_INET6 : AF_INET;
    if (::inet_pton(family, address.c_str(), bytes.data()) != 1) return address;
    ::inet_ntop(family, bytes.data(), text.data(), text.size());
    return text.data();
}

bool is_same_address(const std::string& one, const std::string& other) {
    return (is_all_addresses(one) && is_all_addresses(other)) || canonical(one) == canonical(other);
}

void add_misplaced(std::vector<Misplaced>& to, int listener, const Place& wanted, std::string_view prefix) {
    const auto place = listening_place(listener);
    std::vector<std::string> against;
    if (!wanted.address.empty() && !is_same_address(place.address, wanted.address))
        against.push_back(fmt::format("{}HOST={}", prefix, wanted.address));
    if (wanted.port != 0 && wanted.port != place.port) against.push_back(fmt::format("{}PORT={}", prefix, wanted.port));
    if (against.empty()) return;
    const bool is_v6 = place.address.contains(':');
    to.push_back({fmt::format("{}{}{}:{}", is_v6 ? "[" : "", place.address, is_v6 ? "]" : "", place.port),
                  fmt::format("{}", fmt::join(against, " "))});
}

[[noreturn]] void refuse(std::string message) { throw config::Faults("LISTEN_FDS", std::move(message)); }

}  // namespace

std::uint16_t GivenListeners::port() const { return service.empty() ? 0 : listening_port(service.front().get()); }

GivenListeners take_given_listeners(const config::Environment& environment, pid_t self,
                                    std::optional<std::int32_t> management_port, int first) {
    GivenListeners given;
    // Those of another process were inherited by mistake.
    if (base::parse_integer<pid_t>(value_of(environment, "LISTEN_PID")) != self) return given;
    const auto count = base::parse_integer<int>(value_of(environment, "LISTEN_FDS"));
    if (!count || *count < 0 || *count > most_given_listeners)
        refuse(fmt::format("give a number from 0 to {}", most_given_listeners));
    const auto names = base::split(value_of(environment, "LISTEN_FDNAMES"), ':');
    for (int i = 0; i < *count; ++i) {
        base::Descriptor listener(first + i);
        ::fcntl(listener.get(), F_SETFD, FD_CLOEXEC);
        const auto port = tcp_port_of(listener.get());
        if (port == 0) refuse(fmt::format("descriptor {} does not listen for TCP", first + i));
        const auto name = static_cast<std::size_t>(i) < names.size() ? names[static_cast<std::size_t>(i)] : "";
        if (name == "management" || management_port == port) {
            given.management = std::move(listener);
            continue;
        }
        if (given.port() != 0 && given.port() != port)
            refuse(
                fmt::format("the sockets listen at ports {} and {}; that of the management port is named so "
                            "(FileDescriptorName=management)",
                            given.port(), port));
        given.service.push_back(std::move(listener));
    }
    return given;
}

std::vector<Misplaced> misplaced(const GivenListeners& given, const Place& service, const Place& management) {
    std::vector<Misplaced> found;
    for (const auto& listener : given.service) add_misplaced(found, listener.get(), service, "");
    if (given.management.get() >= 0) add_misplaced(found, given.management.get(), management, "MANAGEMENT_");
    return found;
}

void share_among(std::vector<base::Descriptor>& listeners, std::size_t loops) {
    if (listeners.empty()) return;
    for (std::size_t i = 0; listeners.size() < loops; ++i)
        listeners.emplace_back(::fcntl(listeners[i].get(), F_DUPFD_CLOEXEC, 0));
}

// An abstract name begins with @ (sd_notify(3)).
void tell_supervisor(const config::Environment& environment, std::string_view state) {
    const auto name = value_of(environment, "NOTIFY_SOCKET");
    sockaddr_un address{};
    if (name.empty() || name.size() >= sizeof address.sun_path || (name.front() != '/' && name.front() != '@')) return;
    address.sun_family = AF_UNIX;
    std::ranges::copy(name, address.sun_path);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const base::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace app
