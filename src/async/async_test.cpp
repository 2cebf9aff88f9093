#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "async/blocking_pool.h"
#include "async/live_coroutines.h"
#include "async/loop.h"
#include "async/sync.h"

namespace {

using namespace std::chrono_literals;
using async::Task;

Task<int> answer() { co_return 42; }

Task<int> add_one(Task<int> inner) { co_return co_await inner + 1; }

Task<int> failing() {
    throw std::runtime_error("no");
    co_return 0;
}

Task<long> deep(long levels) {
    if (levels == 0) co_return 0;
    co_return co_await deep(levels - 1) + 1;
}

Task<long> many(long count) {
    long sum = 0;
    for (long i = 0; i < count; ++i) sum += co_await answer();
    co_return sum;
}

TEST(task, returns_and_nests) {
    async::Loop loop;
    EXPECT_EQ(async::run_until_done(loop, add_one(answer())), 43);
}

TEST(task, passes_exceptions_to_the_awaiter) {
    async::Loop loop;
    EXPECT_THROW(async::run_until_done(loop, add_one(failing())), std::runtime_error);
}

TEST(task, a_loop_of_synchronous_awaits_does_not_grow_the_stack) {
    async::Loop loop;
    EXPECT_EQ(async::run_until_done(loop, many(200'000)), 200'000 * 42);
    EXPECT_EQ(async::run_until_done(loop, deep(1000)), 1000);
}

TEST(task, dropped_unstarted_never_runs) {
    bool ran = false;
    {
        auto coroutine = [](bool& flag) -> Task<void> {
            flag = true;
            co_return;
        };
        [[maybe_unused]] auto task = coroutine(ran);
    }
    EXPECT_FALSE(ran);
}

TEST(task, those_that_have_not_ended_are_counted) {
    async::Loop loop;
    const auto before = async::live_coroutines();
    std::vector<Task<int>> unstarted;
    unstarted.push_back(answer());
    EXPECT_EQ(async::live_coroutines(), before + 1);
    unstarted.clear();
    EXPECT_EQ(async::live_coroutines(), before);
    EXPECT_EQ(async::run_until_done(loop, many(100)), 4200);
    EXPECT_EQ(async::live_coroutines(), before);
}

TEST(timer, expires_in_order_and_never_early) {
    async::Loop loop;
    std::vector<int> order;
    const auto begin = async::Loop::now();
    async::Timer late(loop, [&] { order.push_back(2); });
    async::Timer soon(loop, [&] { order.push_back(1); });
    async::Timer never(loop, [&] { order.push_back(3); });
    late.expires_after(60ms);
    soon.expires_after(20ms);
    never.expires_after(30ms);
    never.cancel();
    loop.run();
    EXPECT_EQ(order, (std::vector{1, 2}));
    EXPECT_GE(async::Loop::now() - begin, 60ms);
}

TEST(timer, survives_more_than_a_turn_of_the_wheel) {
    async::Loop loop;
    bool far = false;
    async::Timer distant(loop, [&] { far = true; });
    distant.expires_after(10h);
    async::Timer near(loop, [&] { distant.cancel(); });
    near.expires_after(10ms);
    loop.run();
    EXPECT_FALSE(far);
}

Task<int> slow(async::Loop* loop, int value, async::Milliseconds delay) {
    co_await async::sleep(loop, delay);
    co_return value;
}

TEST(when_all, gathers_in_argument_order_and_runs_side_by_side) {
    async::Loop loop;
    const auto begin = async::Loop::now();
    auto run = [](async::Loop* on) -> Task<int> {
        auto both = co_await async::when_all(slow(on, 1, 60ms), slow(on, 20, 40ms), answer());
        auto& [first, second, third] = both;
        co_return first + second + third;
    };
    EXPECT_EQ(async::run_until_done(loop, run(&loop)), 63);
    EXPECT_LT(async::Loop::now() - begin, 100ms);
}

TEST(when_all, waits_for_all_before_it_throws) {
    async::Loop loop;
    auto run = [](async::Loop* on, bool* ended) -> Task<void> {
        auto mark = [](async::Loop* loop_of_mark, bool* flag) -> Task<int> {
            co_await async::sleep(loop_of_mark, 20ms);
            *flag = true;
            co_return 1;
        };
        co_await async::when_all(failing(), mark(on, ended));
    };
    bool ended = false;
    EXPECT_THROW(async::run_until_done(loop, run(&loop, &ended)), std::runtime_error);
    EXPECT_TRUE(ended);
}

TEST(semaphore, bounds_and_times_out) {
    async::Loop loop;
    async::Semaphore slots(loop, {.permits = 1, .max_waiting = 1});
    auto run = [](async::Loop* on, async::Semaphore* semaphore) -> Task<void> {
        {
            auto held = co_await semaphore->acquire(async::Loop::now() + 1s);
            EXPECT_TRUE(held);
            auto refused = co_await semaphore->acquire(async::Loop::now() + 20ms);
            EXPECT_FALSE(refused);
        }
        auto again = co_await semaphore->acquire(async::Loop::now() + 1s);
        EXPECT_TRUE(again);
        co_await async::next_turn(on);
    };
    async::run_until_done(loop, run(&loop, &slots));
    EXPECT_EQ(slots.available(), 1U);
}

TEST(blocking_pool, runs_off_the_loop_and_refuses_when_full) {
    std::atomic<bool> go = false;
    std::atomic<bool> started = false;
    async::Loop loop;
    async::BlockingPool pool({.threads = 1, .queue_limit = 1});
    auto run = [](async::Loop* on, async::BlockingPool* workers) -> Task<int> {
        co_return co_await async::offload(*on, *workers, [] { return 7; });
    };
    EXPECT_EQ(async::run_until_done(loop, run(&loop, &pool)), 7);

    ASSERT_TRUE(pool.try_submit([&] {
        started = true;
        while (!go) std::this_thread::yield();
    }));
    while (!started) std::this_thread::yield();
    ASSERT_TRUE(pool.try_submit([] {}));
    EXPECT_FALSE(pool.try_submit([] {}));
    EXPECT_THROW(async::run_until_done(loop, run(&loop, &pool)), base::Failure);
    go = true;
}

Task<void> count_up(async::Loop* loop, int* count) {
    co_await async::sleep(loop, 10ms);
    ++*count;
}

TEST(task_group, joins_what_it_owns) {
    async::Loop loop;
    async::TaskGroup group(loop);
    int count = 0;
    auto run = [](async::Loop* on, async::TaskGroup* owner, int* total) -> Task<void> {
        for (int i = 0; i < 5; ++i) owner->spawn(count_up(on, total));
        co_await owner->join();
        EXPECT_EQ(*total, 5);
    };
    async::run_until_done(loop, run(&loop, &group, &count));
}

}  // namespace
