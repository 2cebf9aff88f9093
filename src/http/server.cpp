#include "http/server.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/time.h"
#include "http/connection.h"
#include "http/errors.h"
#include "http/server_impl.h"
#include "http/upgraded.h"

namespace http {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr int most_accepted_at_once = 64;
constexpr auto accept_pause_time = std::chrono::milliseconds(100);
constexpr std::size_t most_refusing = 64;
constexpr int most_looked_at = 16;  // idle connections whose next request is just arriving

void require(const error_code& error, const std::string& what) {
    if (error) throw std::system_error(error.value(), std::system_category(), what);
}

Acceptor adopt_acceptor(const Executor& executor, int listener) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::system_error(errno, std::system_category(), "take a listener over");
    Acceptor acceptor(executor);
    error_code error;
    acceptor.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), listener, error);
    require(error, "take a listener over");
    return acceptor;
}

// One socket serves IPv6 and IPv4 when no address is named, or `::`; IPv4 alone where the kernel has no IPv6.
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
    if (endpoint.address().is_v6())
        acceptor.set_option(boost::asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    const auto set = [&](int level, int name, int value) {
        ::setsockopt(acceptor.native_handle(), level, name, &value, sizeof value);
    };
    if (options.shares_port) set(SOL_SOCKET, SO_REUSEPORT, 1);
    // Accepted sockets inherit these (tcp(7)): no call for each of them.
    set(SOL_SOCKET, SO_SNDBUF, options.socket_send_buffer);
    set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.socket_unsent);
    // What the kernel has taken and the client has not: a client that vanished without a word would else be there for a quarter of an hour.
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options.write_deadline.count()));
    acceptor.bind(endpoint, error);
    require(error, "listen on port " + std::to_string(options.port));
    // Only now: the kernel refuses the first listener of another process, and takes the others of this one.
    set(SOL_SOCKET, SO_REUSEPORT, 1);
    acceptor.listen(options.backlog, error);
    require(error, "listen on port " + std::to_string(options.port));
    return acceptor;
}

// The listener drops what opens a connection (a segment with SYN), and takes part in what has been opened. Clients try again in a second,
// and are refused then, or taken by whoever listens next; a listener that closed at once would reset those whose handshake it is in.
void refuse_handshakes(int listener) {
    constexpr std::uint32_t flags_of_tcp = 13;
    constexpr std::uint32_t syn = 2;
    constexpr std::uint32_t whole = 0xFFFFFFFF;
    std::array<sock_filter, 4> program{{{BPF_LD | BPF_B | BPF_ABS, 0, 0, flags_of_tcp},
                                        {BPF_JMP | BPF_JSET | BPF_K, 0, 1, syn},
                                        {BPF_RET | BPF_K, 0, 0, 0},
                                        {BPF_RET | BPF_K, 0, 0, whole}}};
    const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
    ::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
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
      last_handshakes(loop, [this] { close_listener(); }),
      bodies(std::make_shared<BodyBudget>(options.body_memory)),
      all_gone(loop),
      registration(publish(parts.metrics, counters, bodies)) {
    for (const auto& text : options.proxy_protocol_from) {
        const auto found = networks_of(text);
        if (found.empty())
            throw std::invalid_argument("PROXY protocol: \"" + text + "\" is no address and no CIDR block");
        proxies.insert(proxies.end(), found.begin(), found.end());
    }
}

Server::Impl::~Impl() = default;

bool Server::Impl::is_proxy(std::string_view address) const {
    if (proxies.empty()) return false;
    const auto known = IPAddress::parse(address);
    return known && std::ranges::any_of(proxies, [&](const IPNetwork& network) { return network.contains(*known); });
}

void Server::Impl::listen() {
    const auto executor = async::native(loop).get_executor();
    shares_listener = options.listener >= 0;
    acceptor.emplace(shares_listener ? adopt_acceptor(executor, options.listener) : open_acceptor(executor, options));
    acceptor->non_blocking(true);
    accept();
}

void Server::Impl::accept() {
    if (destroyed || !acceptor || !acceptor->is_open()) return note_gone();
    accepting = true;
    acceptor->async_accept(peer, [self = shared_from_this()](const error_code& error, Socket socket) {
        self->on_accepted(error, std::move(socket));
    });
}

void Server::Impl::on_accepted(const error_code& error, Socket socket) {
    accepting = false;
    if (destroyed) return;
    if (error && acceptor->is_open()) return on_accept_failed(error);
    if (!error) admit(std::move(socket), peer);
    accept_more();
    accept();
}

// One a turn would be few while turns are long: who comes anew would wait for seconds to be refused.
void Server::Impl::accept_more() {
    for (int i = 0; i < most_accepted_at_once && acceptor && acceptor->is_open(); ++i) {
        Socket socket(acceptor->get_executor());
        error_code error;
        acceptor->accept(socket, peer, error);
        if (error) return;  // nobody waits; what else it is, accept() meets again
        admit(std::move(socket), peer);
    }
}

void Server::Impl::on_accept_failed(const error_code& error) {
    if (error.value() != EMFILE && error.value() != ENFILE) return pause_accept(error);
    // accept(2) says so whether somebody waits or not: nobody is evicted before somebody does.
    accepting = true;
    acceptor->async_wait(Acceptor::wait_read, [self = shared_from_this(), error](const error_code& gone) {
        self->accepting = false;
        if (self->destroyed) return;
        gone || self->evict() ? self->accept() : self->pause_accept(error);
    });
}

// Out of descriptors or memory: the backlog keeps the clients meanwhile.
void Server::Impl::pause_accept(const error_code& error) {
    logger.warn("accept failed", {{"error", error.message()}});
    accept_pause.expires_after(accept_pause_time);
}

// Beyond the limit a client is heard, so that its refusal is a reply like any other; far beyond, it is not.
void Server::Impl::admit(Socket socket, const tcp::endpoint& from) {
    const bool full = open() - refusing >= options.max_connections;
    const bool refused = full && !evict();
    if (refused) Counters::add(counters->refused, 1);
    if (refused && refusing == most_refusing) return;
    Connection::start(shared_from_this(), std::move(socket), from, refused);
}

void Server::Impl::announce_drain() {
    if (!std::exchange(last_replies, true)) last_replies_since = async::Loop::now();
}

// What has been accepted is answered, also by the kernel alone: closing a listener resets what waits in its queue.
void Server::Impl::stop_accepting() {
    if (!acceptor || !acceptor->is_open()) return;
    if (shares_listener) {
        accept_pause.cancel();
        // Closed by asio, a socket that another process has as well would stay in our epoll.
        ::close(acceptor->release());
        return;
    }
    refuse_handshakes(acceptor->native_handle());
    last_handshakes.expires_after(options.handshake_time);
}

void Server::Impl::close_listener() {
    accept_pause.cancel();
    error_code error;
    acceptor->non_blocking(true, error);
    while (!error) {
        Socket socket(acceptor->get_executor());
        tcp::endpoint from;
        acceptor->accept(socket, from, error);
        if (!error) admit(std::move(socket), from);
    }
    acceptor->close(error);
    note_gone();
}

void Server::Impl::note_gone() {
    const bool may_come = accepting || (acceptor && acceptor->is_open());
    if (draining && !may_come && open() == 0) all_gone.set();
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
    announce_drain();
    draining = true;
    stop_accepting();
    for (auto at = connections.begin(); at != connections.end();) {
        auto& connection = *at++;  // it may leave the list
        connection.retire();
    }
    for (auto& connection : upgraded) connection.tell_draining();
    stopping.request_stop();
    note_gone();
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
    note_gone();
}

void Server::Impl::remove(UpgradedConnection& connection) {
    upgraded.erase(upgraded.iterator_to(connection));
    Counters::subtract(counters->upgraded, 1);
    Counters::subtract(counters->connections, 1);
    note_gone();
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
    impl_->draining = impl_->destroyed = true;
    impl_->accept_pause.cancel();
    impl_->last_handshakes.cancel();
    impl_->registration.reset();
    error_code ignored;
    if (impl_->acceptor) impl_->acceptor->close(ignored);
    impl_->cut_all();
}

void Server::listen() { impl_->listen(); }

std::uint16_t Server::port() const { return impl_->acceptor->local_endpoint().port(); }

std::size_t Server::connections() const { return impl_->open(); }

std::size_t Server::requests_in_flight() const { return impl_->counters->in_flight.load(std::memory_order_relaxed); }

std::vector<RequestUnderWay> Server::requests_under_way() const {
    std::vector<RequestUnderWay> requests;
    for (const auto& connection : impl_->connections) {
        if (auto request = connection.under_way()) requests.push_back(*std::move(request));
    }
    std::ranges::sort(requests, std::ranges::greater{}, &RequestUnderWay::age);
    return requests;
}

int Server::listener() const { return impl_->acceptor ? impl_->acceptor->native_handle() : -1; }

void Server::share_listener(bool is_shared) { impl_->shares_listener = is_shared; }

void Server::announce_drain() { impl_->announce_drain(); }

async::Task<void> Server::drain(async::SteadyTime deadline) {
    const auto impl = impl_;
    async::Timer cut(impl->loop, [&impl] {
        if (impl->acceptor && impl->acceptor->is_open()) impl->close_listener();
        impl->cut_all();
    });
    cut.expires_at(deadline);
    impl->begin_drain();
    co_await impl->all_gone;
}

}  // namespace http
