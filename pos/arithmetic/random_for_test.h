#pragma once
// Random baskets for tests, the same for the same seed with every standard library.
//
//     Draw draw{20261122};
//     const SaleInput plausible = draw.sale();
//     const SaleInput hostile = draw.extreme_sale();

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <utility>

#include "pos/arithmetic/rounding.h"
#include "pos/arithmetic/sale.h"

namespace pos::arithmetic {

class Draw {
public:
    explicit Draw(std::uint64_t seed) : engine_(seed) {}

    // Uniform in [0, bound]; by the modulo alone, whose result no library decides.
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

    // Any bits whatever, edges above all.
    SaleInput extreme_sale() {
        static constexpr std::int32_t rates[] = {INT32_MIN, -1, 0, 1, 160'000, 1'000'000, INT32_MAX};
        SaleInput input;
        const auto line_count = up_to(3);
        for (std::int32_t number = 0; number < line_count; ++number) {
            LineInput line{.line_number = number, .tax_code = "A"};
            line.quantity = extreme_amount();
            line.unit_price = extreme_amount();
            line.tax_inclusive = chance(50);
            if (chance(25)) line.discount = extreme_amount();
            line.rate_ppm = rates[up_to(std::ssize(rates) - 1)];
            input.lines.push_back(std::move(line));
        }
        if (chance(25)) input.order_discount = extreme_amount();
        if (chance(50)) input.rounding = TaxRounding::line;
        if (chance(25)) input.cash_rounding = extreme_amount();
        return input;
    }

    std::int64_t extreme_amount() {
        static constexpr std::int64_t edges[] = {
            INT64_MIN,     INT64_MIN + 1, -1,       0, 1, 9'999, 10'000, 20'000, INT64_MAX / 10'000,
            INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};
        if (chance(33)) return static_cast<std::int64_t>(engine_() >> (engine_() % 64));
        return edges[up_to(std::ssize(edges) - 1)];
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

}  // namespace pos::arithmetic
