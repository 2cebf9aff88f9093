#pragma once
// Which requests are refused while more come than can be answered (docs/decisions/0075-overload.md). It looks at how long work waits in a queue:
// what waits a moment is a burst; what never waits less than the target for a tenth of a second is a queue that will not empty by
// itself (Nichols and Jacobson, *Controlled delay*, RFC 8289). Then a part of the requests is refused at once, of those that may wait
// first, and more of them each tenth of a second until the queue is short again. One loop; no clock of its own.
//
//     shedder.waited(LoadShedder::Queue::loop, lag, now);            // whoever has a queue says how long one waited
//     if (!shedder.admits(Priority::low, now)) throw base::Failure(errors::load_shed);

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "async/loop.h"
#include "http/router.h"

namespace http {

struct LoadShedderOptions {
    async::Milliseconds interval{100};
    // The shortest wait of an interval beyond which requests of a priority are refused: what waits longest for its turn goes last.
    std::array<async::Milliseconds, priorities> targets{async::Milliseconds(400), async::Milliseconds(100),
                                                        async::Milliseconds(50)};
    double less = 0.7;    // the share that is let through, after an interval with a long wait
    double more = 0.05;   // and what is added to it after any other
    double least = 0.02;  // of them still find out whether it is better
    async::Milliseconds report_every{10'000};
};

// In the context of a request that was refused so: no fault, and its line of the log is for debugging (a line costs as much as the refusal).
struct Shed {};

class LoadShedder {
public:
    enum class Queue : std::uint8_t { loop, reads, writes };

    explicit LoadShedder(const LoadShedderOptions& options = {}) : options_(options) { shares_.fill(1); }

    void waited(Queue queue, std::chrono::nanoseconds delay, async::SteadyTime now);
    // When the loop looks at its lateness next. While that is overdue it is in one long turn: nothing tells of a queue then, which is no
    // sign that there is none; and what comes when half of a target is over is refused, so that a turn has an end.
    void expect(async::SteadyTime at) { expected_ = at; }
    // Counts the request.
    [[nodiscard]] bool admits(Priority priority, async::SteadyTime now);
    // How many were refused since this last said so; nothing within `report_every` of that.
    [[nodiscard]] std::optional<std::int64_t> report(async::SteadyTime now);
    // Of requests that are let through; 1: all.
    [[nodiscard]] double share(Priority priority) const { return shares_[static_cast<std::size_t>(priority)]; }

private:
    static constexpr std::size_t queues = 3;
    struct Shortest {
        bool any = false;
        std::chrono::nanoseconds delay{0};
    };

    [[nodiscard]] bool decide(std::size_t of, async::SteadyTime now);
    void turn(async::SteadyTime now);
    [[nodiscard]] std::chrono::nanoseconds overdue(async::SteadyTime now) const;
    void adjust(std::chrono::nanoseconds delay, int intervals);

    LoadShedderOptions options_;
    async::SteadyTime interval_began_{};
    async::SteadyTime expected_ = async::SteadyTime::max();
    std::array<Shortest, queues> shortest_{};
    std::array<double, priorities> shares_{};
    std::array<double, priorities> credit_{};
    std::int64_t refused_ = 0;
    async::SteadyTime reported_{};
};

}  // namespace http
