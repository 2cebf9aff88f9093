#pragma once
// The three ways in which the sale rounds. Pure functions: any thread.
//
//     divide_rounded(Wide{1999} * 3350, 10'000);                        // 669.665 -> 670, half away from zero
//     *split_by_largest_remainder(1000, {{{3333, 1}, {3333, 2}, {3334, 3}}});   // {333, 333, 334}
//     *round_cash(12345, 100);                                          // -45: pay 12300
//     *round_cash(12350, 100);                                          // +50: pay 12400

#include <cstdint>
#include <span>
#include <vector>

#include "pos/arithmetic/result.h"

namespace pos::arithmetic {

// Holds the product of any two amounts (2^126 at most) and the sum of any number of them that fits in memory.
__extension__ using Wide = __int128;

[[nodiscard]] constexpr bool fits(Wide value) { return value >= INT64_MIN && value <= INT64_MAX; }

// To the nearest integer, halves away from zero. denominator > 0.
[[nodiscard]] constexpr Wide divide_rounded(Wide numerator, Wide denominator) {
    const Wide quotient = numerator / denominator;
    const Wide remainder = numerator % denominator;
    const Wide distance = remainder < 0 ? -remainder : remainder;
    // Not 2 * distance, which may leave the range.
    if (distance < denominator - distance) return quotient;
    return numerator < 0 ? quotient - 1 : quotient + 1;
}

struct Weight {
    std::int64_t value = 0;
    std::int32_t line_number = 0;
};

// Whole parts of `total` in proportion to the weights, in their order, adding up to `total` exactly: each gets its
// share rounded down, and the units left over go to the largest remainders, the lower line number first. So every part
// is less than one unit from its exact share, and a weight of zero gets nothing. A negative total is split as its
// opposite. weights_out_of_range when a weight is negative, or all are zero and the total is not.
Result<std::vector<std::int64_t>> split_by_largest_remainder(std::int64_t total, std::span<const Weight> weights);

// What is to be added to `amount` to make it a multiple of `unit` (the smallest coin), halves away from zero.
Result<std::int64_t> round_cash(std::int64_t amount, std::int64_t unit);

}  // namespace pos::arithmetic
