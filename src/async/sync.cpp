#include "async/sync.h"

#include <algorithm>

namespace async {

void Event::set() {
    set_ = true;
    auto waiting = std::move(waiting_);
    waiting_.clear();
    for (auto handle : waiting) loop_.post([handle] { handle.resume(); });
}

struct Semaphore::Waiter {
    Semaphore& semaphore;
    SteadyTime deadline;
    std::optional<Timer> timer;
    std::coroutine_handle<> awaiting;
    bool granted = false;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        awaiting = handle;
        semaphore.waiting_.push_back(this);
        timer.emplace(semaphore.loop_, [this] {
            std::erase(semaphore.waiting_, this);
            semaphore.loop_.post([handle = awaiting] { handle.resume(); });
        });
        timer->expires_at(deadline);
    }
    void await_resume() const noexcept {}
};

Task<std::optional<Semaphore::Permit>> Semaphore::acquire(SteadyTime deadline) {
    if (free_ > 0) {
        --free_;
        co_return Permit(*this);
    }
    if (waiting_.size() >= options_.max_waiting) co_return std::nullopt;
    Waiter waiter{*this, deadline, std::nullopt, {}};
    co_await waiter;
    if (waiter.granted) co_return Permit(*this);
    co_return std::nullopt;
}

void Semaphore::release() {
    if (waiting_.empty()) {
        ++free_;
        return;
    }
    auto* next = waiting_.front();
    waiting_.pop_front();
    next->timer->cancel();
    next->granted = true;
    loop_.post([handle = next->awaiting] { handle.resume(); });
}

void TaskGroup::spawn(Task<void> task) {
    ++running_;
    empty_.reset();
    start(std::move(task), [this](std::exception_ptr error) {
        if (error && on_error_) on_error_(std::move(error));
        if (--running_ == 0) empty_.set();
    });
}

Task<void> TaskGroup::join() {
    while (running_ != 0) co_await empty_;
}

}  // namespace async
