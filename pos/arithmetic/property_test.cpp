// Random baskets against the rules themselves, each stated a second time and without the code under test's formulas.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "pos/arithmetic/return.h"
#include "pos/arithmetic/rounding.h"
#include "pos/arithmetic/sale.h"

namespace pos::arithmetic {
namespace {

constexpr int basket_count = 200'000;

class Draw {
public:
    explicit Draw(std::uint64_t seed) : engine_(seed) {}

    // Uniform in [0, bound]. The modulo keeps the baskets the same with every standard library.
    std::int64_t up_to(std::int64_t bound) {
        return static_cast<std::int64_t>(engine_() % (static_cast<std::uint64_t>(bound) + 1));
    }
    bool chance(int percent) { return up_to(99) < percent; }

    SaleInput sale() {
        SaleInput sale;
        const auto line_count = 1 + up_to(chance(5) ? 39 : 7);
        const bool huge = chance(3);
        Wide value = 0;
        for (std::int32_t i = 1; i <= line_count; ++i) {
            sale.lines.push_back(line(i, huge));
            const auto& made = sale.lines.back();
            value += divide_rounded(Wide{made.unit_price} * made.quantity, 10'000) - made.discount;
        }
        if (chance(40)) sale.order_discount = up_to(static_cast<std::int64_t>(value));
        sale.rounding = chance(50) ? TaxRounding::line : TaxRounding::rate_group;
        return sale;
    }

    template <class Range>
    void shuffle(Range& range) {
        for (auto i = static_cast<std::int64_t>(range.size()) - 1; i > 0; --i)
            std::swap(range[static_cast<std::size_t>(i)], range[static_cast<std::size_t>(up_to(i))]);
    }

private:
    LineInput line(std::int32_t number, bool huge) {
        static constexpr std::int32_t rates[] = {0, 80'000, 160'000, 160'000, 210'000, 77'000, 1, 999'999, 2'500'000};
        static constexpr const char* codes[] = {"A", "B", "C"};
        LineInput line{.line_number = number};
        line.unit_price = huge ? up_to(1'000'000'000'000'000) : chance(20) ? up_to(5) : up_to(500'000);
        line.quantity = chance(60) ? 10'000 * (1 + up_to(5)) : 1 + up_to(50'000);
        line.tax_inclusive = chance(50);
        line.tax_code = codes[up_to(2)];
        line.rate_ppm = rates[up_to(8)];
        const auto gross = static_cast<std::int64_t>(divide_rounded(Wide{line.unit_price} * line.quantity, 10'000));
        if (chance(25)) line.discount = up_to(gross);
        return line;
    }

    std::mt19937_64 engine_;
};

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
    std::mt19937_64 engine{10};
    static constexpr std::int64_t edges[] = {
        INT64_MIN,     INT64_MIN + 1, -1,       0, 1, 9'999, 10'000, 20'000, INT64_MAX / 10'000,
        INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};
    static constexpr std::int32_t rates[] = {INT32_MIN, -1, 0, 1, 160'000, 1'000'000, INT32_MAX};
    const auto amount = [&engine] {
        return engine() % 3 == 0 ? static_cast<std::int64_t>(engine() >> engine() % 64)
                                 : edges[engine() % std::size(edges)];
    };
    int computed = 0;
    for (int i = 0; i < basket_count; ++i) {
        SaleInput input;
        const auto line_count = engine() % 4;
        for (std::uint64_t k = 0; k < line_count; ++k) {
            input.lines.push_back({.line_number = static_cast<std::int32_t>(k),
                                   .quantity = amount(),
                                   .unit_price = amount(),
                                   .tax_inclusive = engine() % 2 == 0,
                                   .discount = engine() % 4 == 0 ? amount() : 0,
                                   .tax_code = "A",
                                   .rate_ppm = rates[engine() % std::size(rates)]});
        }
        input.order_discount = engine() % 4 == 0 ? amount() : 0;
        input.rounding = engine() % 2 == 0 ? TaxRounding::line : TaxRounding::rate_group;
        input.cash_rounding = engine() % 4 == 0 ? amount() : 0;
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
