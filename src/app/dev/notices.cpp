#include "app/dev/notices.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>

#include "base/strings.h"

namespace app::dev {

namespace {

[[noreturn]] void throw_errno() { throw std::system_error(errno, std::generic_category(), "a socket for notices"); }

struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> bytes{};
};

// 0: nobody's.
pid_t sender_of(msghdr& message) {
    for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) continue;
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
        return sender.pid;
    }
    return 0;
}

void read_lines(std::string_view text, std::map<std::string, std::string>& into) {
    for (const std::string_view line : base::split(text, '\n')) {
        const auto equals = line.find('=');
        if (equals != std::string_view::npos) into[std::string(line.substr(0, equals))] = line.substr(equals + 1);
    }
}

}  // namespace

Notices::Notices() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const int on = 1;
    // Before it has a name, so that no message is without its sender.
    if (!socket_ || ::setsockopt(socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) throw_errno();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // A name of no length: the kernel gives one that is free (unix(7), autobind).
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address.sun_family) != 0)
        throw_errno();
    socklen_t size = sizeof address;
    if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) throw_errno();
    const auto length = static_cast<std::size_t>(size) - offsetof(sockaddr_un, sun_path);
    name_ = "@" + std::string(address.sun_path + 1, length - 1);
}

std::map<std::string, std::string> Notices::take(pid_t from) {
    std::map<std::string, std::string> said;
    std::array<char, most_notice_bytes> text{};
    while (true) {
        iovec data{.iov_base = text.data(), .iov_len = text.size()};
        Control control;
        msghdr message{};
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = control.bytes.data();
        message.msg_controllen = control.bytes.size();
        const auto count = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return said;
        if (sender_of(message) != from || (message.msg_flags & MSG_TRUNC) != 0) continue;
        read_lines({text.data(), static_cast<std::size_t>(count)}, said);
    }
}

}  // namespace app::dev
