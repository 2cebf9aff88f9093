#pragma once
// RateLimiter: how much of what, by key, over all instances that share a Redis. GCRA (the generic cell rate algorithm, a leaky
// bucket that stores one number a key): `count` units may come at once, and one more each window/count. One script does
// all checks of a request in one round trip, by Redis' clock, and charges all keys or none.
//
//     redis::RateLimiter limiter(loop, &client, {}, metrics);
//     const auto verdict = co_await limiter.take({{.key = "address:192.0.2.1", .limit = {.count = 100, .window = 60s}},
//                                                 {.key = "user:7", .limit = {.count = 20, .window = 1s}}});
//     if (!verdict.allowed) answer_429(verdict.retry_after);
//
// Without Redis (none given, or out of reach) the same limits are kept by this process, for each loop apart: a limit is then
// up to instances times loops as wide, but the service goes on and one client cannot take all of it. A key that was refused is
// refused again without asking until its time has come, so that a flood costs Redis nothing. Loop's thread; outlives its tasks.

#include <cstddef>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "observe/metrics.h"
#include "redis/client.h"
#include "redis/patience.h"
#include "redis/recent_map.h"

namespace redis {

struct RateLimit {
    std::int64_t count = 0;  // at least 1
    async::Milliseconds window{0};
};

struct RateCheck {
    std::string key;  // each key once in a call
    RateLimit limit;
    std::int64_t cost = 1;  // more than `count` is never allowed
};

struct RateVerdict {
    bool allowed = true;
    std::size_t check = 0;  // the one that decides: of those refused the longest, else the one with the least left
    std::int64_t remaining = 0;
    async::Milliseconds retry_after{0};  // when refused
    async::Milliseconds reset{0};        // until nothing of it is used
};

namespace detail {

// The state of one key after a request, in microseconds of any clock. `tat`: the theoretical arrival time, when it is all free again.
struct RateStep {
    RateVerdict verdict;
    std::int64_t tat;
};
[[nodiscard]] RateStep rate_step(std::int64_t tat, std::int64_t now, const RateLimit& limit, std::int64_t cost);

}  // namespace detail

class RateLimiter {
public:
    struct Options {
        std::string prefix = "rate:";
        Patience patience{async::Milliseconds(50), async::Milliseconds(1'000)};
        std::size_t max_local_keys = 50'000;
    };

    // `client` may be null.
    RateLimiter(async::Loop& loop, Client* client, Options options, observe::Metrics& metrics);

    // Never throws because of Redis. Throws std::invalid_argument for a limit below one.
    [[nodiscard]] async::Task<RateVerdict> take(std::vector<RateCheck> checks);

private:
    struct Refusal {
        async::SteadyTime until;
        async::SteadyTime reset;
    };

    async::Task<RateVerdict> ask_redis(std::vector<RateCheck> checks);
    RateVerdict take_locally(const std::vector<RateCheck>& checks);
    std::optional<RateVerdict> known_refusal(const std::vector<RateCheck>& checks);
    void remember(const std::vector<RateCheck>& checks, const RateVerdict& verdict);

    Client* client_;
    Options options_;
    Script script_;
    detail::RecentMap<std::int64_t> local_;
    detail::RecentMap<Refusal> refused_;
    observe::Counter fallbacks_;
};

}  // namespace redis
