#pragma once
// Fixed-point numbers that are not money: quantities and rates. Values: any thread.
//
//     const std::optional<base::Quantity> weight = base::Quantity::from_string("1.5");   // 15000 ten-thousandths
//     weight->to_string();                                                               // "1.5"
//     const base::Rate vat{160000};                                                      // 16 %

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/out_of_range.h"

namespace base {

// PostgreSQL's numeric(18,4): 14 digits before the point, 4 after. A JSON string, never a JSON number.
struct Quantity {
    static constexpr std::int64_t scale = 10'000;
    static constexpr std::int64_t max_ten_thousandths = 999'999'999'999'999'999;

    std::int64_t ten_thousandths = 0;

    // `-?(0|[1-9][0-9]*)(\.[0-9]{1,4})?` within numeric(18,4); "-0" is 0. No plus sign, exponent, leading zero or space.
    [[nodiscard]] static std::optional<Quantity> from_string(std::string_view text);
    // Shortest: no trailing zeros, "1.5", "-0.0001", "12".
    [[nodiscard]] std::string to_string() const;
    void append_to(std::string& out) const;

    // Within numeric(18,4).
    [[nodiscard]] constexpr bool is_in_range() const {
        return ten_thousandths >= -max_ten_thousandths && ten_thousandths <= max_ten_thousandths;
    }

    friend constexpr auto operator<=>(const Quantity&, const Quantity&) = default;

    friend constexpr Quantity operator+(Quantity left, Quantity right) {
        std::int64_t result = 0;
        if (__builtin_add_overflow(left.ten_thousandths, right.ten_thousandths, &result))
            throw_out_of_range("Quantity: sum out of range");
        return Quantity{result};
    }
    friend constexpr Quantity operator-(Quantity left, Quantity right) {
        std::int64_t result = 0;
        if (__builtin_sub_overflow(left.ten_thousandths, right.ten_thousandths, &result))
            throw_out_of_range("Quantity: difference out of range");
        return Quantity{result};
    }
    constexpr Quantity operator-() const { return Quantity{} - *this; }
};

// Parts per million: 16 % is 160000.
struct Rate {
    std::int32_t ppm = 0;

    friend constexpr auto operator<=>(const Rate&, const Rate&) = default;
};

}  // namespace base

template <>
struct std::hash<base::Quantity> {
    std::size_t operator()(base::Quantity quantity) const noexcept {
        return std::hash<std::int64_t>{}(quantity.ten_thousandths);
    }
};
