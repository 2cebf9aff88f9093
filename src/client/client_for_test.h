#pragma once
// A Client with what it needs, for tests against a testing::ScriptedServer.
//
//     TestClient http;
//     const auto reply = http.run(http->get<Thing>(http.target(server), "/thing"));

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/sync.h"
#include "client/client.h"
#include "log/log.h"
#include "log/sink.h"
#include "observe/metrics.h"
#include "testing/scripted_server.h"

namespace client {

using namespace std::chrono_literals;
using testing::Answer;
using testing::http_reply;
using testing::ScriptedServer;

struct Thing {
    std::string name;
    std::int64_t count = 0;

    friend constexpr auto describe(Thing*) {
        return schema::object<Thing>("Thing", schema::field<&Thing::name>("name"),
                                     schema::field<&Thing::count>("count"));
    }
};

inline const std::string thing_json = R"({"name":"sugar","count":3})";

class TestClient {
public:
    explicit TestClient(Settings settings = {}, async::Lookup lookup = {})
        : log_({.level = logging::Level::debug, .now = [] { return 0; }, .process_id = 1, .hostname = "test"}, sink_),
          client_(std::make_unique<Client>(Client::Parts{.loop = loop_,
                                                         .logger = log_.logger(),
                                                         .metrics = metrics_,
                                                         .settings = std::move(settings),
                                                         .lookup = std::move(lookup)})) {}

    Client* operator->() { return client_.get(); }
    [[nodiscard]] async::Loop& loop() { return loop_; }
    [[nodiscard]] std::string metrics() const { return metrics_.render(); }
    [[nodiscard]] std::string logged() const {
        std::string all;
        for (const auto& line : sink_->lines()) all += line + "\n";
        return all;
    }
    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop_, std::move(task));
    }
    // All at once.
    template <class T>
    std::vector<T> run_all(std::vector<async::Task<T>> tasks) {
        return run(all(std::move(tasks)));
    }

    // Patient, without retries and a breaker, so that a test says what it is about.
    [[nodiscard]] static Target target(const ScriptedServer& server, std::string name = "things") {
        return {.name = std::move(name),
                .base_url = server.url(),
                .deadlines = {.connect = 10s, .first_byte = 20s, .whole = 20s},
                .retry = {.attempts = 1, .base = 10ms, .cap = 100ms},
                .breaker = {.failing = 2}};
    }

private:
    template <class T>
    static async::Task<std::vector<T>> all(std::vector<async::Task<T>> tasks) {
        co_return co_await async::when_all(std::move(tasks));
    }

    async::Loop loop_;
    observe::Metrics metrics_;
    std::shared_ptr<logging::MemorySink> sink_ = std::make_shared<logging::MemorySink>();
    logging::Log log_;
    std::unique_ptr<Client> client_;
};

// A port of this machine at which nobody listens.
inline std::string closed_url() {
    const ScriptedServer server([](const auto&) { return Answer(); });
    return server.url();
}

}  // namespace client
