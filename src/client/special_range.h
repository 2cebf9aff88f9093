#pragma once
// The addresses that are nobody's on the public internet: this machine, private networks, the metadata services of clouds,
// multicast, documentation, tunnels. A server that calls where strangers tell it to calls none of them.
//
//     client::special_range("10.1.2.3")->meaning       // "private use"
//     client::special_range("8.8.8.8")                 // nullptr: public
//
// The ranges are those of IANA's special-purpose address registries that are not globally reachable, and what must not be
// reached although it is:
//     https://www.iana.org/assignments/iana-ipv4-special-registry
//     https://www.iana.org/assignments/iana-ipv6-special-registry
//     https://www.iana.org/assignments/ipv6-address-space       outside of 2000::/3 nothing is given to anybody
// What carries an IPv4 address inside is refused as a whole (mapped, compatible, 6to4, Teredo), but for NAT64's 64:ff9b::/96, which
// is what every IPv4 host looks like in a network without IPv4: there the address inside is judged.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace client {

struct SpecialRange {
    std::string_view network;  // of the first that matches
    std::string_view meaning;
    std::string_view source;
    bool loopback = false;
};

inline constexpr auto special_ranges = std::to_array<SpecialRange>({
    {"0.0.0.0/8", "this network; Linux takes 0.0.0.0 for this machine", "RFC 791"},
    {"10.0.0.0/8", "private use", "RFC 1918"},
    {"100.64.0.0/10", "behind a carrier's NAT; Alibaba's metadata service", "RFC 6598"},
    {"127.0.0.0/8", "loopback", "RFC 1122", true},
    {"168.63.129.16/32", "Azure's platform service", "Microsoft"},
    {"169.254.0.0/16", "link-local; the metadata services of clouds", "RFC 3927"},
    {"172.16.0.0/12", "private use", "RFC 1918"},
    {"192.0.0.0/24", "IETF protocol assignments; Oracle's metadata service", "RFC 6890"},
    {"192.0.2.0/24", "documentation", "RFC 5737"},
    {"192.88.99.0/24", "relays of 6to4, deprecated", "RFC 7526"},
    {"192.168.0.0/16", "private use", "RFC 1918"},
    {"198.18.0.0/15", "benchmarking", "RFC 2544"},
    {"198.51.100.0/24", "documentation", "RFC 5737"},
    {"203.0.113.0/24", "documentation", "RFC 5737"},
    {"224.0.0.0/4", "multicast", "RFC 1112"},
    {"240.0.0.0/4", "reserved, and the broadcast address", "RFC 1112, RFC 8190"},
    {"::/128", "unspecified; Linux takes it for this machine", "RFC 4291"},
    {"::1/128", "loopback", "RFC 4291", true},
    {"::ffff:0:0/96", "IPv4-mapped", "RFC 4291"},
    {"::/96", "IPv4-compatible, deprecated", "RFC 4291"},
    {"64:ff9b:1::/48", "local translation of IPv4", "RFC 8215"},
    {"100::/64", "discarded", "RFC 6666"},
    {"2001::/32", "Teredo", "RFC 4380"},
    {"2001:2::/48", "benchmarking", "RFC 5180"},
    {"2001::/23", "IETF protocol assignments", "RFC 2928"},
    {"2001:db8::/32", "documentation", "RFC 3849"},
    {"2002::/16", "6to4", "RFC 3056"},
    {"3fff::/20", "documentation", "RFC 9637"},
    {"5f00::/16", "segment routing", "RFC 9602"},
    {"fc00::/7", "private use; metadata services fd00:ec2::254 and fd20:ce::254", "RFC 4193"},
    {"fe80::/10", "link-local", "RFC 4291"},
    {"fec0::/10", "site-local, deprecated", "RFC 3879"},
    {"ff00::/8", "multicast", "RFC 4291"},
    {"::/3", "not given to anybody", "RFC 4291"},
    {"4000::/2", "not given to anybody", "RFC 4291"},
    {"8000::/1", "not given to anybody", "RFC 4291"},
});

// nullptr for a public address. What is no numeric address (zones included) is special, too.
[[nodiscard]] const SpecialRange* special_range(std::string_view address);

// Its only spelling (RFC 5952 for IPv6); nullopt for anything but four decimal numbers, or an IPv6 address without a zone.
[[nodiscard]] std::optional<std::string> canonical_address(std::string_view address);

}  // namespace client
