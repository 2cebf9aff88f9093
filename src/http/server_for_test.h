#pragma once
// For the tests of the server: one on a thread and port of its own, and blocking clients.
//
//     struct MyTest : http::ServerForTest {};
//     TEST_F(MyTest, Answers) {
//         start();                                                       // after `options` and `router`
//         EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
//     }

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "http/context.h"
#include "http/problem.h"
#include "http/router.h"
#include "http/server.h"

namespace http {

// A blocking client; every wait ends after five seconds.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
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
    ~Client() { close(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

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
    // Out of reach: nothing that comes is taken or acknowledged, and the server is told nothing.
    void vanish() const {
        sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
        const sock_fprog program{.len = 1, .filter = &drop};
        ::setsockopt(socket_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
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
    // Of a reply that stops there; of one that goes on, a read ends there by luck alone: read_past().
    [[nodiscard]] std::string read_until(std::string_view ending) const {
        std::string all;
        while (!all.ends_with(ending) && read_more(all)) {}
        return all;
    }
    [[nodiscard]] std::string read_past(std::string_view part) const {
        std::string all;
        while (!all.contains(part) && read_more(all)) {}
        return all;
    }
    // False at the end, after a reset, and when five seconds brought nothing: timed_out().
    [[nodiscard]] bool read_more(std::string& all) const {
        char buffer[65536];
        const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
        timed_out_ = size < 0 && errno == EAGAIN;
        reset_ = reset_ || (size < 0 && errno == ECONNRESET);  // told once; then it is an end
        if (size > 0) all.append(buffer, static_cast<std::size_t>(size));
        return size > 0;
    }
    [[nodiscard]] bool timed_out() const { return timed_out_; }
    [[nodiscard]] bool was_reset() const { return reset_; }
    // Without waiting: there is nothing to read, and the connection stands.
    [[nodiscard]] bool is_quiet() const {
        char byte = 0;
        return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }

private:
    int socket_;
    mutable bool timed_out_ = false;
    mutable bool reset_ = false;
};

inline std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

// Of a header; "" without it.
inline std::string value_of(std::string_view reply, std::string_view header) {
    const auto line = fmt::format("\r\n{}: ", header);
    const auto at = reply.find(line);
    if (at == std::string_view::npos) return {};
    const auto value = reply.substr(at + line.size());
    return std::string(value.substr(0, value.find("\r\n")));
}

inline std::string get(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class ServerForTest : public testing::Test {
protected:
    async::Loop loop;
    Services services;
    observe::Metrics metrics;
    Router router;
    ServerOptions options{.drain_idle = async::Milliseconds(30), .handshake_time = async::Milliseconds(10)};
    Handler app;  // the router's when it is empty
    Handler refusals;
    std::unique_ptr<Server> server;
    std::thread thread;
    std::uint16_t port = 0;

    ProblemTypes problem_types{"https://api.example/problems/"};

    void SetUp() override {
        services.add(problem_types);
        router.add(Method::get, "/health", {.handler = [](Context& context) -> async::Task<void> {
                       context.response().static_body("ok").content_type("text/plain");
                       co_return;
                   }});
        router.add(Method::post, "/echo", {.handler = [](Context& context) -> async::Task<void> {
                       const auto body = co_await context.request().body();
                       context.response().body(std::string(body));
                   }});
        router.add(Method::post, "/ignore", {.handler = [](Context& context) -> async::Task<void> {
                       context.response().body("ignored");
                       co_return;
                   }});
        router.add(Method::get, "/big", {.handler = [](Context& context) -> async::Task<void> {
                       context.response().body(std::string(10'000'000, 'b'));
                       co_return;
                   }});
    }
    void start() {
        server = std::make_unique<Server>(ServerParts{.loop = loop,
                                                      .app = app ? app : router.handler(),
                                                      .refusals = refusals,
                                                      .services = services,
                                                      .logger = {},
                                                      .metrics = metrics},
                                          options);
        server->listen();
        port = server->port();
        loop.keep_alive();
        thread = std::thread([this] { loop.run(); });
    }
    std::future<void> drain(std::chrono::milliseconds time) {
        auto done = std::make_shared<std::promise<void>>();
        auto future = done->get_future();
        loop.post([this, done, time] {
            async::start(server->drain(async::Loop::now() + time),
                         [done](const std::exception_ptr&) { done->set_value(); });
        });
        return future;
    }
    // Returns when the loop has done all that was posted before.
    void turn() {
        const auto done = std::make_shared<std::promise<void>>();
        loop.post([done] { done->set_value(); });
        done->get_future().wait();
    }
    void TearDown() override {
        if (!server) return;
        EXPECT_EQ(drain(std::chrono::milliseconds(100)).wait_for(std::chrono::seconds(5)), std::future_status::ready);
        loop.post([this] { loop.stop(); });
        thread.join();
    }
    std::string exchange(std::string_view bytes) {
        const Client client(port);
        client.send(bytes);
        client.end_sending();
        return client.read_all();
    }
};

}  // namespace http
