#pragma once
// Who really asks when proxies stand in front: sets Request::client_address() and is_secure(). The address list is read from
// the right, as each hop appends whom it saw: as long as a hop is one of `networks` the one to its left counts, so what a
// client wrote itself is never believed. Without a trusted peer no header is looked at. May be shared by loops.
//
//     http::trusted_proxies({.networks = {"10.0.0.0/8", "::1"}});
//     http::trusted_proxies({.networks = {"loopback"}, .header = http::ForwardingHeader::forwarded});   // RFC 7239
//
// "loopback" and "private" stand for their blocks. Throws std::invalid_argument for an entry that is no is_trusted_network().

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/middleware.h"

namespace http {

// One of the two is read: a proxy that writes the one lets the other through as the client sent it.
enum class ForwardingHeader : std::uint8_t { x_forwarded_for, forwarded };

struct TrustedProxiesOptions {
    std::vector<std::string> networks = {};
    ForwardingHeader header = ForwardingHeader::x_forwarded_for;  // with X-Forwarded-Proto
    std::size_t max_hops = 16;
};
[[nodiscard]] bool is_trusted_network(std::string_view text);
[[nodiscard]] Middleware trusted_proxies(const TrustedProxiesOptions& options);

}  // namespace http
