#pragma once
// Amounts in minor units, and the currencies' number of decimals. Values: any thread. Arithmetic is checked and throws
// base::Failure (422 request.out_of_range): one amount has a range (schema rules), a sum of many has none.
//
//     const base::Money price{15000};                       // KES 150.00
//     const base::Money total = price + base::Money{5000};
//     base::find_currency("KES")->decimals;                 // 2
//     // Products and rounding of a sale: pos/arithmetic.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/out_of_range.h"

namespace base {

// Signed minor units; the currency is the tenant's and not stored with each amount.
struct Money {
    std::int64_t minor = 0;

    friend constexpr auto operator<=>(const Money&, const Money&) = default;

    friend constexpr Money operator+(Money left, Money right) {
        std::int64_t result = 0;
        if (__builtin_add_overflow(left.minor, right.minor, &result)) throw_out_of_range("Money: sum out of range");
        return Money{result};
    }
    friend constexpr Money operator-(Money left, Money right) {
        std::int64_t result = 0;
        if (__builtin_sub_overflow(left.minor, right.minor, &result))
            throw_out_of_range("Money: difference out of range");
        return Money{result};
    }
    constexpr Money operator-() const { return Money{} - *this; }
    constexpr Money& operator+=(Money other) { return *this = *this + other; }
    constexpr Money& operator-=(Money other) { return *this = *this - other; }
};

// A row of ISO 4217. `decimals` = digits of the minor unit: 0, 2 or 3.
struct Currency {
    std::string_view code;
    std::uint8_t decimals;

    friend constexpr bool operator==(const Currency&, const Currency&) = default;
};

// Upper-case alphabetic code; nullopt when ISO 4217 has no such circulating currency.
[[nodiscard]] std::optional<Currency> find_currency(std::string_view code);

}  // namespace base

template <>
struct std::hash<base::Money> {
    std::size_t operator()(base::Money money) const noexcept { return std::hash<std::int64_t>{}(money.minor); }
};
