#include "http/middleware/ip_network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace http {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IPAddress> IPAddress::parse(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.empty() || text.size() >= terminated.size()) return std::nullopt;
    text.copy(terminated.data(), text.size());
    IPAddress address;
    if (text.contains(':')) {
        if (inet_pton(AF_INET6, terminated.data(), address.bytes_.data()) != 1) return std::nullopt;
    } else {
        std::ranges::copy(mapped_prefix, address.bytes_.begin());
        if (inet_pton(AF_INET, terminated.data(), address.bytes_.data() + mapped_prefix.size()) != 1)
            return std::nullopt;
    }
    return address;
}

std::optional<IPAddress> IPAddress::parse_with_port(std::string_view text) {
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        const auto rest = text.substr(close + 1);
        if (!rest.empty() && rest[0] != ':') return std::nullopt;
        return parse(text.substr(1, close - 1));
    }
    if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
    return parse(text);
}

bool IPAddress::is_v4() const { return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin()); }

std::string IPAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const auto* bytes = bytes_.data() + (is_v4() ? mapped_prefix.size() : 0);
    inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes, text.data(), text.size());
    return text.data();
}

std::optional<IPNetwork> IPNetwork::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = IPAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    IPNetwork network;
    network.address_ = *address;
    if (slash != std::string_view::npos) {
        const auto bits = base::parse_integer<unsigned>(text.substr(slash + 1));
        const unsigned offset = text.substr(0, slash).contains(':') ? 0 : 96;
        if (!bits || *bits + offset > 128) return std::nullopt;
        network.prefix_bits_ = *bits + offset;
    }
    // Set host bits mean that somebody has mistyped the block.
    for (unsigned bit = network.prefix_bits_; bit < 128; ++bit) {
        if ((address->bytes()[bit / 8] & (0x80U >> (bit % 8))) != 0) return std::nullopt;
    }
    return network;
}

bool IPNetwork::contains(const IPAddress& address) const {
    const auto whole = prefix_bits_ / 8;
    if (std::memcmp(address.bytes().data(), address_.bytes().data(), whole) != 0) return false;
    const auto rest = prefix_bits_ % 8;
    return rest == 0 || ((address.bytes()[whole] ^ address_.bytes()[whole]) >> (8 - rest)) == 0;
}

namespace {

constexpr std::array<std::string_view, 2> loopback_blocks{"127.0.0.0/8", "::1"};
constexpr std::array<std::string_view, 5> private_blocks{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
                                                         "fe80::/10"};

}  // namespace

std::vector<IPNetwork> networks_of(std::string_view text) {
    std::vector<IPNetwork> networks;
    const auto add = [&](std::string_view block) {
        if (const auto network = IPNetwork::parse(block)) networks.push_back(*network);
    };
    if (text == "loopback") {
        std::ranges::for_each(loopback_blocks, add);
    } else if (text == "private") {
        std::ranges::for_each(private_blocks, add);
    } else {
        add(text);
    }
    return networks;
}

}  // namespace http
