#include "testing/silent_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace testing {

SilentServer::SilentServer(std::string says) : says_(std::move(says)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("SilentServer: cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { accept_loop(); });
}

SilentServer::~SilentServer() {
    // Makes accept() return.
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (const int client : clients_) ::close(client);
    ::close(listener_);
}

void SilentServer::accept_loop() {
    for (;;) {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        clients_.push_back(client);
        static_cast<void>(::send(client, says_.data(), says_.size(), MSG_NOSIGNAL));
    }
}

}  // namespace testing
