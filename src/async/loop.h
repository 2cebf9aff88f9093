#pragma once
// Loop: one event loop on one thread (a Boost.Asio io_context behind a small face). Share-nothing: every connection,
// database connection and cache belongs to one loop and is touched on its thread only; post() alone is thread-safe.
//
//     async::Loop loop;
//     async::Timer timer(loop, [&] { loop.stop(); });
//     timer.expires_after(std::chrono::seconds(1));
//     loop.run();
//
// Libraries that need sockets include "async/loop_asio.h" in their .cpp files.

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>

#include "async/task.h"

namespace async {

using SteadyTime = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::milliseconds;

class Timer;

class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Runs until stop(), or until nothing is left to do.
    void run();
    // Thread-safe.
    void stop();
    // Runs `work` on the loop's thread in a later turn; thread-safe. After the loop has stopped, work is destroyed unrun.
    void post(std::move_only_function<void()> work);
    // Keeps run() from returning while there is no work (a server's loop); release() ends that.
    void keep_alive();
    void release();
    [[nodiscard]] bool is_current_thread() const;

    // The steady clock, read once per call.
    [[nodiscard]] static SteadyTime now() { return std::chrono::steady_clock::now(); }

    struct Impl;
    [[nodiscard]] Impl& impl() noexcept { return *impl_; }

private:
    friend class Timer;
    std::unique_ptr<Impl> impl_;
};

// A coarse timer (never early, up to 20 ms late): O(1) to set, move and cancel, so that a deadline on every operation
// costs nothing worth measuring, where a steady_timer per operation costs 2.3 µs. Destroying it cancels it.
class Timer {
public:
    Timer(Loop& loop, std::move_only_function<void()> on_expiry);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void expires_at(SteadyTime when);
    void expires_after(Milliseconds delay) { expires_at(Loop::now() + delay); }
    void cancel() noexcept;
    [[nodiscard]] bool is_set() const noexcept { return slot_ != unset; }

private:
    friend struct Loop::Impl;
    static constexpr std::uint32_t unset = ~0U;

    Loop& loop_;
    std::move_only_function<void()> on_expiry_;
    Timer* previous_ = nullptr;
    Timer* next_ = nullptr;
    std::uint64_t expiry_tick_ = 0;
    std::uint32_t slot_ = unset;
};

// Suspends the awaiting task for `delay`, at least.
Task<void> sleep(Loop* loop, Milliseconds delay);

// Suspends the awaiting task until a later turn of the loop.
struct NextTurn {
    Loop* loop;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) const {
        loop->post([awaiting] { awaiting.resume(); });
    }
    void await_resume() const noexcept {}
};
inline NextTurn next_turn(Loop* loop) { return {loop}; }

// Runs `task` on `loop` until it ends and returns its result: for main() and tests. The loop must not be running.
template <class T>
T run_until_done(Loop& loop, Task<T> task) {
    std::exception_ptr failure;
    std::conditional_t<std::is_void_v<T>, std::optional<bool>, std::optional<T>> result;
    loop.keep_alive();
    // Started inside the loop: a task that ends without suspending must find it running.
    loop.post([&] {
        start(std::move(task), [&](std::exception_ptr error, auto... value) {
            failure = std::move(error);
            ((result = std::move(value)), ...);
            loop.stop();
        });
    });
    loop.run();
    loop.release();
    if (failure) std::rethrow_exception(std::move(failure));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace async
