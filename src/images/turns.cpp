#include "images/turns.h"

#include <algorithm>
#include <coroutine>
#include <memory>

namespace images {

// A task that is destroyed while it waits leaves its line, and passes on a place that it was given and has not taken.
struct Turns::Waiter {
    // Shared with the turn that resumes.
    struct Resumption {
        std::coroutine_handle<> awaiting;
        void resume() {
            if (const auto handle = std::exchange(awaiting, {})) handle.resume();
        }
    };

    Turns& turns;
    std::string owner;
    async::SteadyTime deadline;
    std::optional<async::Timer> timer{};
    std::shared_ptr<Resumption> resumption{};
    bool granted = false;

    ~Waiter() {
        if (!resumption || !resumption->awaiting) return;
        resumption->awaiting = {};
        turns.leave(this);
        if (granted) turns.release();
    }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        resumption = std::make_shared<Resumption>(handle);
        turns.join(this);
        timer.emplace(turns.loop_, [this] {
            turns.leave(this);
            resume_later();
        });
        timer->expires_at(deadline);
    }
    void await_resume() const noexcept {}
    void resume_later() const {
        turns.loop_.post([ours = resumption] { ours->resume(); });
    }
};

async::Task<std::optional<Turns::Place>> Turns::take(std::string owner, async::SteadyTime deadline) {
    if (free_ > 0) {
        --free_;
        co_return Place(*this);
    }
    if (waiting_ >= options_.max_waiting) co_return std::nullopt;
    Waiter waiter{*this, std::move(owner), deadline};
    co_await waiter;
    if (waiter.granted) co_return Place(*this);
    co_return std::nullopt;
}

void Turns::join(Waiter* waiter) {
    auto line = std::ranges::find(lines_, waiter->owner, &Line::owner);
    if (line == lines_.end()) line = lines_.insert(lines_.end(), {.owner = waiter->owner, .waiters = {}});
    line->waiters.push_back(waiter);
    ++waiting_;
}

void Turns::leave(const Waiter* waiter) {
    const auto line = std::ranges::find(lines_, waiter->owner, &Line::owner);
    if (line == lines_.end()) return;
    waiting_ -= std::erase(line->waiters, waiter);
    if (line->waiters.empty()) lines_.erase(line);
}

Turns::Waiter* Turns::next() {
    auto& line = lines_.front();
    auto* waiter = line.waiters.front();
    line.waiters.pop_front();
    --waiting_;
    if (line.waiters.empty()) {
        lines_.pop_front();
    } else {
        lines_.splice(lines_.end(), lines_, lines_.begin());
    }
    return waiter;
}

void Turns::release() {
    if (lines_.empty()) {
        ++free_;
        return;
    }
    auto* waiter = next();
    waiter->timer->cancel();
    waiter->granted = true;
    waiter->resume_later();
}

}  // namespace images
