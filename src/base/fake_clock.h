#pragma once
// A clock that stands still until a test moves it. Thread-safe.
//
//     base::FakeClock clock;                                  // 2026-01-01T00:00:00Z
//     Sessions sessions{clock};
//     clock.advance(std::chrono::minutes{31});
//     EXPECT_FALSE(sessions.is_live(id));

#include <atomic>

#include "base/time.h"

namespace base {

class FakeClock final : public Clock {
public:
    FakeClock() : FakeClock(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}) {}
    explicit FakeClock(Timestamp start) : microseconds_(start.time_since_epoch().count()) {}

    [[nodiscard]] Timestamp now() const override { return Timestamp{std::chrono::microseconds{microseconds_.load()}}; }

    void set(Timestamp time) { microseconds_ = time.time_since_epoch().count(); }
    // Negative steps back, as NTP may.
    void advance(std::chrono::microseconds by) { microseconds_ += by.count(); }

private:
    std::atomic<std::int64_t> microseconds_;
};

}  // namespace base
