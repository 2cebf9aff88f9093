#pragma once
// What the tests of the client against real servers have in common: a shared Redis, a client, the outcome of a task.

#include <gtest/gtest.h>
#include <ctime>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <utility>

#include "async/sync.h"
#include "base/time.h"
#include "log/log.h"
#include "log/sink.h"
#include "redis/client.h"
#include "testing/redis_server.h"
#include "testing/running.h"
#include "testing/silent_server.h"

namespace redis::test {

using namespace std::chrono_literals;
using redis::Client;
using redis::Command;
using redis::Reply;

inline async::SteadyTime soon(async::Milliseconds delay = 5s) { return async::Loop::now() + delay; }

struct Outcome {
    std::string code = "ok";
    std::string text;  // of Redis' error
    Reply reply;
    std::vector<Reply> replies;
};

template <class Work>
async::Task<Outcome> outcome_of(async::Task<Work> task) {
    Outcome outcome;
    try {
        if constexpr (std::is_same_v<Work, Reply>) {
            outcome.reply = co_await task;
        } else {
            outcome.replies = co_await task;
        }
    } catch (const redis::Refused& refused) {
        outcome.code = refused.code().code;
        outcome.text = refused.text();
    } catch (const base::Failure& failure) {
        outcome.code = failure.code().code;
        outcome.text = failure.cause();
    }
    co_return std::move(outcome);
}

using ::testing::run_in_background;
using ::testing::Running;

// The server that most tests share.
inline ::testing::RedisServer& shared_server() {
    static ::testing::RedisServer server;
    return server;
}

class ClientTest : public ::testing::Test {
protected:
    void open(const std::string& url, redis::Options options = {}) {
        auto endpoint = redis::parse_url(url);
        ASSERT_TRUE(endpoint) << endpoint.error();
        options.endpoints = redis::fixed_endpoint(*endpoint);
        options.reconnect_minimum = 5ms;
        client.emplace(loop, std::move(options), log.logger(), metrics);
    }
    void open_shared(redis::Options options = {}) {
        shared_server().command({"FLUSHALL"});
        open(shared_server().url(), std::move(options));
    }

    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop, std::move(task));
    }
    Outcome attempt(Command command) { return run(outcome_of(client->run(std::move(command)))); }
    Outcome attempt(Command command, async::Milliseconds within) {
        return run(outcome_of(client->run(std::move(command), soon(within))));
    }
    static async::Task<void> until(async::Loop* loop, std::function<bool()> condition) {
        const auto deadline = soon(20s);
        while (!condition()) {
            if (async::Loop::now() > deadline) throw std::runtime_error("never came true");
            co_await async::sleep(loop, 2ms);
        }
    }
    void wait_until(std::function<bool()> condition) { run(until(&loop, std::move(condition))); }
    void connect() {
        wait_until([this] { return client->is_connected(); });
    }

    logging::MemorySink* sink = nullptr;
    logging::Log log{{.level = logging::Level::info}, make_sink()};
    async::Loop loop;
    observe::Metrics metrics;
    std::optional<Client> client;

private:
    std::unique_ptr<logging::Sink> make_sink() {
        auto made = std::make_unique<logging::MemorySink>();
        sink = made.get();
        return made;
    }
};

}  // namespace redis::test
