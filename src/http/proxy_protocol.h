#pragma once
// The PROXY protocol, versions 1 and 2: what a balancer that passes bytes says first of a connection: who connected to it
// (haproxy.org, *The PROXY protocol*, 2.1 and 2.2). Pure; any thread.
//
//     const auto found = http::read_proxy_header(bytes_so_far);
//     if (found.state == http::ProxyHeader::State::done) bytes_so_far.remove_prefix(found.size);
//
// Only of peers that are known to send it: anybody else could say what they like. The specification forbids to guess whether a
// header is there, so that where it is expected, it must be.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace http {

struct ProxyHeader {
    enum class State : std::uint8_t { need_more, failed, done };
    State state = State::need_more;
    std::size_t size = 0;  // in bytes, once it is done
    // Who connected to the proxy. None: the proxy speaks for itself (a health check), or knows no address of the Internet; whoever
    // is connected counts then.
    std::optional<std::string> address{};
    std::uint16_t port = 0;
    bool is_secure = false;     // the client spoke TLS to the proxy (version 2, PP2_TYPE_SSL)
    std::string_view reason{};  // of a failure; a literal
};

inline constexpr std::size_t longest_proxy_header = 4096;  // of version 2, TLVs included; version 1 has 107 bytes

[[nodiscard]] ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace http
