#include "base/time_zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace base {
namespace {

constexpr std::size_t max_name_size = 64;

// Abseil reads any path and remembers every name it was ever asked for, also the unknown ones. Names come from users:
// letters of the IANA database alone pass, and only when there is such a file.
bool has_safe_letters(std::string_view name) {
    if (name.empty() || name.size() > max_name_size || name.front() == '/') return false;
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '/' && c != '_' && c != '-' && c != '+') return false;
    }
    return true;
}

// right/ counts leap seconds, which no Timestamp does; localtime is whatever this machine is set to.
bool is_refused(std::string_view name) {
    return name.starts_with("right/") || name.starts_with("posix/") || name == "localtime" || name == "posixrules";
}

bool is_installed(std::string_view name) {
    // The same two places in which Abseil looks.
    const char* configured = std::getenv("TZDIR");
    std::filesystem::path path{configured != nullptr && *configured != '\0' ? configured : "/usr/share/zoneinfo"};
    path /= name;
    std::error_code error;
    return std::filesystem::is_regular_file(path, error);
}

Date to_date(absl::CivilDay day) {
    return Date{std::chrono::year{static_cast<int>(day.year())}, std::chrono::month{static_cast<unsigned>(day.month())},
                std::chrono::day{static_cast<unsigned>(day.day())}};
}

}  // namespace

struct TimeZone::Zone {
    absl::TimeZone zone;
    std::string name;

    [[nodiscard]] absl::CivilSecond civil(Timestamp instant) const {
        return absl::ToCivilSecond(absl::FromUnixMicros(instant.time_since_epoch().count()), zone);
    }
};

std::optional<TimeZone> TimeZone::load(std::string_view name) {
    if (name == "UTC") return utc();
    if (!has_safe_letters(name) || is_refused(name) || !is_installed(name)) return std::nullopt;
    absl::TimeZone zone;
    if (!absl::LoadTimeZone({name.data(), name.size()}, &zone)) return std::nullopt;
    return TimeZone{std::make_shared<const Zone>(Zone{zone, std::string{name}})};
}

TimeZone TimeZone::utc() { return TimeZone{std::make_shared<const Zone>(Zone{absl::UTCTimeZone(), "UTC"})}; }

const std::string& TimeZone::name() const { return zone_->name; }

Date TimeZone::local_date(Timestamp instant) const { return to_date(absl::CivilDay{zone_->civil(instant)}); }

std::chrono::local_seconds TimeZone::local_time(Timestamp instant) const {
    return std::chrono::local_seconds{std::chrono::seconds{zone_->civil(instant) - absl::CivilSecond{}}};
}

TimeZone::Instants TimeZone::instants_of(std::chrono::local_seconds local) const {
    const auto info = zone_->zone.At(absl::CivilSecond{} + local.time_since_epoch().count());
    const auto at = [](absl::Time time) { return Timestamp{std::chrono::microseconds{absl::ToUnixMicros(time)}}; };
    switch (info.kind) {
        case absl::TimeZone::TimeInfo::UNIQUE: break;
        case absl::TimeZone::TimeInfo::SKIPPED: return {Occurs::never, at(info.trans), at(info.trans)};
        case absl::TimeZone::TimeInfo::REPEATED: return {Occurs::twice, at(info.pre), at(info.post)};
    }
    return {Occurs::once, at(info.pre), at(info.pre)};
}

Date TimeZone::business_day(Timestamp instant, std::chrono::minutes cutoff) const {
    return to_date(absl::CivilDay{absl::CivilMinute{zone_->civil(instant)} - cutoff.count()});
}

}  // namespace base
