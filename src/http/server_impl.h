#pragma once
// What the connections of one server share. Private to server.cpp and connection.cpp; loop's thread only, but for the
// counters, which the metrics page reads from any thread.
//
//     impl->counters.add(impl->counters.sent_bytes, n);

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "async/loop_asio.h"
#include "async/sync.h"
#include "http/middleware/ip_network.h"
#include "http/server.h"
#include "http/slow_clients.h"
#include "log/news.h"

namespace http {

class Connection;
class UpgradedConnection;

using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
using ConnectionHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;
using UpgradedHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;
struct IdleTag;
using IdleHook = boost::intrusive::list_base_hook<boost::intrusive::tag<IdleTag>,
                                                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// One writer, so a plain load and store do: no locked instruction per request.
struct Counters {
    using Counter = std::atomic<std::uint64_t>;
    Counter connections{0};
    Counter accepted{0};
    Counter refused{0};
    Counter evicted{0};
    Counter in_flight{0};
    Counter requests{0};
    Counter rejected{0};
    Counter received_bytes{0};
    Counter sent_bytes{0};
    Counter upgraded{0};

    static void add(Counter& counter, std::uint64_t by) {
        counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }
    static void subtract(Counter& counter, std::uint64_t by) { add(counter, ~by + 1); }
};

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    Impl(ServerParts parts, ServerOptions server_options);
    ~Impl();

    void listen();
    void accept();
    void accept_more();
    void on_accepted(const boost::system::error_code& error, Socket socket);
    void on_accept_failed(const boost::system::error_code& error);
    void pause_accept(const boost::system::error_code& error);
    void admit(Socket socket, const boost::asio::ip::tcp::endpoint& from);
    void announce_drain();
    void stop_accepting();
    void close_listener();
    // Ends the drain when nobody is left, nor can come.
    void note_gone();
    // Closes a connection that nobody works for; false when there is none.
    bool evict();
    bool evict_idle();
    void begin_drain();
    void cut_all();
    void remove(Connection& connection);
    void remove(UpgradedConnection& connection);
    [[nodiscard]] std::size_t open() const { return connections.size() + upgraded.size(); }
    // "Date: …\r\n", made once per second.
    [[nodiscard]] std::string_view date_line(async::SteadyTime now);
    // Whether connections of that address begin with a PROXY header.
    [[nodiscard]] bool is_proxy(std::string_view address) const;

    async::Loop& loop;
    Handler app;
    Handler refusals;
    const Services& services;
    logging::Logger logger;
    ServerOptions options;
    std::optional<Acceptor> acceptor;
    boost::asio::ip::tcp::endpoint peer;
    async::Timer accept_pause;
    async::Timer last_handshakes;
    bool accepting = false;  // an accept is under way, and may bring somebody yet
    boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                           boost::intrusive::constant_time_size<true>>
        connections;
    boost::intrusive::list<Connection, boost::intrusive::base_hook<IdleHook>,
                           boost::intrusive::constant_time_size<false>>
        idle;  // nothing of a request has come; the oldest first
    boost::intrusive::list<UpgradedConnection, boost::intrusive::base_hook<UpgradedHook>,
                           boost::intrusive::constant_time_size<true>>
        upgraded;  // no longer of HTTP
    SlowClients slow;
    std::vector<IPNetwork> proxies;
    logging::News opening_news;  // of connections that never came to HTTP
    std::size_t refusing = 0;    // connections beyond the limit that wait to hear so
    std::shared_ptr<BodyBudget> bodies;
    bool last_replies = false;  // replies end their connections
    async::SteadyTime last_replies_since{};
    bool draining = false;
    bool destroyed = false;
    bool shares_listener = false;  // another process listens by the same socket
    std::stop_source stopping;     // Context::draining()
    async::Event all_gone;
    std::string date;
    async::SteadyTime date_expiry;
    std::shared_ptr<Counters> counters = std::make_shared<Counters>();
    observe::Registration registration;
};

}  // namespace http
