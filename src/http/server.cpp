#include "http/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <system_error>

#include "base/time.h"
#include "http/connection.h"
#include "http/errors.h"
#include "http/server_impl.h"
#include "http/upgraded.h"

namespace http {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr auto accept_pause_time = std::chrono::milliseconds(100);
constexpr std::size_t most_refusing = 64;
constexpr int most_looked_at = 16;  // idle connections whose next request is just arriving

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
    const auto set = [&](int level, int name, int value) {
        ::setsockopt(acceptor.native_handle(), level, name, &value, sizeof value);
    };
    if (options.reuse_port) set(SOL_SOCKET, SO_REUSEPORT, 1);
    // Accepted sockets inherit both (tcp(7)): no call for each of them.
    set(SOL_SOCKET, SO_SNDBUF, options.socket_send_buffer);
    set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.socket_unsent);
    acceptor.bind(endpoint, error);
    require(error, "listen on port " + std::to_string(options.port));
    acceptor.listen(options.backlog, error);
    require(error, "listen on port " + std::to_string(options.port));
    return acceptor;
}

observe::Registration publish(observe::Metrics& metrics, std::shared_ptr<const Counters> counters,
                              std::shared_ptr<const BodyBudget> bodies) {
    return metrics.collect([counters = std::move(counters), bodies = std::move(bodies)](observe::Samples& samples) {
        const auto read = [](const Counters::Counter& counter) {
            return static_cast<double>(counter.load(std::memory_order_relaxed));
        };
        samples.gauge("http_connections", "Open client connections.", read(counters->connections));
        samples.gauge("http_upgraded_connections", "Of them, those that speak another protocol.",
                      read(counters->upgraded));
        samples.gauge("http_requests_in_flight", "Requests whose handler or stream runs.", read(counters->in_flight));
        samples.counter("http_connections_accepted_total", "Client connections accepted.", read(counters->accepted));
        samples.counter("http_connections_refused_total", "Client connections over the limit.",
                        read(counters->refused));
        samples.counter("http_connections_evicted_total", "Client connections closed to make room.",
                        read(counters->evicted));
        samples.gauge("http_body_memory_bytes", "Memory that holds request bodies.",
                      static_cast<double>(bodies->held()));
        samples.counter("http_bodies_refused_total", "Requests whose body found no memory.",
                        static_cast<double>(bodies->refused()));
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
      refusals(parts.refusals ? std::move(parts.refusals) : Handler(&refuse)),
      services(parts.services),
      logger(std::move(parts.logger)),
      options(std::move(server_options)),
      accept_pause(loop, [this] { accept(); }),
      bodies(std::make_shared<BodyBudget>(options.body_memory)),
      all_gone(loop),
      registration(publish(parts.metrics, counters, bodies)) {}

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
    if (error) return on_accept_failed(error);
    admit(std::move(socket));
    accept();
}

void Server::Impl::on_accept_failed(const error_code& error) {
    if (error.value() != EMFILE && error.value() != ENFILE) return pause_accept(error);
    // accept(2) says so whether somebody waits or not: nobody is evicted before somebody does.
    acceptor->async_wait(Acceptor::wait_read, [self = shared_from_this(), error](const error_code& gone) {
        if (self->draining || gone) return;
        self->evict() ? self->accept() : self->pause_accept(error);
    });
}

// Out of descriptors or memory: the backlog keeps the clients meanwhile.
void Server::Impl::pause_accept(const error_code& error) {
    logger.warn("accept failed", {{"error", error.message()}});
    accept_pause.expires_after(accept_pause_time);
}

// Beyond the limit a client is heard, so that its refusal is a reply like any other; far beyond, it is not.
void Server::Impl::admit(Socket socket) {
    const bool full = open() - refusing >= options.max_connections;
    const bool refused = full && !evict();
    if (refused) Counters::add(counters->refused, 1);
    if (refused && refusing == most_refusing) return;
    Connection::start(shared_from_this(), std::move(socket), peer, refused);
}

bool Server::Impl::evict_idle() {
    auto at = idle.begin();
    for (int looked = 0; looked < most_looked_at && at != idle.end(); ++looked) {
        auto& connection = *at++;  // it may leave the list
        if (connection.evict_idle()) return true;
    }
    return false;
}

bool Server::Impl::evict() {
    if (!evict_idle()) {
        auto* slow_one = slow.first_to_go();
        if (slow_one == nullptr) return false;
        slow_one->abort();
    }
    Counters::add(counters->evicted, 1);
    return true;
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
    for (auto& connection : upgraded) connection.tell_draining();
    stopping.request_stop();
    if (open() == 0) all_gone.set();
}

void Server::Impl::cut_all() {
    for (auto at = connections.begin(); at != connections.end();) {
        auto& connection = *at++;
        connection.cut();
    }
    for (auto& connection : upgraded) connection.abort();
}

void Server::Impl::remove(Connection& connection) {
    connections.erase(connections.iterator_to(connection));
    Counters::subtract(counters->connections, 1);
    if (draining && open() == 0) all_gone.set();
}

void Server::Impl::remove(UpgradedConnection& connection) {
    upgraded.erase(upgraded.iterator_to(connection));
    Counters::subtract(counters->upgraded, 1);
    Counters::subtract(counters->connections, 1);
    if (draining && open() == 0) all_gone.set();
}

std::string_view Server::Impl::date_line(async::SteadyTime now) {
    if (now < date_expiry) return date;
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
    date = "Date: " + base::format_http_date(base::Timestamp(seconds)) + "\r\n";
    date_expiry = now + (seconds + std::chrono::seconds(1) - wall);
    return date;
}

async::Task<void> refuse(Context& context) { throw *context.get<base::Failure>(); }

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

std::size_t Server::connections() const { return impl_->open(); }

std::size_t Server::requests_in_flight() const { return impl_->counters->in_flight.load(std::memory_order_relaxed); }

async::Task<void> Server::drain(async::SteadyTime deadline) {
    const auto impl = impl_;
    async::Timer cut(impl->loop, [&impl] { impl->cut_all(); });
    cut.expires_at(deadline);
    impl->begin_drain();
    co_await impl->all_gone;
}

}  // namespace http
