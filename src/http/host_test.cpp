#include "http/host.h"

#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

using namespace std::string_literals;

TEST(Host, IsAnAuthorityWithoutAUser) {
    for (const std::string good : {"a", "A.example", "shop.example:8080", "a:", "127.0.0.1", "127.0.0.1:80", "[::1]",
                                   "[::1]:80", "[2001:db8::1]:", "[::ffff:10.0.0.1]", "[v1.a:b]", "a_b-c~d", "%41",
                                   "a%2fb", "1.2.3.999", "a!$&'()*+,;=", "a:65535", "a:00080"}) {
        EXPECT_TRUE(is_host(good)) << good;
    }
    for (const auto& bad : {""s,
                            ":"s,
                            ":80"s,
                            "a:x"s,
                            "a:8x"s,
                            "a:-1"s,
                            "a:+1"s,
                            "a: 1"s,
                            "a:65536"s,
                            "a:80:80"s,
                            "::1"s,
                            "2001:db8::1"s,
                            "["s,
                            "[]"s,
                            "[::1"s,
                            "::1]"s,
                            "[::1]x"s,
                            "[::1]80"s,
                            "[::1]:x"s,
                            "[zz]"s,
                            "[1.2.3.4]"s,
                            "[::1%25eth0]"s,
                            "[::1\0]"s,
                            "[v.a]"s,
                            "[v1.]"s,
                            "[vx.a]"s,
                            "a[b"s,
                            "a]b"s,
                            "%"s,
                            "%4"s,
                            "%zz"s,
                            "a%4"s,
                            "u@a"s,
                            "a/b"s,
                            "a b"s,
                            " a"s,
                            "a\tb"s,
                            "a?b"s,
                            "a#b"s,
                            "a\\b"s,
                            "a\"b"s,
                            "caf\xc3\xa9"s,
                            "a\0b"s,
                            "a<b"s,
                            "a|b"s,
                            "a^b"s,
                            "["s + std::string(100, '0') + "]"s}) {
        EXPECT_FALSE(is_host(bad)) << testing::PrintToString(bad);
    }
}

}  // namespace
}  // namespace http
