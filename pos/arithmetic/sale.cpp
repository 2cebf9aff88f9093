#include "pos/arithmetic/sale.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>

#include "pos/arithmetic/rounding.h"

namespace pos::arithmetic {
namespace {

constexpr std::int64_t quantity_scale = 10'000;
constexpr std::int64_t rate_scale = 1'000'000;

// Each step below returns the first rule that is broken, or nothing.
using Fault = std::optional<ArithmeticError>;

// Checks and stores a sum: false when it leaves 64 bits.
bool store(std::int64_t& target, Wide value) {
    target = static_cast<std::int64_t>(value);
    return fits(value);
}

std::int64_t value_of(const LineAmounts& line) { return line.gross - line.discount - line.order_discount_share; }

Wide tax_of(Wide value, const LineInput& line) {
    const Wide base = line.tax_inclusive ? Wide{rate_scale} + line.rate_ppm : Wide{rate_scale};
    return divide_rounded(value * line.rate_ppm, base);
}

Fault check_line_numbers(const std::vector<LineInput>& lines) {
    if (lines.empty()) return ArithmeticError{ErrorCode::no_lines};
    std::vector<std::int32_t> numbers;
    numbers.reserve(lines.size());
    for (const LineInput& line : lines) numbers.push_back(line.line_number);
    std::ranges::sort(numbers);
    const auto twice = std::ranges::adjacent_find(numbers);
    if (twice != numbers.end()) return ArithmeticError{ErrorCode::duplicate_line_number, *twice};
    return std::nullopt;
}

// Rules 1 and 2, first half: the line's own gross and discount.
Fault apply_line_discount(const LineInput& input, LineTotals& line) {
    const auto fault = [&input](ErrorCode code) { return ArithmeticError{code, input.line_number}; };
    line.line_number = input.line_number;
    if (input.quantity <= 0) return fault(ErrorCode::quantity_not_positive);
    if (input.unit_price < 0) return fault(ErrorCode::unit_price_negative);
    if (input.rate_ppm < 0) return fault(ErrorCode::rate_negative);
    if (!store(line.gross, divide_rounded(Wide{input.unit_price} * input.quantity, quantity_scale)))
        return fault(ErrorCode::overflow);
    if (input.discount < 0 || input.discount > line.gross) return fault(ErrorCode::discount_out_of_range);
    line.discount = input.discount;
    return std::nullopt;
}

// Rule 2, second half.
Fault apply_order_discount(const SaleInput& input, std::vector<LineTotals>& lines) {
    Wide value_sum = 0;
    std::vector<Weight> weights;
    weights.reserve(lines.size());
    for (const LineTotals& line : lines) {
        weights.push_back({value_of(line), line.line_number});
        value_sum += weights.back().value;
    }
    if (input.order_discount < 0 || input.order_discount > value_sum)
        return ArithmeticError{ErrorCode::order_discount_out_of_range};
    const auto shares = split_by_largest_remainder(input.order_discount, weights);
    if (!shares) return shares.error();
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i].order_discount_share = (*shares)[i];
    return std::nullopt;
}

Fault set_tax(const LineInput& input, std::int64_t tax, LineTotals& line) {
    line.tax = tax;
    const Wide value = value_of(line);
    const Wide net = input.tax_inclusive ? value - tax : value;
    if (!store(line.net, net) || !store(line.total, net + tax))
        return ArithmeticError{ErrorCode::overflow, input.line_number};
    return std::nullopt;
}

Fault tax_each_line(const SaleInput& input, std::vector<LineTotals>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const Wide tax = tax_of(value_of(lines[i]), input.lines[i]);
        if (!fits(tax)) return ArithmeticError{ErrorCode::overflow, lines[i].line_number};
        if (auto fault = set_tax(input.lines[i], static_cast<std::int64_t>(tax), lines[i])) return fault;
    }
    return std::nullopt;
}

// Rules 3 and 4 for one group, given as the positions of its lines.
Fault tax_group(const SaleInput& input, std::span<const std::size_t> group, std::vector<LineTotals>& lines) {
    Wide value_sum = 0;
    std::vector<Weight> weights;
    weights.reserve(group.size());
    for (const std::size_t i : group) {
        weights.push_back({value_of(lines[i]), lines[i].line_number});
        value_sum += weights.back().value;
    }
    // Bounded here, so that the product with the rate stays within 128 bits.
    if (!fits(value_sum)) return ArithmeticError{ErrorCode::overflow};
    const Wide tax = tax_of(value_sum, input.lines[group.front()]);
    if (!fits(tax)) return ArithmeticError{ErrorCode::overflow};
    const auto shares = split_by_largest_remainder(static_cast<std::int64_t>(tax), weights);
    if (!shares) return shares.error();
    for (std::size_t k = 0; k < group.size(); ++k) {
        if (auto fault = set_tax(input.lines[group[k]], (*shares)[k], lines[group[k]])) return fault;
    }
    return std::nullopt;
}

auto group_key(const LineInput& line) { return std::tie(line.tax_code, line.rate_ppm, line.tax_inclusive); }

// Calls `visit` with the positions of each group's lines until it reports a fault.
template <class Visit>
Fault for_each_group(const std::vector<LineInput>& lines, Visit visit) {
    std::vector<std::size_t> order(lines.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order,
                      [&lines](std::size_t a, std::size_t b) { return group_key(lines[a]) < group_key(lines[b]); });
    for (std::size_t begin = 0; begin < order.size();) {
        std::size_t end = begin + 1;
        while (end < order.size() && group_key(lines[order[end]]) == group_key(lines[order[begin]])) ++end;
        if (auto fault = visit(std::span<const std::size_t>{order}.subspan(begin, end - begin))) return fault;
        begin = end;
    }
    return std::nullopt;
}

Fault tax_each_group(const SaleInput& input, std::vector<LineTotals>& lines) {
    return for_each_group(input.lines,
                          [&](std::span<const std::size_t> group) { return tax_group(input, group, lines); });
}

// The groups are sums of their lines in either way of rounding.
Fault add_up_groups(const SaleInput& input, SaleTotals& totals) {
    return for_each_group(input.lines, [&](std::span<const std::size_t> group) -> Fault {
        const LineInput& first = input.lines[group.front()];
        TaxGroup sum{first.tax_code, first.rate_ppm, first.tax_inclusive, 0, 0};
        Wide net = 0;
        Wide tax = 0;
        for (const std::size_t i : group) {
            net += totals.lines[i].net;
            tax += totals.lines[i].tax;
        }
        if (!store(sum.taxable_net, net) || !store(sum.tax, tax)) return ArithmeticError{ErrorCode::overflow};
        totals.tax_groups.push_back(std::move(sum));
        return std::nullopt;
    });
}

Fault add_up_sale(const SaleInput& input, SaleTotals& totals) {
    Wide subtotal = 0;
    Wide discount = input.order_discount;
    for (const LineTotals& line : totals.lines) {
        subtotal += line.gross;
        discount += line.discount;
    }
    Wide inclusive_tax = 0;
    Wide exclusive_tax = 0;
    for (const TaxGroup& group : totals.tax_groups) (group.tax_inclusive ? inclusive_tax : exclusive_tax) += group.tax;
    const Wide total = subtotal - discount + exclusive_tax + input.cash_rounding;

    totals.cash_rounding = input.cash_rounding;
    const bool stored = store(totals.subtotal, subtotal) && store(totals.discount_total, discount) &&
                        store(totals.inclusive_tax_total, inclusive_tax) &&
                        store(totals.exclusive_tax_total, exclusive_tax) &&
                        store(totals.tax_total, inclusive_tax + exclusive_tax) && store(totals.total, total);
    if (!stored) return ArithmeticError{ErrorCode::overflow};
    if (total < 0) return ArithmeticError{ErrorCode::total_negative};
    return std::nullopt;
}

}  // namespace

Result<SaleTotals> compute_sale(const SaleInput& input) {
    if (auto fault = check_line_numbers(input.lines)) return *fault;
    SaleTotals totals;
    totals.lines.resize(input.lines.size());
    for (std::size_t i = 0; i < input.lines.size(); ++i) {
        if (auto fault = apply_line_discount(input.lines[i], totals.lines[i])) return *fault;
    }
    if (auto fault = apply_order_discount(input, totals.lines)) return *fault;
    const bool per_line = input.rounding == TaxRounding::line;
    if (auto fault = per_line ? tax_each_line(input, totals.lines) : tax_each_group(input, totals.lines)) return *fault;
    if (auto fault = add_up_groups(input, totals)) return *fault;
    if (auto fault = add_up_sale(input, totals)) return *fault;
    return totals;
}

}  // namespace pos::arithmetic
