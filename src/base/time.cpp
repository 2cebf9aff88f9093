#include "base/time.h"

#include <algorithm>
#include <array>

namespace base {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

constexpr Timestamp first_timestamp = sys_days{year{1} / 1 / 1};
constexpr Timestamp last_timestamp = sys_days{year{9999} / 12 / 31} + hours{24} - microseconds{1};

constexpr std::array<std::string_view, 7> weekday_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a text from left to right; after the first mismatch every further step fails too.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    // Exactly `count` digits, at most `max`.
    int digits(std::size_t count, int max) {
        if (rest_.size() < count) return fail();
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const char c = rest_[i];
            if (c < '0' || c > '9') return fail();
            value = value * 10 + (c - '0');
        }
        if (value > max) return fail();
        rest_.remove_prefix(count);
        return value;
    }

    void literal(std::string_view expected) {
        if (!accept(expected)) fail();
    }

    bool accept(std::string_view expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }

    template <std::size_t Count>
    unsigned one_of(const std::array<std::string_view, Count>& names) {
        for (std::size_t i = 0; i < Count; ++i) {
            if (accept(names[i])) return static_cast<unsigned>(i);
        }
        fail();
        return 0;
    }

    // The digits after a point, as microseconds.
    microseconds fraction() {
        std::size_t count = 0;
        std::int64_t value = 0;
        for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
            if (count < 6) value = value * 10 + (rest_[count] - '0');
        }
        rest_.remove_prefix(count);
        if (count == 0) fail();
        for (auto i = count; i < 6; ++i) value *= 10;
        return microseconds{value};
    }

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool complete() const { return !failed_ && rest_.empty(); }

private:
    int fail() {
        failed_ = true;
        rest_ = {};
        return 0;
    }

    std::string_view rest_;
    bool failed_ = false;
};

Date read_date(Reader& reader) {
    const int y = reader.digits(4, 9999);
    reader.literal("-");
    const int m = reader.digits(2, 12);
    reader.literal("-");
    const int d = reader.digits(2, 31);
    return Date{year{y}, std::chrono::month{static_cast<unsigned>(m)}, std::chrono::day{static_cast<unsigned>(d)}};
}

bool is_writable(Date date) { return date.ok() && date.year() >= year{1} && date.year() <= year{9999}; }

seconds read_time_of_day(Reader& reader) {
    const hours h{reader.digits(2, 23)};
    reader.literal(":");
    const minutes m{reader.digits(2, 59)};
    reader.literal(":");
    // 60 stands for a leap second, which a Timestamp cannot hold: it counts as the second before, of the same day.
    return h + m + seconds{std::min(reader.digits(2, 60), 59)};
}

minutes read_offset(Reader& reader) {
    if (reader.accept("Z") || reader.accept("z")) return minutes{0};
    const bool west = reader.accept("-");
    if (!west) reader.literal("+");
    const hours h{reader.digits(2, 23)};
    reader.literal(":");
    const minutes offset = h + minutes{reader.digits(2, 59)};
    return west ? -offset : offset;
}

// The count is a template argument, so that the loop unrolls: forty timestamps stand in a page of twenty rows.
template <int count>
void put_digits(char* out, std::uint32_t value) {
    for (int i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

void put_date(char* out, Date date) {
    put_digits<4>(out, static_cast<std::uint32_t>(static_cast<int>(date.year())));
    out[4] = '-';
    put_digits<2>(out + 5, static_cast<unsigned>(date.month()));
    out[7] = '-';
    put_digits<2>(out + 8, static_cast<unsigned>(date.day()));
}

// "hh:mm:ss", eight characters.
void put_time_of_day(char* out, seconds since_midnight) {
    const auto total = static_cast<std::uint32_t>(since_midnight.count());
    put_digits<2>(out, total / 3600);
    out[2] = ':';
    put_digits<2>(out + 3, total / 60 % 60);
    out[5] = ':';
    put_digits<2>(out + 6, total % 60);
}

class SystemClock final : public Clock {
public:
    [[nodiscard]] Timestamp now() const override {
        return std::chrono::floor<microseconds>(std::chrono::system_clock::now());
    }
};

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
    Reader reader{text};
    const Date date = read_date(reader);
    if (!reader.accept("t")) reader.literal("T");
    const seconds time_of_day = read_time_of_day(reader);
    const microseconds fraction = reader.accept(".") ? reader.fraction() : microseconds{0};
    const minutes offset = read_offset(reader);
    if (!reader.complete() || !is_writable(date)) return std::nullopt;

    const Timestamp time = sys_days{date} + time_of_day + fraction - offset;
    if (time < first_timestamp || time > last_timestamp) return std::nullopt;
    return time;
}

void append_timestamp(std::string& out, Timestamp time) {
    time = std::clamp(time, first_timestamp, last_timestamp);
    const auto day = std::chrono::floor<days>(time);
    const microseconds of_day = time - day;
    const auto microsecond = of_day.count() % 1'000'000;

    char text[27];
    put_date(text, Date{day});
    text[10] = 'T';
    put_time_of_day(text + 11, std::chrono::floor<seconds>(of_day));
    text[19] = '.';
    const bool whole_milliseconds = microsecond % 1000 == 0;
    const int digits = whole_milliseconds ? 3 : 6;
    const auto fraction = static_cast<std::uint32_t>(microsecond);
    whole_milliseconds ? put_digits<3>(text + 20, fraction / 1000) : put_digits<6>(text + 20, fraction);
    text[20 + digits] = 'Z';
    out.append(text, static_cast<std::size_t>(21 + digits));
}

std::string format_timestamp(Timestamp time) {
    std::string out;
    out.reserve(27);
    append_timestamp(out, time);
    return out;
}

std::optional<Date> parse_date(std::string_view text) {
    Reader reader{text};
    const Date date = read_date(reader);
    if (!reader.complete() || !is_writable(date)) return std::nullopt;
    return date;
}

void append_date(std::string& out, Date date) {
    date = std::clamp(date, Date{std::chrono::floor<days>(first_timestamp)},
                      Date{std::chrono::floor<days>(last_timestamp)});
    char text[10];
    put_date(text, date);
    out.append(text, sizeof text);
}

std::string format_date(Date date) {
    std::string out;
    append_date(out, date);
    return out;
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
    Reader reader{text};
    const unsigned weekday = reader.one_of(weekday_names);
    reader.literal(", ");
    const int d = reader.digits(2, 31);
    reader.literal(" ");
    const unsigned month_index = reader.one_of(month_names);
    reader.literal(" ");
    const int y = reader.digits(4, 9999);
    reader.literal(" ");
    const seconds time_of_day = read_time_of_day(reader);
    reader.literal(" GMT");
    const Date date{year{y}, std::chrono::month{month_index + 1}, std::chrono::day{static_cast<unsigned>(d)}};
    if (!reader.complete() || !is_writable(date)) return std::nullopt;
    if (std::chrono::weekday{sys_days{date}}.c_encoding() != weekday) return std::nullopt;
    return sys_days{date} + time_of_day;
}

std::string format_http_date(Timestamp time) {
    time = std::clamp(time, first_timestamp, last_timestamp);
    const auto day = std::chrono::floor<days>(time);
    const Date date{day};
    std::string text{"Sun, 00 Jan 0000 00:00:00 GMT"};
    text.replace(0, 3, weekday_names[std::chrono::weekday{day}.c_encoding()]);
    put_digits<2>(text.data() + 5, static_cast<unsigned>(date.day()));
    text.replace(8, 3, month_names[static_cast<unsigned>(date.month()) - 1]);
    put_digits<4>(text.data() + 12, static_cast<std::uint32_t>(static_cast<int>(date.year())));
    put_time_of_day(text.data() + 17, std::chrono::floor<seconds>(time - day));
    return text;
}

const Clock& system_clock() {
    static const SystemClock clock;
    return clock;
}

}  // namespace base
