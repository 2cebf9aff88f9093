#pragma once
// When a call is tried once more: pure functions and counters. One thread.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/random.h"
#include "base/time.h"
#include "client/target.h"

namespace client {

// A server is believed up to a day.
inline constexpr std::chrono::milliseconds longest_retry_after = std::chrono::hours(24);

// Seconds or a date (RFC 9110 section 10.2.3), of several headers the longest; nullopt when none is either. Never negative; a date that
// has passed is 0; a number or a date beyond a day is a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::span<const std::string_view> values,
                                                                         base::Timestamp now);

// Full jitter: anything from 10 ms to min(cap, base * 2^failures). With what the server asks for, that much at least; nullopt when it asks
// for more than the cap.
[[nodiscard]] std::optional<std::chrono::milliseconds> pause_before_retry(
    const RetryRule& rule, std::uint32_t failures, std::optional<std::chrono::milliseconds> retry_after,
    base::RandomSource& random);

// Each call pays a tenth of a retry in; ten are there at first, a hundred at most. So a server in trouble gets 10 % more calls, not three times
// as many.
class RetryBudget {
public:
    void on_call() { tenths_ = std::min(tenths_ + 1, most); }
    [[nodiscard]] bool take() {
        if (tenths_ < price) return false;
        tenths_ -= price;
        return true;
    }

private:
    static constexpr std::uint32_t price = 10;
    static constexpr std::uint32_t most = 100 * price;
    std::uint32_t tenths_ = 10 * price;
};

}  // namespace client
