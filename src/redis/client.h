#pragma once
// Client: one connection to Redis on a Loop, for everything that does not block: what ioredis is to Node. Commands of one turn of
// the loop share a write (automatic pipelining) and are answered in order. It reconnects by itself, with back-off and jitter;
// meanwhile commands wait, within bounds and deadlines. Made, used and destroyed on its loop's thread; await close() first.
//
//     redis::Client client(loop, {.endpoints = redis::fixed_endpoint(endpoint)}, logger, metrics);
//     auto reply = co_await client.run(redis::Command("GET").add(key).repeatable());
//     auto replies = co_await client.pipeline(std::move(commands));            // errors of single commands are in the replies
//     auto results = co_await client.transaction(std::move(commands));         // MULTI ... EXEC
//     auto moved = co_await client.eval(move_to_active, keys, arguments);      // EVALSHA, EVAL on NOSCRIPT
//
// Blocking commands need a Client of their own: they hold up whatever is behind them.
//
// Errors (base::Failure, redis/errors.h): redis.unavailable, redis.timeout, redis.overloaded: certainly not run, or a read;
// redis.outcome_unknown: sent, and the connection was lost; redis.refused: Redis answered an error (redis::Refused has its text).

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "redis/command.h"
#include "redis/errors.h"
#include "redis/options.h"
#include "redis/value.h"

namespace redis {

namespace detail {
struct ClientState;
}

class Client {
public:
    Client(async::Loop& loop, Options options, const logging::Logger& logger, observe::Metrics& metrics);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Throws redis::Refused when Redis answers an error. Without a deadline: the command timeout from now.
    [[nodiscard]] async::Task<Reply> run(Command command);
    [[nodiscard]] async::Task<Reply> run(Command command, async::SteadyTime deadline);
    // One write, answered together. An error of a command is its Reply (is_error()); only a lost connection throws.
    [[nodiscard]] async::Task<std::vector<Reply>> pipeline(std::vector<Command> commands);
    [[nodiscard]] async::Task<std::vector<Reply>> pipeline(std::vector<Command> commands, async::SteadyTime deadline);
    // All or none are run, with nothing in between. EXECABORT throws; errors of single commands are in the replies.
    [[nodiscard]] async::Task<std::vector<Reply>> transaction(std::vector<Command> commands);
    [[nodiscard]] async::Task<Reply> eval(Script script, std::vector<std::string> keys,
                                          std::vector<std::string> arguments, bool repeatable = false);
    [[nodiscard]] async::Task<Reply> eval(Script script, std::vector<std::string> keys,
                                          std::vector<std::string> arguments, bool repeatable,
                                          async::SteadyTime deadline);
    // The same as a command, for pipelines and transactions: there NOSCRIPT cannot be mended, so load() the script before.
    [[nodiscard]] static Command eval_command(const Script& script, const std::vector<std::string>& keys,
                                              const std::vector<std::string>& arguments);
    [[nodiscard]] async::Task<void> load(std::vector<Script> scripts);

    // A round trip that writes a key of its own (Options::probe_key) and runs a script, for /ready: whether the server does for us
    // what limits, caches and jobs ask of it, and if not, why.
    [[nodiscard]] async::Task<Readiness> ready(async::SteadyTime deadline);
    // What ails the server, in its own words, and since when: the last error reply that was the server's fault and not a command's
    // (is_server_trouble), until the same command, or ready(), has succeeded; without a connection why there is none.
    [[nodiscard]] std::optional<Trouble> trouble() const;
    // Called on the loop after each connection but the first: Redis may have been emptied, or be another one. nullptr ends it.
    void on_reconnect(std::function<void()> callback);
    // Drops the connection and connects anew: ends a blocking command (redis.outcome_unknown, or sent again when repeatable).
    void reset();
    // Refuses new work, lets what is under way be answered until the deadline, then closes.
    [[nodiscard]] async::Task<void> close(async::SteadyTime deadline);

    [[nodiscard]] bool is_connected() const noexcept;
    [[nodiscard]] async::Loop& loop() const noexcept;
    [[nodiscard]] const Options& options() const noexcept;

private:
    std::shared_ptr<detail::ClientState> state_;
};

}  // namespace redis
