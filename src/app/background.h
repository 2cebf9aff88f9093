#pragma once
// Background: what a process does that no request waits for, on a thread of its own, so that neither holds up the other: the
// outbox relay, the schedules, the workers of the queues. With databases and services of its own, like every loop.
//
//     app::Background background(shared, {.queues = {"all"}});
//     background.begin_start(on_started);       // which is told on its thread
//     ...
//     background.begin_stop(deadline);          // thread-safe
//     background.join();

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/app.h"

namespace jobs {
struct WorkerOptions;
}

namespace app {

struct BackgroundOptions {
    bool relay = true;
    std::vector<std::string> queues;  // or "all"; none: no jobs are run
    bool management = false;          // whether it serves MANAGEMENT_PORT, where there is no other server
};

class Background {
public:
    // Throws std::runtime_error when a queue is named that no module handles.
    Background(App& app, BackgroundOptions options);
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    // `on_started` gets what kept it from starting. A stop may come before that, and ends the start.
    void begin_start(std::move_only_function<void(std::exception_ptr)> on_started);
    // The first call counts. Jobs that run may end until the deadline; then they are given back to their queues.
    void begin_stop(async::SteadyTime deadline);
    void join();
    [[nodiscard]] LoopHost& host();

    struct State;

private:
    std::unique_ptr<State> state_;
    std::thread thread_;
    bool stopping_ = false;
};

// The queues whose jobs the definition's modules handle.
[[nodiscard]] std::vector<std::string> queues_of(const Definition& definition);
// How the jobs of a queue are run.
[[nodiscard]] jobs::WorkerOptions worker_options(const Settings& settings, std::string_view queue);
// Every schedule of the definition's modules.
[[nodiscard]] std::vector<Schedule> schedules_of(const Definition& definition);

}  // namespace app
