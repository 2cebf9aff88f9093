#include "db/result.h"

#include <libpq-fe.h>
#include <algorithm>
#include <bit>
#include <concepts>
#include <cstring>

#include "base/strings.h"

namespace db {

namespace {

template <std::integral Integer>
Integer read_big_endian(Bytes& bytes) {
    if (bytes.size() < sizeof(Integer)) throw DecodeError("value too short");
    Integer value;
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes = bytes.subspan(sizeof value);
    return std::byteswap(value);
}

template <std::integral Integer>
Integer read_exactly(Bytes bytes) {
    if (bytes.size() != sizeof(Integer)) {
        throw DecodeError("expected " + std::to_string(sizeof(Integer)) + " bytes, got " +
                          std::to_string(bytes.size()));
    }
    return read_big_endian<Integer>(bytes);
}

constexpr auto epoch = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

struct NumericHeader {
    std::int16_t count;
    std::int16_t weight;
    std::uint16_t sign;
};

NumericHeader read_numeric_header(Bytes& bytes) {
    NumericHeader header{};
    header.count = read_big_endian<std::int16_t>(bytes);
    header.weight = read_big_endian<std::int16_t>(bytes);
    header.sign = read_big_endian<std::uint16_t>(bytes);
    read_big_endian<std::int16_t>(bytes);  // display scale: does not change the value
    if (header.sign != 0 && header.sign != 0x4000) throw DecodeError("numeric is NaN or infinite");
    if (header.count < 0 || bytes.size() != static_cast<std::size_t>(header.count) * 2)
        throw DecodeError("malformed numeric");
    return header;
}

}  // namespace

void decode(Bytes bytes, bool& out) {
    const auto value = read_exactly<std::uint8_t>(bytes);
    if (value > 1) throw DecodeError("malformed boolean");
    out = value == 1;
}
void decode(Bytes bytes, std::int16_t& out) { out = read_exactly<std::int16_t>(bytes); }
void decode(Bytes bytes, std::int32_t& out) { out = read_exactly<std::int32_t>(bytes); }
void decode(Bytes bytes, std::int64_t& out) { out = read_exactly<std::int64_t>(bytes); }
void decode(Bytes bytes, double& out) { out = std::bit_cast<double>(read_exactly<std::uint64_t>(bytes)); }
void decode(Bytes bytes, std::string& out) { out.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }
void decode(Bytes bytes, std::string_view& out) { out = {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
void decode(Bytes bytes, std::vector<std::byte>& out) { out.assign(bytes.begin(), bytes.end()); }

void decode(Bytes bytes, base::Uuid& out) {
    if (bytes.size() != base::Uuid::size)
        throw DecodeError("expected a uuid, got " + std::to_string(bytes.size()) + " bytes");
    base::Uuid::Bytes raw;
    std::memcpy(raw.data(), bytes.data(), raw.size());
    out = base::Uuid(raw);
}

// A page must not fail for one odd row: what lies outside of our calendar, infinity too, is read as its nearest bound.
void decode(Bytes bytes, base::Timestamp& out) {
    constexpr auto since_epoch = [](std::chrono::sys_days day) {
        return std::chrono::microseconds(day - epoch).count();
    };
    constexpr auto first = since_epoch(std::chrono::year{1} / 1 / 1);
    constexpr auto last =
        since_epoch(std::chrono::year{9999} / 12 / 31) + std::chrono::microseconds(std::chrono::days{1}).count() - 1;
    const auto microseconds = std::clamp(read_exactly<std::int64_t>(bytes), first, last);
    out = base::Timestamp(epoch) + std::chrono::microseconds(microseconds);
}

void decode(Bytes bytes, base::Date& out) {
    constexpr std::int32_t last = (std::chrono::sys_days{std::chrono::year{9999} / 12 / 31} - epoch).count();
    constexpr std::int32_t first = (std::chrono::sys_days{std::chrono::year{1} / 1 / 1} - epoch).count();
    out = base::Date(epoch + std::chrono::days(std::clamp(read_exactly<std::int32_t>(bytes), first, last)));
}

void decode(Bytes bytes, base::Quantity& out) {
    const NumericHeader header = read_numeric_header(bytes);
    std::int64_t value = 0;
    for (int i = 0; i < header.count; ++i) {
        const auto digit = read_big_endian<std::int16_t>(bytes);
        if (digit < 0 || digit > 9999) throw DecodeError("malformed numeric");
        const int weight = header.weight - i;
        if (digit == 0) continue;
        if (weight < -1) throw DecodeError("numeric has more than four decimals");
        std::int64_t scaled = digit;
        for (int power = -1; power < weight; ++power) {
            if (__builtin_mul_overflow(scaled, std::int64_t{10'000}, &scaled))
                throw DecodeError("numeric beyond numeric(18,4)");
        }
        if (__builtin_add_overflow(value, scaled, &value)) throw DecodeError("numeric beyond numeric(18,4)");
    }
    const base::Quantity quantity{header.sign == 0x4000 ? -value : value};
    if (!quantity.is_in_range()) throw DecodeError("numeric beyond numeric(18,4)");
    out = quantity;
}

ArrayView decode_array(Bytes bytes) {
    const auto dimensions = read_big_endian<std::int32_t>(bytes);
    read_big_endian<std::int32_t>(bytes);  // has-null flag: each element says it itself
    ArrayView array;
    array.element_type = read_big_endian<std::uint32_t>(bytes);
    if (dimensions == 0 && bytes.empty()) return array;
    if (dimensions != 1) throw DecodeError("array has " + std::to_string(dimensions) + " dimensions");
    const auto count = read_big_endian<std::int32_t>(bytes);
    read_big_endian<std::int32_t>(bytes);  // lower bound
    if (count < 0 || static_cast<std::size_t>(count) > bytes.size() / sizeof(std::int32_t))
        throw DecodeError("malformed array");
    array.elements.reserve(static_cast<std::size_t>(count));
    for (std::int32_t i = 0; i < count; ++i) {
        const auto size = read_big_endian<std::int32_t>(bytes);
        if (size == -1) {
            array.elements.emplace_back();
            continue;
        }
        if (size < 0 || static_cast<std::size_t>(size) > bytes.size()) throw DecodeError("malformed array");
        array.elements.emplace_back(bytes.first(static_cast<std::size_t>(size)));
        bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
    if (!bytes.empty()) throw DecodeError("malformed array");
    return array;
}

std::string_view decode_jsonb(Bytes bytes) {
    if (bytes.empty() || bytes.front() != std::byte{1}) throw DecodeError("unknown version of jsonb");
    std::string_view text;
    decode(bytes.subspan(1), text);
    return text;
}

void Result::Clear::operator()(pg_result* result) const noexcept { PQclear(result); }

std::size_t Result::rows() const noexcept { return static_cast<std::size_t>(PQntuples(result_.get())); }
std::size_t Result::columns() const noexcept { return static_cast<std::size_t>(PQnfields(result_.get())); }

std::string_view Result::column_name(std::size_t column) const {
    const char* name = PQfname(result_.get(), static_cast<int>(column));
    return name == nullptr ? std::string_view() : std::string_view(name);
}

std::uint32_t Result::column_type(std::size_t column) const { return PQftype(result_.get(), static_cast<int>(column)); }

std::optional<std::size_t> Result::find_column(std::string_view name) const {
    for (std::size_t column = 0; column < columns(); ++column) {
        if (column_name(column) == name) return column;
    }
    return std::nullopt;
}

std::optional<Bytes> Result::value(std::size_t row, std::size_t column) const {
    const int at_row = static_cast<int>(row);
    const int at_column = static_cast<int>(column);
    const auto size = static_cast<std::size_t>(PQgetlength(result_.get(), at_row, at_column));
    // What has a length exists and is not null: a page has hundreds of values, and each question is a call.
    if (size == 0) {
        // libpq answers "null" for a cell that does not exist: that would hide a mistake.
        if (row >= rows() || column >= columns()) throw std::out_of_range("no such row or column in the result");
        if (PQgetisnull(result_.get(), at_row, at_column) != 0) return std::nullopt;
    }
    return Bytes(reinterpret_cast<const std::byte*>(PQgetvalue(result_.get(), at_row, at_column)), size);
}

std::uint64_t Result::affected() const {
    // The pointer is to the result's own buffer, which libpq does not change; its signature predates const.
    const char* text = PQcmdTuples(result_.get());
    return base::parse_integer<std::uint64_t>(text).value_or(0);
}

std::size_t Result::memory() const { return PQresultMemorySize(result_.get()); }

std::string_view Result::command() const {
    const char* text = PQcmdStatus(result_.get());
    return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace db
