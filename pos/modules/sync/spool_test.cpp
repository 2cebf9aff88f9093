#include "pos/modules/sync/spool.h"

#include <gtest/gtest.h>

#include "pos/modules/sync/errors.h"
#include "pos/modules/sync/waiters.h"

namespace {

using namespace pos;
using namespace pos::sync;

base::Uuid id(int n) {
    return base::Uuid::from_string("0197f0c2-0000-7000-8000-00000000000" + std::to_string(n)).value();
}

SyncSettings small() {
    SyncSettings settings;
    settings.spool_directory = ::testing::TempDir();
    settings.spool_mb = 1;
    settings.snapshot_mb = 1;
    return settings;
}

Snapshot snapshot(const Spool& spool, int n, std::size_t bytes, int tenant = 7) {
    Snapshot made{.id = id(n), .tenant = id(tenant), .scope = "scope", .seq = n, .head = "head\n", .tail = "tail\n"};
    made.rows = spool.create();
    made.rows->append(std::string(bytes, 'x'));
    return made;
}

TEST(Spool, GivesBytesFromAnywhere) {
    const Spool spool(small());
    const auto file = spool.create();
    file->append("0123456789");
    file->append("abc");
    EXPECT_EQ(file->size(), 13U);
    EXPECT_EQ(file->read(0, 13), "0123456789abc");
    EXPECT_EQ(file->read(9, 3), "9ab");
    EXPECT_THROW((void)file->read(10, 4), base::Failure);
}

TEST(Spool, ADirectoryThatIsNotThereIsAnError) {
    auto settings = small();
    settings.spool_directory = "/nowhere/at/all";
    const Spool spool(settings);
    EXPECT_THROW((void)spool.create(), base::Failure);
}

TEST(Spool, FindsWhatIsTheTenantsForHalfAnHour) {
    Spool spool(small());
    const async::SteadyTime now{};
    (void)spool.keep(snapshot(spool, 1, 10), now);
    EXPECT_TRUE(spool.find(id(7), id(1), now));
    EXPECT_FALSE(spool.find(id(8), id(1), now));
    EXPECT_FALSE(spool.find(id(7), id(2), now));
    EXPECT_TRUE(spool.find_same(id(7), "scope", 1, now));
    EXPECT_FALSE(spool.find_same(id(7), "other", 1, now));
    EXPECT_FALSE(spool.find_same(id(7), "scope", 2, now));
    EXPECT_TRUE(spool.find(id(7), id(1), now + snapshot_time - std::chrono::seconds(1)));
    EXPECT_FALSE(spool.find(id(7), id(1), now + snapshot_time));
}

TEST(Spool, TheOldestMakesRoomAndWhatIsBeingSentStays) {
    constexpr std::size_t part = 400'000;
    Spool spool(small());
    const async::SteadyTime now{};
    auto sent = spool.keep(snapshot(spool, 1, part), now);
    (void)spool.keep(snapshot(spool, 2, part), now);
    (void)spool.keep(snapshot(spool, 3, part), now);
    EXPECT_TRUE(spool.find(id(7), id(1), now));
    EXPECT_FALSE(spool.find(id(7), id(2), now));
    const auto also = spool.find(id(7), id(3), now);
    EXPECT_THROW((void)spool.keep(snapshot(spool, 4, part), now), base::Failure);
    sent.reset();
    EXPECT_NO_THROW((void)spool.keep(snapshot(spool, 4, part), now));
    EXPECT_FALSE(spool.find(id(7), id(1), now));
}

TEST(Spool, WhoseTakeTheMostMakesRoom) {
    constexpr std::size_t part = 300'000;
    Spool spool(small());
    const async::SteadyTime now{};
    (void)spool.keep(snapshot(spool, 1, part, 8), now);
    (void)spool.keep(snapshot(spool, 2, part, 7), now);
    for (int n = 3; n < 9; ++n) (void)spool.keep(snapshot(spool, n, part, 7), now);
    EXPECT_TRUE(spool.find(id(8), id(1), now)) << "the oldest, and another tenant's";
    EXPECT_TRUE(spool.find(id(7), id(8), now));
    EXPECT_FALSE(spool.find(id(7), id(2), now));
}

// Small ones are open files, too.
TEST(Spool, KeepsSoManyFilesAndNoMore) {
    Spool spool(small());
    const async::SteadyTime now{};
    (void)spool.keep(snapshot(spool, 1, 1, 8), now);
    (void)spool.keep(snapshot(spool, 2, 1, 7), now);
    for (std::size_t n = 0; n < most_snapshots - 1; ++n) (void)spool.keep(snapshot(spool, 3, 1, 7), now);
    EXPECT_TRUE(spool.find(id(8), id(1), now));
    EXPECT_FALSE(spool.find(id(7), id(2), now));
}

TEST(Waiters, AreBoundedForATenantAndForAll) {
    SyncSettings settings;
    settings.waiters = 3;
    settings.tenant_waiters = 2;
    observe::Metrics metrics;
    Waiters waiters(settings, metrics);
    {
        const auto first = waiters.enter(id(1));
        const auto second = waiters.enter(id(1));
        EXPECT_THROW((void)waiters.enter(id(1)), base::Failure);
        const auto third = waiters.enter(id(2));
        EXPECT_THROW((void)waiters.enter(id(3)), base::Failure);
        EXPECT_EQ(waiters.count(), 3U);
    }
    EXPECT_EQ(waiters.count(), 0U);
    EXPECT_NO_THROW((void)waiters.enter(id(1)));
}

}  // namespace
