// PING over a connection of its own: enough for /ready until something uses Redis.

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include "app/health.h"
#include "async/loop_asio.h"
#include "base/strings.h"

namespace app {

namespace {

namespace asio = boost::asio;

struct Target {
    std::string path;  // of a Unix socket
    std::string host = "127.0.0.1";
    std::string port = "6379";
    std::string password;
};

// redis://[user][:password@]host[:port][/db], unix:///path
std::optional<Target> parse_target(std::string_view url) {
    Target target;
    if (url.starts_with("unix://")) {
        target.path = url.substr(7);
        return target;
    }
    if (!url.starts_with("redis://")) return std::nullopt;
    url.remove_prefix(8);
    url = url.substr(0, url.find('/'));
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        const auto colon = url.find(':');
        if (colon < at) target.password = base::percent_decode(url.substr(colon + 1, at - colon - 1)).value_or("");
        url.remove_prefix(at + 1);
    }
    if (const auto colon = url.rfind(':'); colon != std::string_view::npos) {
        target.port = url.substr(colon + 1);
        url = url.substr(0, colon);
    }
    if (!url.empty()) target.host = url;
    return target;
}

std::string command_of(const Target& target) {
    std::string command;
    if (!target.password.empty()) {
        command = "*2\r\n$4\r\nAUTH\r\n$" + std::to_string(target.password.size()) + "\r\n" + target.password + "\r\n";
    }
    return command + "*1\r\n$4\r\nPING\r\n";
}

// Lives until its last callback, whoever waits: the awaiting task may have gone on at the deadline.
struct Ping : std::enable_shared_from_this<Ping> {
    Ping(async::Loop& on, Target to)
        : loop(on), target(std::move(to)), resolver(async::native(on)), socket(async::native(on)), timer(on, [this] {
              finish(false);
          }) {}

    void start(async::SteadyTime deadline) {
        timer.expires_at(deadline);
        if (!target.path.empty()) {
            socket.async_connect(asio::local::stream_protocol::endpoint(target.path),
                                 [self = shared_from_this()](const auto& error) { self->connected(error); });
            return;
        }
        resolver.async_resolve(
            target.host, target.port, [self = shared_from_this()](const auto& error, const auto& endpoints) {
                if (error || endpoints.empty()) return self->finish(false);
                self->socket.async_connect(endpoints.begin()->endpoint(),
                                           [self](const auto& failure) { self->connected(failure); });
            });
    }

    void connected(const boost::system::error_code& error) {
        if (error) return finish(false);
        command = command_of(target);
        asio::async_write(socket, asio::buffer(command), [self = shared_from_this()](const auto& failure, std::size_t) {
            if (failure) return self->finish(false);
            asio::async_read_until(self->socket, self->answer, "+PONG\r\n",
                                   [self](const auto& result, std::size_t) { self->finish(!result); });
        });
    }

    void finish(bool well) {
        if (done) return;
        done = true;
        answered = well;
        timer.cancel();
        resolver.cancel();
        boost::system::error_code ignored;
        socket.close(ignored);
        if (awaiting) loop.post([handle = awaiting] { handle.resume(); });
    }

    async::Loop& loop;
    Target target;
    asio::ip::tcp::resolver resolver;
    asio::generic::stream_protocol::socket socket;
    async::Timer timer;
    asio::streambuf answer{512};
    std::string command;
    bool done = false;
    bool answered = false;
    std::coroutine_handle<> awaiting;
};

struct PingAwaiter {
    Ping& ping;
    [[nodiscard]] bool await_ready() const noexcept { return ping.done; }
    void await_suspend(std::coroutine_handle<> handle) const { ping.awaiting = handle; }
    [[nodiscard]] bool await_resume() const noexcept { return ping.answered; }
};

}  // namespace

Check ping_redis(async::Loop* loop, std::string url, async::SteadyTime deadline) {
    const auto target = parse_target(url);
    if (!target) co_return false;
    auto ping = std::make_shared<Ping>(*loop, *target);
    ping->start(deadline);
    co_return co_await PingAwaiter{*ping};
}

}  // namespace app
