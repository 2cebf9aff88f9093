#include "client/gate.h"

#include <algorithm>

namespace client {

async::Task<std::expected<Gate::Place, Gate::No>> Gate::enter(async::SteadyTime deadline, std::stop_token stop) {
    if (stop.stop_requested()) co_return std::unexpected(No::stopped);
    if (free_ > 0) {
        --free_;
        co_return Place(*this);
    }
    if (waiting_.size() >= most_waiting_) co_return std::unexpected(No::full);
    // Leaves the queue whatever becomes of the task, and passes a place on that it was given and has not taken.
    struct Turn {
        Gate& gate;
        Waiter waiter;
        bool is_taken = false;
        ~Turn() {
            std::erase(gate.waiting_, &waiter);
            if (waiter.is_ready() && !is_taken) gate.leave();
        }
    };
    Turn turn{*this, Waiter(&loop_, deadline, std::move(stop))};
    waiting_.push_back(&turn.waiter);
    const auto woken = co_await turn.waiter;
    turn.is_taken = woken == Waiter::Woken::ready;  // leave() has taken it out and kept the place for it
    if (turn.is_taken) co_return Place(*this);
    co_return std::unexpected(woken == Waiter::Woken::stopped ? No::stopped : No::expired);
}

void Gate::leave() {
    while (!waiting_.empty()) {
        auto* next = waiting_.front();
        waiting_.pop_front();
        if (next->wake()) return;
    }
    ++free_;
}

}  // namespace client
