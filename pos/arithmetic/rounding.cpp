#include "pos/arithmetic/rounding.h"

#include <algorithm>
#include <cstddef>

namespace pos::arithmetic {

Result<std::vector<std::int64_t>> split_by_largest_remainder(std::int64_t total, std::span<const Weight> weights) {
    Wide weight_sum = 0;
    for (const Weight& weight : weights) {
        if (weight.value < 0) return ArithmeticError{ErrorCode::weights_out_of_range, weight.line_number};
        weight_sum += weight.value;
    }
    std::vector<std::int64_t> shares(weights.size(), 0);
    if (total == 0) return shares;
    if (weight_sum == 0) return ArithmeticError{ErrorCode::weights_out_of_range};

    struct Remainder {
        Wide value;
        std::int32_t line_number;
        std::size_t index;
    };
    std::vector<Remainder> remainders;
    remainders.reserve(weights.size());

    const Wide magnitude = total < 0 ? -Wide{total} : Wide{total};
    const std::int64_t unit = total < 0 ? -1 : 1;
    Wide left = magnitude;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const Wide product = magnitude * weights[i].value;
        const Wide share = product / weight_sum;
        left -= share;
        shares[i] = static_cast<std::int64_t>(share * unit);
        remainders.push_back({product % weight_sum, weights[i].line_number, i});
    }

    // The remainders sum to left * weight_sum and each is below weight_sum, so more than `left` of them are above zero:
    // no exact share is ever raised.
    std::ranges::sort(remainders, [](const Remainder& a, const Remainder& b) {
        return a.value != b.value ? a.value > b.value : a.line_number < b.line_number;
    });
    for (std::size_t i = 0; left > 0; ++i, --left) shares[remainders[i].index] += unit;
    return shares;
}

Result<std::int64_t> round_cash(std::int64_t amount, std::int64_t unit) {
    if (unit <= 0) return ArithmeticError{ErrorCode::cash_unit_not_positive};
    const Wide rounded = divide_rounded(amount, unit) * unit;
    if (!fits(rounded)) return ArithmeticError{ErrorCode::overflow};
    return static_cast<std::int64_t>(rounded - amount);
}

}  // namespace pos::arithmetic
