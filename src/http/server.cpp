#include "http/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <system_error>

#include "base/time.h"
#include "http/connection.h"
#include "http/errors.h"
#include "http/middleware/request_id.h"
#include "http/problem.h"
#include "http/server_impl.h"

namespace http {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr auto accept_pause_time = std::chrono::milliseconds(100);

void require(const error_code& error, const std::string& what) {
    if (error) throw std::system_error(error.value(), std::system_category(), what);
}

// One socket serves IPv6 and IPv4 when no address is named; IPv4 alone where the kernel has no IPv6.
Acceptor open_acceptor(const Executor& executor, const ServerOptions& options) {
    Acceptor acceptor(executor);
    error_code error;
    tcp::endpoint endpoint(tcp::v6(), options.port);
    if (!options.address.empty()) {
        const auto address = boost::asio::ip::make_address(options.address, error);
        require(error, "listen on " + options.address);
        endpoint = tcp::endpoint(address, options.port);
    }
    acceptor.open(endpoint.protocol(), error);
    if (error && options.address.empty()) {
        endpoint = tcp::endpoint(tcp::v4(), options.port);
        acceptor.open(endpoint.protocol(), error);
    }
    require(error, "open a socket");
    if (endpoint.address().is_v6()) acceptor.set_option(boost::asio::ip::v6_only(!options.address.empty()), error);
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (options.reuse_port) {
        const int on = 1;
        ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    acceptor.bind(endpoint, error);
    require(error, "listen on port " + std::to_string(options.port));
    acceptor.listen(options.backlog, error);
    require(error, "listen on port " + std::to_string(options.port));
    return acceptor;
}

// There is no Context for a connection that is not taken.
std::string overloaded_reply(const Services& services) {
    const auto id = new_request_id().to_string();
    const auto body = problem_json(base::Failure(errors::overloaded).retry_after(1'000),
                                   {.request_id = id, .type_base = problem_type_base(services)});
    return fmt::format(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
        "X-Retriable: true\r\nRetry-After: 1\r\nX-Request-Id: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
        id, body.size(), body);
}

observe::Registration publish(observe::Metrics& metrics, std::shared_ptr<const Counters> counters) {
    return metrics.collect([counters = std::move(counters)](observe::Samples& samples) {
        const auto read = [](const Counters::Counter& counter) {
            return static_cast<double>(counter.load(std::memory_order_relaxed));
        };
        samples.gauge("http_connections", "Open client connections.", read(counters->connections));
        samples.gauge("http_requests_in_flight", "Requests whose handler or stream runs.", read(counters->in_flight));
        samples.counter("http_connections_accepted_total", "Client connections accepted.", read(counters->accepted));
        samples.counter("http_connections_refused_total", "Client connections over the limit.",
                        read(counters->refused));
        samples.counter("http_requests_total", "Requests with a well-formed head.", read(counters->requests));
        samples.counter("http_requests_rejected_total",
                        "Requests refused before any handler: malformed, too slow, too large.",
                        read(counters->rejected));
        samples.counter("http_received_bytes_total", "Bytes read from clients.", read(counters->received_bytes));
        samples.counter("http_sent_bytes_total", "Bytes written to clients.", read(counters->sent_bytes));
    });
}

}  // namespace

Server::Impl::Impl(ServerParts parts, ServerOptions server_options)
    : loop(parts.loop),
      app(std::move(parts.app)),
      services(parts.services),
      logger(std::move(parts.logger)),
      options(std::move(server_options)),
      accept_pause(loop, [this] { accept(); }),
      all_gone(loop),
      registration(publish(parts.metrics, counters)) {}

Server::Impl::~Impl() = default;

void Server::Impl::listen() {
    acceptor.emplace(open_acceptor(async::native(loop).get_executor(), options));
    accept();
}

void Server::Impl::accept() {
    if (draining || !acceptor) return;
    acceptor->async_accept(peer, [self = shared_from_this()](const error_code& error, Socket socket) {
        self->on_accepted(error, std::move(socket));
    });
}

void Server::Impl::on_accepted(const error_code& error, Socket socket) {
    if (draining || error == boost::asio::error::operation_aborted) return;
    if (error) {
        // Out of descriptors or memory: the backlog keeps the clients meanwhile.
        logger.warn("accept failed", {{"error", error.message()}});
        accept_pause.expires_after(accept_pause_time);
        return;
    }
    if (connections.size() >= options.max_connections) {
        Counters::add(counters->refused, 1);
        const auto reply = overloaded_reply(services);
        error_code ignored;
        socket.non_blocking(true, ignored);
        socket.send(boost::asio::buffer(reply), 0, ignored);
    } else {
        Connection::start(shared_from_this(), std::move(socket), peer);
    }
    accept();
}

void Server::Impl::begin_drain() {
    draining = true;
    accept_pause.cancel();
    if (acceptor) {
        error_code ignored;
        acceptor->close(ignored);
    }
    for (auto at = connections.begin(); at != connections.end();) {
        auto& connection = *at++;  // it may leave the list
        connection.retire();
    }
    if (connections.empty()) all_gone.set();
}

void Server::Impl::cut_all() {
    for (auto at = connections.begin(); at != connections.end();) {
        auto& connection = *at++;
        connection.cut();
    }
}

void Server::Impl::remove(Connection& connection) {
    connections.erase(connections.iterator_to(connection));
    Counters::subtract(counters->connections, 1);
    if (draining && connections.empty()) all_gone.set();
}

std::string_view Server::Impl::date_line(async::SteadyTime now) {
    if (now < date_expiry) return date;
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
    date = "Date: " + base::format_http_date(base::Timestamp(seconds)) + "\r\n";
    date_expiry = now + (seconds + std::chrono::seconds(1) - wall);
    return date;
}

Server::Server(ServerParts parts, ServerOptions options)
    : impl_(std::make_shared<Impl>(std::move(parts), std::move(options))) {}

Server::~Server() {
    impl_->draining = true;
    impl_->accept_pause.cancel();
    impl_->registration.reset();
    error_code ignored;
    if (impl_->acceptor) impl_->acceptor->close(ignored);
    impl_->cut_all();
}

void Server::listen() { impl_->listen(); }

std::uint16_t Server::port() const { return impl_->acceptor->local_endpoint().port(); }

std::size_t Server::connections() const { return impl_->connections.size(); }

std::size_t Server::requests_in_flight() const { return impl_->counters->in_flight.load(std::memory_order_relaxed); }

async::Task<void> Server::drain(async::SteadyTime deadline) {
    const auto impl = impl_;
    async::Timer cut(impl->loop, [&impl] { impl->cut_all(); });
    cut.expires_at(deadline);
    impl->begin_drain();
    co_await impl->all_gone;
}

}  // namespace http
