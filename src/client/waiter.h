#pragma once
// Waiter: one task that waits for something to come, for a deadline, or for a stop, whichever is first. Loop's thread.
//
//     Waiter waiter(&loop, deadline, stop);
//     ask([&](Answer answer) { ...; waiter.wake(); });       // whoever has it wakes; later wakes are ignored
//     if (co_await waiter != Waiter::Woken::ready) ...
//
// It resumes in a turn of its own, unless the task has been destroyed by then. Who may wake it finds it by a pointer, which a Found keeps
// right: it is null when the task has gone on, or is no more.
//
//     const Waiter::Found found(waiter_, waiter);            // Waiter* waiter_: of what outlives the task

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "async/loop.h"

namespace client {

class Waiter {
public:
    enum class Woken : std::uint8_t { ready, expired, stopped };

    // Without a time and a stop it waits for wake() alone.
    explicit Waiter(async::Loop* loop) : loop_(loop) {}
    Waiter(async::Loop* loop, async::SteadyTime deadline, std::stop_token stop)
        : loop_(loop), deadline_(deadline), stop_(std::move(stop)) {
        timer_.emplace(*loop, [this] { wake(stop_.stop_requested() ? Woken::stopped : Woken::expired); });
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        if (resumption_) resumption_->awaiting = {};
    }

    class Found {
    public:
        Found(Waiter*& place, Waiter& waiter) noexcept : place_(place) { place_ = &waiter; }
        Found(const Found&) = delete;
        Found& operator=(const Found&) = delete;
        ~Found() { place_ = nullptr; }

    private:
        Waiter*& place_;
    };

    [[nodiscard]] bool is_ready() const noexcept { return woken_ == Woken::ready; }
    // False when it has been woken already.
    bool wake(Woken why = Woken::ready) {
        if (woken_) return false;
        woken_ = why;
        on_stop_.reset();
        if (timer_) timer_->cancel();
        if (resumption_) loop_->post([ours = resumption_] { ours->resume(); });
        return true;
    }

    [[nodiscard]] bool await_ready() noexcept {
        if (!woken_ && stop_.stop_requested()) woken_ = Woken::stopped;
        return woken_.has_value();
    }
    void await_suspend(std::coroutine_handle<> awaiting) {
        resumption_ = std::make_shared<Resumption>(awaiting);
        if (!timer_) return;
        timer_->expires_at(deadline_);
        on_stop_.emplace(stop_, Expire{&*timer_});
    }
    [[nodiscard]] Woken await_resume() const noexcept { return *woken_; }

private:
    // Shared with the turn that resumes.
    struct Resumption {
        std::coroutine_handle<> awaiting;
        void resume() {
            if (const auto handle = std::exchange(awaiting, {})) handle.resume();
        }
    };
    // By the timer: whoever asks to stop is not to run what waits for it.
    struct Expire {
        async::Timer* timer;
        void operator()() const { timer->expires_at(async::Loop::now()); }
    };

    async::Loop* loop_;
    async::SteadyTime deadline_{};
    std::stop_token stop_;
    std::optional<async::Timer> timer_;
    std::optional<std::stop_callback<Expire>> on_stop_;
    std::optional<Woken> woken_;
    std::shared_ptr<Resumption> resumption_;
};

}  // namespace client
