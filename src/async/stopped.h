#pragma once
// Waits that a stop ends. Loop's thread; whoever asks to stop does so there as well.
//
// `stopped`: for a std::stop_token, how a handler or a stream hears that its client has gone, or that the server drains
// (http::Context::gone() and draining()).
//
//     if (co_await async::stopped(&loop, context.draining(), async::Loop::now() + 15s)) co_return;    // false: time is over
//
// `Stop`: for whatever goes on until it is told to end. It sleeps by its Stop: `async::sleep` ends with its time alone, and SIGTERM
// would wait for it. Any number of tasks.
//
//     while (co_await stop_.sleep(retry)) { ... }      // false once stopped, also when asked later
//     ...
//     stop_.request();                                 // whoever sleeps goes on
//     co_await tasks_.join();

#include <optional>
#include <stop_token>
#include <utility>

#include "async/loop.h"

namespace async {

class StopWait {
public:
    StopWait(Loop* loop, std::stop_token token, SteadyTime deadline)
        : loop_(loop), token_(std::move(token)), deadline_(deadline), timer_(*loop, [this] { wake(); }) {}

    [[nodiscard]] bool await_ready() const noexcept { return token_.stop_requested(); }
    void await_suspend(std::coroutine_handle<> awaiting) {
        awaiting_ = awaiting;
        timer_.expires_at(deadline_);
        on_stop_.emplace(token_, Expire{&timer_});
    }
    // Whether it was asked to stop.
    bool await_resume() const noexcept { return token_.stop_requested(); }

private:
    // By the timer, which dies with this: whoever asks to stop is not to run what waits for it.
    struct Expire {
        Timer* timer;
        void operator()() const { timer->expires_at(Loop::now()); }
    };
    void wake() {
        on_stop_.reset();
        // From a turn of its own: the timer must not be running when it dies.
        loop_->post([awaiting = awaiting_] { awaiting.resume(); });
    }

    Loop* loop_;
    std::stop_token token_;
    SteadyTime deadline_;
    std::coroutine_handle<> awaiting_;
    Timer timer_;
    std::optional<std::stop_callback<Expire>> on_stop_;
};

inline StopWait stopped(Loop* loop, std::stop_token token, SteadyTime deadline) {
    return {loop, std::move(token), deadline};
}

class Stop {
public:
    explicit Stop(Loop& loop) : loop_(&loop) {}

    // Ends after `delay` at least, or with the stop. True while there was none.
    [[nodiscard]] Task<bool> sleep(Milliseconds delay) const {
        co_return !co_await stopped(loop_, source_.get_token(), Loop::now() + delay);
    }
    void request() { source_.request_stop(); }
    [[nodiscard]] bool requested() const noexcept { return source_.stop_requested(); }

private:
    Loop* loop_;
    std::stop_source source_;
};

}  // namespace async
