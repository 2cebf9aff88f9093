#pragma once
// IP addresses and CIDR blocks as values, IPv4 kept as its IPv4-mapped IPv6 form, so that "::ffff:10.0.0.1" (a dual-stack
// listener) and "10.0.0.1" are one. Pure, any thread.
//
//     const auto block = http::IPNetwork::parse("10.0.0.0/8");            // nullopt: malformed, or host bits set
//     block->contains(*http::IPAddress::parse("10.1.2.3"));               // true

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

class IPAddress {
public:
    // "192.0.2.1" or "2001:db8::1"; no zone, no brackets, no port.
    [[nodiscard]] static std::optional<IPAddress> parse(std::string_view text);
    // As proxies write them: besides, "192.0.2.1:80", "[2001:db8::1]" and "[2001:db8::1]:80".
    [[nodiscard]] static std::optional<IPAddress> parse_with_port(std::string_view text);

    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    [[nodiscard]] bool is_v4() const;
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const IPAddress&, const IPAddress&) = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

class IPNetwork {
public:
    // "10.0.0.0/8", "fd00::/8", or an address alone.
    [[nodiscard]] static std::optional<IPNetwork> parse(std::string_view text);
    [[nodiscard]] bool contains(const IPAddress& address) const;

private:
    IPAddress address_;
    unsigned prefix_bits_ = 128;
};

// A block, or one of the names "loopback" and "private" with theirs. Empty when the text is neither.
[[nodiscard]] std::vector<IPNetwork> networks_of(std::string_view text);

}  // namespace http
