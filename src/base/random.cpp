#include "base/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace base {

std::uint64_t RandomSource::next_uint64() {
    std::array<std::uint8_t, sizeof(std::uint64_t)> bytes;
    fill(bytes);
    return std::bit_cast<std::uint64_t>(bytes);
}

std::uint64_t RandomSource::below(std::uint64_t bound) {
    // Values under 2^64 mod bound would make the small results likelier: draw again.
    const std::uint64_t biased = (0 - bound) % bound;
    std::uint64_t value = next_uint64();
    while (value < biased) value = next_uint64();
    return value % bound;
}

void SecureRandom::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto part = out.first(std::min<std::size_t>(out.size(), std::numeric_limits<int>::max()));
        if (RAND_bytes(part.data(), static_cast<int>(part.size())) != 1)
            throw std::runtime_error("RAND_bytes: no entropy");
        out = out.subspan(part.size());
    }
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t value = state_;
        value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
        value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
        value ^= value >> 31U;
        const auto count = std::min(out.size(), sizeof value);
        std::memcpy(out.data(), &value, count);
        out = out.subspan(count);
    }
}

}  // namespace base
