#include "app/dev/ports.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/descriptor.h"

namespace app::dev {
namespace {

base::Descriptor listen_at_v4(const char* host, std::uint16_t port) {
    base::Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, host, &address.sin_addr);
    EXPECT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket.get(), 1), 0);
    return socket;
}

TEST(Ports, AreTakenWhereTheServerWouldListen) {
    const auto port = free_port();
    for (const auto* host : {"", "::", "0.0.0.0", "127.0.0.1", "127.0.0.2"})
        EXPECT_TRUE(port_is_free({host, port})) << host;
    const auto other = listen_at_v4("127.0.0.1", port);
    for (const auto* host : {"", "::", "0.0.0.0", "127.0.0.1"}) EXPECT_FALSE(port_is_free({host, port})) << host;
    // Beside it there is room.
    EXPECT_TRUE(port_is_free({"127.0.0.2", port}));
    EXPECT_TRUE(port_is_free({"::1", port}));
}

TEST(Ports, WhatIsNoAddressOfThisMachineIsForTheServerToSay) {
    EXPECT_TRUE(port_is_free({"192.0.2.99", free_port()}));
    EXPECT_TRUE(port_is_free({"no address", free_port()}));
}

}  // namespace
}  // namespace app::dev
