#pragma once
// The amounts of a sale out of what was rung up. The server and every till must come to the same minor unit, so this
// file is the rule; README.md tells it in words. Pure functions: any thread.
//
//     SaleInput sale{.lines = {{.line_number = 1, .quantity = 15'000, .unit_price = 15'000, .tax_inclusive = true,
//                               .tax_code = "VAT16", .rate_ppm = 160'000}}};
//     const auto totals = compute_sale(sale);
//     totals->lines[0].gross;    // 22500
//     totals->tax_total;         // 3103

#include <cstdint>
#include <string>
#include <vector>

#include "pos/arithmetic/result.h"

namespace pos::arithmetic {

// All amounts are minor units of one currency.
struct LineInput {
    std::int32_t line_number = 0;  // unique in the sale; settles ties
    std::int64_t quantity = 0;     // ten-thousandths, above zero
    std::int64_t unit_price = 0;   // with or without tax, as tax_inclusive says; >= 0
    bool tax_inclusive = false;
    std::int64_t discount = 0;  // off this line, 0 to its gross
    std::string tax_code;
    std::int32_t rate_ppm = 0;  // 16 % = 160000; >= 0
};

enum class TaxRounding : std::uint8_t {
    rate_group,  // once per (tax code, rate, inclusive), then split over the lines
    line,        // once per line
};

struct SaleInput {
    std::vector<LineInput> lines;  // in any order
    std::int64_t order_discount = 0;
    TaxRounding rounding = TaxRounding::rate_group;
    std::int64_t cash_rounding = 0;  // round_cash() of the part paid in cash
};

// Always: value = gross - discount - order_discount_share; net + tax = total; and total = value where the price
// includes the tax, net = value where it does not.
struct LineAmounts {
    std::int64_t gross = 0;  // unit price x quantity, before discounts
    std::int64_t discount = 0;
    std::int64_t order_discount_share = 0;
    std::int64_t net = 0;  // after discounts, without tax
    std::int64_t tax = 0;
    std::int64_t total = 0;  // after discounts, with tax

    friend bool operator==(const LineAmounts&, const LineAmounts&) = default;
};

struct LineTotals : LineAmounts {
    std::int32_t line_number = 0;

    friend bool operator==(const LineTotals&, const LineTotals&) = default;
};

struct TaxGroup {
    std::string tax_code;
    std::int32_t rate_ppm = 0;
    bool tax_inclusive = false;
    std::int64_t taxable_net = 0;
    std::int64_t tax = 0;

    friend bool operator==(const TaxGroup&, const TaxGroup&) = default;
};

// total = subtotal - discount_total + exclusive_tax_total + cash_rounding = sum of the lines' total + cash_rounding.
struct SaleTotals {
    std::vector<LineTotals> lines;     // in the order of the input
    std::vector<TaxGroup> tax_groups;  // by code, rate, exclusive before inclusive
    std::int64_t subtotal = 0;         // sum of the lines' gross
    std::int64_t discount_total = 0;   // line discounts and order discount
    std::int64_t inclusive_tax_total = 0;
    std::int64_t exclusive_tax_total = 0;
    std::int64_t tax_total = 0;
    std::int64_t cash_rounding = 0;
    std::int64_t total = 0;

    friend bool operator==(const SaleTotals&, const SaleTotals&) = default;
};

Result<SaleTotals> compute_sale(const SaleInput& input);

}  // namespace pos::arithmetic
