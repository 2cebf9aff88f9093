#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace base {
namespace {

TEST(SeededRandom, RepeatsItself) {
    SeededRandom left{42};
    SeededRandom right{42};
    SeededRandom other{43};
    std::array<std::uint8_t, 33> a{};
    std::array<std::uint8_t, 33> b{};
    std::array<std::uint8_t, 33> c{};
    left.fill(a);
    right.fill(b);
    other.fill(c);
    EXPECT_EQ(a, b);
    EXPECT_NE(a, c);
    // SplitMix64 with seed 0 begins with this number.
    EXPECT_EQ(SeededRandom{0}.next_uint64(), 0xE220A8397B1DCDAFU);
}

TEST(RandomSource, BelowIsUniform) {
    SeededRandom random{1};
    std::array<int, 6> counts{};
    for (int i = 0; i < 60'000; ++i) ++counts[random.below(6)];
    for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
    EXPECT_EQ(random.below(1), 0U);
    constexpr std::uint64_t large = (std::uint64_t{1} << 63U) + 1;
    for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(large), large);
}

TEST(SecureRandom, FillsAnySize) {
    SecureRandom random;
    random.fill({});
    std::array<std::uint8_t, 64> a{};
    std::array<std::uint8_t, 64> b{};
    random.fill(a);
    random.fill(b);
    EXPECT_NE(a, b);
    EXPECT_NE(a, (std::array<std::uint8_t, 64>{}));
}

}  // namespace
}  // namespace base
