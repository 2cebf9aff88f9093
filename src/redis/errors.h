#pragma once
// What a Redis client throws. No client of the API meets most of these: those who use Redis decide what its absence means.

#include <string>
#include <string_view>

#include "base/failure.h"
#include "base/time.h"

namespace redis {

namespace errors {
inline constexpr base::ErrorCode unavailable{"redis.unavailable", 503, true, base::Action::retry,
                                             "Redis cannot be reached, or takes no commands at present"};
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

// The word that says what an error reply means: "NOSCRIPT", "WRONGTYPE", "READONLY", "ERR". Of a script's or a transaction's
// error that of its cause, which Redis before 7 and EXEC put behind words of their own.
[[nodiscard]] std::string_view error_word(std::string_view text);
// Words of Redis itself ("READONLY You can't write ..."), not ours about a connection ("Connection refused"): its errors begin
// with a word of capitals.
[[nodiscard]] bool is_error_reply(std::string_view text);
// The server takes no commands, or no writes, or none from us, until it has recovered or somebody has mended it: OOM, READONLY,
// MISCONF, LOADING, MASTERDOWN, CLUSTERDOWN, NOAUTH, NOPERM and their like. Nothing was run.
[[nodiscard]] bool is_server_trouble(std::string_view text);

// A state of the server in its own words (redis::Client::trouble).
struct Trouble {
    std::string text;  // "OOM command not allowed when used memory > 'maxmemory'."
    base::Timestamp since;
};

// What a look at the server found (redis::Client::ready).
struct Readiness {
    bool is_well = true;
    std::string refusal{};  // why not, in Redis' own words; empty when it does not answer
};

// An error reply: "WRONGTYPE Operation against a key ...". Its text is for the log, never for a client. Its code is
// redis.unavailable (retriable) when the server is at fault, redis.refused when the command is.
class Refused : public base::Failure {
public:
    Refused(std::string_view command, std::string_view text);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] std::string_view word() const { return error_word(text_); }

private:
    std::string text_;
};

}  // namespace redis
