#pragma once
// When a webhook is tried again. Pure functions; any thread.
//
//     const auto wait = webhooks::wait_after(attempts_made, reply.retry_after, random);      // nullopt: that was the last one

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace base {
class RandomSource;
}

namespace webhooks {

using std::chrono::seconds;

// Before each attempt, counted from the end of the one before it: a day and a half in all.
inline constexpr std::array<seconds, 9> plan{seconds(0),      seconds(5),      seconds(30),
                                             seconds(120),    seconds(600),    seconds(3'600),
                                             seconds(10'800), seconds(28'800), seconds(86'400)};
inline constexpr std::int32_t most_attempts = static_cast<std::int32_t>(plan.size());
// Each wait is up to so much longer, so that endpoints that were away are not called by everybody at once.
inline constexpr double jitter = 0.2;
// What a Retry-After is believed for at most.
inline constexpr seconds most_retry_after{86'400};
// From the first failure on, without a success in between: then the endpoint is disabled.
inline constexpr std::chrono::days patience{5};

// `made`: attempts so far, 1 or more. A Retry-After makes a wait longer, never shorter.
[[nodiscard]] std::optional<seconds> wait_after(std::int32_t made, std::optional<seconds> retry_after,
                                                base::RandomSource& random);

// Of a reply's Retry-After (RFC 9110 §10.2.3): seconds, or a date; nullopt for anything else and for what is past.
[[nodiscard]] std::optional<seconds> read_retry_after(std::string_view value, base::Timestamp now);

}  // namespace webhooks
