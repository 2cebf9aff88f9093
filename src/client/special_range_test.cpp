#include "client/special_range.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using client::canonical_address;
using client::special_range;

std::string network_of(std::string_view address) {
    const auto* range = special_range(address);
    return range == nullptr ? "public" : std::string(range->network);
}

TEST(SpecialRange, BeginsAndEndsWhereTheRegistriesSay) {
    const std::vector<std::pair<std::string_view, std::string_view>> expected = {
        {"0.0.0.0", "0.0.0.0/8"},
        {"1.0.0.0", "public"},
        {"9.255.255.255", "public"},
        {"10.0.0.0", "10.0.0.0/8"},
        {"10.255.255.255", "10.0.0.0/8"},
        {"11.0.0.0", "public"},
        {"100.63.255.255", "public"},
        {"100.64.0.0", "100.64.0.0/10"},
        {"100.100.100.200", "100.64.0.0/10"},
        {"100.127.255.255", "100.64.0.0/10"},
        {"100.128.0.0", "public"},
        {"127.0.0.1", "127.0.0.0/8"},
        {"127.255.255.255", "127.0.0.0/8"},
        {"168.63.129.16", "168.63.129.16/32"},
        {"168.63.129.17", "public"},
        {"169.254.169.254", "169.254.0.0/16"},
        {"172.15.255.255", "public"},
        {"172.16.0.0", "172.16.0.0/12"},
        {"172.31.255.255", "172.16.0.0/12"},
        {"172.32.0.0", "public"},
        {"192.0.0.192", "192.0.0.0/24"},
        {"192.0.1.0", "public"},
        {"192.0.2.1", "192.0.2.0/24"},
        {"192.88.99.1", "192.88.99.0/24"},
        {"192.168.255.255", "192.168.0.0/16"},
        {"192.169.0.0", "public"},
        {"198.17.255.255", "public"},
        {"198.18.0.0", "198.18.0.0/15"},
        {"198.19.255.255", "198.18.0.0/15"},
        {"198.51.100.7", "198.51.100.0/24"},
        {"203.0.113.7", "203.0.113.0/24"},
        {"223.255.255.255", "public"},
        {"224.0.0.1", "224.0.0.0/4"},
        {"240.0.0.0", "240.0.0.0/4"},
        {"255.255.255.255", "240.0.0.0/4"},
        {"::", "::/128"},
        {"::1", "::1/128"},
        {"::7f00:1", "::/96"},
        {"::ffff:8.8.8.8", "::ffff:0:0/96"},
        {"64:ff9b:1::8.8.8.8", "64:ff9b:1::/48"},
        {"64:ff9b:0:1::8.8.8.8", "::/3"},
        {"100::1", "100::/64"},
        {"1fff::1", "::/3"},
        {"2000::1", "public"},
        {"2001::1", "2001::/32"},
        {"2001:2::1", "2001:2::/48"},
        {"2001:1ff::1", "2001::/23"},
        {"2001:200::1", "public"},
        {"2001:db8::1", "2001:db8::/32"},
        {"2001:db9::1", "public"},
        {"2002:808:808::1", "2002::/16"},
        {"2003::1", "public"},
        {"3fff:fff::1", "3fff::/20"},
        {"3fff:1000::1", "public"},
        {"4000::1", "4000::/2"},
        {"5f00::1", "5f00::/16"},
        {"8000::1", "8000::/1"},
        {"fbff::1", "8000::/1"},
        {"fc00::1", "fc00::/7"},
        {"fd00:ec2::254", "fc00::/7"},
        {"fd20:ce::254", "fc00::/7"},
        {"fe80::1", "fe80::/10"},
        {"fec0::1", "fec0::/10"},
        {"ff02::1", "ff00::/8"},
    };
    for (const auto& [address, network] : expected) EXPECT_EQ(network_of(address), network) << address;
}

TEST(SpecialRange, OfATranslatedAddressTheOneInsideCounts) {
    EXPECT_EQ(network_of("64:ff9b::8.8.8.8"), "public");
    EXPECT_EQ(network_of("64:ff9b::10.0.0.1"), "10.0.0.0/8");
    EXPECT_EQ(network_of("64:ff9b::a9fe:a9fe"), "169.254.0.0/16");
    EXPECT_EQ(network_of("64:ff9b::"), "0.0.0.0/8");
}

TEST(SpecialRange, WhatIsNoAddressIsNotPublic) {
    using namespace std::string_view_literals;
    for (const auto text : {""sv, "example.com"sv, "8.8.8"sv, "08.8.8.8"sv, "8.8.8.8 "sv, "8.8.8.8\0x"sv, "[2000::1]"sv,
                            "2000::1%eth0"sv, "1:2"sv, "0x8.8.8.8"sv, "8.8.8.256"sv})
        EXPECT_EQ(network_of(text), "none") << text;
}

TEST(SpecialRange, AnAddressHasOneSpelling) {
    EXPECT_EQ(canonical_address("8.8.8.8"), "8.8.8.8");
    EXPECT_EQ(canonical_address("2A00:0:0:0:0:0:0:00aB"), "2a00::ab");
    EXPECT_EQ(canonical_address("::ffff:7f00:1"), "::ffff:127.0.0.1");
    EXPECT_EQ(canonical_address("8.8.8.8.8"), std::nullopt);
    EXPECT_EQ(canonical_address("fe80::1%lo"), std::nullopt);
}

}  // namespace
