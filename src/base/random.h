#pragma once
// Where random bytes come from: an argument, so that a test can repeat itself.
//
//     base::SecureRandom random;              // production: OpenSSL's generator, any thread
//     base::SeededRandom repeatable{42};      // tests: the same bytes for the same seed, one thread
//     std::array<std::uint8_t, 32> token;
//     random.fill(token);

#include <cstdint>
#include <span>

namespace base {

class RandomSource {
public:
    virtual ~RandomSource() = default;

    virtual void fill(std::span<std::uint8_t> out) = 0;

    [[nodiscard]] std::uint64_t next_uint64();
    // Uniform in [0, bound), without modulo bias. bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);
};

// RAND_bytes; thread-safe, fit for keys and tokens. Throws std::runtime_error when the system has no entropy.
class SecureRandom final : public RandomSource {
public:
    void fill(std::span<std::uint8_t> out) override;
};

// SplitMix64: predictable by design. Never for keys or tokens; not thread-safe.
class SeededRandom final : public RandomSource {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::uint8_t> out) override;

private:
    std::uint64_t state_;
};

}  // namespace base
