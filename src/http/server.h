#pragma once
// The HTTP/1.1 server of one loop: its own listener (one per core may share a port; no other process may), its connections, its
// limits. Construct it, listen(), run the loop; co_await drain() before it is destroyed. It and all it points at belong to
// the loop's thread.
//
//     http::Server server({.loop = loop, .app = app, .services = services, .logger = logger, .metrics = metrics}, {.port = 8080});
//     server.listen();
//     loop.run();                                          // elsewhere: co_await server.drain(async::Loop::now() + 10s);
//
// A drain resets nobody who keeps to HTTP. Each reply says `Connection: close`, and its connection ends when the client has closed it;
// silent connections are kept for `drain_idle`, so that a request which is on its way is answered; and what the kernel has accepted
// is accepted here before the listener closes (docs/decisions/0053-drain.md).
//
// A handler runs to its end even when the client has gone: what it did is decided by the database, and only the reply is
// dropped. What escapes the app's own error handling is answered with a bare 500.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "http/body_budget.h"
#include "http/middleware.h"
#include "http/services.h"
#include "http/tls.h"
#include "log/logger.h"
#include "observe/metrics.h"

namespace http {

struct ServerOptions {
    std::string address = {};  // empty: every IPv6 and IPv4 address
    std::uint16_t port = 0;    // 0: a free one, see Server::port()
    int backlog = 1024;
    bool shares_port = false;  // with another listener of this process; the first one has it to itself
    int listener = -1;         // a descriptor that listens already, given by another process; closed with the server
    const Tls* tls = nullptr;  // what is spoken at the port; none: plain HTTP. It outlives the server
    std::vector<std::string> proxy_protocol_from =
        {};  // networks (http/middleware/ip_network.h) whose connections begin with a PROXY header

    std::size_t max_connections = 10'000;     // beyond, an idle or slow one is closed; if none is, the new one: 503
    std::size_t max_head_bytes = 16 * 1024;   // request line and headers: 431
    std::size_t max_target_bytes = 8 * 1024;  // 414
    std::size_t max_header_count = 100;       // 431
    std::size_t pipeline_depth = 64;          // replies in one write
    std::uint64_t max_requests_per_connection = 0;  // 0: unlimited
    std::uint64_t max_drained_body = 64 * 1024;     // unread body bytes read away to keep a connection; more closes it
    BodyBudget::Limits body_memory = {};            // bytes of bodies held at a time: 503
    int socket_send_buffer = 256 * 1024;            // SO_SNDBUF: what the kernel may hold of a connection's replies
    int socket_unsent = 64 * 1024;                  // TCP_NOTSENT_LOWAT: of these, what is not under way yet

    async::Milliseconds head_deadline{
        10'000};  // from the first byte of a head to its end: 408; of PROXY and TLS before it
    async::Milliseconds idle_deadline{65'000};  // between requests; above the 60 s of common load balancers
    async::Milliseconds drain_idle{1'000};      // in a drain: how long silent connections are kept for a last request
    async::Milliseconds handshake_time{50};     // in a drain: of clients whose connection is being made
    async::Milliseconds body_deadline{30'000};  // of waiting for the body; each 2 KiB that come give a second back: 408
    async::Milliseconds write_deadline{30'000};  // without any progress of a write
    async::Milliseconds handler_deadline{
        30'000};  // Context::deadline(), from the end of the body, unless the route says
};

// What a server refers to; all of it outlives the server.
struct ServerParts {
    async::Loop& loop;
    Handler app;
    // Answers what never became a request: the links that every reply passes, and http::refuse at their end. Else it is
    // refuse alone, and such replies have neither security headers nor CORS.
    Handler refusals = {};
    const Services& services;
    logging::Logger logger;
    observe::Metrics& metrics;
};

// Throws what the wire has refused the request for.
async::Task<void> refuse(Context& context);

// A request whose handler or stream runs, for whoever asks what hangs.
struct RequestUnderWay {
    std::string method;
    std::string route;  // its pattern; empty while none matched
    std::string request_id;
    std::string trace_id;
    std::string_view waits_for;  // "handler"; "client" for its body, or until it has taken the reply
    async::Milliseconds age{0};
};

class Server {
public:
    Server(ServerParts parts, ServerOptions options);
    // Cuts what is left. Handlers must have ended: drain() first.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Throws std::system_error when the address is taken.
    void listen();
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::size_t requests_in_flight() const;
    // The oldest first.
    [[nodiscard]] std::vector<RequestUnderWay> requests_under_way() const;

    // None before listen().
    [[nodiscard]] int listener() const;
    // Whether another process listens by the same socket, as it is at first by one that was taken: the drain then closes our end alone,
    // and what waits in the kernel is that process's.
    void share_listener(bool is_shared);

    // From now on replies say `Connection: close`: before a drain, while others are told to send no more.
    void announce_drain();
    // Stops accepting, answers what is under way and what comes soon with `Connection: close`, closes connections that stay silent; past
    // the deadline cuts every connection. Ends when no handler runs any more.
    async::Task<void> drain(async::SteadyTime deadline);

    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace http
