#include "jobs/backoff.h"

#include <algorithm>
#include <cmath>

#include "jobs/errors.h"

namespace jobs {
namespace {

// Beyond it a delay means never; it also keeps 2^n within a double's whole numbers.
constexpr double max_delay = 10.0 * 365 * 86'400'000;

milliseconds with_jitter(double full, double jitter, base::RandomSource& random) {
    full = std::min(full, max_delay);
    if (jitter <= 0) return milliseconds(std::llround(full));
    const double chance = static_cast<double>(random.next_uint64() >> 11U) * 0x1p-53;  // [0, 1)
    const double spread = full * std::min(jitter, 1.0);
    return milliseconds(static_cast<std::int64_t>(std::floor(full - spread + chance * spread)));
}

}  // namespace

std::optional<milliseconds> backoff_delay(const JobRecord& job, std::int64_t attempt, std::string_view reason,
                                          const BackoffStrategies& strategies, base::RandomSource& random) {
    if (!job.options.backoff) return milliseconds{0};
    const auto& backoff = *job.options.backoff;
    const auto delay = static_cast<double>(std::max<std::int64_t>(0, backoff.delay.count()));
    if (backoff.type == "fixed") return with_jitter(delay, backoff.jitter, random);
    if (backoff.type == "exponential") {
        const auto doublings = static_cast<double>(std::max<std::int64_t>(0, attempt - 1));
        return with_jitter(std::exp2(std::min(doublings, 64.0)) * delay, backoff.jitter, random);
    }
    const auto strategy = strategies.find(backoff.type);
    if (strategy == strategies.end()) {
        throw base::Failure(errors::bad_options, "unknown back-off strategy " + backoff.type);
    }
    return strategy->second(attempt, job, reason);
}

}  // namespace jobs
