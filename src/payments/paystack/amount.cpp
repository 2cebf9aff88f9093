#include "payments/paystack/amount.h"

#include <algorithm>
#include <array>

#include "payments/reading.h"

namespace payments::paystack {

namespace {

constexpr std::array<std::string_view, 8> taken{"EGP", "GHS", "KES", "NGN", "RWF", "USD", "XOF", "ZAR"};
constexpr std::int64_t most_minor = 99'999'999'999;

bool is_taken(std::string_view currency) noexcept { return std::ranges::find(taken, currency) != taken.end(); }

// Hundredths to one of our minor units.
std::int64_t scale_of(std::string_view currency) noexcept { return currency == "XOF" || currency == "RWF" ? 100 : 1; }

}  // namespace

std::span<const std::string_view> currencies() noexcept { return taken; }

std::optional<std::int64_t> to_subunits(base::Money amount, std::string_view currency) noexcept {
    if (!is_taken(currency) || amount.minor <= 0 || amount.minor > most_minor) return std::nullopt;
    return amount.minor * scale_of(currency);
}

std::optional<base::Money> from_subunits(const schema::Json& member, std::string_view currency) {
    // A count: what has decimals that are not 0 is none.
    const auto units = from_major(member, "JPY");
    if (!units || !is_taken(currency) || units->minor % scale_of(currency) != 0) return std::nullopt;
    return base::Money{units->minor / scale_of(currency)};
}

}  // namespace payments::paystack
