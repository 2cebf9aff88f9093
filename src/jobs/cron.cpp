#include "jobs/cron.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/strings.h"

namespace jobs {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t max_pattern_bytes = 1024;
constexpr int searched_days = 40 * 366;
constexpr std::uint64_t every_hour = (1ULL << 24U) - 1;

using Fault = std::unexpected<std::string>;

struct FieldRules {
    std::string_view name;
    int min;
    int max;
    std::string_view names{};  // three letters each, the first for `min`
};
constexpr FieldRules second_rules{"second", 0, 59};
constexpr FieldRules minute_rules{"minute", 0, 59};
constexpr FieldRules hour_rules{"hour", 0, 23};
constexpr FieldRules day_rules{"day", 1, 31};
constexpr FieldRules month_rules{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"};
constexpr FieldRules weekday_rules{"weekday", 0, 7, "SUNMONTUEWEDTHUFRISAT"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> predefined{{
    {"@yearly", "0 0 0 1 1 *"},
    {"@annually", "0 0 0 1 1 *"},
    {"@monthly", "0 0 0 1 * *"},
    {"@weekly", "0 0 0 * * 0"},
    {"@daily", "0 0 0 * * *"},
    {"@hourly", "0 0 * * * *"},
    {"@minutely", "0 * * * * *"},
    {"@secondly", "* * * * * *"},
    {"@weekdays", "0 0 0 * * 1-5"},
    {"@weekends", "0 0 0 * * 0,6"},
}};

// cron-parser's: FNV-1a for the seed, mulberry32 for the numbers, so that H means the same in Node.
class SeededNumbers {
public:
    explicit SeededNumbers(std::string_view seed) {
        for (const char c : seed) state_ = (state_ ^ static_cast<unsigned char>(c)) * 16'777'619U;
    }
    double next() {  // [0, 1)
        state_ += 0x6d2b79f5U;
        std::uint32_t t = (state_ ^ (state_ >> 15U)) * (state_ | 1U);
        t ^= t + (t ^ (t >> 7U)) * (t | 61U);
        return static_cast<double>(t ^ (t >> 14U)) / 4'294'967'296.0;
    }

private:
    std::uint32_t state_ = 2'166'136'261U;
};

// Reads one field from left to right.
class FieldReader {
public:
    FieldReader(const FieldRules& rules, std::string_view text, double chance)
        : rules_(rules), whole_(text), rest_(text), chance_(chance) {}

    std::expected<std::uint64_t, std::string> read() {
        do {
            if (auto fault = read_item(); !fault.empty()) {
                return Fault(fmt::format("{} \"{}\": {}", rules_.name, whole_.substr(0, 60), fault));
            }
        } while (take(','));
        if (!rest_.empty()) {
            return Fault(
                fmt::format("{} \"{}\": unexpected \"{}\"", rules_.name, whole_.substr(0, 60), rest_.substr(0, 20)));
        }
        return values_;
    }

private:
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::optional<int> take_number() {
        int value = 0;
        std::size_t digits = 0;
        while (digits < rest_.size() && digits < 4 && base::is_ascii_digit(rest_[digits])) {
            value = value * 10 + (rest_[digits++] - '0');
        }
        if (digits == 0) return take_name();
        rest_.remove_prefix(digits);
        return value;
    }

    std::optional<int> take_name() {
        for (std::size_t at = 0; at < rules_.names.size(); at += 3) {
            if (rest_.size() < 3 || !base::iequals(rest_.substr(0, 3), rules_.names.substr(at, 3))) continue;
            rest_.remove_prefix(3);
            return rules_.min + static_cast<int>(at / 3);
        }
        return std::nullopt;
    }

    std::string out_of_range(int value) const {
        return fmt::format("{} is not between {} and {}", value, rules_.min, rules_.max);
    }

    bool in_range(int value) const { return value >= rules_.min && value <= rules_.max; }

    std::string add(int value) {
        // Sunday is 0 and 7.
        if (rules_.max == 7) value %= 7;
        const auto bit = 1ULL << static_cast<unsigned>(value);
        if ((values_ & bit) != 0) return fmt::format("{} stands there twice", value);
        values_ |= bit;
        return {};
    }

    std::string add_range(int first, int last, int step) {
        std::uint64_t added = 0;
        for (int value = first; value <= last; value += step) {
            added |= 1ULL << static_cast<unsigned>(rules_.max == 7 ? value % 7 : value);
        }
        if ((values_ & added) != 0) return "a value stands there twice";
        values_ |= added;
        return {};
    }

    std::string read_item() {
        if (take('H')) return read_hashed();
        int first = rules_.min;
        int last = rules_.max;
        bool is_range = take('*') || take('?');
        if (!is_range) {
            const auto value = take_number();
            if (!value) return "a value is missing or is none";
            if (!in_range(*value)) return out_of_range(*value);
            first = *value;
            if (take('-')) {
                is_range = true;
                const auto end = take_number();
                if (!end) return "a range has no end";
                if (!in_range(*end)) return out_of_range(*end);
                if (*end < first) return fmt::format("the range {}-{} descends", first, *end);
                last = *end;
            }
        }
        if (take('/')) {
            const auto step = take_number();
            if (!step || *step == 0) return "a step is a positive number";
            return add_range(first, last, *step);
        }
        return is_range ? add_range(first, last, 1) : add(first);
    }

    // H, H(1-5), H/15, H(0-29)/10.
    std::string read_hashed() {
        int first = rules_.min;
        int last = rules_.max;
        if (take('(')) {
            const auto low = take_number();
            const bool dash = take('-');
            const auto high = take_number();
            if (!low || !dash || !high || !take(')')) return "H takes a range: H(1-5)";
            if (*low > *high) return fmt::format("the range {}-{} descends", *low, *high);
            first = std::max(first, *low);
            last = std::min(last, *high);
            if (first > last) return "the range of H lies outside the field";
        }
        const auto any = [&] { return static_cast<int>(std::floor(chance_ * (last - first + 1))) + first; };
        if (!take('/')) return add(any());
        const auto step = take_number();
        if (!step || *step == 0) return "a step is a positive number";
        int value = first / *step * *step + static_cast<int>(std::floor(chance_ * *step));
        if (value < first) value += *step;
        return value > last ? add(any()) : add_range(value, last, *step);
    }

    const FieldRules& rules_;
    std::string_view whole_;
    std::string_view rest_;
    double chance_;
    std::uint64_t values_ = 0;
};

bool has(std::uint64_t values, unsigned value) { return (values >> value & 1U) != 0; }

std::vector<std::string_view> split_fields(std::string_view text) {
    std::vector<std::string_view> fields;
    while (!(text = base::trim(text)).empty()) {
        const auto end = std::ranges::find_if(text, base::is_ascii_space) - text.begin();
        fields.push_back(text.substr(0, static_cast<std::size_t>(end)));
        text.remove_prefix(static_cast<std::size_t>(end));
    }
    return fields;
}

// Takes the items `special` recognises out of a list; what is left may be empty.
template <class Special>
std::string without(std::string_view list, Special special) {
    std::string left;
    for (const auto item : base::split(list, ',')) {
        if (special(item)) continue;
        if (!left.empty()) left.push_back(',');
        left += item;
    }
    return left;
}

}  // namespace

std::expected<CronPattern, std::string> CronPattern::parse(std::string_view text, std::string_view seed) {
    if (text.size() > max_pattern_bytes) return Fault("the pattern is too long");
    const auto* known = std::ranges::find(predefined, text, &std::pair<std::string_view, std::string_view>::first);
    if (known != predefined.end()) text = known->second;
    auto fields = split_fields(text);
    if (fields.empty() || fields.size() > 6) return Fault("a pattern has five fields, or six with seconds");
    constexpr std::array<std::string_view, 6> missing{"0", "*", "*", "*", "*", "*"};
    fields.insert(fields.begin(), missing.begin(), missing.end() - static_cast<std::ptrdiff_t>(fields.size()));

    CronPattern pattern;
    pattern.any_day_ = fields[3] == "*" || fields[3] == "?";
    pattern.any_weekday_ = fields[5] == "*" || fields[5] == "?";
    const std::string day_list = without(fields[3], [&](std::string_view item) {
        if (item != "L") return false;
        return pattern.last_day_ = true;
    });
    std::string weekday_list = without(fields[5], [&](std::string_view item) {
        if (item.size() != 2 || item[1] != 'L' || item[0] < '0' || item[0] > '7') return false;
        pattern.last_weekdays_ |= 1ULL << static_cast<unsigned>((item[0] - '0') % 7);
        return true;
    });
    if (const auto mark = weekday_list.find('#'); mark != std::string::npos) {
        const auto nth = base::parse_integer<int>(std::string_view(weekday_list).substr(mark + 1));
        weekday_list.resize(mark);
        if (!nth || *nth < 1 || *nth > 5 || weekday_list.find_first_of(",-/") != std::string::npos) {
            return Fault("# stands between one weekday and a number from 1 to 5");
        }
        pattern.nth_ = *nth;
    }

    // In cron-parser's order: one number for each field, whether H is in it or not.
    struct Target {
        const FieldRules& rules;
        std::string_view text;
        std::uint64_t& values;
        bool may_be_empty;
    };
    SeededNumbers numbers(seed);
    for (const auto& field :
         {Target{second_rules, fields[0], pattern.seconds_, false},
          Target{minute_rules, fields[1], pattern.minutes_, false},
          Target{hour_rules, fields[2], pattern.hours_, false}, Target{month_rules, fields[4], pattern.months_, false},
          Target{day_rules, day_list, pattern.days_, pattern.last_day_},
          Target{weekday_rules, weekday_list, pattern.weekdays_, pattern.last_weekdays_ != 0}}) {
        const double chance = numbers.next();
        if (field.text.empty() && field.may_be_empty) continue;
        auto values = FieldReader(field.rules, field.text, chance).read();
        if (!values) return Fault(std::move(values.error()));
        field.values = *values;
    }
    if (!pattern.can_ever_match()) return Fault("no month of the pattern has such a day");
    return pattern;
}

bool CronPattern::can_ever_match() const {
    if (!any_weekday_ || last_day_) return true;
    constexpr std::array<unsigned, 12> longest{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const auto first_day = static_cast<unsigned>(std::countr_zero(days_));
    for (unsigned month = 1; month <= 12; ++month) {
        if (has(months_, month) && first_day <= longest[month - 1]) return true;
    }
    return false;
}

bool CronPattern::matches(base::Date date) const {
    if (!has(months_, static_cast<unsigned>(date.month()))) return false;
    const auto day = static_cast<unsigned>(date.day());
    const std::chrono::year_month_day_last last{date.year(), std::chrono::month_day_last{date.month()}};
    const auto last_day = static_cast<unsigned>(last.day());
    const auto weekday = std::chrono::weekday{local_days{date}}.c_encoding();
    const bool by_day = has(days_, day) || (last_day_ && day == last_day);
    const bool by_weekday = (has(weekdays_, weekday) && (nth_ == 0 || static_cast<int>((day + 6) / 7) == nth_)) ||
                            (has(last_weekdays_, weekday) && day + 7 > last_day);
    if (any_weekday_) return by_day;
    return any_day_ ? by_weekday : by_day || by_weekday;
}

bool CronPattern::matches_hour(local_seconds hour, const base::TimeZone& zone) const {
    const auto number = [](local_seconds time) {
        return static_cast<unsigned>((time - std::chrono::floor<days>(time)) / hours{1});
    };
    if (has(hours_, number(hour))) return true;
    // The hours that the clocks were put forward over run in the one after them.
    for (auto skipped = hour - hours{1}; hour - skipped <= hours{3}; skipped -= hours{1}) {
        if (zone.instants_of(skipped).occurs != base::TimeZone::Occurs::never ||
            zone.instants_of(skipped + minutes{59}).occurs != base::TimeZone::Occurs::never) {
            return false;
        }
        if (has(hours_, number(skipped))) return true;
    }
    return false;
}

std::optional<base::Timestamp> CronPattern::next(base::Timestamp after, const base::TimeZone& zone) const {
    auto at = std::chrono::floor<seconds>(after) + seconds{1};
    for (int searched = 0; searched < searched_days;) {
        const auto local = zone.local_time(at);
        const auto midnight = std::chrono::floor<days>(local);
        if (!matches(base::Date{midnight})) {
            // Never back: where midnight is repeated, its first occurrence may be behind.
            const auto next_day = std::chrono::floor<seconds>(zone.instants_of(midnight + days{1}).last);
            at = std::max(next_day, at + seconds{1});
            ++searched;
            continue;
        }
        const auto hour = std::chrono::floor<hours>(local);
        const auto minute = std::chrono::floor<minutes>(local);
        const auto occurs = zone.instants_of(local);
        const bool is_repeat =
            hours_ != every_hour && occurs.occurs == base::TimeZone::Occurs::twice && at == occurs.last;
        if (is_repeat || !matches_hour(hour, zone)) {
            at += std::chrono::duration_cast<seconds>(hour + hours{1} - local);
            if (hour + hours{1} == local_seconds{midnight + days{1}}) ++searched;
        } else if (!has(minutes_, static_cast<unsigned>((minute - hour) / minutes{1}))) {
            at += minute + minutes{1} - local;
        } else if (!has(seconds_, static_cast<unsigned>((local - minute) / seconds{1}))) {
            at += seconds{1};
        } else {
            return at;
        }
    }
    return std::nullopt;
}

}  // namespace jobs
