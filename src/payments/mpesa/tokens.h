#pragma once
// Tokens: the access tokens that Daraja gives for a consumer key. A new one ends the one before, so all instances share one in Redis, and one
// of them at a time asks for the next. Loop's thread; outlives its tasks.
//
//     auto token = co_await tokens.get(owner, &call);
//     if (!token) …                                       // token.error(): why not
//     co_await tokens.drop(owner, *token);                // Daraja does not know it any more: forgotten, if nobody renewed it yet
//
// A token is kept for as long as Daraja says less a minute, by Redis' clock: ours may jump. Without Redis each loop keeps its own, which
// ends those of the others; whoever meets that asks again.

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "async/loop.h"
#include "async/task.h"
#include "client/client.h"
#include "observe/metrics.h"
#include "payments/mpesa/answers.h"
#include "redis/client.h"
#include "redis/patience.h"

namespace payments::mpesa {

// How long a token is kept of which Daraja said this (a string, a number, anything). Missing, 0 and what makes no sense: a minute.
[[nodiscard]] std::chrono::seconds kept_for(const schema::Json& expires_in);

class Tokens {
public:
    struct Owner {
        const client::Target* target;
        std::string host;
        std::string consumer_key;
        std::string consumer_secret;
    };
    struct Token {
        std::string value;
        std::string kept{};  // as it lies in Redis; "": it does not
    };
    using Result = std::expected<Token, Problem>;

    // `redis` may be null.
    Tokens(client::Client& http, async::Loop& loop, redis::Client* redis, observe::Metrics& metrics);

    // `call`: whose deadline and stop it is; outlives the task, as does the owner.
    [[nodiscard]] async::Task<Result> get(const Owner* owner, const client::Call* call);
    [[nodiscard]] async::Task<void> drop(const Owner* owner, const Token* token);

private:
    // Of one consumer key, in this loop.
    struct Local {
        std::string value{};
        async::SteadyTime until{};
        bool is_fetching = false;
        std::uint64_t failures = 0;
        Problem last_failure{};
    };
    enum class Lock : std::uint8_t { ours, others, unreachable };
    struct Found {
        std::optional<Token> token;
        bool is_reached = false;
    };
    class Fetching;

    [[nodiscard]] bool is_reachable() const { return redis_ != nullptr && !patience_.is_worn_out(); }
    [[nodiscard]] Local& local_of(const std::string& id);
    [[nodiscard]] async::Task<Found> find(const Owner* owner, const std::string* id);
    [[nodiscard]] async::Task<Lock> lock(const std::string* id, const std::string* lease);
    [[nodiscard]] async::Task<std::optional<Result>> lead(const Owner* owner, const client::Call* call,
                                                          const std::string* id);
    [[nodiscard]] async::Task<Result> fetch(const Owner* owner, const client::Call* call, const std::string* id);
    [[nodiscard]] async::Task<void> keep(const Owner* owner, const std::string* id, Token* token,
                                         std::chrono::seconds time);
    [[nodiscard]] async::Task<void> delete_if(std::string key, std::string value);

    client::Client& http_;
    async::Loop& loop_;
    redis::Client* redis_;
    redis::Patience patience_{async::Milliseconds(500), async::Milliseconds(2'000)};
    std::unordered_map<std::string, Local> local_;
    observe::Counter fetched_;
    observe::Counter failed_;
    observe::Counter dropped_;
};

}  // namespace payments::mpesa
