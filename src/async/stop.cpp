#include "async/stop.h"

#include <optional>
#include <utility>

namespace async {

struct Stop::Sleeper {
    Stop& stop;
    Milliseconds delay;
    std::optional<Timer> timer;
    std::coroutine_handle<> awaiting;

    [[nodiscard]] bool await_ready() const noexcept { return stop.requested_; }
    void await_suspend(std::coroutine_handle<> handle) {
        awaiting = handle;
        stop.sleeping_.push_back(this);
        timer.emplace(*stop.loop_, [this] {
            std::erase(stop.sleeping_, this);
            wake();
        });
        timer->expires_after(delay);
    }
    void await_resume() const noexcept {}
    // In a turn of its own: the timer dies with the awaiter and must not be running then.
    void wake() {
        stop.loop_->post([handle = awaiting] { handle.resume(); });
    }
};

Task<bool> Stop::sleep(Milliseconds delay) {
    Sleeper sleeper{*this, delay, std::nullopt, {}};
    co_await sleeper;
    co_return !requested_;
}

void Stop::request() {
    requested_ = true;
    for (auto* sleeper : std::exchange(sleeping_, {})) {
        sleeper->timer->cancel();
        sleeper->wake();
    }
}

}  // namespace async
