// An HTTP/1.1 server that answers everything at once and does nothing else, so that the client limits the rate: what both sides are
// measured against. Says its port, then how many requests it has answered for each line it reads.
#include <array>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <unordered_map>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/strings.h"

namespace {

std::string reply(std::string_view status, std::string_view body) {
    return "HTTP/1.1 " + std::string(status) +
           "\r\nContent-Type: application/json; charset=utf-8\r\nDate: Sun, 22 Nov 2026 06:14:03 "
           "GMT\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

const std::string place = reply(
    "200 OK", R"({"id":"10027","name":"Duka la Amina, Kenyatta Avenue","latitude":-1.286389,"longitude":36.817223})");
const std::string taken = reply("201 Created", R"({"id":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01","status":"taken"})");

// The body's length by the head; both clients write the header with a length and in these or in small letters.
std::size_t body_length(std::string_view head) {
    for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
        const auto at = head.find(name);
        if (at == std::string_view::npos) continue;
        const auto number = head.substr(at + name.size());
        return base::parse_integer<std::size_t>(number.substr(0, number.find("\r\n"))).value_or(0);
    }
    return 0;
}

class Server {
public:
    Server() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 1'024) != 0 ||
            ::getsockname(listener_, generic, &size) != 0)
            std::abort();
        port_ = ntohs(address.sin_port);
        watch(listener_);
        watch(STDIN_FILENO);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

    void run() {
        std::array<epoll_event, 256> events{};
        for (;;) {
            const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
                if (descriptor == listener_) {
                    accept();
                } else if (descriptor == STDIN_FILENO) {
                    std::string line;
                    if (!std::getline(std::cin, line)) return;
                    std::cout << answered_ << std::endl;
                } else {
                    read(descriptor);
                }
            }
        }
    }

private:
    void watch(int descriptor) const {
        epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    }

    void accept() {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int on = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        unread_[descriptor].clear();
        watch(descriptor);
    }

    void read(int descriptor) {
        std::array<char, 16'384> buffer{};
        const auto size = ::read(descriptor, buffer.data(), buffer.size());
        if (size <= 0) {
            ::close(descriptor);
            return;
        }
        auto& unread = unread_[descriptor];
        unread.append(buffer.data(), static_cast<std::size_t>(size));
        for (;;) {
            const auto end = unread.find("\r\n\r\n");
            if (end == std::string::npos) return;
            const auto whole = end + 4 + body_length(std::string_view(unread).substr(0, end + 2));
            if (unread.size() < whole) return;
            const auto& answer = unread.starts_with("GET ") ? place : taken;
            unread.erase(0, whole);
            if (::write(descriptor, answer.data(), answer.size()) < 0) return;
            ++answered_;
        }
    }

    int epoll_;
    int listener_;
    std::uint16_t port_ = 0;
    std::uint64_t answered_ = 0;
    std::unordered_map<int, std::string> unread_;
};

}  // namespace

int main() {
    Server server;
    std::cout << server.port() << std::endl;
    server.run();
    return 0;
}
