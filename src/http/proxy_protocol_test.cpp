#include "http/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace http {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string number(std::size_t value) { return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)}; }

std::string version_2(char command, char family, const std::string& body) {
    return signature + command + family + number(body.size()) + body;
}

const std::string v4 = "\xC0\x00\x02\x01\xC6\x33\x64\x01"s + number(56324) + number(443);
const std::string v6 = std::string("\x20\x01\x0D\xB8", 4) + std::string(11, '\0') + "\x01" + std::string(15, '\0') +
                       "\x01" + number(1) + number(65535);

TEST(ProxyProtocol, SaysWhoConnected) {
    struct Case {
        std::string bytes;
        std::string address;
        std::uint16_t port;
    };
    const std::vector<Case> cases{
        {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1", 56324},
        {"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", "2001:db8::1", 1},
        {"PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::1 1 65535\r\n", "2001:db8::1", 1},
        {version_2('\x21', '\x11', v4), "192.0.2.1", 56324},
        {version_2('\x21', '\x21', v6), "2001:db8::1", 1},
        {version_2('\x21', '\x11', v4 + "\x04"s + number(2) + "ab"), "192.0.2.1", 56324},
    };
    for (const auto& at : cases) {
        const auto found = read_proxy_header(at.bytes + "GET / HTTP/1.1\r\n");
        ASSERT_EQ(found.state, State::done) << at.bytes;
        EXPECT_EQ(found.size, at.bytes.size());
        EXPECT_EQ(found.address, at.address);
        EXPECT_EQ(found.port, at.port);
        EXPECT_FALSE(found.is_secure);
    }
}

TEST(ProxyProtocol, MayNameNobody) {
    for (const auto& bytes :
         {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN ffff:: whatever 1 2\r\n"s, version_2('\x20', '\x00', ""),
          version_2('\x20', '\x11', "ignored"), version_2('\x21', '\x00', "x"), version_2('\x21', '\x31', "/run/x")}) {
        const auto found = read_proxy_header(bytes);
        EXPECT_EQ(found.state, State::done) << bytes;
        EXPECT_EQ(found.size, bytes.size());
        EXPECT_FALSE(found.address);
    }
}

TEST(ProxyProtocol, SaysWhetherTheClientSpokeTLS) {
    const auto tlv = [](char client) { return "\x20"s + number(5) + client + std::string(4, '\0'); };
    EXPECT_TRUE(read_proxy_header(version_2('\x21', '\x11', v4 + tlv('\x05'))).is_secure);
    EXPECT_FALSE(read_proxy_header(version_2('\x21', '\x11', v4 + tlv('\x02'))).is_secure);
}

// Every piece of a valid header asks for more, and no byte behind it is looked at.
TEST(ProxyProtocol, ComesInPieces) {
    for (const auto& bytes : {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"s, "PROXY UNKNOWN\r\n"s,
                              version_2('\x21', '\x11', v4), version_2('\x21', '\x21', v6)}) {
        for (std::size_t size = 0; size < bytes.size(); ++size)
            EXPECT_EQ(read_proxy_header(std::string_view(bytes).substr(0, size)).state, State::need_more) << size;
    }
}

TEST(ProxyProtocol, RefusesWhatIsNone) {
    const std::vector<std::string> cases{
        "GET / HTTP/1.1\r\n",
        "\x16\x03\x01",
        "PROXX",
        "proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
        "PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 65536 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 01 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 -1 2\r\n",
        "PROXY TCP4 192.0.2.1\r198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1\0 198.51.100.1 1 2\r\n"s,
        "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY " + std::string(101, 'x'),
        "PROXY UNKNOWN" + std::string(93, ' ') + "\r\n",
        signature + "\x11\x11" + number(12) + v4,
        version_2('\x22', '\x11', v4),
        version_2('\x21', '\x12', v4),
        version_2('\x21', '\x41', v4),
        version_2('\x21', '\x11', v4.substr(1)),
        version_2('\x21', '\x21', v4),
        version_2('\x21', '\x11', v4 + "\x01"),
        version_2('\x21', '\x11', v4 + "\x01" + number(1)),
        version_2('\x21', '\x11', v4 + std::string(longest_proxy_header, 'x')),
        signature + "\x21\x11" + number(65535),
    };
    for (const auto& bytes : cases) {
        const auto found = read_proxy_header(bytes);
        EXPECT_EQ(found.state, State::failed) << bytes;
        EXPECT_FALSE(found.reason.empty());
        EXPECT_FALSE(found.address);
    }
}

}  // namespace
}  // namespace http
