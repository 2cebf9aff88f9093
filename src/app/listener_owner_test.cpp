#include "app/listener_owner.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <future>

#include <fmt/format.h>

#include "config/config.h"
#include "log/log.h"

namespace app {
namespace {

using ::testing::HasSubstr;

// Listens at a free port of the loopback address.
base::Descriptor listener() {
    base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 8), 0);
    return socket;
}

std::uint16_t port_of(const base::Descriptor& socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
}

class ListenerOwnerTest : public testing::Test {
protected:
    std::unique_ptr<ListenerOwner> owner(std::string address = {}) {
        return std::make_unique<ListenerOwner>(
            Place{std::move(address), port_}, std::vector{socket_.get()}, [this] { taken_.set_value(); },
            log_.logger());
    }

    const base::Descriptor socket_ = listener();
    const std::uint16_t port_ = port_of(socket_);
    std::shared_ptr<logging::MemorySink> sink_ = std::make_shared<logging::MemorySink>();
    logging::Log log_{{}, sink_};
    std::promise<void> taken_;
};

TEST_F(ListenerOwnerTest, IsNamedWhereItsPlaceAndOursMeet) {
    EXPECT_EQ(process_at({{}, port_}), std::nullopt);
    {
        const auto specific = owner("127.0.0.1");
        EXPECT_EQ(process_at({"127.0.0.1", port_}), ::getpid());
        EXPECT_EQ(process_at({{}, port_}), ::getpid());
        EXPECT_EQ(process_at({"127.0.0.2", port_}), std::nullopt);
    }
    EXPECT_EQ(process_at({"127.0.0.1", port_}), std::nullopt) << "its name goes with it";
    const auto wide = owner();
    EXPECT_EQ(process_at({"127.0.0.2", port_}), ::getpid());
}

TEST_F(ListenerOwnerTest, WhoTakesOverListensByTheSameSocket) {
    const auto serving = owner();
    auto hand_over = HandOver::begin({{}, port_});
    ASSERT_TRUE(hand_over);
    EXPECT_EQ(hand_over->process(), ::getpid());
    EXPECT_TRUE(hand_over->take(1).empty());
    const auto listeners = hand_over->take(port_);
    ASSERT_EQ(listeners.size(), 1U);
    EXPECT_NE(listeners[0].get(), socket_.get());
    EXPECT_EQ(port_of(listeners[0]), port_);

    EXPECT_TRUE(hand_over->complete());
    taken_.get_future().wait();
    EXPECT_FALSE(HandOver::begin({{}, port_}).has_value()) << "the name is free";
    const auto next = owner();
    EXPECT_FALSE(sink_->contains("cannot be taken over"));
    EXPECT_TRUE(serving->end());
    EXPECT_FALSE(next->end());
}

TEST_F(ListenerOwnerTest, GoesOnWhenTheOtherEndsBeforeItServes) {
    const auto serving = owner();
    EXPECT_TRUE(HandOver::begin({{}, port_}).has_value());
    auto second = HandOver::begin({{}, port_});
    ASSERT_TRUE(second);
    EXPECT_TRUE(sink_->contains("it ended before it served"));
    EXPECT_FALSE(second->take(port_).empty());
    EXPECT_TRUE(serving->end()) << "who has the listeners may be about to serve them";
    EXPECT_FALSE(second->complete());
}

TEST_F(ListenerOwnerTest, WhoTakesOverSeesThatTheOtherEnds) {
    const auto serving = owner();
    const auto hand_over = HandOver::begin({{}, port_});
    ASSERT_TRUE(hand_over);
    EXPECT_FALSE(hand_over->is_alone()) << "until it has taken over, the other one serves";
    EXPECT_TRUE(serving->end()) << "by a signal, say";
    EXPECT_TRUE(hand_over->is_alone());
}

TEST_F(ListenerOwnerTest, AnotherSpellingOfTheHostIsSaid) {
    const auto serving = owner();
    try {
        static_cast<void>(HandOver::begin({"0.0.0.0", port_}));
        FAIL() << "taken over";
    } catch (const config::Faults& faults) {
        EXPECT_THAT(faults.issues().at(0).message, HasSubstr(std::to_string(::getpid())));
    }
}

TEST_F(ListenerOwnerTest, AStrangerWhoTakesNoConnectionsHoldsNobodyUp) {
    const base::Descriptor stranger(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    const auto name = fmt::format("app.listener/{}/*", port_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(name, address.sun_path + 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    ASSERT_EQ(::bind(stranger.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(stranger.get(), 0), 0);
    const base::Descriptor first(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(first.get(), reinterpret_cast<const sockaddr*>(&address), size), 0)
        << "the backlog is full now";
    EXPECT_FALSE(process_at({{}, port_}));
    EXPECT_FALSE(HandOver::begin({{}, port_}));
}

TEST_F(ListenerOwnerTest, AFaultNamesTheProcess) {
    const auto serving = owner();
    const auto said = [&](int error) {
        try {
            throw_listen_fault(std::system_error(error, std::system_category()), {{}, port_}, "HOST", "PORT");
        } catch (const config::Faults& faults) {
            return faults.issues().at(0).pointer + " " + faults.issues().at(0).message;
        } catch (const std::system_error&) {
            return std::string("as it was");
        }
    };
    EXPECT_THAT(said(EADDRINUSE), HasSubstr("is served by process " + std::to_string(::getpid())));
    EXPECT_THAT(said(EADDRNOTAVAIL), HasSubstr("/HOST "));
    EXPECT_THAT(said(EACCES), HasSubstr("/PORT "));
    EXPECT_EQ(said(ENOMEM), "as it was");
}

}  // namespace
}  // namespace app
