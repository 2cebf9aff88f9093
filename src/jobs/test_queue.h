#pragma once
// For the tests of this folder: a Redis of their own, a loop, and queues with a fresh prefix.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jobs/flow.h"
#include "jobs/queue_events.h"
#include "jobs/scheduler.h"
#include "jobs/worker.h"
#include "log/log.h"
#include "redis/errors.h"

namespace jobs {

// On the Redis of TEST_REDIS_URL; nothing of one test meets another's.
class JobsTest : public testing::Test {
public:
    JobsTest()
        : prefix_("test:" + base::uuid_v4(random_).to_string()),
          client_(loop_, redis(), log_.logger(), metrics_),
          queue_(client_, "mail", {.prefix = prefix_}) {}
    ~JobsTest() override { async::run_until_done(loop_, client_.close(async::Loop::now() + std::chrono::seconds(1))); }

protected:
    static redis::Options redis() {
        const char* url = std::getenv("TEST_REDIS_URL");
        if (url == nullptr) throw std::runtime_error("TEST_REDIS_URL is not set: run through bin/with-servers");
        return {.endpoints = redis::fixed_endpoint(redis::parse_url(url).value())};
    }

    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop_, std::move(task));
    }
    // The code that `task` throws, or "ok".
    template <class T>
    std::string code_of(async::Task<T> task) {
        try {
            static_cast<void>(run(std::move(task)));
        } catch (const base::Failure& failure) {
            return std::string(failure.code().code);
        }
        return "ok";
    }
    std::string code_of(async::Task<void> task) {
        try {
            run(std::move(task));
        } catch (const base::Failure& failure) {
            return std::string(failure.code().code);
        }
        return "ok";
    }

    WorkerServices services(LockKeeper& locks) { return {loop_, redis(), locks, log_.logger(), metrics_}; }
    WorkerOptions options(std::size_t concurrency = 1) { return {.prefix = prefix_, .concurrency = concurrency}; }

    std::shared_ptr<logging::MemorySink> sink_ = std::make_shared<logging::MemorySink>();
    logging::Log log_{{}, sink_};
    observe::Metrics metrics_;
    base::SecureRandom random_;
    async::Loop loop_;
    std::string prefix_;
    redis::Client client_;
    Queue queue_;
};

}  // namespace jobs
