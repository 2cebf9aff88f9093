#pragma once
// Where Redis is, and the bounds of what a Client holds.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "async/task.h"

namespace redis {

struct Endpoint {
    std::string path;  // of a Unix socket; empty: TCP
    std::string host = "127.0.0.1";
    std::uint16_t port = 6379;
    std::string username;
    std::string password;
    std::int32_t database = 0;
    bool tls = false;
    std::string tls_authority_file;  // PEM; empty: the system's
    bool tls_verify = true;          // certificate chain and host name
};

// redis://[user][:password@]host[:port][/database], rediss:// for TLS (`?ca=` and `?verify=no` as options),
// unix:///path[?db=n]; or what is wrong with it, without its password.
[[nodiscard]] std::expected<Endpoint, std::string> parse_url(std::string_view url);

// Which server to connect to next: asked at each attempt. One address today; the place where Sentinel and Cluster will stand.
class EndpointSource {
public:
    virtual ~EndpointSource() = default;
    [[nodiscard]] virtual async::Task<Endpoint> next(async::SteadyTime deadline) = 0;
};
[[nodiscard]] std::shared_ptr<EndpointSource> fixed_endpoint(Endpoint endpoint);

struct Options {
    std::shared_ptr<EndpointSource> endpoints;
    std::string connection_name;            // CLIENT SETNAME, at each connect
    std::string role = "redis";             // label of metrics and log lines: "cache", "jobs"
    std::string probe_key = "ready-probe";  // what Client::ready() writes, for a second
    bool resp3 = true;                      // HELLO 3; a server that does not know it is spoken to in RESP2
    async::Milliseconds connect_timeout{5'000};
    async::Milliseconds command_timeout{2'000};
    std::size_t max_waiting = 10'000;           // commands not yet answered; beyond it redis.overloaded
    std::size_t max_waiting_bytes = 64U << 20;  // of them
    std::size_t max_reply_bytes = 64U << 20;
    async::Milliseconds reconnect_minimum{50};  // doubled at each failure, with jitter
    async::Milliseconds reconnect_maximum{5'000};
    // Unreachable for longer: commands fail at once instead of waiting for their deadline. Zero: they always wait.
    async::Milliseconds fail_fast_after{1'000};
    // How much later than its deadline a reply may come before the connection is given up.
    async::Milliseconds reply_grace{1'000};
};

}  // namespace redis
