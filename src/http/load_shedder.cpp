#include "http/load_shedder.h"

#include <algorithm>
#include <utility>

namespace http {

namespace {

constexpr int most_intervals = 100;  // of silence, after which everything is as at first

}  // namespace

void LoadShedder::waited(Queue queue, std::chrono::nanoseconds delay, async::SteadyTime now) {
    turn(now);
    auto& shortest = shortest_[static_cast<std::size_t>(queue)];
    shortest.delay = shortest.any ? std::min(shortest.delay, delay) : delay;
    shortest.any = true;
}

bool LoadShedder::admits(Priority priority, async::SteadyTime now) {
    turn(now);
    const bool admitted = decide(static_cast<std::size_t>(priority), now);
    if (!admitted) ++refused_;
    return admitted;
}

std::optional<std::int64_t> LoadShedder::report(async::SteadyTime now) {
    if (reported_ != async::SteadyTime{} && now - reported_ < options_.report_every) return std::nullopt;
    reported_ = now;
    return std::exchange(refused_, 0);
}

// Evenly, by what is left over: of a share of 0.3 each third one or so, and never none for long.
bool LoadShedder::decide(std::size_t of, async::SteadyTime now) {
    if (overdue(now) > options_.targets[of] / 2) return false;
    if (shares_[of] >= 1) return true;
    credit_[of] += shares_[of];
    if (credit_[of] < 1) return false;
    credit_[of] -= 1;
    return true;
}

std::chrono::nanoseconds LoadShedder::overdue(async::SteadyTime now) const {
    return now > expected_ ? now - expected_ : std::chrono::nanoseconds(0);
}

void LoadShedder::turn(async::SteadyTime now) {
    if (overdue(now) > options_.targets.back()) {
        // Judged by what is said at the end of it.
        interval_began_ = std::max(interval_began_, now - options_.interval / 2);
        return;
    }
    if (interval_began_ == async::SteadyTime{}) interval_began_ = now;
    if (now - interval_began_ < options_.interval) return;
    std::chrono::nanoseconds longest{0};
    for (auto& shortest : shortest_) {
        longest = std::max(longest, shortest.delay);
        shortest = {};
    }
    adjust(longest, 1);
    // A queue that nobody told of was empty in what passed besides.
    const auto passed = (now - interval_began_) / options_.interval;
    if (passed > 1)
        adjust(std::chrono::nanoseconds(0), static_cast<int>(std::min<std::int64_t>(passed - 1, most_intervals)));
    interval_began_ = now;
}

void LoadShedder::adjust(std::chrono::nanoseconds delay, int intervals) {
    for (std::size_t of = 0; of < shares_.size(); ++of) {
        auto& share = shares_[of];
        share = delay > options_.targets[of] ? std::max(options_.least, share * options_.less)
                                             : std::min(1.0, share + options_.more * intervals);
    }
}

}  // namespace http
