#include "app/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace app {
namespace {

TEST(Descriptors, TheSoftLimitIsRaisedToTheHardOne) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    auto low = before;
    low.rlim_cur = 64;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
    rlimit after{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(after.rlim_cur, before.rlim_max);
    setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Descriptors, ClientsLeaveRoomForTheRest) {
    const Settings settings;  // 12 database connections as `app`, as many at most as `app_system`
    const auto reserve = 128 + 96 + 24;
    EXPECT_EQ(connections_within(1'048'576, 1, settings), 10'000U);
    EXPECT_EQ(connections_within(~std::uint64_t{0}, 4, settings), 10'000U);
    EXPECT_EQ(connections_within(1'024, 1, settings), 1'024U - reserve);
    EXPECT_EQ(connections_within(4'096, 4, settings), (4'096U - 128 - 4 * (96 + 24)) / 4);
    EXPECT_EQ(connections_within(256, 1, settings), 128U) << "too few for the reserve: half of them";
    EXPECT_EQ(connections_within(8, 16, settings), 1U);
    Settings few;
    few.max_connections = 16;
    EXPECT_EQ(connections_within(1'024, 1, few), 16U);
}

}  // namespace
}  // namespace app
