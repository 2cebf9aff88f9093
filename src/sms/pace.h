#pragma once
// Pace: so many messages a second of one account, over all loops of the process. Thread-safe.
//
//     sms::Paces paces;                                             // of the process
//     sms::Pace* pace = paces.of("twilio AC12", 10);
//     const auto turn = pace->next(1, async::Loop::now(), deadline);  // when it may leave; nullopt: not before the deadline

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "async/loop.h"

namespace sms {

class Pace {
public:
    explicit Pace(std::int32_t per_second);

    // The turn of `count` messages, which is then taken. Up to a second's worth leaves at once; then they are evenly spread.
    [[nodiscard]] std::optional<async::SteadyTime> next(std::size_t count, async::SteadyTime now,
                                                        async::SteadyTime deadline);

private:
    const std::chrono::nanoseconds gap_;
    const std::chrono::nanoseconds burst_;
    std::mutex mutex_;
    async::SteadyTime free_at_{};
};

// Accounts that are used no more are forgotten when there are 10,000.
class Paces {
public:
    [[nodiscard]] std::shared_ptr<Pace> of(const std::string& account, std::int32_t per_second);

private:
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Pace>, std::less<>> paces_;
};

}  // namespace sms
