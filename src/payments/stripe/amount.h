#pragma once
// Amounts as Stripe counts them: mostly our minor units; where it has other decimals than ISO 4217, not.
//
//     stripe::to_units(base::Money{5000}, "UGX");         // 500000: shillings, which Stripe counts in hundredths
//     stripe::from_units(500000, "UGX");                  // 5000

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/money.h"

namespace payments::stripe {

// What Stripe takes at most: eight digits.
inline constexpr std::int64_t most_units = 99'999'999;

// Those that Stripe takes, as ISO 4217 writes them.
[[nodiscard]] std::span<const std::string_view> currencies() noexcept;

// nullopt: Stripe has no such currency, or cannot say this amount in it (half a hundred of MGA, the last digit of JOD, beyond most_units).
[[nodiscard]] std::optional<std::int64_t> to_units(base::Money amount, std::string_view currency) noexcept;
// Rounded down. Of a currency that we do not know: as it is.
[[nodiscard]] base::Money from_units(std::int64_t units, std::string_view currency) noexcept;

}  // namespace payments::stripe
