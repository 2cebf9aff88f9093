#include "webhooks/plan.h"

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"

namespace webhooks {

std::optional<seconds> wait_after(std::int32_t made, std::optional<seconds> retry_after, base::RandomSource& random) {
    if (made >= most_attempts) return std::nullopt;
    const auto planned = plan.at(static_cast<std::size_t>(std::max(made, 1)));
    const auto extra = static_cast<std::uint64_t>(static_cast<double>(planned.count()) * jitter);
    const auto wait = planned + seconds(static_cast<std::int64_t>(random.below(extra + 1)));
    return std::max(wait, std::min(retry_after.value_or(seconds(0)), most_retry_after));
}

std::optional<seconds> read_retry_after(std::string_view value, base::Timestamp now) {
    value = base::trim(value);
    if (value.empty()) return std::nullopt;
    if (std::ranges::all_of(value, base::is_ascii_digit)) {
        constexpr std::size_t most_digits = 9;
        const auto read = value.size() > most_digits ? std::nullopt : base::parse_integer<std::int64_t>(value);
        return std::min(read ? seconds(*read) : most_retry_after, most_retry_after);
    }
    const auto date = base::parse_http_date(value);
    if (!date || *date <= now) return std::nullopt;
    return std::min(std::chrono::ceil<seconds>(*date - now), most_retry_after);
}

}  // namespace webhooks
