#pragma once
// For tests of the wire: a server on a loop and thread of its own, and clients that send bytes as they are.
//
//     const LoopbackServer server(handler);
//     const auto replies = exchange(server.port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n").replies();

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "async/task.h"
#include "http/context.h"
#include "http/server.h"

namespace http {

// A blocking client; every wait ends after five seconds.
class LoopbackClient {
public:
    explicit LoopbackClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval timeout{.tv_sec = 5, .tv_usec = 0};
        const int on = 1;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("connect");
        }
    }
    ~LoopbackClient() { close(); }
    LoopbackClient(const LoopbackClient&) = delete;
    LoopbackClient& operator=(const LoopbackClient&) = delete;

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
    }
    void end_sending() const { ::shutdown(socket_, SHUT_WR); }
    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    // Closes with a reset.
    void abort() {
        const linger now{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }
    // Until the server closes.
    [[nodiscard]] std::string read_all() const {
        std::string all;
        while (read_more(all)) {}
        return all;
    }
    [[nodiscard]] std::string read_until(std::string_view ending) const {
        std::string all;
        while (!all.ends_with(ending) && read_more(all)) {}
        return all;
    }
    // False at the end, on a reset, and when five seconds brought nothing (timed_out()).
    [[nodiscard]] bool read_more(std::string& all) const {
        char buffer[65536];
        const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
        timed_out_ = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (size > 0) all.append(buffer, static_cast<std::size_t>(size));
        return size > 0;
    }
    [[nodiscard]] bool timed_out() const { return timed_out_; }
    // Does not wait: true when there is nothing to read and the connection stands.
    [[nodiscard]] bool is_quiet() const {
        char byte = 0;
        return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }

private:
    int socket_;
    mutable bool timed_out_ = false;
};

struct LoopbackReply {
    int status = 0;
    std::string head;  // with its empty line
    std::string body;

    [[nodiscard]] bool closes() const { return head.contains("\r\nConnection: close\r\n"); }
};

struct LoopbackExchange {
    std::string bytes;
    bool closed = false;  // by the server, within five seconds

    // Whole replies in order, interim ones too; what is none comes last with status -1. A body needs a Content-Length; the
    // first reply has none when it is `to_head`.
    [[nodiscard]] std::vector<LoopbackReply> replies(bool to_head = false) const {
        std::vector<LoopbackReply> all;
        for (std::string_view rest = bytes; !rest.empty();) {
            const auto end = rest.find("\r\n\r\n");
            auto& reply = all.emplace_back();
            reply.head = rest.substr(0, end == std::string_view::npos ? end : end + 4);
            rest.remove_prefix(reply.head.size());
            const bool starts = reply.head.starts_with("HTTP/1.1 ") && reply.head.size() > 12;
            if (starts) std::from_chars(reply.head.data() + 9, reply.head.data() + 12, reply.status);
            std::size_t length = 0;
            if (const auto at = reply.head.find("\r\nContent-Length: ");
                at != std::string::npos && !std::exchange(to_head, false)) {
                std::from_chars(reply.head.data() + at + 18, reply.head.data() + reply.head.size(), length);
            }
            if (!starts || end == std::string_view::npos || length > rest.size()) {
                reply.status = -1;
                return all;
            }
            reply.body = rest.substr(0, length);
            rest.remove_prefix(length);
        }
        return all;
    }
};

// Sends, says that this was all, and reads to the end. With `split`, in two packets, the second of which begins there.
inline LoopbackExchange exchange(std::uint16_t port, std::string_view bytes, std::size_t split = 0) {
    const LoopbackClient client(port);
    client.send(bytes.substr(0, split));
    client.send(bytes.substr(split));
    client.end_sending();
    LoopbackExchange result;
    result.bytes = client.read_all();
    result.closed = !client.timed_out();
    return result;
}

// Starts with construction, on a free port; what it may refer to must outlive it.
class LoopbackServer {
public:
    explicit LoopbackServer(Handler app, const ServerOptions& options = {})
        : server_({.loop = loop_, .app = std::move(app), .services = services_, .logger = {}, .metrics = metrics_},
                  options) {
        server_.listen();
        port_ = server_.port();
        loop_.keep_alive();
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~LoopbackServer() {
        std::promise<void> drained;
        loop_.post([this, &drained] {
            async::start(server_.drain(async::Loop::now() + std::chrono::milliseconds(100)),
                         [&drained](const std::exception_ptr&) { drained.set_value(); });
        });
        EXPECT_EQ(drained.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
        loop_.post([this] { loop_.stop(); });
        thread_.join();
    }
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // That reached the app so far.
    [[nodiscard]] std::uint64_t requests() const {
        const auto text = metrics_.render();
        const auto at = text.find("\nhttp_requests_total ");
        std::uint64_t count = 0;
        if (at != std::string::npos) std::from_chars(text.data() + at + 21, text.data() + text.size(), count);
        return count;
    }

private:
    async::Loop loop_;
    Services services_;
    observe::Metrics metrics_;
    Server server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

// As text that can stand in a report.
inline std::string visible(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes.substr(0, 400)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\r') {
            text += "\\r";
        } else if (c == '\n') {
            text += "\\n";
        } else if (byte < 0x20 || byte > 0x7e) {
            text += {'\\', 'x', digits[byte >> 4U], digits[byte & 15U]};
        } else {
            text += c;
        }
    }
    return text;
}

}  // namespace http
