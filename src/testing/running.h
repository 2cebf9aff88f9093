#pragma once
// A task that a test starts and may abandon.
//
//     Outcome outcome;
//     auto running = testing::run_in_background(outcome_of(client->run(command)), &outcome);
//     running.destroy();                                                // as a server does with a handler whose client has gone

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

#include "async/task.h"

namespace testing {

// A running coroutine that can be destroyed while it waits, as a server does with a handler whose client has gone.
class Running {
public:
    struct promise_type {
        Running get_return_object() { return Running(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    explicit Running(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    Running(Running&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Running& operator=(Running&&) = delete;
    ~Running() { destroy(); }
    void destroy() {
        if (handle_) std::exchange(handle_, {}).destroy();
    }
    [[nodiscard]] bool done() const { return handle_.done(); }

private:
    std::coroutine_handle<promise_type> handle_;
};

template <class Outcome>
Running run_in_background(async::Task<Outcome> task, std::type_identity_t<Outcome>* into = nullptr) {
    auto outcome = co_await task;
    if (into != nullptr) *into = std::move(outcome);
}

}  // namespace testing
