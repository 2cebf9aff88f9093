#include "pos/modules/reports/report_csv.h"

#include <fmt/format.h>

#include "schema/csv.h"

namespace pos {

namespace {

// The value of a field that may be null: nullptr then.
const void* value_of(const schema::Field& field, const void* row, const schema::Type** type) {
    const void* value = field.get(row);
    *type = field.type;
    while (value != nullptr && ((*type)->kind == schema::Kind::optional || (*type)->kind == schema::Kind::maybe)) {
        value = (*type)->peek(value);
        *type = (*type)->element;
    }
    return value;
}

}  // namespace

ReportLocale report_locale(std::string_view time_zone, std::string_view currency) {
    const auto known = base::find_currency(currency);
    return {.zone = base::TimeZone::load(time_zone).value_or(base::TimeZone::utc()),
            .decimals = known ? known->decimals : std::uint8_t{2}};
}

std::string decimal_text(base::Money amount, std::uint8_t decimals) {
    const bool is_negative = amount.minor < 0;
    // Also of the smallest number, whose positive there is none.
    const auto size =
        is_negative ? 0 - static_cast<std::uint64_t>(amount.minor) : static_cast<std::uint64_t>(amount.minor);
    auto text = fmt::format("{:0{}}", size, decimals + 1);
    if (decimals > 0) text.insert(text.size() - decimals, ".");
    if (is_negative) text.insert(0, "-");
    return text;
}

std::string zoned_text(base::Timestamp at, const base::TimeZone& zone) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    const auto offset = std::chrono::duration_cast<std::chrono::minutes>(zone.local_time(at).time_since_epoch() -
                                                                         seconds.time_since_epoch());
    const auto local = at + offset;
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(local - day));
    const auto size = std::chrono::abs(offset);
    return fmt::format("{}T{:02}:{:02}:{:02}.{:03}{}{:02}:{:02}", base::format_date(base::Date(day)),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count(), offset < std::chrono::minutes(0) ? '-' : '+', size.count() / 60,
                       size.count() % 60);
}

void write_report_header(const schema::ObjectType& type, std::string& out) { schema::write_csv_header(type, out); }

void write_report_row(const schema::ObjectType& type, const void* row, const ReportLocale& locale, std::string& out) {
    bool first = true;
    for (const auto& field : type.fields) {
        if (!std::exchange(first, false)) out += ',';
        const schema::Type* kind = nullptr;
        const auto* value = value_of(field, row, &kind);
        if (value == nullptr) continue;
        if (kind->kind == schema::Kind::money) {
            out += decimal_text(*static_cast<const base::Money*>(value), locale.decimals);
        } else if (kind->kind == schema::Kind::timestamp) {
            out += zoned_text(*static_cast<const base::Timestamp*>(value), locale.zone);
        } else {
            schema::write_csv_cell(field, row, out);
        }
    }
    out += "\r\n";
}

}  // namespace pos
