#include "client/retry.h"

#include <algorithm>

#include "base/strings.h"

namespace client {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds shortest_pause{10};

std::optional<milliseconds> parse_one(std::string_view text, base::Timestamp now) {
    text = base::trim(text);
    if (text.empty()) return std::nullopt;
    if (std::ranges::all_of(text, base::is_ascii_digit)) {
        // More digits than a number holds are a long time as well.
        const auto count = base::parse_integer<std::int64_t>(text);
        constexpr auto most = std::chrono::duration_cast<seconds>(longest_retry_after).count();
        return seconds(std::min(count.value_or(most), most));
    }
    const auto date = base::parse_http_date(text);
    if (!date) return std::nullopt;
    return std::clamp(std::chrono::duration_cast<milliseconds>(*date - now), milliseconds(0), longest_retry_after);
}

}  // namespace

std::optional<milliseconds> parse_retry_after(std::span<const std::string_view> values, base::Timestamp now) {
    std::optional<milliseconds> longest;
    for (const auto value : values)
        if (const auto one = parse_one(value, now)) longest = std::max(longest.value_or(milliseconds(0)), *one);
    return longest;
}

std::optional<milliseconds> pause_before_retry(const RetryRule& rule, std::uint32_t failures,
                                               std::optional<milliseconds> retry_after, base::RandomSource& random) {
    const auto cap = std::max(rule.cap, shortest_pause);
    if (retry_after && *retry_after > cap) return std::nullopt;
    const auto grown = rule.base.count() << std::min(failures == 0 ? 0 : failures - 1, 20U);
    const auto most = std::clamp(milliseconds(grown), shortest_pause, cap);
    const auto spread = static_cast<std::uint64_t>((most - shortest_pause).count()) + 1;
    const auto jittered = shortest_pause + milliseconds(random.below(spread));
    return std::min(cap, retry_after.value_or(milliseconds(0)) + jittered);
}

}  // namespace client
