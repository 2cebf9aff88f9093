#pragma once
// Gate: how many calls to a target run at once, and how many may wait for a place; first come, first served. Loop's thread.
//
//     auto place = co_await gate.enter(deadline, stop);
//     if (!place) return place.error();                       // full, or the wait ended without one

#include <cstddef>
#include <deque>
#include <expected>
#include <stop_token>
#include <utility>

#include "async/loop.h"
#include "async/task.h"
#include "client/waiter.h"

namespace client {

class Gate {
public:
    // Gives its place to the next when destroyed.
    class Place {
    public:
        explicit Place(Gate& gate) noexcept : gate_(&gate) {}
        Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        Place& operator=(Place&& other) noexcept {
            std::swap(gate_, other.gate_);
            return *this;
        }
        ~Place() {
            if (gate_ != nullptr) gate_->leave();
        }

    private:
        Gate* gate_;
    };
    enum class No : std::uint8_t { full, expired, stopped };

    Gate(async::Loop& loop, std::size_t places, std::size_t most_waiting)
        : loop_(loop), free_(places), most_waiting_(most_waiting) {}

    [[nodiscard]] async::Task<std::expected<Place, No>> enter(async::SteadyTime deadline, std::stop_token stop);
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    void leave();

    async::Loop& loop_;
    std::size_t free_;
    std::size_t most_waiting_;
    std::deque<Waiter*> waiting_;
};

}  // namespace client
