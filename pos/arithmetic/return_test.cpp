#include "pos/arithmetic/return.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace pos::arithmetic {
namespace {

constexpr std::int64_t one = 10'000;

LineAmounts sum(const LineAmounts& a, const LineAmounts& b) {
    return {a.gross + b.gross, a.discount + b.discount, a.order_discount_share + b.order_discount_share,
            a.net + b.net,     a.tax + b.tax,           a.total + b.total};
}

LineAmounts inclusive(std::int64_t total, std::int64_t tax) {
    return {.gross = total, .net = total - tax, .tax = tax, .total = total};
}
LineAmounts exclusive(std::int64_t net, std::int64_t tax) {
    return {.gross = net, .net = net, .tax = tax, .total = net + tax};
}

// Returns the parts one after the other.
std::vector<LineAmounts> return_parts(const LineAmounts& original, bool tax_inclusive,
                                      const std::vector<std::int64_t>& quantities) {
    ReturnInput input{.original = original, .tax_inclusive = tax_inclusive};
    for (const auto quantity : quantities) input.original_quantity += quantity;
    std::vector<LineAmounts> parts;
    for (const auto quantity : quantities) {
        input.quantity = quantity;
        parts.push_back(return_line(input).value());
        input.returned = sum(input.returned, parts.back());
        input.returned_quantity += quantity;
    }
    EXPECT_EQ(input.returned, original);
    return parts;
}

std::vector<std::int64_t> totals_of(const std::vector<LineAmounts>& parts) {
    std::vector<std::int64_t> totals;
    for (const auto& part : parts) totals.push_back(part.total);
    return totals;
}

TEST(Return, WholeLineGivesTheOriginal) {
    const LineAmounts original{
        .gross = 22'500, .discount = 500, .order_discount_share = 100, .net = 18'879, .tax = 3021, .total = 21'900};
    EXPECT_EQ(return_parts(original, true, {15'000}), (std::vector{original}));
}

TEST(Return, TheLastPartTakesWhatIsLeft) {
    EXPECT_EQ(totals_of(return_parts(inclusive(1000, 138), true, {one, one, one})),
              (std::vector<std::int64_t>{333, 333, 334}));
    EXPECT_EQ(totals_of(return_parts(inclusive(2000, 276), true, {one, one, one})),
              (std::vector<std::int64_t>{667, 667, 666}));
    EXPECT_EQ(totals_of(return_parts(exclusive(1000, 210), false, {one, 2 * one})),
              (std::vector<std::int64_t>{403, 807}));
    EXPECT_EQ(totals_of(return_parts(inclusive(670, 92), true, {1000, 2350})), (std::vector<std::int64_t>{200, 470}));
}

TEST(Return, PriceIsRoundedBeforeItsTax) {
    const auto parts = return_parts(inclusive(100, 14), true, {one, one, one, one});
    EXPECT_EQ(totals_of(parts), (std::vector<std::int64_t>{25, 25, 25, 25}));
    EXPECT_EQ(parts[0].tax, 4);  // 3.5
    EXPECT_EQ(parts[0].net, 21);
    EXPECT_EQ(parts[3].tax, 2);
}

TEST(Return, ManyHalvesNeverComeToMoreThanTheLine) {
    // 50 over 100 pieces: a half each, rounded up until nothing is left.
    const auto parts = return_parts(inclusive(50, 7), true, std::vector<std::int64_t>(100, one));
    for (const auto& part : parts) {
        EXPECT_GE(part.total, 0);
        EXPECT_GE(part.tax, 0);
        EXPECT_GE(part.net, 0);
    }
    EXPECT_EQ(parts.front().total, 1);
    EXPECT_EQ(parts.back().total, 0);
}

TEST(Return, LargestAmounts) {
    constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    const auto parts =
        return_parts(inclusive(largest, largest / 8), true, {largest / 3, largest / 3, largest - largest / 3 * 2});
    EXPECT_EQ(parts[0].total, largest / 3);
}

TEST(Return, RefusesMoreThanIsLeft) {
    const auto code = [](std::int64_t quantity, std::int64_t returned_quantity) {
        const auto result = return_line({.original = inclusive(1000, 138),
                                         .original_quantity = 3 * one,
                                         .tax_inclusive = true,
                                         .returned_quantity = returned_quantity,
                                         .quantity = quantity});
        return result ? ErrorCode{} : result.error().code;
    };
    EXPECT_EQ(code(0, 0), ErrorCode::return_quantity_out_of_range);
    EXPECT_EQ(code(-one, 0), ErrorCode::return_quantity_out_of_range);
    EXPECT_EQ(code(3 * one + 1, 0), ErrorCode::return_quantity_out_of_range);
    EXPECT_EQ(code(one + 1, 2 * one), ErrorCode::return_quantity_out_of_range);
    EXPECT_EQ(code(one, -one), ErrorCode::return_quantity_out_of_range);
    EXPECT_EQ(code(one, std::numeric_limits<std::int64_t>::min()), ErrorCode::return_quantity_out_of_range);
    EXPECT_EQ(code(1, 3 * one), ErrorCode::return_quantity_out_of_range);
}

TEST(Return, RefusesAmountsThatContradictEachOther) {
    const ReturnInput good{.original = inclusive(1000, 138),
                           .original_quantity = 2 * one,
                           .tax_inclusive = true,
                           .returned = inclusive(500, 69),
                           .returned_quantity = one,
                           .quantity = one};
    ASSERT_TRUE(return_line(good));
    const auto code = [&good](auto change) {
        ReturnInput input = good;
        change(input);
        const auto result = return_line(input);
        return result ? ErrorCode{} : result.error().code;
    };
    const auto expected = ErrorCode::return_amounts_inconsistent;
    EXPECT_EQ(code([](ReturnInput& input) { input.original.net += 1; }), expected);
    EXPECT_EQ(code([](ReturnInput& input) { input.original.gross -= 1; }), expected);
    EXPECT_EQ(code([](ReturnInput& input) { input.tax_inclusive = false; }), expected);
    EXPECT_EQ(code([](ReturnInput& input) { input.returned = inclusive(1001, 138); }), expected);
    EXPECT_EQ(code([](ReturnInput& input) { input.returned = inclusive(500, 139); }), expected);
    EXPECT_EQ(code([](ReturnInput& input) { input.returned = inclusive(-1, 0); }), expected);
    EXPECT_EQ(code([](ReturnInput& input) { input.original.tax = std::numeric_limits<std::int64_t>::min(); }),
              expected);
    EXPECT_EQ(code([](ReturnInput& input) { input.returned_quantity = 0; }), expected);
}

}  // namespace
}  // namespace pos::arithmetic
