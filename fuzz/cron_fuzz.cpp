// Cron patterns of any bytes: parse() answers, and what it accepts has a next run that is later, matches the second, and is the
// same when asked again from just before it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "jobs/cron.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const base::TimeZone zones[] = {base::TimeZone::utc(), base::TimeZone::load("Europe/Berlin").value(),
                                           base::TimeZone::load("Australia/Lord_Howe").value(),
                                           base::TimeZone::load("America/Santiago").value()};
    if (size == 0) return 0;
    const auto& zone = zones[data[0] % std::size(zones)];
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto pattern = jobs::CronPattern::parse(text, "seed");
    if (!pattern) return 0;
    // A day of change in each zone, 2026.
    const auto start = base::Timestamp{std::chrono::sys_days{std::chrono::year{2026} / (data[0] < 128 ? 3 : 10) / 28}};
    const auto next = pattern->next(start, zone);
    if (!next) return 0;
    if (*next <= start || pattern->next(*next - std::chrono::microseconds(1), zone) != next) std::abort();
    return 0;
}
