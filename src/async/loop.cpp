#include "async/loop.h"

#include <boost/asio/post.hpp>

#include "async/loop_asio.h"

namespace async {

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

Loop::~Loop() = default;

void Loop::run() {
    impl_->thread = std::this_thread::get_id();
    impl_->context.restart();
    impl_->context.run();
}

void Loop::stop() { impl_->context.stop(); }

void Loop::post(std::move_only_function<void()> work) { boost::asio::post(impl_->context, std::move(work)); }

void Loop::keep_alive() { impl_->work.emplace(impl_->context.get_executor()); }

void Loop::release() { impl_->work.reset(); }

bool Loop::is_current_thread() const { return impl_->thread == std::this_thread::get_id(); }

std::uint64_t Loop::Impl::tick_of(SteadyTime when) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch());
    return static_cast<std::uint64_t>(since / tick);
}

void Loop::Impl::insert(Timer& timer, SteadyTime when) {
    if (set_timers == 0) current_tick = tick_of(Loop::now());
    // One tick later than asked for: a timer may be late, never early.
    timer.expiry_tick_ = std::max(tick_of(when), current_tick) + 1;
    timer.slot_ = static_cast<std::uint32_t>(timer.expiry_tick_ % slots);
    timer.previous_ = nullptr;
    timer.next_ = wheel[timer.slot_];
    if (timer.next_ != nullptr) timer.next_->previous_ = &timer;
    wheel[timer.slot_] = &timer;
    ++set_timers;
    if (!sweeping) schedule_sweep();
}

void Loop::Impl::remove(Timer& timer) noexcept {
    if (timer.previous_ != nullptr) {
        timer.previous_->next_ = timer.next_;
    } else {
        wheel[timer.slot_] = timer.next_;
    }
    if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
    timer.slot_ = Timer::unset;
    --set_timers;
    // The last one gone must not hold run() open for another tick.
    if (set_timers == 0 && sweeping) sweep.cancel();
}

void Loop::Impl::schedule_sweep() {
    sweeping = true;
    sweep.expires_after(tick);
    sweep.async_wait([this](const boost::system::error_code&) {
        sweeping = false;
        if (set_timers == 0) return;
        advance();
        if (set_timers != 0 && !sweeping) schedule_sweep();
    });
}

void Loop::Impl::advance() {
    const auto now_tick = tick_of(Loop::now());
    // After a long stall one look at each slot is enough: expire_slot takes all that is due.
    const auto first = std::max(current_tick + 1, now_tick >= slots ? now_tick - slots + 1 : 0);
    current_tick = now_tick;
    for (auto at = first; at <= now_tick; ++at) expire_slot(static_cast<std::uint32_t>(at % slots), now_tick);
}

void Loop::Impl::expire_slot(std::uint32_t slot, std::uint64_t now_tick) {
    // A callback may set, cancel or destroy any timer, so the slot is searched anew after each.
    for (auto* timer = wheel[slot]; timer != nullptr;) {
        if (timer->expiry_tick_ > now_tick) {
            timer = timer->next_;
            continue;
        }
        remove(*timer);
        timer->on_expiry_();
        timer = wheel[slot];
    }
}

Timer::Timer(Loop& loop, std::move_only_function<void()> on_expiry) : loop_(loop), on_expiry_(std::move(on_expiry)) {}

Timer::~Timer() { cancel(); }

void Timer::expires_at(SteadyTime when) {
    cancel();
    loop_.impl_->insert(*this, when);
}

void Timer::cancel() noexcept {
    if (is_set()) loop_.impl_->remove(*this);
}

namespace {

struct SleepAwaiter {
    Loop& loop;
    Milliseconds delay;
    std::optional<Timer> timer;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) {
        // Resumed from a turn of its own: the timer dies with the awaiter and must not be running then.
        timer.emplace(loop, [this, awaiting] { loop.post([awaiting] { awaiting.resume(); }); });
        timer->expires_after(delay);
    }
    void await_resume() const noexcept {}
};

}  // namespace

Task<void> sleep(Loop* loop, Milliseconds delay) { co_await SleepAwaiter{*loop, delay, std::nullopt}; }

}  // namespace async
