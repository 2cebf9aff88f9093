#pragma once
// Waits for a std::stop_token: how a handler or a stream hears that its client has gone, or that the server drains
// (http::Context::gone() and draining()). Loop's thread; the token is asked to stop there as well.
//
//     if (co_await async::stopped(&loop, context.draining(), async::Loop::now() + 15s)) co_return;    // false: time is over

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

}  // namespace async
