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
    Waiter waiter(&loop_, deadline, std::move(stop));
    waiting_.push_back(&waiter);
    const auto woken = co_await waiter;
    // leave() has taken it out and kept the place for it.
    if (woken == Waiter::Woken::ready) co_return Place(*this);
    std::erase(waiting_, &waiter);
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
