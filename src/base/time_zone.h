#pragma once
// IANA time zones (tzdata under /usr/share/zoneinfo, read through Abseil) for the two questions a business asks: which
// local day is it, and which business day does something count to. A value, cheap to copy, any thread.
//
//     const auto nairobi = base::TimeZone::load("Africa/Nairobi");
//     if (!nairobi) { /* unknown name: the caller's input is wrong */ }
//     nairobi->local_date(clock.now());
//     nairobi->business_day(clock.now(), std::chrono::hours{4});   // till 03:59 it is still yesterday's trade

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace base {

class TimeZone {
public:
    // Names as in the IANA database, case-sensitive. Safe for untrusted names: no paths, and an unknown name leaves
    // nothing behind. Reads a file on first use of a name.
    [[nodiscard]] static std::optional<TimeZone> load(std::string_view name);
    [[nodiscard]] static TimeZone utc();

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] Date local_date(Timestamp instant) const;
    // What the clock on the wall shows.
    [[nodiscard]] std::chrono::local_seconds local_time(Timestamp instant) const;
    // When it shows that: once; never, because the clocks were put forward over it (`first` is the moment they were); or
    // twice, because they were put back.
    enum class Occurs : std::uint8_t { once, never, twice };
    struct Instants {
        Occurs occurs = Occurs::once;
        Timestamp first;
        Timestamp last;  // the same as `first`, unless it occurs twice
    };
    [[nodiscard]] Instants instants_of(std::chrono::local_seconds local) const;
    // The business day D lasts from `cutoff` past midnight of D to `cutoff` past midnight of D + 1, on the wall clock:
    // a change to or from summer time moves no border. 0 <= cutoff < 24 h.
    [[nodiscard]] Date business_day(Timestamp instant, std::chrono::minutes cutoff) const;

private:
    struct Zone;
    explicit TimeZone(std::shared_ptr<const Zone> zone) : zone_(std::move(zone)) {}
    std::shared_ptr<const Zone> zone_;
};

}  // namespace base
