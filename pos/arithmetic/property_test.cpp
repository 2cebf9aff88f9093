// Random baskets against the rules themselves, each stated a second time and without the code under test's formulas.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "pos/arithmetic/random_for_test.h"
#include "pos/arithmetic/return.h"
#include "pos/arithmetic/rounding.h"
#include "pos/arithmetic/sale.h"

namespace pos::arithmetic {
namespace {

constexpr int basket_count = 200'000;

// `part` is the nearest integer to numerator / denominator; at the midpoint the one further from zero (all are >= 0).
bool is_rounded(Wide part, Wide numerator, Wide denominator) {
    const Wide twice = 2 * (part * denominator - numerator);
    return twice > -denominator && twice <= denominator;
}

struct Share {
    std::int64_t part;
    std::int64_t weight;
    std::int32_t line_number;
};

// The definition: adds up, each part is its exact share rounded down or up, and whoever was rounded up has a larger
// remainder, or the same and a lower number, than whoever was not.
void expect_largest_remainder(std::int64_t total, const std::vector<Share>& shares) {
    Wide weight_sum = 0;
    Wide part_sum = 0;
    for (const auto& share : shares) {
        weight_sum += share.weight;
        part_sum += share.part;
    }
    ASSERT_TRUE(part_sum == total);
    if (weight_sum == 0) return;
    const Share* worst_up = nullptr;
    const Share* best_down = nullptr;
    const auto remainder = [&](const Share& share) { return Wide{total} * share.weight % weight_sum; };
    const auto before = [&](const Share& a, const Share& b) {
        return remainder(a) != remainder(b) ? remainder(a) > remainder(b) : a.line_number < b.line_number;
    };
    for (const auto& share : shares) {
        const Wide floor = Wide{total} * share.weight / weight_sum;
        ASSERT_TRUE(share.part == floor || share.part == floor + 1);
        if (share.part == floor) {
            if (best_down == nullptr || before(share, *best_down)) best_down = &share;
        } else {
            if (worst_up == nullptr || before(*worst_up, share)) worst_up = &share;
        }
    }
    if (worst_up != nullptr && best_down != nullptr) ASSERT_TRUE(before(*worst_up, *best_down));
}

void expect_lines_hold(const SaleInput& input, const SaleTotals& totals) {
    std::vector<Share> discount_shares;
    for (std::size_t i = 0; i < input.lines.size(); ++i) {
        const auto& from = input.lines[i];
        const auto& line = totals.lines[i];
        ASSERT_EQ(line.line_number, from.line_number);
        ASSERT_TRUE(is_rounded(line.gross, Wide{from.unit_price} * from.quantity, 10'000));
        ASSERT_EQ(line.discount, from.discount);
        const auto value = line.gross - line.discount - line.order_discount_share;
        for (const auto amount : {value, line.order_discount_share, line.net, line.tax, line.total})
            ASSERT_GE(amount, 0);
        ASSERT_EQ(line.net + line.tax, line.total);
        ASSERT_EQ(value, from.tax_inclusive ? line.total : line.net);
        discount_shares.push_back({line.order_discount_share, line.gross - line.discount, line.line_number});
    }
    expect_largest_remainder(input.order_discount, discount_shares);
}

void expect_groups_hold(const SaleInput& input, const SaleTotals& totals) {
    struct Sum {
        Wide net = 0;
        Wide tax = 0;
        Wide value = 0;
        std::vector<Share> shares;
    };
    std::map<std::tuple<std::string, std::int32_t, bool>, Sum> sums;
    for (std::size_t i = 0; i < input.lines.size(); ++i) {
        const auto& from = input.lines[i];
        const auto& line = totals.lines[i];
        auto& sum = sums[{from.tax_code, from.rate_ppm, from.tax_inclusive}];
        const auto value = line.gross - line.discount - line.order_discount_share;
        const Wide base = Wide{1'000'000} + (from.tax_inclusive ? from.rate_ppm : 0);
        if (input.rounding == TaxRounding::line) ASSERT_TRUE(is_rounded(line.tax, Wide{value} * from.rate_ppm, base));
        sum.net += line.net;
        sum.tax += line.tax;
        sum.value += value;
        sum.shares.push_back({line.tax, value, line.line_number});
    }
    ASSERT_EQ(totals.tax_groups.size(), sums.size());
    auto group = totals.tax_groups.begin();
    for (const auto& [key, sum] : sums) {
        const auto& [code, rate, inclusive] = key;
        ASSERT_EQ(std::tie(group->tax_code, group->rate_ppm, group->tax_inclusive), std::tie(code, rate, inclusive));
        ASSERT_TRUE(group->taxable_net == sum.net && group->tax == sum.tax);
        if (input.rounding == TaxRounding::rate_group) {
            ASSERT_TRUE(is_rounded(group->tax, sum.value * rate, Wide{1'000'000} + (inclusive ? rate : 0)));
            expect_largest_remainder(group->tax, sum.shares);
        }
        ++group;
    }
}

void expect_totals_hold(const SaleInput& input, const SaleTotals& totals) {
    std::int64_t gross = 0;
    std::int64_t discounts = 0;
    std::int64_t tax = 0;
    std::int64_t total = 0;
    for (const auto& line : totals.lines) {
        gross += line.gross;
        discounts += line.discount + line.order_discount_share;
        tax += line.tax;
        total += line.total;
    }
    ASSERT_EQ(totals.subtotal, gross);
    ASSERT_EQ(totals.discount_total, discounts);
    ASSERT_EQ(totals.tax_total, tax);
    ASSERT_EQ(totals.tax_total, totals.inclusive_tax_total + totals.exclusive_tax_total);
    ASSERT_EQ(totals.cash_rounding, input.cash_rounding);
    ASSERT_EQ(totals.total, total + input.cash_rounding);
    ASSERT_EQ(totals.total,
              totals.subtotal - totals.discount_total + totals.exclusive_tax_total + totals.cash_rounding);
}

TEST(Property, EveryBasketKeepsTheRules) {
    Draw draw{20261122};
    for (int i = 0; i < basket_count; ++i) {
        const auto input = draw.sale();
        const auto totals = compute_sale(input);
        ASSERT_TRUE(totals) << describe(totals.error().code);
        expect_lines_hold(input, *totals);
        expect_groups_hold(input, *totals);
        expect_totals_hold(input, *totals);
        if (testing::Test::HasFatalFailure()) FAIL() << "basket " << i;
    }
}

TEST(Property, OrderOfTheInputDoesNotMatter) {
    Draw draw{7};
    for (int i = 0; i < basket_count / 10; ++i) {
        auto input = draw.sale();
        auto straight = compute_sale(input).value();
        draw.shuffle(input.lines);
        auto shuffled = compute_sale(input).value();
        std::ranges::sort(shuffled.lines, {}, &LineTotals::line_number);
        ASSERT_EQ(straight, shuffled) << "basket " << i;
    }
}

TEST(Property, RenumberingEqualLinesKeepsTotalsAndAmounts) {
    Draw draw{8};
    for (int i = 0; i < basket_count / 10; ++i) {
        auto input = draw.sale();
        const auto first = input.lines.front();
        for (std::int32_t copy = 1; copy <= 3; ++copy) {
            input.lines.push_back(first);
            input.lines.back().line_number = 100 + copy;
        }
        auto before = compute_sale(input).value();
        // The equal lines swap their numbers; every other line keeps its own.
        std::swap(input.lines.front().line_number, input.lines.back().line_number);
        auto after = compute_sale(input).value();
        ASSERT_EQ(before.tax_groups, after.tax_groups);
        std::ranges::sort(before.lines, {}, &LineTotals::line_number);
        std::ranges::sort(after.lines, {}, &LineTotals::line_number);
        // Line by line, the number decides, whichever of the equals carries it.
        ASSERT_EQ(before, after) << "basket " << i;
    }
}

TEST(Property, ReturnsAddUpToTheOriginal) {
    Draw draw{9};
    for (int i = 0; i < basket_count / 5; ++i) {
        const auto sale = draw.sale();
        const auto totals = compute_sale(sale).value();
        const auto& from = sale.lines.front();
        ReturnInput input{
            .original = totals.lines.front(), .original_quantity = from.quantity, .tax_inclusive = from.tax_inclusive};
        while (input.returned_quantity < input.original_quantity) {
            const auto left = input.original_quantity - input.returned_quantity;
            input.quantity = draw.chance(20) ? left : 1 + draw.up_to(left - 1);
            const auto result = return_line(input);
            ASSERT_TRUE(result) << describe(result.error().code);
            const LineAmounts& now = *result;
            for (const auto amount : {now.gross, now.discount, now.order_discount_share, now.net, now.tax, now.total})
                ASSERT_GE(amount, 0);
            ASSERT_EQ(now.net + now.tax, now.total);
            ASSERT_EQ(now.gross - now.discount - now.order_discount_share, from.tax_inclusive ? now.total : now.net);
            input.returned.gross += now.gross;
            input.returned.discount += now.discount;
            input.returned.order_discount_share += now.order_discount_share;
            input.returned.net += now.net;
            input.returned.tax += now.tax;
            input.returned.total += now.total;
            input.returned_quantity += input.quantity;
        }
        ASSERT_EQ(input.returned, input.original) << "basket " << i;
    }
}

// Any bits whatever: a result or an error, never a trap (the sanitizers watch), and what comes out keeps the rules.
TEST(Property, ExtremeInputNeverWraps) {
    Draw draw{10};
    int computed = 0;
    for (int i = 0; i < basket_count; ++i) {
        const auto input = draw.extreme_sale();
        const auto totals = compute_sale(input);
        if (!totals) continue;
        ++computed;
        expect_lines_hold(input, *totals);
        expect_groups_hold(input, *totals);
        if (testing::Test::HasFatalFailure()) FAIL() << "basket " << i;
    }
    EXPECT_GT(computed, basket_count / 100);
}

TEST(Property, ExtremeReturnsNeverWrap) {
    std::mt19937_64 engine{11};
    const auto amount = [&engine] {
        static constexpr std::int64_t edges[] = {INT64_MIN, -1, 0, 1, INT64_MAX / 2, INT64_MAX};
        return edges[engine() % std::size(edges)];
    };
    for (int i = 0; i < basket_count; ++i) {
        const auto line = [&] { return LineAmounts{amount(), amount(), amount(), amount(), amount(), amount()}; };
        static_cast<void>(return_line({line(), amount(), engine() % 2 == 0, line(), amount(), amount()}).has_value());
        static_cast<void>(round_cash(amount(), amount()).has_value());
    }
}

}  // namespace
}  // namespace pos::arithmetic
