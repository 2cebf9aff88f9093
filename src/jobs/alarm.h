#pragma once
// Inside the library: a wait that ends at a time, or as soon as somebody rings. One waiter; one loop; no thread but the loop's.

#include "async/loop.h"
#include "async/sync.h"

namespace jobs::detail {

class Alarm {
public:
    explicit Alarm(async::Loop& loop) : event_(loop), timer_(loop, [this] { event_.set(); }) {}

    // A ring since the last wait ends this one at once.
    async::Task<void> wait_until(async::SteadyTime time) {
        if (time != async::SteadyTime::max()) timer_.expires_at(time);
        co_await event_;
        event_.reset();
        timer_.cancel();
    }
    void ring() { event_.set(); }

private:
    async::Event event_;
    async::Timer timer_;
};

}  // namespace jobs::detail
