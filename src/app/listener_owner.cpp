#include "app/listener_owner.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "config/config.h"

namespace app {

namespace {

// Packets of one byte keep what comes with them apart.
constexpr char ask = 'a';
constexpr char more = 'm';     // listeners come along, and others behind them
constexpr char last = 'l';     // the last listeners come along
constexpr char serving = 's';  // the listeners are served by who took them
constexpr char yours = 'y';    // the name is free

constexpr std::size_t most_in_a_packet = 200;  // the kernel takes 253
constexpr int answer_time = 10'000;            // milliseconds
constexpr int question_time = 1'000;           // whoever takes over asks at once
constexpr int longest_take_over = 300'000;     // from asking to serving
constexpr std::string_view prefix = "app.listener/";

std::string name_of(const Place& place) {
    return fmt::format("{}{}/{}", prefix, place.port, place.address.empty() ? "*" : place.address);
}

struct Address {
    sockaddr_un socket{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&socket); }
};

// Abstract: the first byte is 0, and no file is left behind.
Address abstract_address(std::string_view name) {
    Address address;
    address.socket.sun_family = AF_UNIX;
    name = name.substr(0, sizeof(address.socket.sun_path) - 1);
    std::ranges::copy(name, address.socket.sun_path + 1);
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return address;
}

base::Descriptor open_socket() { return base::Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)); }

// Closed when nobody answers to the name: whoever has it may be a stranger who takes no connections.
base::Descriptor connect_to(std::string_view name) {
    auto socket = open_socket();
    constexpr timeval most{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    const auto address = abstract_address(name);
    if (::connect(socket.get(), address.get(), address.size) != 0) socket.close();
    return socket;
}

ucred credentials_of(int socket) {
    ucred found{.pid = 0, .uid = static_cast<uid_t>(-1), .gid = static_cast<gid_t>(-1)};
    socklen_t size = sizeof found;
    ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &found, &size);
    return found;
}

bool is_of_our_user(int socket) { return credentials_of(socket).uid == ::geteuid(); }

bool send_byte(int socket, char byte) { return ::send(socket, &byte, 1, MSG_NOSIGNAL) == 1; }

bool is_readable_within(int descriptor, int milliseconds) {
    pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
    int found = 0;
    do {
        found = ::poll(&waiting, 1, milliseconds);
    } while (found < 0 && errno == EINTR);
    return found > 0;
}

char receive_byte(int socket) {
    char byte = 0;
    return ::recv(socket, &byte, 1, 0) == 1 ? byte : '\0';
}

// Room for the descriptors of one packet.
struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_in_a_packet * sizeof(int))> bytes{};
};

bool send_with(int socket, char byte, std::span<const int> descriptors) {
    iovec data{.iov_base = &byte, .iov_len = 1};
    Control control;
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    return ::sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

// The packet's byte; what came along is added to `into`.
char receive_with(int socket, std::vector<base::Descriptor>& into) {
    char byte = 0;
    iovec data{.iov_base = &byte, .iov_len = 1};
    Control control;
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    // Cut short: there were more descriptors than this process may have.
    if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || (message.msg_flags & MSG_CTRUNC) != 0) return '\0';
    for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const auto count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
            into.emplace_back(descriptor);
        }
    }
    return byte;
}

bool is_wide(std::string_view address) { return address == "*" || is_all_addresses(address); }

// The names at the place, at all addresses, and at each one when the place is all of them.
std::vector<std::string> names_around(const Place& place) {
    const auto at_port = fmt::format("{}{}/", prefix, place.port);
    std::vector<std::string> names;
    std::ifstream table("/proc/net/unix");
    for (std::string line; std::getline(table, line);) {
        const auto at = line.find('@');
        if (at == std::string::npos) continue;
        auto name = line.substr(at + 1);
        if (!name.starts_with(at_port)) continue;
        const auto address = std::string_view(name).substr(at_port.size());
        const bool meets = place.address.empty() || is_wide(place.address) || is_wide(address);
        if (meets || address == place.address) names.push_back(name);
    }
    return names;
}

std::string who_is_at(const Place& place) {
    const auto process = process_at(place);
    if (!process) return "another program";
    return *process > 0 ? fmt::format("process {}", *process) : std::string("a process of another container");
}

}  // namespace

bool is_all_addresses(std::string_view address) { return address.empty() || address == "::" || address == "0.0.0.0"; }

Place listening_place(int listener) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) return {};
    sockaddr_storage found{};
    size = sizeof found;
    if (::getsockname(listener, reinterpret_cast<sockaddr*>(&found), &size) != 0) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    const auto place = [&](const void* address, in_port_t port) {
        ::inet_ntop(found.ss_family, address, text.data(), text.size());
        return Place{text.data(), ntohs(port)};
    };
    if (found.ss_family == AF_INET) {
        const auto& address = reinterpret_cast<const sockaddr_in&>(found);
        return place(&address.sin_addr, address.sin_port);
    }
    if (found.ss_family != AF_INET6) return {};
    const auto& address = reinterpret_cast<const sockaddr_in6&>(found);
    return place(&address.sin6_addr, address.sin6_port);
}

std::uint16_t listening_port(int listener) { return listening_place(listener).port; }

std::optional<pid_t> process_at(const Place& place) {
    for (const auto& name : names_around(place)) {
        const auto socket = connect_to(name);
        if (socket.get() >= 0) return credentials_of(socket.get()).pid;
    }
    return std::nullopt;
}

void throw_listen_fault(const std::system_error& error, const Place& place, std::string_view host_variable,
                        std::string_view port_variable) {
    switch (error.code().value()) {
        case EADDRINUSE:
            throw config::Faults(
                port_variable,
                fmt::format("{} is served by {}. Stop it, give another port, or take its place: serve --take-over.",
                            place.port, who_is_at(place)));
        case EADDRNOTAVAIL: throw config::Faults(host_variable, "This machine has no such address.");
        case EACCES:
            throw config::Faults(port_variable,
                                 fmt::format("This user may not listen on port {}. Give one from 1024 on, or the "
                                             "capability CAP_NET_BIND_SERVICE.",
                                             place.port));
        default: throw error;
    }
}

// ---- Taking over ----

std::optional<HandOver> HandOver::begin(const Place& place) {
    auto connection = connect_to(name_of(place));
    if (connection.get() < 0) {
        if (const auto other = process_at(place))
            throw config::Faults("HOST", fmt::format("Process {} serves port {} under another HOST. To take its place, "
                                                     "give the one that it was given.",
                                                     *other, place.port));
        return std::nullopt;
    }
    const auto owner = credentials_of(connection.get());
    if (owner.uid != ::geteuid())
        throw std::runtime_error(fmt::format("process {} serves port {} as another user: only its own may take over",
                                             owner.pid, place.port));
    HandOver hand_over(std::move(connection), owner.pid, place);
    hand_over.receive_listeners();
    return hand_over;
}

void HandOver::receive_listeners() {
    char answer = send_byte(connection_.get(), ask) ? more : '\0';
    while (answer == more) {
        const bool came = is_readable_within(connection_.get(), answer_time);
        answer = came ? receive_with(connection_.get(), listeners_) : '\0';
    }
    if (answer != last || listeners_.empty())
        throw std::runtime_error(
            fmt::format("process {} does not give its listeners away: it ends, or is being taken over", process_));
}

std::vector<base::Descriptor> HandOver::take(std::uint16_t port) {
    std::vector<base::Descriptor> taken;
    for (auto& listener : listeners_) {
        if (listening_port(listener.get()) == port) taken.push_back(std::move(listener));
    }
    std::erase_if(listeners_, [](const base::Descriptor& listener) { return listener.get() < 0; });
    return taken;
}

// Who goes on since we took too long closes the connection as well, but keeps its name.
bool HandOver::is_alone() const {
    char byte = 0;
    const bool is_closed = ::recv(connection_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    return is_closed && !process_at(place_);
}

bool HandOver::complete() {
    listeners_.clear();
    if (!send_byte(connection_.get(), serving)) return false;
    return is_readable_within(connection_.get(), answer_time) && receive_byte(connection_.get()) == yours;
}

// ---- Being taken over ----

ListenerOwner::ListenerOwner(const Place& place, std::vector<int> listeners, std::function<void()> on_taken,
                             logging::Logger logger)
    : listeners_(std::move(listeners)),
      on_taken_(std::move(on_taken)),
      logger_(std::move(logger)),
      socket_(open_socket()),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
    const auto address = abstract_address(name_of(place));
    if (wake_.get() < 0 || ::bind(socket_.get(), address.get(), address.size) != 0 || ::listen(socket_.get(), 8) != 0) {
        // The port is ours all the same.
        logger_.warn("this process cannot be taken over: the socket's name is taken",
                     {{"name", name_of(place)}, {"error", std::generic_category().message(errno)}});
        return;
    }
    thread_ = std::thread([this] { run(); });
}

ListenerOwner::~ListenerOwner() { end(); }

bool ListenerOwner::end() {
    const std::uint64_t one = 1;
    const auto written = ::write(wake_.get(), &one, sizeof one);
    if (written > 0 && thread_.joinable()) thread_.join();
    socket_.close();  // who comes next has the name
    return is_given_;
}

bool ListenerOwner::is_woken() const { return is_readable_within(wake_.get(), 0); }

// False when the time is over, or when this is to go.
bool ListenerOwner::wait_for(int descriptor, int milliseconds) const {
    std::array<pollfd, 2> waiting{
        {{.fd = descriptor, .events = POLLIN, .revents = 0}, {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
    int found = 0;
    do {
        found = ::poll(waiting.data(), waiting.size(), milliseconds);
    } while (found < 0 && errno == EINTR);
    return found > 0 && waiting[1].revents == 0;
}

void ListenerOwner::run() {
    constexpr int for_ever = -1;
    while (wait_for(socket_.get(), for_ever)) {
        const base::Descriptor peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (peer.get() < 0) {
            is_readable_within(wake_.get(), 100);  // out of descriptors: whoever waits is still there then
            continue;
        }
        if (!is_of_our_user(peer.get()) || !talk(peer)) continue;
        on_taken_();
        return;
    }
}

bool ListenerOwner::talk(const base::Descriptor& peer) {
    // Who only wants to know whose port it is asks nothing.
    if (!wait_for(peer.get(), question_time) || receive_byte(peer.get()) != ask) return false;
    const auto process = static_cast<std::int64_t>(credentials_of(peer.get()).pid);
    logger_.info("another process takes over", {{"process", process}});
    is_given_ = send_listeners(peer.get());
    const bool is_heard = is_given_ && wait_for(peer.get(), longest_take_over);
    if (is_given_ && is_woken()) return false;  // we end, and it has the listeners
    if (!is_heard || receive_byte(peer.get()) != serving) {
        is_given_ = false;
        logger_.warn("it ended before it served, or took too long; going on", {{"process", process}});
        return false;
    }
    socket_.close();
    send_byte(peer.get(), yours);
    return true;
}

bool ListenerOwner::send_listeners(int peer) const {
    std::span<const int> left(listeners_);
    while (!left.empty()) {
        const auto piece = left.first(std::min(left.size(), most_in_a_packet));
        left = left.subspan(piece.size());
        if (!send_with(peer, left.empty() ? last : more, piece)) return false;
    }
    return !listeners_.empty();
}

}  // namespace app
