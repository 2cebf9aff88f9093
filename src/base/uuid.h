#pragma once
// UUIDs (RFC 9562) and strong ids on top of them. Values: no lifetime, any thread. UuidGenerator: one per thread.
//
//     struct ProductTag;
//     using ProductId = base::Id<ProductTag>;
//     base::UuidGenerator generator{base::system_clock(), random};
//     const ProductId id{generator.next()};
//     const std::optional<ProductId> from_path = ProductId::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace base {

class RandomSource;

class Uuid {
public:
    static constexpr std::size_t size = 16;
    static constexpr std::size_t text_size = 36;
    using Bytes = std::array<std::uint8_t, size>;

    // Nil: all zero (RFC 9562 §5.9).
    constexpr Uuid() = default;
    // Bytes in network order, as PostgreSQL sends them in binary format.
    constexpr explicit Uuid(const Bytes& bytes) : bytes_(bytes) {}

    [[nodiscard]] static constexpr Uuid nil() { return {}; }
    // The 36-character form alone, either letter case; any version and variant. No braces, no "urn:uuid:", no white space.
    [[nodiscard]] static std::optional<Uuid> from_string(std::string_view text);

    [[nodiscard]] constexpr bool is_nil() const { return *this == nil(); }
    [[nodiscard]] constexpr const Bytes& bytes() const { return bytes_; }
    // The version field; says something only when the variant is RFC 9562's, which from_string does not demand.
    [[nodiscard]] constexpr int version() const { return bytes_[6] >> 4; }
    // Variant bits 10 (RFC 9562 §4.1).
    [[nodiscard]] constexpr bool has_rfc_variant() const { return (bytes_[8] & 0xC0U) == 0x80U; }

    // Lower case, hyphens, no terminating zero.
    void write_to(std::span<char, text_size> out) const;
    [[nodiscard]] std::string to_string() const;
    void append_to(std::string& out) const;

    // Byte order, which for version 7 is order of creation, and PostgreSQL's order of uuid.
    friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;

private:
    Bytes bytes_{};
};

// Version 7 out of 48 bits of milliseconds and 74 random bits. `time` before 1970 counts as 1970.
// Two of one millisecond are in no order: use UuidGenerator where that matters.
[[nodiscard]] Uuid uuid_v7(Timestamp time, RandomSource& random);
[[nodiscard]] Uuid uuid_v4(RandomSource& random);

// Version 7, strictly increasing, also when the clock stands still or steps back (RFC 9562 §6.2, method 1: 26 counter
// bits, reseeded each millisecond, above 48 random bits). Not thread-safe; `clock` and `random` must outlive it.
class UuidGenerator {
public:
    UuidGenerator(const Clock& clock, RandomSource& random) : clock_(&clock), random_(&random) {}

    [[nodiscard]] Uuid next();

private:
    void refill();
    std::uint64_t take_random(std::size_t byte_count);

    const Clock* clock_;
    RandomSource* random_;
    std::int64_t last_millisecond_ = -1;
    std::uint32_t counter_ = 0;
    // One call of the random source serves some 40 ids.
    std::array<std::uint8_t, 256> pool_{};
    std::size_t pool_used_ = pool_.size();
};

// A UUID that says what it identifies. Different tags do not mix.
template <class Tag>
class Id {
public:
    constexpr Id() = default;
    constexpr explicit Id(const Uuid& uuid) : uuid_(uuid) {}

    [[nodiscard]] static std::optional<Id> from_string(std::string_view text) {
        const auto uuid = Uuid::from_string(text);
        return uuid ? std::optional<Id>{Id{*uuid}} : std::nullopt;
    }

    [[nodiscard]] constexpr const Uuid& uuid() const { return uuid_; }
    [[nodiscard]] constexpr bool is_nil() const { return uuid_.is_nil(); }
    [[nodiscard]] std::string to_string() const { return uuid_.to_string(); }

    friend constexpr auto operator<=>(const Id&, const Id&) = default;

private:
    Uuid uuid_;
};

}  // namespace base

template <>
struct std::hash<base::Uuid> {
    // Both halves are mixed: the leading bits of version 7 are a clock and nearly the same in all of a day's ids.
    std::size_t operator()(const base::Uuid& uuid) const noexcept {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        std::memcpy(&high, uuid.bytes().data(), sizeof high);
        std::memcpy(&low, uuid.bytes().data() + sizeof high, sizeof low);
        std::uint64_t mixed = (high ^ (low * 0x9E3779B97F4A7C15U)) * 0xFF51AFD7ED558CCDU;
        mixed ^= mixed >> 32U;
        return mixed;
    }
};

template <class Tag>
struct std::hash<base::Id<Tag>> {
    std::size_t operator()(const base::Id<Tag>& id) const noexcept { return std::hash<base::Uuid>{}(id.uuid()); }
};
