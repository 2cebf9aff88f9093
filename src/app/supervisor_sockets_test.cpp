#include "app/supervisor_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <string>

#include <fmt/format.h>

#include "app/listener_owner.h"
#include "config/config.h"

namespace app {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr int first = 700;  // where nobody else's are
constexpr pid_t self = 42;

// At the descriptor `at`; closed by who takes it.
std::uint16_t listen_at(int at, int type = SOCK_STREAM) {
    const base::Descriptor socket(::socket(AF_INET, type, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (type == SOCK_STREAM) EXPECT_EQ(::listen(socket.get(), 8), 0);
    EXPECT_EQ(::dup2(socket.get(), at), at);
    return listening_port(at);
}

config::Environment given(const std::string& count, const std::string& names = "", const std::string& pid = "42") {
    return {{"LISTEN_PID", pid}, {"LISTEN_FDS", count}, {"LISTEN_FDNAMES", names}};
}

TEST(SupervisorSockets, NothingIsGivenToAnotherProcess) {
    EXPECT_TRUE(take_given_listeners({}, self, std::nullopt, first).service.empty());
    EXPECT_TRUE(take_given_listeners(given("1", "", "43"), self, std::nullopt, first).service.empty());
    EXPECT_TRUE(take_given_listeners(given("0"), self, std::nullopt, first).service.empty());
}

TEST(SupervisorSockets, ListenersAreTakenByTheirNamesAndPorts) {
    const auto port = listen_at(first);
    const auto management = listen_at(first + 1);
    auto named = take_given_listeners(given("2", "http:management"), self, std::nullopt, first);
    ASSERT_EQ(named.service.size(), 1U);
    EXPECT_EQ(named.port(), port);
    EXPECT_EQ(listening_port(named.management.get()), management);
    EXPECT_NE(::fcntl(named.management.get(), F_GETFD) & FD_CLOEXEC, 0);
    named = {};
    listen_at(first);
    const auto second = listen_at(first + 1);
    const auto by_port = take_given_listeners(given("2"), self, second, first);
    EXPECT_EQ(by_port.service.size(), 1U);
    EXPECT_EQ(listening_port(by_port.management.get()), second);
}

TEST(SupervisorSockets, OneThatIsNotWhereTheSettingsSayIsNamedBesideThem) {
    const auto port = listen_at(first);
    const auto management = listen_at(first + 1);
    const auto taken = take_given_listeners(given("2", "http:management"), self, std::nullopt, first);
    EXPECT_TRUE(misplaced(taken, {}, {}).empty());
    EXPECT_TRUE(misplaced(taken, {"127.0.0.1", port}, {"127.0.0.1", management}).empty());
    const auto of_service = misplaced(taken, {"::1", port}, {"", management});
    ASSERT_EQ(of_service.size(), 1U);
    EXPECT_EQ(of_service[0].listens, fmt::format("127.0.0.1:{}", port));
    EXPECT_EQ(of_service[0].settings, "HOST=::1");
    const auto of_both = misplaced(taken, {"", 1}, {"::", 2});
    ASSERT_EQ(of_both.size(), 2U);
    EXPECT_EQ(of_both[0].settings, "PORT=1");
    EXPECT_EQ(of_both[1].listens, fmt::format("127.0.0.1:{}", management));
    EXPECT_EQ(of_both[1].settings, "MANAGEMENT_HOST=:: MANAGEMENT_PORT=2");
}

TEST(SupervisorSockets, OneAddressInTwoSpellingsIsOne) {
    const base::Descriptor socket(::socket(AF_INET6, SOCK_STREAM, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) GTEST_SKIP();
    ASSERT_EQ(::listen(socket.get(), 8), 0);
    ASSERT_EQ(::dup2(socket.get(), first), first);
    const auto taken = take_given_listeners(given("1"), self, std::nullopt, first);
    for (const auto* all : {"::", "0:0:0:0:0:0:0:0", "0.0.0.0"})
        EXPECT_TRUE(misplaced(taken, {all, 0}, {}).empty()) << all;
    const auto found = misplaced(taken, {"127.0.0.1", 0}, {});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].listens, fmt::format("[::]:{}", taken.port()));
}

TEST(SupervisorSockets, EachLoopHasADescriptorOfTheSocket) {
    const auto port = listen_at(first);
    auto taken = take_given_listeners(given("1"), self, std::nullopt, first);
    share_among(taken.service, 3);
    ASSERT_EQ(taken.service.size(), 3U);
    for (const auto& listener : taken.service) EXPECT_EQ(listening_port(listener.get()), port);
    std::vector<base::Descriptor> none;
    share_among(none, 3);
    EXPECT_TRUE(none.empty());
}

TEST(SupervisorSockets, WhatDoesNotListenForTCPIsAFault) {
    const auto take = [](const std::string& count) {
        return [count] { static_cast<void>(take_given_listeners(given(count), self, std::nullopt, first)); };
    };
    for (const auto* count : {"", "-1", "two", "257"})
        EXPECT_THAT(take(count), ThrowsMessage<config::Faults>(HasSubstr("LISTEN_FDS"))) << count;
    EXPECT_THAT(take("1"), ThrowsMessage<config::Faults>(HasSubstr("descriptor 700 does not listen")));
    listen_at(first, SOCK_DGRAM);
    EXPECT_THAT(take("1"), ThrowsMessage<config::Faults>(HasSubstr("descriptor 700 does not listen")));
    listen_at(first);
    listen_at(first + 1);
    EXPECT_THAT(take("2"), ThrowsMessage<config::Faults>(HasSubstr("FileDescriptorName=management")));
}

TEST(SupervisorSockets, TheSupervisorIsToldOfTheStart) {
    const base::Descriptor supervisor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto name = "supervisor_sockets_test." + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1, name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    ASSERT_EQ(::bind(supervisor.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    tell_supervisor({{"NOTIFY_SOCKET", "@" + name}}, "READY=1");
    std::array<char, 64> told{};
    const auto came = ::recv(supervisor.get(), told.data(), told.size(), MSG_DONTWAIT);
    EXPECT_EQ(std::string_view(told.data(), came > 0 ? static_cast<std::size_t>(came) : 0), "READY=1");
    tell_supervisor({}, "READY=1");
    tell_supervisor({{"NOTIFY_SOCKET", "/nowhere/" + std::string(200, 'x')}}, "READY=1");
    EXPECT_LT(::recv(supervisor.get(), told.data(), told.size(), MSG_DONTWAIT), 0);
}

}  // namespace
}  // namespace app
