#include "client/special_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/strings.h"

namespace client {

namespace {

// Four bytes, or sixteen.
using Bytes = std::vector<std::uint8_t>;

struct Network {
    Bytes prefix;
    std::size_t bits;
    const SpecialRange* range;
};

constexpr SpecialRange no_address{"none", "not a numeric address", ""};
constexpr std::string_view nat64 = "64:ff9b::/96";

std::optional<Bytes> bytes_of(std::string_view address) {
    const bool is_v6 = address.contains(':');
    Bytes bytes(is_v6 ? 16 : 4);
    if (address.contains('\0')) return std::nullopt;
    if (::inet_pton(is_v6 ? AF_INET6 : AF_INET, std::string(address).c_str(), bytes.data()) != 1) return std::nullopt;
    return bytes;
}

Network network_of(std::string_view text, const SpecialRange* range) {
    const auto slash = text.find('/');
    return {bytes_of(text.substr(0, slash)).value(), base::parse_integer<std::size_t>(text.substr(slash + 1)).value(),
            range};
}

bool contains(const Network& network, std::span<const std::uint8_t> address) {
    if (address.size() != network.prefix.size()) return false;
    const auto whole = network.bits / 8;
    if (!std::ranges::equal(address.first(whole), std::span(network.prefix).first(whole))) return false;
    const auto rest = network.bits % 8;
    return rest == 0 || (address[whole] ^ network.prefix[whole]) >> (8 - rest) == 0;
}

const SpecialRange* find_range(std::span<const std::uint8_t> address) {
    static const auto networks = [] {
        std::vector<Network> all;
        for (const auto& range : special_ranges) all.push_back(network_of(range.network, &range));
        return all;
    }();
    static const auto translated = network_of(nat64, nullptr);
    if (contains(translated, address)) return find_range(address.last(4));
    const auto found = std::ranges::find_if(networks, [&](const Network& one) { return contains(one, address); });
    return found == networks.end() ? nullptr : found->range;
}

}  // namespace

const SpecialRange* special_range(std::string_view address) {
    const auto bytes = bytes_of(address);
    return bytes ? find_range(*bytes) : &no_address;
}

std::optional<std::string> canonical_address(std::string_view address) {
    const auto bytes = bytes_of(address);
    if (!bytes) return std::nullopt;
    std::string text(INET6_ADDRSTRLEN, '\0');
    if (::inet_ntop(bytes->size() == 4 ? AF_INET : AF_INET6, bytes->data(), text.data(), INET6_ADDRSTRLEN) == nullptr)
        return std::nullopt;
    text.resize(text.find('\0'));
    return text;
}

}  // namespace client
