#include "pos/plumbing/money_text.h"

#include <fmt/format.h>

#include "base/time_zone.h"

namespace pos {

namespace {

constexpr std::size_t group = 3;

std::string grouped(std::string digits) {
    for (auto at = digits.size(); at > group;) {
        at -= group;
        digits.insert(at, ",");
    }
    return digits;
}

}  // namespace

std::string money_text(base::Money amount, std::string_view currency) {
    const auto known = base::find_currency(currency);
    const std::size_t decimals = known ? known->decimals : 2;
    const bool is_negative = amount.minor < 0;
    // Also of the smallest number, whose positive there is none.
    const auto size =
        is_negative ? 0 - static_cast<std::uint64_t>(amount.minor) : static_cast<std::uint64_t>(amount.minor);
    auto digits = fmt::format("{:0{}}", size, decimals + 1);
    const auto fraction = digits.substr(digits.size() - decimals);
    digits.resize(digits.size() - decimals);
    return fmt::format("{} {}{}{}{}", currency, is_negative ? "-" : "", grouped(digits), decimals == 0 ? "" : ".",
                       fraction);
}

std::string local_text(base::Timestamp at, std::string_view time_zone) {
    const auto zone = base::TimeZone::load(time_zone).value_or(base::TimeZone::utc());
    const auto local = zone.local_time(at);
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::hh_mm_ss clock(local - day);
    return fmt::format("{} {:02}:{:02}", base::format_date(zone.local_date(at)), clock.hours().count(),
                       clock.minutes().count());
}

}  // namespace pos
