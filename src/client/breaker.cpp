#include "client/breaker.h"

#include <algorithm>
#include <utility>

namespace client {

Breaker::Pass Breaker::pass(Time now) {
    if (state_ == State::open && now >= open_until_) state_ = State::trying;
    if (state_ == State::closed) return Pass::call;
    if (state_ == State::open || std::exchange(probe_runs_, true)) return Pass::none;
    return Pass::probe;
}

void Breaker::on_end(Pass pass, bool succeeded, Time now) {
    if (pass == Pass::probe) {
        probe_runs_ = false;
        if (!succeeded) {
            pause_ = std::min<std::chrono::milliseconds>(pause_ * 2, longest_pause);
            return open(now);
        }
        state_ = State::closed;
        pause_ = rule_.pause;
        return;
    }
    if (state_ != State::closed) return;  // began before it opened
    turn(now);
    ++current_.calls;
    if (!succeeded) ++current_.failures;
    const auto calls = current_.calls + previous_.calls;
    const auto failures = current_.failures + previous_.failures;
    if (!succeeded && calls >= rule_.least && failures >= rule_.failing * calls) open(now);
}

void Breaker::on_no_result(Pass pass) {
    if (pass == Pass::probe) probe_runs_ = false;
}

std::chrono::milliseconds Breaker::left(Time now) const {
    if (state_ == State::closed) return std::chrono::milliseconds(0);
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(open_until_ - now),
                    std::chrono::milliseconds(100));
}

void Breaker::turn(Time now) {
    constexpr auto half = window / 2;
    const auto age = now - half_began_;
    if (age < half) return;
    previous_ = age < window ? current_ : Half{};
    current_ = {};
    half_began_ = now;
}

void Breaker::open(Time now) {
    state_ = State::open;
    open_until_ = now + pause_;
    current_ = previous_ = {};
}

}  // namespace client
