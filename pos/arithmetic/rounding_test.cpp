#include "pos/arithmetic/rounding.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace pos::arithmetic {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();

TEST(DivideRounded, HalvesGoAwayFromZero) {
    struct Case {
        std::int64_t numerator;
        std::int64_t denominator;
        std::int64_t expected;
    };
    const Case cases[] = {{0, 7, 0},
                          {1, 2, 1},
                          {-1, 2, -1},
                          {3, 2, 2},
                          {-3, 2, -2},
                          {5, 2, 3},
                          {1, 3, 0},
                          {2, 3, 1},
                          {-2, 3, -1},
                          {-1, 3, 0},
                          {4, 10, 0},
                          {5, 10, 1},
                          {14, 10, 1},
                          {15, 10, 2},
                          {-15, 10, -2},
                          {-14, 10, -1},
                          {7, 1, 7},
                          {largest, 1, largest},
                          {smallest, 1, smallest},
                          {499999, 1000000, 0}};
    for (const auto& [numerator, denominator, expected] : cases) {
        EXPECT_EQ(static_cast<std::int64_t>(divide_rounded(numerator, denominator)), expected)
            << numerator << "/" << denominator;
    }
}

TEST(DivideRounded, TakesTheLargestProducts) {
    const Wide product = Wide{largest} * largest;
    EXPECT_TRUE(divide_rounded(product, largest) == largest);
    EXPECT_TRUE(divide_rounded(-product, largest) == -largest);
    EXPECT_TRUE(divide_rounded(Wide{smallest} * smallest, smallest * Wide{-1}) == -Wide{smallest});
}

TEST(Split, GoesToTheLargestRemainderThenTheLowerLine) {
    struct Case {
        std::int64_t total;
        std::vector<Weight> weights;
        std::vector<std::int64_t> expected;
    };
    const Case cases[] = {
        {1000, {{3333, 1}, {3333, 2}, {3334, 3}}, {333, 333, 334}},
        {416, {{1005, 1}, {1005, 2}, {1005, 3}}, {139, 139, 138}},
        {416, {{1005, 3}, {1005, 2}, {1005, 1}}, {138, 139, 139}},
        {1, {{1, 9}, {1, 4}, {1, 7}}, {0, 1, 0}},
        {-416, {{1005, 1}, {1005, 2}, {1005, 3}}, {-139, -139, -138}},
        {100, {{0, 1}, {1, 2}, {0, 3}}, {0, 100, 0}},
        {2, {{0, 1}, {1, 2}, {1, 3}, {1, 4}}, {0, 1, 1, 0}},
        {10, {{1, 1}, {2, 2}, {7, 3}}, {1, 2, 7}},
        {0, {{1, 1}, {2, 2}}, {0, 0}},
        {0, {{0, 1}, {0, 2}}, {0, 0}},
        {0, {}, {}},
        {largest, {{largest, 1}, {largest, 2}}, {largest / 2 + 1, largest / 2}},
        {smallest, {{largest, 1}, {largest, 2}}, {smallest / 2, smallest / 2}},
        {smallest, {{1, 1}}, {smallest}},
    };
    for (const auto& expected : cases) {
        const auto shares = split_by_largest_remainder(expected.total, expected.weights);
        ASSERT_TRUE(shares);
        EXPECT_EQ(*shares, expected.expected) << expected.total;
    }
}

TEST(Split, RefusesWeightsThatCannotCarryTheTotal) {
    const std::vector<Weight> negative{{5, 1}, {-1, 2}};
    EXPECT_EQ(split_by_largest_remainder(3, negative).error(), (ArithmeticError{ErrorCode::weights_out_of_range, 2}));
    const std::vector<Weight> zero{{0, 1}};
    EXPECT_EQ(split_by_largest_remainder(3, zero).error().code, ErrorCode::weights_out_of_range);
    EXPECT_EQ(split_by_largest_remainder(3, {}).error().code, ErrorCode::weights_out_of_range);
}

TEST(RoundCash, ToTheNearestCoin) {
    struct Case {
        std::int64_t amount;
        std::int64_t unit;
        std::int64_t expected;
    };
    const Case cases[] = {{12345, 100, -45}, {12350, 100, 50},   {12349, 100, -49}, {12300, 100, 0}, {0, 100, 0},
                          {40, 100, -40},    {50, 100, 50},      {12347, 5, -2},    {12348, 5, 2},   {12345, 1, 0},
                          {-12345, 100, 45}, {-12350, 100, -50}, {7, 20, -7},       {10, 20, 10},    {smallest, 1, 0},
                          {largest, 1, 0},   {1, largest, -1}};
    for (const auto& [amount, unit, expected] : cases) {
        const auto adjustment = round_cash(amount, unit);
        ASSERT_TRUE(adjustment) << amount;
        EXPECT_EQ(*adjustment, expected) << amount << " to " << unit;
    }
    EXPECT_EQ(round_cash(100, 0).error().code, ErrorCode::cash_unit_not_positive);
    EXPECT_EQ(round_cash(100, -100).error().code, ErrorCode::cash_unit_not_positive);
    EXPECT_EQ(round_cash(largest, 3).value(), -1);
}

TEST(RoundCash, OverflowIsAnError) {
    EXPECT_EQ(round_cash(largest, 8).error().code, ErrorCode::overflow);  // rounds up to 2^63
    EXPECT_EQ(round_cash(smallest, 10).error().code, ErrorCode::overflow);
}

TEST(Describe, EveryCodeHasWords) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::return_amounts_inconsistent); ++code) {
        EXPECT_NE(describe(static_cast<ErrorCode>(code)), "unknown") << code;
    }
}

}  // namespace
}  // namespace pos::arithmetic
