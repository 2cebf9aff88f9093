#include "async/sync.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace async {

void Event::set() {
    set_ = true;
    auto waiting = std::move(waiting_);
    waiting_.clear();
    for (auto handle : waiting) loop_.post([handle] { handle.resume(); });
}

// A task that is destroyed while it waits leaves the queue, and passes on a permit that it was given and has not taken.
struct Semaphore::Waiter {
    // Shared with the turn that resumes.
    struct Resumption {
        std::coroutine_handle<> awaiting;
        void resume() {
            if (const auto handle = std::exchange(awaiting, {})) handle.resume();
        }
    };

    Semaphore& semaphore;
    SteadyTime deadline;
    std::optional<Timer> timer;
    std::shared_ptr<Resumption> resumption;
    bool granted = false;

    ~Waiter() {
        if (!resumption || !resumption->awaiting) return;
        resumption->awaiting = {};
        std::erase(semaphore.waiting_, this);
        if (granted) semaphore.release();
    }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        resumption = std::make_shared<Resumption>(handle);
        semaphore.waiting_.push_back(this);
        timer.emplace(semaphore.loop_, [this] {
            std::erase(semaphore.waiting_, this);
            resume_later();
        });
        timer->expires_at(deadline);
    }
    void await_resume() const noexcept {}
    void resume_later() const {
        semaphore.loop_.post([ours = resumption] { ours->resume(); });
    }
};

Task<std::optional<Semaphore::Permit>> Semaphore::acquire(SteadyTime deadline) {
    if (free_ > 0) {
        --free_;
        co_return Permit(*this);
    }
    if (waiting_.size() >= options_.max_waiting) co_return std::nullopt;
    Waiter waiter{*this, deadline, std::nullopt, nullptr};
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
    next->resume_later();
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
