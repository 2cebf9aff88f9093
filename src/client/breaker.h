#pragma once
// Breaker: stops calling a service that fails, so that callers hear it at once and the service gets room to recover; then tries one
// call. One thread; the time is an argument.
//
//     const auto pass = breaker.pass(now);
//     if (pass == Breaker::Pass::none) return fail_fast();
//     ... breaker.on_end(pass, succeeded, now);      // once for each call that was let through

#include <chrono>
#include <cstdint>

#include "client/target.h"

namespace client {

class Breaker {
public:
    using Time = std::chrono::steady_clock::time_point;
    enum class State : std::uint8_t { closed, open, trying };
    enum class Pass : std::uint8_t { none, call, probe };
    static constexpr std::chrono::seconds window{10};
    static constexpr std::chrono::seconds longest_pause{60};

    explicit Breaker(const BreakerRule& rule) : rule_(rule), pause_(rule.pause) {}

    [[nodiscard]] Pass pass(Time now);
    void on_end(Pass pass, bool succeeded, Time now);
    // Of a call that says nothing about the service (its caller has gone).
    void on_no_result(Pass pass);
    [[nodiscard]] State state() const noexcept { return state_; }
    // How long calls fail at once from now on.
    [[nodiscard]] std::chrono::milliseconds left(Time now) const;

private:
    struct Half {
        std::uint32_t calls = 0;
        std::uint32_t failures = 0;
    };
    void turn(Time now);
    void open(Time now);

    BreakerRule rule_;
    State state_ = State::closed;
    Half current_;  // the window is two halves of 5 s, of which the older one is dropped
    Half previous_;
    Time half_began_{};
    Time open_until_{};
    std::chrono::milliseconds pause_;
    bool probe_runs_ = false;
};

}  // namespace client
