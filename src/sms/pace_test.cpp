#include "sms/pace.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sms {

namespace {

using namespace std::chrono_literals;

constexpr async::SteadyTime start{1'000s};
constexpr auto never = async::SteadyTime::max();

TEST(Pace, LetsASecondsWorthGoAndThenSpreads) {
    Pace pace(10);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(pace.next(1, start, never), start) << i;
    EXPECT_EQ(pace.next(1, start, never), start + 100ms);
    EXPECT_EQ(pace.next(1, start, never), start + 200ms);
    EXPECT_EQ(pace.next(1, start + 5s, never), start + 5s) << "a pause fills it up";
}

TEST(Pace, TakesNoTurnBehindTheDeadline) {
    Pace pace(10);
    for (int i = 0; i < 10; ++i) static_cast<void>(pace.next(1, start, never));
    EXPECT_EQ(pace.next(1, start, start + 50ms), std::nullopt);
    EXPECT_EQ(pace.next(1, start, start + 100ms), start + 100ms) << "what was refused was not counted";
}

TEST(Pace, LetsMoreThanASecondsWorthGoAtOnceWhenNobodyElseWent) {
    Pace pace(20);
    EXPECT_EQ(pace.next(100, start, never), start);
    EXPECT_EQ(pace.next(1, start, never), start + 4s + 50ms);
}

TEST(Pace, HoldsOverAllThreads) {
    Pace pace(100);
    std::vector<std::vector<async::SteadyTime>> turns(8);
    {
        std::vector<std::jthread> threads;
        for (auto& mine : turns)
            threads.emplace_back([&pace, &mine] {
                for (int i = 0; i < 100; ++i) mine.push_back(*pace.next(1, start, never));
            });
    }
    std::size_t within = 0;
    for (const auto& mine : turns) {
        for (const auto turn : mine) within += turn < start + 1s ? 1 : 0;
    }
    EXPECT_EQ(within, 199U) << "a hundred at once, and a hundred in the first second";
}

TEST(Paces, AreOfAnAccountAndItsRate) {
    Paces paces;
    EXPECT_EQ(paces.of("twilio AC1", 10), paces.of("twilio AC1", 10));
    EXPECT_NE(paces.of("twilio AC1", 10), paces.of("twilio AC2", 10));
    EXPECT_NE(paces.of("twilio AC1", 10), paces.of("twilio AC1", 20));
    const auto kept = paces.of("kept", 1);
    for (int i = 0; i < 10'000; ++i) static_cast<void>(paces.of(std::to_string(i), 1));
    EXPECT_EQ(paces.of("kept", 1), kept) << "those that are in use are not forgotten";
}

}  // namespace

}  // namespace sms
