#include "testing/postgres_proxy.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace testing {

namespace {

int connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int socket_fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket_fd;
    ::close(socket_fd);
    return -1;
}

int connect_server(const std::string& host, const std::string& port) {
    if (host.starts_with('/')) return connect_unix(host + "/.s.PGSQL." + port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
    int result = -1;
    for (const auto* at = found; at != nullptr && result < 0; at = at->ai_next) {
        const int socket_fd = ::socket(at->ai_family, at->ai_socktype, 0);
        if (::connect(socket_fd, at->ai_addr, at->ai_addrlen) == 0) {
            result = socket_fd;
        } else {
            ::close(socket_fd);
        }
    }
    ::freeaddrinfo(found);
    return result;
}

bool send_all(int socket_fd, const char* data, std::size_t size) {
    while (size > 0) {
        const auto sent = ::send(socket_fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

struct PostgresProxy::State {
    std::string host;
    std::string server_port;
    int listener = -1;
    int port = 0;
    std::atomic<bool> stopping = false;
    std::atomic<bool> refusing = false;
    std::atomic<bool> holding = false;
    std::atomic<int> cut_before_ready = 0;
    std::atomic<unsigned> cuts = 0;  // a connection ends when this has changed since it began
    std::mutex mutex;
    std::vector<std::thread> threads;

    void accept_loop();
    void serve(int client, int server);
    bool forward_messages(int client, std::string& pending);
};

// A message is a type byte and a length that includes itself (https://www.postgresql.org/docs/15/protocol-overview.html).
bool PostgresProxy::State::forward_messages(int client, std::string& pending) {
    std::size_t complete = 0;
    bool cut = false;
    while (pending.size() - complete >= 5) {
        std::uint32_t length = 0;
        std::memcpy(&length, pending.data() + complete + 1, sizeof length);
        const std::size_t total = 1 + static_cast<std::size_t>(ntohl(length));
        if (pending.size() - complete < total) break;
        if (pending[complete] == 'Z' && cut_before_ready > 0) {
            cut = --cut_before_ready == 0;
            if (cut) break;
        }
        complete += total;
    }
    if (!send_all(client, pending.data(), complete)) return false;
    pending.erase(0, complete);
    return !cut;
}

void PostgresProxy::State::serve(int client, int server) {
    const unsigned began = cuts;
    std::array<pollfd, 2> watched{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    std::array<char, 65536> buffer{};
    std::string pending;
    bool alive = true;
    while (alive && !stopping && cuts == began) {
        watched[1].events = holding ? 0 : POLLIN;
        if (::poll(watched.data(), watched.size(), 10) <= 0) continue;
        if ((watched[0].revents & (POLLIN | POLLHUP)) != 0) {
            const auto size = ::recv(client, buffer.data(), buffer.size(), 0);
            alive = size > 0 && send_all(server, buffer.data(), static_cast<std::size_t>(size));
        }
        if (alive && (watched[1].revents & (POLLIN | POLLHUP)) != 0 && !holding) {
            const auto size = ::recv(server, buffer.data(), buffer.size(), 0);
            if (size > 0) pending.append(buffer.data(), static_cast<std::size_t>(size));
            alive = size > 0 && forward_messages(client, pending);
        }
    }
    ::close(client);
    ::close(server);
}

void PostgresProxy::State::accept_loop() {
    while (!stopping) {
        pollfd watched{listener, POLLIN, 0};
        if (::poll(&watched, 1, 10) <= 0) continue;
        const int client = ::accept(listener, nullptr, nullptr);
        if (client < 0) continue;
        const int server = refusing ? -1 : connect_server(host, server_port);
        if (server < 0) {
            ::close(client);
            continue;
        }
        const std::lock_guard lock(mutex);
        threads.emplace_back([this, client, server] { serve(client, server); });
    }
}

PostgresProxy::PostgresProxy(const std::string& host, const std::string& port) : state_(std::make_shared<State>()) {
    state_->host = host;
    state_->server_port = port;
    state_->listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(state_->listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(state_->listener, 64) != 0 ||
        ::getsockname(state_->listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("PostgresProxy: cannot listen");
    }
    state_->port = ntohs(address.sin_port);
    const std::lock_guard lock(state_->mutex);
    state_->threads.emplace_back([state = state_.get()] { state->accept_loop(); });
}

PostgresProxy::~PostgresProxy() {
    state_->stopping = true;
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(state_->mutex);
        // The accepting thread is the first, and it alone adds others.
        threads.push_back(std::move(state_->threads.front()));
    }
    threads.front().join();
    for (std::size_t i = 1; i < state_->threads.size(); ++i) state_->threads[i].join();
    ::close(state_->listener);
}

int PostgresProxy::port() const { return state_->port; }
void PostgresProxy::cut_before_ready(int n) { state_->cut_before_ready = n; }
void PostgresProxy::cut_all() { ++state_->cuts; }
void PostgresProxy::refuse(bool refusing) { state_->refusing = refusing; }
void PostgresProxy::hold(bool holding) { state_->holding = holding; }

}  // namespace testing
