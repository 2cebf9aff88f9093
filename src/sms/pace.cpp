#include "sms/pace.h"

#include <algorithm>
#include <stdexcept>

namespace sms {

namespace {

constexpr std::size_t most_accounts = 10'000;
constexpr std::chrono::nanoseconds second = std::chrono::seconds(1);

std::chrono::nanoseconds gap_of(std::int32_t per_second) {
    if (per_second < 1) throw std::invalid_argument("sms: a pace of less than one a second");
    return second / per_second;
}

}  // namespace

Pace::Pace(std::int32_t per_second) : gap_(gap_of(per_second)), burst_(second) {}

std::optional<async::SteadyTime> Pace::next(std::size_t count, async::SteadyTime now, async::SteadyTime deadline) {
    const auto length = gap_ * static_cast<std::int64_t>(count);
    const std::scoped_lock lock(mutex_);
    const auto begins = std::max(free_at_, now);
    // More than a second's worth is let through when the second is whole, and paid for by those behind it.
    const auto turn = std::max(now, begins - (burst_ - std::min(length, burst_)));
    if (turn > deadline) return std::nullopt;
    free_at_ = begins + length;
    return turn;
}

std::shared_ptr<Pace> Paces::of(const std::string& account, std::int32_t per_second) {
    const auto key = account + " " + std::to_string(per_second);
    const std::scoped_lock lock(mutex_);
    if (const auto known = paces_.find(key); known != paces_.end()) return known->second;
    if (paces_.size() >= most_accounts)
        std::erase_if(paces_, [](const auto& one) { return one.second.use_count() == 1; });
    return paces_[key] = std::make_shared<Pace>(per_second);
}

}  // namespace sms
