#include "images/turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "async/sync.h"

namespace images {
namespace {

using namespace std::chrono_literals;

struct Served {
    async::Loop loop;
    Turns turns{loop, {.places = 1, .max_waiting = 8}};
    async::TaskGroup group{loop};
    std::vector<std::string> order;
};

async::Task<void> work(Served* served, std::string owner, async::Milliseconds patience) {
    const auto place = co_await served->turns.take(owner.substr(0, 1), async::Loop::now() + patience);
    served->order.push_back(place ? owner : owner + " waited");
    if (place) co_await async::sleep(&served->loop, 1ms);
}

async::Task<void> all(Served* served, std::vector<std::string> owners) {
    for (auto& owner : owners) served->group.spawn(work(served, std::move(owner), 10s));
    co_await served->group.join();
}

TEST(Turns, AreOfOwnersAndNotOfWhoeverSendsMost) {
    Served served;
    async::run_until_done(served.loop, all(&served, {"b1", "b2", "b3", "b4", "a1", "c1", "a2"}));
    EXPECT_EQ(served.order, (std::vector<std::string>{"b1", "b2", "a1", "c1", "b3", "a2", "b4"}));
    EXPECT_EQ(served.turns.available(), 1U);
    EXPECT_EQ(served.turns.waiting(), 0U);
}

async::Task<void> one_waits_too_long(Served* served) {
    std::optional<Turns::Place> held = co_await served->turns.take("x", async::Loop::now() + 1s);
    served->group.spawn(work(served, "a1", 1ms));
    served->group.spawn(work(served, "b1", 10s));
    co_await async::sleep(&served->loop, 20ms);
    EXPECT_EQ(served->turns.waiting(), 1U);
    held.reset();
    co_await served->group.join();
}

TEST(Turns, WhoHasNoPatienceLeavesTheLine) {
    Served served;
    async::run_until_done(served.loop, one_waits_too_long(&served));
    EXPECT_EQ(served.order, (std::vector<std::string>{"a1 waited", "b1"}));
    EXPECT_EQ(served.turns.available(), 1U);
}

TEST(Turns, HaveABound) {
    Served served;
    std::vector<std::string> owners(12, "a");
    async::run_until_done(served.loop, all(&served, owners));
    EXPECT_EQ(std::ranges::count(served.order, "a waited"), 3) << "one at once, eight wait";
    EXPECT_EQ(served.turns.available(), 1U);
}

}  // namespace
}  // namespace images
