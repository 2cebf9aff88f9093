#pragma once
// Amounts as Paystack counts them: hundredths of every currency, also of those that have no decimals.
//
//     paystack::to_subunits(base::Money{15000}, "KES");       // 15000
//     paystack::to_subunits(base::Money{150}, "XOF");         // 15000: francs, which have no decimals
//     paystack::from_subunits({"15000"}, "XOF");              // base::Money{150}

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/money.h"
#include "schema/schema.h"

namespace payments::paystack {

// Those that it takes, as ISO 4217 writes them.
[[nodiscard]] std::span<const std::string_view> currencies() noexcept;

// nullopt: it has no such currency, or the amount is none.
[[nodiscard]] std::optional<std::int64_t> to_subunits(base::Money amount, std::string_view currency) noexcept;
// Of a number or a text. nullopt: it is none of this currency, below zero, or no whole unit of it.
[[nodiscard]] std::optional<base::Money> from_subunits(const schema::Json& member, std::string_view currency);

}  // namespace payments::paystack
