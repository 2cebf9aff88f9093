#include "pos/arithmetic/sale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "pos/arithmetic/rounding.h"

namespace pos::arithmetic {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t one = 10'000;

LineInput inclusive(std::int32_t line_number, std::int64_t unit_price, std::int32_t rate_ppm = 160'000) {
    return {.line_number = line_number,
            .quantity = one,
            .unit_price = unit_price,
            .tax_inclusive = true,
            .tax_code = "VAT",
            .rate_ppm = rate_ppm};
}

LineInput exclusive(std::int32_t line_number, std::int64_t unit_price, std::int32_t rate_ppm) {
    return {.line_number = line_number,
            .quantity = one,
            .unit_price = unit_price,
            .tax_inclusive = false,
            .tax_code = "VAT",
            .rate_ppm = rate_ppm};
}

template <class Member>
std::vector<std::int64_t> column(const SaleTotals& totals, Member member) {
    std::vector<std::int64_t> values;
    for (const auto& line : totals.lines) values.push_back(line.*member);
    return values;
}

ArithmeticError error_of(const SaleInput& input) {
    const auto totals = compute_sale(input);
    EXPECT_FALSE(totals);
    return totals ? ArithmeticError{} : totals.error();
}

// ---- Golden vectors ---------------------------------------------------------------------------------------------

TEST(Golden, TaxIncludedAtSixteenPercent) {
    const std::pair<std::int64_t, std::int64_t> cases[] = {{100, 14},     {1005, 139},     {10050, 1386},
                                                           {11600, 1600}, {123457, 17029}, {22500, 3103}};
    for (const auto& [price, tax] : cases) {
        for (const auto rounding : {TaxRounding::rate_group, TaxRounding::line}) {
            const auto totals = compute_sale({.lines = {inclusive(1, price)}, .rounding = rounding});
            ASSERT_TRUE(totals);
            EXPECT_EQ(totals->tax_total, tax) << price;
            EXPECT_EQ(totals->inclusive_tax_total, tax);
            EXPECT_EQ(totals->exclusive_tax_total, 0);
            EXPECT_EQ(totals->total, price);
            EXPECT_EQ(totals->lines[0].net, price - tax);
        }
    }
}

TEST(Golden, ThreeLinesPerLineAndPerGroup) {
    SaleInput input{.lines = {inclusive(1, 1005), inclusive(2, 1005), inclusive(3, 1005)}};
    const auto per_group = compute_sale(input);
    ASSERT_TRUE(per_group);
    EXPECT_EQ(per_group->tax_total, 416);
    EXPECT_EQ(column(*per_group, &LineTotals::tax), (std::vector<std::int64_t>{139, 139, 138}));
    EXPECT_EQ(per_group->tax_groups, (std::vector<TaxGroup>{{"VAT", 160'000, true, 3015 - 416, 416}}));

    input.rounding = TaxRounding::line;
    const auto per_line = compute_sale(input);
    ASSERT_TRUE(per_line);
    EXPECT_EQ(per_line->tax_total, 417);
    EXPECT_EQ(column(*per_line, &LineTotals::tax), (std::vector<std::int64_t>{139, 139, 139}));
    EXPECT_EQ(per_line->tax_groups, (std::vector<TaxGroup>{{"VAT", 160'000, true, 3015 - 417, 417}}));
}

TEST(Golden, TaxOnTopAtTwentyOnePercent) {
    SaleInput input{.lines = {exclusive(1, 592, 210'000), exclusive(2, 152, 210'000), exclusive(3, 154, 210'000),
                              exclusive(4, 39, 210'000)}};
    const auto per_group = compute_sale(input);
    ASSERT_TRUE(per_group);
    EXPECT_EQ(per_group->tax_total, 197);
    EXPECT_EQ(per_group->exclusive_tax_total, 197);
    EXPECT_EQ(per_group->total, 1134);

    input.rounding = TaxRounding::line;
    const auto per_line = compute_sale(input);
    ASSERT_TRUE(per_line);
    EXPECT_EQ(per_line->tax_total, 196);
    EXPECT_EQ(per_line->total, 1133);
}

TEST(Golden, OrderDiscountByLargestRemainder) {
    const auto totals =
        compute_sale({.lines = {inclusive(1, 3333), inclusive(2, 3333), inclusive(3, 3334)}, .order_discount = 1000});
    ASSERT_TRUE(totals);
    EXPECT_EQ(column(*totals, &LineTotals::order_discount_share), (std::vector<std::int64_t>{333, 333, 334}));
    EXPECT_EQ(totals->discount_total, 1000);
    EXPECT_EQ(totals->subtotal, 10'000);
    EXPECT_EQ(totals->total, 9000);
}

TEST(Golden, GrossIsRoundedOncePerLine) {
    LineInput line = inclusive(1, 1999);
    line.quantity = 3350;
    EXPECT_EQ(compute_sale({.lines = {line}})->lines[0].gross, 670);
}

TEST(Golden, SugarOfTheApiExample) {
    LineInput line = inclusive(1, 15'000);
    line.quantity = 15'000;
    const auto totals = compute_sale({.lines = {line}});
    ASSERT_TRUE(totals);
    EXPECT_EQ(totals->lines[0].gross, 22'500);
    EXPECT_EQ(totals->lines[0].tax, 3103);
    EXPECT_EQ(totals->tax_total, 3103);
    EXPECT_EQ(totals->total, 22'500);
}

TEST(Golden, CashRoundingIsNeverTaxed) {
    const std::pair<std::int64_t, std::int64_t> cases[] = {{12345, -45}, {12350, 50}};
    for (const auto& [price, rounding] : cases) {
        ASSERT_EQ(*round_cash(price, 100), rounding);
        const auto plain = compute_sale({.lines = {inclusive(1, price)}});
        const auto rounded = compute_sale({.lines = {inclusive(1, price)}, .cash_rounding = rounding});
        ASSERT_TRUE(plain && rounded);
        EXPECT_EQ(rounded->tax_total, plain->tax_total);
        EXPECT_EQ(rounded->lines, plain->lines);
        EXPECT_EQ(rounded->cash_rounding, rounding);
        EXPECT_EQ(rounded->total, price + rounding);
    }
}

// ---- The rules --------------------------------------------------------------------------------------------------

TEST(Sale, GroupsAreByCodeRateAndInclusion) {
    SaleInput input{.lines = {inclusive(1, 11600), exclusive(2, 1000, 160'000), inclusive(3, 500, 0),
                              inclusive(4, 500, 0), inclusive(5, 11600)}};
    input.lines[2].tax_code = "EXEMPT";
    input.lines[3].tax_code = "ZERO";
    const auto totals = compute_sale(input);
    ASSERT_TRUE(totals);
    EXPECT_EQ(totals->tax_groups, (std::vector<TaxGroup>{{"EXEMPT", 0, true, 500, 0},
                                                         {"VAT", 160'000, false, 1000, 160},
                                                         {"VAT", 160'000, true, 20'000, 3200},
                                                         {"ZERO", 0, true, 500, 0}}));
    EXPECT_EQ(totals->subtotal, 11600 + 1000 + 500 + 500 + 11600);
    EXPECT_EQ(totals->inclusive_tax_total, 3200);
    EXPECT_EQ(totals->exclusive_tax_total, 160);
    EXPECT_EQ(totals->total, totals->subtotal + 160);
}

TEST(Sale, LineDiscountComesBeforeOrderDiscount) {
    SaleInput input{.lines = {inclusive(1, 10'000), inclusive(2, 10'000)}, .order_discount = 1500};
    input.lines[0].discount = 5000;
    const auto totals = compute_sale(input);
    ASSERT_TRUE(totals);
    // 1500 in proportion 5000 : 10000, not 10000 : 10000.
    EXPECT_EQ(column(*totals, &LineTotals::order_discount_share), (std::vector<std::int64_t>{500, 1000}));
    EXPECT_EQ(column(*totals, &LineTotals::total), (std::vector<std::int64_t>{4500, 9000}));
    EXPECT_EQ(totals->discount_total, 6500);
    EXPECT_EQ(totals->tax_total, 1862);  // 13500 * 16 / 116 = 1862.07
}

TEST(Sale, EverythingMayBeGivenAway) {
    SaleInput input{.lines = {inclusive(1, 100), inclusive(2, 0), exclusive(3, 900, 160'000)}, .order_discount = 900};
    input.lines[0].discount = 100;
    const auto totals = compute_sale(input);
    ASSERT_TRUE(totals);
    EXPECT_EQ(totals->total, 0);
    EXPECT_EQ(totals->tax_total, 0);
    EXPECT_EQ(totals->subtotal, 1000);
}

TEST(Sale, TiesFollowTheLineNumberNotThePosition) {
    const auto totals = compute_sale({.lines = {inclusive(30, 1005), inclusive(20, 1005), inclusive(10, 1005)}});
    ASSERT_TRUE(totals);
    EXPECT_EQ(column(*totals, &LineTotals::tax), (std::vector<std::int64_t>{138, 139, 139}));
}

TEST(Sale, SmallestQuantityAndPrice) {
    LineInput line = inclusive(1, 1);
    line.quantity = 1;
    EXPECT_EQ(compute_sale({.lines = {line}})->total, 0);
    line.quantity = 5000;
    EXPECT_EQ(compute_sale({.lines = {line}})->total, 1);
    line.quantity = 4999;
    EXPECT_EQ(compute_sale({.lines = {line}})->total, 0);
}

TEST(Sale, RatesAboveOneHundredPercent) {
    const auto totals = compute_sale({.lines = {inclusive(1, 300, 2'000'000), exclusive(2, 100, 2'000'000)}});
    ASSERT_TRUE(totals);
    EXPECT_EQ(totals->inclusive_tax_total, 200);
    EXPECT_EQ(totals->exclusive_tax_total, 200);
    EXPECT_EQ(totals->total, 600);
}

// ---- What is refused --------------------------------------------------------------------------------------------

TEST(Sale, RefusesInputThatBreaksARule) {
    const auto with = [](auto change) {
        SaleInput input{.lines = {inclusive(1, 100), inclusive(7, 100)}};
        change(input);
        return input;
    };
    struct Case {
        SaleInput input;
        ArithmeticError error;
    };
    const Case cases[] = {
        {{}, {ErrorCode::no_lines, 0}},
        {with([](SaleInput& input) { input.lines[0].line_number = 7; }), {ErrorCode::duplicate_line_number, 7}},
        {with([](SaleInput& input) { input.lines[1].quantity = 0; }), {ErrorCode::quantity_not_positive, 7}},
        {with([](SaleInput& input) { input.lines[1].quantity = -one; }), {ErrorCode::quantity_not_positive, 7}},
        {with([](SaleInput& input) { input.lines[1].unit_price = -1; }), {ErrorCode::unit_price_negative, 7}},
        {with([](SaleInput& input) { input.lines[1].rate_ppm = -1; }), {ErrorCode::rate_negative, 7}},
        {with([](SaleInput& input) { input.lines[1].discount = -1; }), {ErrorCode::discount_out_of_range, 7}},
        {with([](SaleInput& input) { input.lines[1].discount = 101; }), {ErrorCode::discount_out_of_range, 7}},
        {with([](SaleInput& input) { input.order_discount = -1; }), {ErrorCode::order_discount_out_of_range, 0}},
        {with([](SaleInput& input) { input.order_discount = 201; }), {ErrorCode::order_discount_out_of_range, 0}},
        {with([](SaleInput& input) { input.cash_rounding = -201; }), {ErrorCode::total_negative, 0}},
    };
    for (const auto& expected : cases)
        EXPECT_EQ(error_of(expected.input), expected.error) << describe(expected.error.code);
}

TEST(Sale, LargestAmountsAreExact) {
    const auto totals = compute_sale({.lines = {inclusive(1, largest)}});
    ASSERT_TRUE(totals);
    EXPECT_EQ(totals->total, largest);
    EXPECT_EQ(totals->tax_total, 1272189246462727698);  // (2^63 - 1) * 16 / 116, by exact arithmetic
    EXPECT_EQ(compute_sale({.lines = {inclusive(1, largest, std::numeric_limits<std::int32_t>::max())}})->total,
              largest);
}

TEST(Sale, OverflowIsAnErrorNamingTheLine) {
    LineInput twice = inclusive(3, largest / 2 + 1);
    twice.quantity = 2 * one;
    EXPECT_EQ(error_of({.lines = {twice}}), (ArithmeticError{ErrorCode::overflow, 3}));

    LineInput everything = inclusive(4, largest);
    everything.quantity = largest;
    EXPECT_EQ(error_of({.lines = {everything}}), (ArithmeticError{ErrorCode::overflow, 4}));

    for (const auto rounding : {TaxRounding::rate_group, TaxRounding::line}) {
        EXPECT_EQ(error_of({.lines = {exclusive(5, largest, 1)}, .rounding = rounding}).code, ErrorCode::overflow);
        EXPECT_EQ(
            error_of({.lines = {exclusive(5, largest, std::numeric_limits<std::int32_t>::max())}, .rounding = rounding})
                .code,
            ErrorCode::overflow);
        EXPECT_EQ(error_of({.lines = {inclusive(1, largest), inclusive(2, 1)}, .rounding = rounding}).code,
                  ErrorCode::overflow);
        // Different groups: each fits, the sale does not.
        EXPECT_EQ(error_of({.lines = {inclusive(1, largest, 0), inclusive(2, 1, 5)}, .rounding = rounding}).code,
                  ErrorCode::overflow);
    }
    EXPECT_EQ(error_of({.lines = {inclusive(1, largest)}, .cash_rounding = 1}).code, ErrorCode::overflow);
    EXPECT_EQ(error_of({.lines = {inclusive(1, 1)}, .cash_rounding = std::numeric_limits<std::int64_t>::min()}).code,
              ErrorCode::total_negative);
}

}  // namespace
}  // namespace pos::arithmetic
