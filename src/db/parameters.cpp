#include "db/parameters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "base/out_of_range.h"
#include "db/error.h"

namespace db {

namespace {

// Integers travel in network byte order (https://www.postgresql.org/docs/15/protocol-message-types.html).
template <std::integral Integer>
void append_big_endian(std::string& out, Integer value) {
    const auto swapped = std::byteswap(value);
    out.append(reinterpret_cast<const char*>(&swapped), sizeof swapped);
}

template <std::integral Integer>
void write_big_endian(std::string& out, std::size_t position, Integer value) {
    const auto swapped = std::byteswap(value);
    std::memcpy(out.data() + position, &swapped, sizeof swapped);
}

// PostgreSQL counts from 2000-01-01 (its <datatype/timestamp.h>).
constexpr auto epoch = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

// numeric: base-10000 digits, most significant first, with the weight of the first (numeric_send in numeric.c).
struct NumericDigits {
    std::array<std::int16_t, 6> digits{};  // 18 decimal digits are at most five groups around the point
    std::int16_t count = 0;
    std::int16_t weight = 0;
};

NumericDigits numeric_digits(std::uint64_t ten_thousandths) {
    std::array<std::int16_t, 6> reversed{};
    std::int16_t count = 0;
    for (auto rest = ten_thousandths; rest != 0; rest /= 10'000) {
        reversed[static_cast<std::size_t>(count++)] = static_cast<std::int16_t>(rest % 10'000);
    }
    NumericDigits result;
    // One group stands after the point, so the first has the weight count - 2.
    result.weight = static_cast<std::int16_t>(count - 2);
    std::reverse_copy(reversed.begin(), reversed.begin() + count, result.digits.begin());
    // Zero groups at the end are not stored.
    while (count > 0 && result.digits[static_cast<std::size_t>(count - 1)] == 0) --count;
    if (count == 0) result.weight = 0;
    result.count = count;
    return result;
}

// Values come from requests: what cannot be sent is the client's error, and final.
[[noreturn]] void refuse(const char* why) { throw base::Failure(base::Failure(errors::value_refused).cause(why)); }

}  // namespace

void encode(std::string& out, bool value) { out.push_back(value ? '\1' : '\0'); }
void encode(std::string& out, std::int16_t value) { append_big_endian(out, value); }
void encode(std::string& out, std::int32_t value) { append_big_endian(out, value); }
void encode(std::string& out, std::int64_t value) { append_big_endian(out, value); }
void encode(std::string& out, double value) { append_big_endian(out, std::bit_cast<std::uint64_t>(value)); }

void encode(std::string& out, std::string_view value) {
    if (value.find('\0') != std::string_view::npos) refuse("PostgreSQL's text holds no zero byte");
    out.append(value);
}

void encode(std::string& out, std::span<const std::byte> value) {
    out.append(reinterpret_cast<const char*>(value.data()), value.size());
}

void encode(std::string& out, const base::Uuid& value) {
    out.append(reinterpret_cast<const char*>(value.bytes().data()), base::Uuid::size);
}

void encode(std::string& out, base::Timestamp value) {
    const auto since = value - std::chrono::time_point_cast<std::chrono::microseconds>(epoch);
    append_big_endian(out, static_cast<std::int64_t>(since.count()));
}

void encode(std::string& out, base::Date value) {
    if (!value.ok()) refuse("a date that does not exist");
    append_big_endian(out, static_cast<std::int32_t>((std::chrono::sys_days{value} - epoch).count()));
}

void encode(std::string& out, base::Quantity value) {
    if (!value.is_in_range()) base::throw_out_of_range("a quantity beyond numeric(18,4)");
    const bool negative = value.ten_thousandths < 0;
    const auto digits =
        numeric_digits(static_cast<std::uint64_t>(negative ? -value.ten_thousandths : value.ten_thousandths));
    append_big_endian(out, digits.count);
    append_big_endian(out, digits.weight);
    append_big_endian(out, static_cast<std::uint16_t>(negative ? 0x4000 : 0));
    append_big_endian(out, std::int16_t{4});  // display scale
    for (std::int16_t i = 0; i < digits.count; ++i) append_big_endian(out, digits.digits[static_cast<std::size_t>(i)]);
}

Parameters& Parameters::append_jsonb(std::string_view json) {
    const auto start = begin();
    bytes_.push_back('\1');  // the one version there is (jsonb_recv)
    encode(bytes_, json);
    return finish(start);
}

Parameters& Parameters::append_jsonb_array(const std::vector<std::optional<std::string>>& texts) {
    const auto start = begin();
    begin_array(type::jsonb, texts.size(), true);
    for (const auto& text : texts) {
        if (!text) {
            append_null_element();
            continue;
        }
        const auto element = begin_element();
        bytes_.push_back('\1');
        encode(bytes_, std::string_view(*text));
        finish_element(element);
    }
    return finish(start);
}

std::optional<std::string_view> Parameters::at(std::size_t index) const {
    const Slot slot = slots_.at(index);
    if (slot.size < 0) return std::nullopt;
    return std::string_view(bytes_).substr(slot.offset, static_cast<std::size_t>(slot.size));
}

Parameters& Parameters::finish(std::size_t start) {
    // A frontend message is limited to 2^31 bytes.
    if (bytes_.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        refuse("parameters above 2 GB");
    }
    slots_.push_back({static_cast<std::uint32_t>(start), static_cast<std::int32_t>(bytes_.size() - start)});
    return *this;
}

// array_send in arrayfuncs.c: dimensions, has-null flag, element type, then length and lower bound of each dimension.
void Parameters::begin_array(std::uint32_t element_type, std::size_t count, bool has_null) {
    append_big_endian(bytes_, std::int32_t{count == 0 ? 0 : 1});
    append_big_endian(bytes_, std::int32_t{has_null ? 1 : 0});
    append_big_endian(bytes_, element_type);
    if (count == 0) return;
    append_big_endian(bytes_, static_cast<std::int32_t>(count));
    append_big_endian(bytes_, std::int32_t{1});
}

void Parameters::append_null_element() { append_big_endian(bytes_, std::int32_t{-1}); }

std::size_t Parameters::begin_element() {
    append_big_endian(bytes_, std::int32_t{0});
    return bytes_.size();
}

void Parameters::finish_element(std::size_t start) {
    write_big_endian(bytes_, start - sizeof(std::int32_t), static_cast<std::int32_t>(bytes_.size() - start));
}

}  // namespace db
