#pragma once
// Patience: for those who can do without Redis (limits, caches). A command may take this long; after a failure Redis is left
// alone for a while, so that a slow one costs one request its patience and not each of them.
//
//     if (patience.is_worn_out()) return without_redis();
//     try { co_await client.run(command, patience.deadline()); } catch (const base::Failure&) { patience.wear_out(); }

#include "async/loop.h"

namespace redis {

class Patience {
public:
    Patience(async::Milliseconds longest, async::Milliseconds rest) : longest_(longest), rest_(rest) {}

    [[nodiscard]] bool is_worn_out() const { return async::Loop::now() < rested_at_; }
    [[nodiscard]] async::SteadyTime deadline() const { return async::Loop::now() + longest_; }
    void wear_out() { rested_at_ = async::Loop::now() + rest_; }

private:
    async::Milliseconds longest_;
    async::Milliseconds rest_;
    async::SteadyTime rested_at_{};
};

}  // namespace redis
