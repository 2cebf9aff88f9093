// Limits that instances share through Redis, and what is left of them without it.

#include "redis/rate_limiter.h"

#include <gtest/gtest.h>

#include <ctime>
#include <iostream>
#include <optional>

#include "async/sync.h"
#include "testing/redis_server.h"

namespace {

using namespace std::chrono_literals;
using redis::RateCheck;
using redis::RateLimiter;
using redis::RateVerdict;
using redis::detail::rate_step;

// ---- The algorithm ----------------------------------------------------------------------------------------------

struct Step {
    std::int64_t at;  // ms
    std::int64_t cost;
    bool allowed;
    std::int64_t remaining;
    std::int64_t retry_after;
    std::int64_t reset;
};

TEST(rate_step, lets_a_burst_pass_and_then_one_by_one) {
    const redis::RateLimit limit{.count = 4, .window = 2s};
    std::int64_t tat = 0;
    for (const auto& [at, cost, allowed, remaining, retry_after, reset] : {
             Step{0, 1, true, 3, 0, 500},
             Step{0, 2, true, 1, 0, 1'500},
             Step{0, 2, false, 1, 500, 1'500},  // charges nothing
             Step{0, 1, true, 0, 0, 2'000},
             Step{0, 1, false, 0, 500, 2'000},
             Step{200, 1, false, 0, 300, 1'800},
             Step{500, 1, true, 0, 0, 2'000},
             Step{1'600, 1, true, 1, 0, 1'400},
             Step{9'000, 1, true, 3, 0, 500},
             Step{9'000, 5, false, 3, 1'000, 500},
         }) {
        const auto step = rate_step(tat, at * 1'000, limit, cost);
        tat = step.tat;
        EXPECT_EQ(step.verdict.allowed, allowed) << at;
        EXPECT_EQ(step.verdict.remaining, remaining) << at;
        EXPECT_EQ(step.verdict.retry_after.count(), retry_after) << at;
        EXPECT_EQ(step.verdict.reset.count(), reset) << at;
    }
}

TEST(rate_step, counts_exactly_what_does_not_divide) {
    for (const std::int64_t count : {3, 7, 60, 999}) {
        std::int64_t tat = 0;
        for (std::int64_t i = 1; i <= count; ++i) {
            const auto step = rate_step(tat, 0, {.count = count, .window = 1s}, 1);
            ASSERT_TRUE(step.verdict.allowed) << count << ": " << i;
            EXPECT_EQ(step.verdict.remaining, count - i);
            tat = step.tat;
        }
        EXPECT_FALSE(rate_step(tat, 0, {.count = count, .window = 1s}, 1).verdict.allowed) << count;
    }
}

// ---- Over Redis -------------------------------------------------------------------------------------------------

class RateLimiterTest : public testing::Test {
protected:
    RateLimiterTest() {
        for (auto* client : {&first_client, &second_client}) {
            client->emplace(loop,
                            redis::Options{.endpoints = redis::fixed_endpoint(*redis::parse_url(server.url())),
                                           .reconnect_minimum = 5ms},
                            logging::Logger(), metrics);
        }
        first.emplace(loop, &*first_client, options(), metrics);
        second.emplace(loop, &*second_client, options(), metrics);
    }

    static RateLimiter::Options options() { return {.patience = {10s, 1h}}; }

    RateVerdict take(RateLimiter& limiter, std::vector<RateCheck> checks) {
        return async::run_until_done(loop, limiter.take(std::move(checks)));
    }
    static RateCheck check(std::string key, std::int64_t count, std::int64_t cost = 1) {
        return {.key = std::move(key), .limit = {.count = count, .window = 1h}, .cost = cost};
    }

    testing::RedisServer server;
    async::Loop loop;
    observe::Metrics metrics;
    std::optional<redis::Client> first_client;
    std::optional<redis::Client> second_client;
    std::optional<RateLimiter> first;
    std::optional<RateLimiter> second;
};

TEST_F(RateLimiterTest, instances_share_a_limit) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(take(*first, {check("k", 6)}).remaining, 5 - 2 * i);
        EXPECT_EQ(take(*second, {check("k", 6)}).remaining, 4 - 2 * i);
    }
    for (auto* limiter : {&*first, &*second}) {
        const auto verdict = take(*limiter, {check("k", 6)});
        EXPECT_FALSE(verdict.allowed);
        EXPECT_GT(verdict.retry_after, 9min);
        EXPECT_LE(verdict.retry_after, 10min);
        EXPECT_GT(verdict.reset, 59min);
    }
    EXPECT_TRUE(take(*first, {check("other", 6)}).allowed);
}

TEST_F(RateLimiterTest, counts_as_the_local_algorithm_does) {
    for (const std::int64_t count : {1, 3, 7, 999}) {
        const auto key = std::to_string(count);
        const auto step = std::max<std::int64_t>(1, count / 5);
        std::int64_t used = 0;
        for (; used + step <= count; used += step) {
            const auto verdict = take(*first, {check(key, count, step)});
            EXPECT_TRUE(verdict.allowed) << key;
            EXPECT_EQ(verdict.remaining, count - used - step) << key;
        }
        EXPECT_FALSE(take(*first, {check(key, count, count - used + 1)}).allowed) << key;
    }
}

TEST_F(RateLimiterTest, charges_all_keys_or_none_in_one_command) {
    const auto pair = [](std::int64_t cost) {
        return std::vector<RateCheck>{check("wide", 100, cost), check("narrow", 10, cost)};
    };
    auto verdict = take(*first, pair(4));
    EXPECT_TRUE(verdict.allowed);
    EXPECT_EQ(verdict.check, 1U);
    EXPECT_EQ(verdict.remaining, 6);
    verdict = take(*first, pair(7));
    EXPECT_FALSE(verdict.allowed);
    EXPECT_EQ(verdict.check, 1U);
    EXPECT_EQ(take(*first, {check("wide", 100)}).remaining, 95);
    EXPECT_EQ(take(*first, {check("narrow", 10)}).remaining, 5);
    EXPECT_TRUE(server.command({"INFO", "commandstats"}).contains("cmdstat_evalsha:calls=4,"))
        << server.command({"INFO", "commandstats"});
    EXPECT_TRUE(take(*first, {}).allowed);
}

TEST_F(RateLimiterTest, a_key_lives_no_longer_than_it_is_used) {
    take(*first, {{.key = "k", .limit = {.count = 1'000, .window = 10s}}});
    EXPECT_TRUE(server.command({"PTTL", "rate:k"}).starts_with(":")) << server.command({"PTTL", "rate:k"});
    EXPECT_LE(server.command({"PTTL", "rate:k"}).size(), 5U);  // ":10" at most
}

TEST_F(RateLimiterTest, a_flood_of_refused_requests_does_not_reach_redis) {
    const auto calls = [this] {
        const auto text = server.command({"INFO", "commandstats"});
        const auto at = text.find("cmdstat_evalsha:calls=");
        return text.substr(at, text.find(',', at) - at);
    };
    take(*first, {check("k", 1)});
    EXPECT_FALSE(take(*first, {check("k", 1)}).allowed);
    const auto before = calls();
    for (int i = 0; i < 100; ++i) {
        const auto verdict = take(*first, {check("other", 1'000), check("k", 1)});
        EXPECT_FALSE(verdict.allowed);
        EXPECT_EQ(verdict.check, 1U);
        EXPECT_GT(verdict.retry_after, 59min);
    }
    EXPECT_EQ(calls(), before);
}

TEST_F(RateLimiterTest, limits_are_kept_locally_while_redis_is_away) {
    EXPECT_EQ(take(*first, {check("k", 3)}).remaining, 2);
    server.kill();
    EXPECT_EQ(take(*first, {check("k", 3)}).remaining, 2);  // begins anew
    EXPECT_EQ(take(*first, {check("k", 3)}).remaining, 1);
    EXPECT_EQ(take(*first, {check("k", 3)}).remaining, 0);
    const auto refused = take(*first, {check("k", 3)});
    EXPECT_FALSE(refused.allowed);
    EXPECT_GT(refused.retry_after, 19min);
    EXPECT_EQ(take(*second, {check("k", 3)}).remaining, 2);
    EXPECT_TRUE(metrics.render().contains("rate_limit_fallbacks_total 5")) << metrics.render();
}

TEST_F(RateLimiterTest, a_slow_redis_costs_one_request_its_patience) {
    RateLimiter hasty(loop, &*first_client, {.patience = {20ms, 1h}}, metrics);
    take(*first, {check("warm", 3)});
    server.freeze(true);
    for (int i = 0; i < 100; ++i) take(hasty, {check("k", 5'000)});
    server.freeze(false);
    // Behind all that was asked for meanwhile.
    async::run_until_done(loop, first_client->ready(async::Loop::now() + 10s));
    EXPECT_TRUE(server.command({"INFO", "commandstats"}).contains("cmdstat_evalsha:calls=2,"));
}

TEST_F(RateLimiterTest, limits_are_kept_locally_while_redis_takes_no_writes) {
    struct State {
        std::vector<std::string> begin;
        std::vector<std::string> end;
    };
    for (const auto& [begin, end] :
         {State{{"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"}},
          State{{"CONFIG", "SET", "min-replicas-to-write", "1"}, {"CONFIG", "SET", "min-replicas-to-write", "0"}},
          State{{"REPLICAOF", "127.0.0.1", "1"}, {"REPLICAOF", "NO", "ONE"}}}) {
        server.command({"FLUSHALL"});
        RateLimiter limiter(loop, &*first_client, {.patience = {2s, 0ms}}, metrics);
        EXPECT_TRUE(take(limiter, {check("k", 3)}).allowed);
        server.command(begin);
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(take(limiter, {check("k", 3)}).allowed) << begin[1];
        EXPECT_FALSE(take(limiter, {check("k", 3)}).allowed) << begin[1];
        server.command(end);
        // A client that is on its way to another server says so at once.
        const auto deadline = async::Loop::now() + 20s;
        bool ready = false;
        while (!ready && async::Loop::now() < deadline)
            ready = async::run_until_done(loop, first_client->ready(async::Loop::now() + 1s)).is_well;
        EXPECT_TRUE(ready) << begin[1];
        EXPECT_EQ(take(limiter, {check("k", 3)}).remaining, 1) << "counted by Redis again, after " << begin[1];
    }
}

// What it kept is gone, the script with it: limits begin anew, and no request fails.
TEST_F(RateLimiterTest, limits_begin_anew_when_redis_was_emptied) {
    EXPECT_EQ(take(*first, {check("k", 3)}).remaining, 2);
    server.command({"FLUSHALL"});
    server.command({"SCRIPT", "FLUSH"});
    EXPECT_EQ(take(*first, {check("k", 3)}).remaining, 2);
    server.kill();
    server.start();
    EXPECT_TRUE(async::run_until_done(loop, first_client->ready(async::Loop::now() + 10s)).is_well);
    EXPECT_EQ(take(*first, {check("k", 3)}).remaining, 2);
    EXPECT_EQ(take(*first, {check("k", 3)}).remaining, 1);
}

TEST_F(RateLimiterTest, works_without_redis_and_bounds_its_memory) {
    RateLimiter alone(loop, nullptr, {.max_local_keys = 10}, metrics);
    EXPECT_TRUE(take(alone, {check("k", 1)}).allowed);
    EXPECT_FALSE(take(alone, {check("k", 1)}).allowed);
    // Used again and again, so it is not what is forgotten.
    for (int i = 0; i < 100; ++i) {
        take(alone, {check(std::to_string(i), 1)});
        EXPECT_FALSE(take(alone, {check("k", 1)}).allowed);
    }
    EXPECT_THROW(take(alone, {check("k", 0)}), std::invalid_argument);
}

// ---- Not a test: a figure for docs/decisions/0011-redis-client.md ---------------------------------------------------

async::Task<int> take_often(RateLimiter* limiter, int id, int times) {
    for (int i = 0; i < times; ++i) {
        const auto user = std::to_string(id);
        std::vector<RateCheck> checks;
        for (const auto* name : {"address:192.0.2.", "tenant:", "user:", "device:"})
            checks.push_back({.key = name + user, .limit = {.count = 1'000'000, .window = 1h}});
        const auto verdict = co_await limiter->take(std::move(checks));
        EXPECT_TRUE(verdict.allowed);
    }
    co_return times;
}

TEST_F(RateLimiterTest, DISABLED_cost) {
    RateLimiter alone(loop, nullptr, {}, metrics);
    for (const auto& [name, limiter] : {std::pair("Redis", &*first), std::pair("local", &alone)}) {
        const auto cpu = std::clock();
        const auto began = async::Loop::now();
        std::vector<async::Task<int>> tasks;
        for (int id = 0; id < 64; ++id) tasks.push_back(take_often(limiter, id, 1'000));
        async::run_until_done(loop, [](std::vector<async::Task<int>> all) -> async::Task<std::vector<int>> {
            co_return co_await async::when_all(std::move(all));
        }(std::move(tasks)));
        const auto seconds = std::chrono::duration<double>(async::Loop::now() - began).count();
        std::cout << name << ": " << 64'000 / seconds << "/s, "
                  << static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / 64'000 * 1e6 << " us of CPU each\n";
    }
    std::cout << server.command({"INFO", "commandstats"}) << "\n";
}

TEST(recent_map, keeps_the_recent_half_at_least) {
    redis::detail::RecentMap<int> map(10);
    for (int i = 0; i < 1'000; ++i) map.put(std::to_string(i), i);
    EXPECT_LE(map.size(), 12U);
    for (int i = 995; i < 1'000; ++i) ASSERT_NE(map.find(std::to_string(i)), nullptr) << i;
    EXPECT_EQ(*map.find("999"), 999);
    EXPECT_EQ(map.find("1"), nullptr);
}

}  // namespace
