#pragma once
// The HTTP/1.1 server of one loop: its own listener (SO_REUSEPORT, so one per core may share a port), its connections, its
// limits. Construct it, listen(), run the loop; co_await drain() before it is destroyed. It and all it points at belong to
// the loop's thread.
//
//     http::Server server({.loop = loop, .app = app, .services = services, .logger = logger, .metrics = metrics}, {.port = 8080});
//     server.listen();
//     loop.run();                                          // elsewhere: co_await server.drain(async::Loop::now() + 10s);
//
// A handler runs to its end even when the client has gone: what it did is decided by the database, and only the reply is
// dropped. What escapes the app's own error handling is answered with a bare 500.

#include <cstdint>
#include <memory>
#include <string>

#include "async/loop.h"
#include "http/body_budget.h"
#include "http/middleware.h"
#include "http/services.h"
#include "log/logger.h"
#include "observe/metrics.h"

namespace http {

struct ServerOptions {
    std::string address = {};  // empty: every IPv6 and IPv4 address
    std::uint16_t port = 0;    // 0: a free one, see Server::port()
    int backlog = 1024;
    bool reuse_port = true;

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

    async::Milliseconds head_deadline{10'000};  // from the first byte of a head to its end: 408
    async::Milliseconds idle_deadline{65'000};  // between requests; above the 60 s of common load balancers
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

    // Stops accepting, closes idle connections, answers what is under way with `Connection: close`; past the deadline
    // cuts every connection. Ends when no handler runs any more.
    async::Task<void> drain(async::SteadyTime deadline);

    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace http
