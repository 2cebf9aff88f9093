#include "payments/stripe/amount.h"

#include <algorithm>
#include <array>

namespace payments::stripe {

namespace {

constexpr std::array<std::string_view, 116> taken{
    "AED", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD",
    "BND", "BOB", "BRL", "BSD", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CVE",
    "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF",
    "GTQ", "GYD", "HKD", "HNL", "HUF", "IDR", "ILS", "INR", "ISK", "JMD", "JOD", "JPY", "KES", "KHR", "KMF",
    "KRW", "KWD", "KZT", "LKR", "MAD", "MDL", "MGA", "MKD", "MOP", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN",
    "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON",
    "RSD", "RWF", "SAR", "SCR", "SEK", "SGD", "SLE", "SZL", "THB", "TND", "TRY", "TTD", "TWD", "TZS", "UAH",
    "UGX", "USD", "UYU", "VND", "VUV", "XAF", "XCD", "XOF", "XPF", "ZAR", "ZMW"};

// Where Stripe's decimals are not those of ISO 4217: UGX and ISK have none, but are counted in hundredths since they had; MGA is counted
// whole.
struct Unusual {
    std::string_view code;
    std::int64_t times;  // units for each of ours
    std::int64_t over;   // of ours for each unit
};
constexpr std::array<Unusual, 3> unusual{{{"UGX", 100, 1}, {"ISK", 100, 1}, {"MGA", 1, 100}}};

Unusual unit_of(std::string_view currency) noexcept {
    for (const auto& one : unusual)
        if (one.code == currency) return one;
    return {currency, 1, 1};
}

// Of three decimals the last must be 0 (Stripe).
bool has_three_decimals(std::string_view currency) noexcept {
    const auto known = base::find_currency(currency);
    return known && known->decimals == 3;
}

}  // namespace

std::span<const std::string_view> currencies() noexcept { return taken; }

std::optional<std::int64_t> to_units(base::Money amount, std::string_view currency) noexcept {
    if (std::ranges::find(taken, currency) == taken.end()) return std::nullopt;
    const auto unit = unit_of(currency);
    if (amount.minor <= 0 || amount.minor > most_units * unit.over / unit.times) return std::nullopt;
    if (amount.minor % unit.over != 0) return std::nullopt;
    const auto units = amount.minor / unit.over * unit.times;
    if (has_three_decimals(currency) && units % 10 != 0) return std::nullopt;
    return units;
}

base::Money from_units(std::int64_t units, std::string_view currency) noexcept {
    const auto unit = unit_of(currency);
    std::int64_t all = 0;
    if (__builtin_mul_overflow(units, unit.over, &all)) return base::Money{units};
    return base::Money{all / unit.times};
}

}  // namespace payments::stripe
