#pragma once
// What a Redis client throws. No client of the API meets most of these: those who use Redis decide what its absence means.

#include <string>
#include <string_view>

#include "base/failure.h"

namespace redis {

namespace errors {
inline constexpr base::ErrorCode unavailable{"redis.unavailable", 503, true, base::Action::retry,
                                             "Redis cannot be reached"};
inline constexpr base::ErrorCode timeout{"redis.timeout", 503, true, base::Action::retry,
                                         "Redis did not answer in time"};
inline constexpr base::ErrorCode overloaded{"redis.overloaded", 503, true, base::Action::retry,
                                            "More commands wait for Redis than may"};
inline constexpr base::ErrorCode outcome_unknown{"redis.outcome_unknown", 503, true, base::Action::retry,
                                                 "The connection to Redis was lost before its answer"};
inline constexpr base::ErrorCode refused{"redis.refused", 500, false, base::Action::contact, "Redis refused a command"};
inline constexpr base::ErrorCode unexpected_reply{"redis.unexpected_reply", 500, false, base::Action::contact,
                                                  "Redis answered something else than was expected"};
}  // namespace errors

// An error reply: "WRONGTYPE Operation against a key ...". Its text is for the log, never for a client.
class Refused : public base::Failure {
public:
    Refused(std::string_view command, std::string_view text);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    // "NOSCRIPT", "WRONGTYPE", "READONLY", "ERR".
    [[nodiscard]] std::string_view prefix() const noexcept;

private:
    std::string text_;
};

}  // namespace redis
