#include "base/uuid.h"

#include <algorithm>
#include <chrono>

#include "base/random.h"

namespace base {
namespace {

constexpr std::array<std::int8_t, 256> hex_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (int i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
    for (int i = 0; i < 6; ++i) {
        values[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
        values[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
    }
    return values;
}();

// Where the two digits of each byte stand in 8-4-4-4-12.
constexpr std::array<std::uint8_t, Uuid::size> digit_offsets{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
constexpr std::array<std::uint8_t, 4> hyphen_offsets{8, 13, 18, 23};

constexpr std::int64_t max_millisecond = (std::int64_t{1} << 48) - 1;

std::int64_t milliseconds_of(Timestamp time) {
    const auto count = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
    return std::clamp<std::int64_t>(count, 0, max_millisecond);
}

void put_milliseconds(Uuid::Bytes& bytes, std::int64_t milliseconds) {
    for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
}

Uuid with_version(Uuid::Bytes bytes, unsigned version) {
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | (version << 4U));
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    return Uuid{bytes};
}

// Reseeding clears the top counter bit, which leaves at least 2^25 ids to each millisecond before it overflows.
constexpr std::uint32_t counter_seed_mask = (1U << 25U) - 1;
constexpr std::uint32_t counter_limit = 1U << 26U;

}  // namespace

std::optional<Uuid> Uuid::from_string(std::string_view text) {
    if (text.size() != text_size) return std::nullopt;
    for (const auto offset : hyphen_offsets) {
        if (text[offset] != '-') return std::nullopt;
    }
    Bytes bytes;
    int invalid = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const int high = hex_values[static_cast<std::uint8_t>(text[digit_offsets[i]])];
        const int low = hex_values[static_cast<std::uint8_t>(text[digit_offsets[i] + 1U])];
        invalid |= high | low;
        bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    if (invalid < 0) return std::nullopt;
    return Uuid{bytes};
}

void Uuid::write_to(std::span<char, text_size> out) const {
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < size; ++i) {
        out[digit_offsets[i]] = digits[bytes_[i] >> 4U];
        out[digit_offsets[i] + 1U] = digits[bytes_[i] & 0x0FU];
    }
    for (const auto offset : hyphen_offsets) out[offset] = '-';
}

std::string Uuid::to_string() const {
    std::string text(text_size, '\0');
    write_to(std::span<char, text_size>{text.data(), text_size});
    return text;
}

void Uuid::append_to(std::string& out) const {
    char text[text_size];
    write_to(text);
    out.append(text, text_size);
}

Uuid uuid_v4(RandomSource& random) {
    Uuid::Bytes bytes;
    random.fill(bytes);
    return with_version(bytes, 4);
}

Uuid uuid_v7(Timestamp time, RandomSource& random) {
    Uuid::Bytes bytes;
    random.fill(bytes);
    put_milliseconds(bytes, milliseconds_of(time));
    return with_version(bytes, 7);
}

Uuid UuidGenerator::next() {
    const auto now = milliseconds_of(clock_->now());
    if (now > last_millisecond_) {
        last_millisecond_ = now;
        counter_ = static_cast<std::uint32_t>(take_random(4)) & counter_seed_mask;
    } else if (++counter_ == counter_limit) {
        // RFC 9562 §6.2, counter rollover: run ahead of the clock rather than repeat.
        ++last_millisecond_;
        counter_ = static_cast<std::uint32_t>(take_random(4)) & counter_seed_mask;
    }

    Uuid::Bytes bytes;
    put_milliseconds(bytes, last_millisecond_);
    bytes[6] = static_cast<std::uint8_t>(counter_ >> 22U);  // 12 bits of rand_a,
    bytes[7] = static_cast<std::uint8_t>(counter_ >> 14U);
    bytes[8] = static_cast<std::uint8_t>((counter_ >> 8U) & 0x3FU);  // 14 bits of rand_b,
    bytes[9] = static_cast<std::uint8_t>(counter_);
    const auto tail = take_random(6);  // and 48 random ones.
    for (std::size_t i = 0; i < 6; ++i) bytes[10 + i] = static_cast<std::uint8_t>(tail >> (8 * i));
    return with_version(bytes, 7);
}

void UuidGenerator::refill() {
    random_->fill(pool_);
    pool_used_ = 0;
}

std::uint64_t UuidGenerator::take_random(std::size_t byte_count) {
    if (pool_used_ + byte_count > pool_.size()) refill();
    std::uint64_t value = 0;
    std::memcpy(&value, pool_.data() + pool_used_, byte_count);
    pool_used_ += byte_count;
    return value;
}

}  // namespace base
