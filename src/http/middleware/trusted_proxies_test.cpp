#include "http/middleware/trusted_proxies.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/ip_network.h"

namespace http {
namespace {

TEST(IPNetwork, ReadsBlocksStrictly) {
    for (const char* good : {"10.0.0.0/8", "192.0.2.1", "0.0.0.0/0", "::/0", "2001:db8::/32", "fd00::1"})
        EXPECT_TRUE(IPNetwork::parse(good)) << good;
    for (const char* bad :
         {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "fe80::1%eth0", "::1/129", "host"})
        EXPECT_FALSE(IPNetwork::parse(bad)) << bad;
    EXPECT_TRUE(IPNetwork::parse("10.0.0.0/9")->contains(*IPAddress::parse("10.127.255.255")));
    EXPECT_FALSE(IPNetwork::parse("10.0.0.0/9")->contains(*IPAddress::parse("10.128.0.0")));
    EXPECT_TRUE(IPNetwork::parse("10.0.0.0/8")->contains(*IPAddress::parse("::ffff:10.1.1.1")));
    EXPECT_FALSE(IPNetwork::parse("0.0.0.0/0")->contains(*IPAddress::parse("2001:db8::1")));
    EXPECT_EQ(IPAddress::parse_with_port("[2001:DB8::1]:443")->to_string(), "2001:db8::1");
    EXPECT_EQ(IPAddress::parse_with_port("192.0.2.1:80")->to_string(), "192.0.2.1");
    EXPECT_FALSE(IPAddress::parse_with_port("[2001:db8::1]x"));
}

struct ProxyCase {
    const char* name;
    std::string peer;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string client;
    bool secure;
    ForwardingHeader header = ForwardingHeader::x_forwarded_for;
};

TEST(TrustedProxies, FindsTheClient) {
    using enum ForwardingHeader;
    const std::vector<ProxyCase> cases{
        {"no header", "10.0.0.1", {}, "10.0.0.1", false},
        {"one hop",
         "10.0.0.1",
         {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}},
         "203.0.113.9",
         true},
        {"stranger is not believed",
         "198.51.100.1",
         {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}},
         "198.51.100.1",
         false},
        {"client wrote one itself", "10.0.0.1", {{"X-Forwarded-For", "1.1.1.1, 203.0.113.9"}}, "203.0.113.9", false},
        {"two proxies", "10.0.0.1", {{"X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.0.0.2"}}, "203.0.113.9", false},
        {"two fields",
         "10.0.0.1",
         {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "10.0.0.2"}},
         "203.0.113.9",
         false},
        {"all trusted", "10.0.0.1", {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}, "10.0.0.3", false},
        {"with ports", "10.0.0.1", {{"X-Forwarded-For", "203.0.113.9:5555"}}, "203.0.113.9", false},
        {"IPv6 in brackets", "10.0.0.1", {{"X-Forwarded-For", "[2001:db8::7]:5555"}}, "2001:db8::7", false},
        {"mapped peer", "::ffff:10.0.0.1", {{"X-Forwarded-For", "203.0.113.9"}}, "203.0.113.9", false},
        {"garbage ends the walk", "10.0.0.1", {{"X-Forwarded-For", "203.0.113.9, evil, 10.0.0.2"}}, "10.0.0.2", false},
        {"garbage alone", "10.0.0.1", {{"X-Forwarded-For", "unknown"}}, "10.0.0.1", false},
        {"scheme alone", "10.0.0.1", {{"X-Forwarded-Proto", "HTTPS"}}, "10.0.0.1", true},
        {"spoofed scheme",
         "10.0.0.1",
         {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https, http"}},
         "203.0.113.9",
         false},
        {"other header", "10.0.0.1", {{"Forwarded", "for=203.0.113.9"}}, "10.0.0.1", false},
        {"Forwarded",
         "10.0.0.1",
         {{"Forwarded", "for=1.1.1.1;proto=http, For=\"[2001:db8::7]:47011\";Proto=https;by=10.0.0.1"}},
         "2001:db8::7",
         true,
         forwarded},
        {"Forwarded, hidden",
         "10.0.0.1",
         {{"Forwarded", "for=_hidden;proto=https"}, {"X-Forwarded-For", "6.6.6.6"}},
         "10.0.0.1",
         true,
         forwarded},
    };
    for (const auto& test : cases) {
        ChainForTest chain;
        std::string client;
        bool secure = false;
        const auto handler = [&](Context& context) {
            client = context.request().client_address();
            secure = context.request().is_secure();
            return reply_ok(context);
        };
        chain.run({trusted_proxies({.networks = {"private", "loopback"}, .header = test.header})}, handler,
                  {.headers = test.headers, .remote_address = test.peer});
        EXPECT_EQ(client, test.client) << test.name;
        EXPECT_EQ(secure, test.secure) << test.name;
    }
}

TEST(TrustedProxies, WalksABoundedWayAndRefusesBadConfiguration) {
    ChainForTest chain;
    std::string client;
    const auto handler = [&](Context& context) {
        client = context.request().client_address();
        return reply_ok(context);
    };
    chain.run({trusted_proxies({.networks = {"loopback"}, .max_hops = 2})}, handler,
              {.headers = {{"X-Forwarded-For", "1.1.1.1, 127.0.0.4, 127.0.0.3, 127.0.0.2"}}});
    EXPECT_EQ(client, "127.0.0.3");
    for (const auto* text : {"10.0.0.1/8", "foo", "", "10.0.0.0/33"}) {
        EXPECT_FALSE(is_trusted_network(text)) << text;
        EXPECT_THROW((void)trusted_proxies({.networks = {text}}), std::invalid_argument) << text;
    }
    for (const auto* text : {"loopback", "private", "10.0.0.0/8", "::1"}) EXPECT_TRUE(is_trusted_network(text)) << text;
}

}  // namespace
}  // namespace http
