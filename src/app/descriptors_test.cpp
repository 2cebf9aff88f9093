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
    Settings settings;  // 12 database connections as `app` beside bulks and streams, as many at most as `app_system`
    const auto of_databases = 2 * (12U + 2 * static_cast<unsigned>(settings.database_bulk_connections));
    const auto reserve = 128 + 96 + of_databases;
    EXPECT_EQ(connections_within(1'048'576, 1, settings), 10'000U);
    EXPECT_EQ(connections_within(~std::uint64_t{0}, 4, settings), 10'000U);
    EXPECT_EQ(connections_within(1'024, 1, settings), 1'024U - reserve);
    EXPECT_EQ(connections_within(4'096, 4, settings), (4'096U - 128 - 4 * (96 + of_databases)) / 4);
    EXPECT_EQ(connections_within(256, 1, settings), 128U) << "too few for the reserve: half of them";
    EXPECT_EQ(connections_within(8, 16, settings), 1U);
    settings.management_port = 9'090;
    EXPECT_EQ(connections_within(1'024, 1, settings), 1'024U - reserve - 128);
    Settings few;
    few.max_connections = 16;
    EXPECT_EQ(connections_within(1'024, 1, few), 16U);
}

}  // namespace
}  // namespace app
