#pragma once
// What of the demo shop is the same in each of them: the ids of its rows, and its logins. The seed makes these rows, and the
// examples of the API's document name them.
//
//     fmt::format("/v1/categories/{}", demo::id_of("category Drinks"))

#include <string>
#include <string_view>

#include "base/uuid.h"

namespace pos::demo {

inline constexpr std::string_view password = "demo-shop-2026";
inline constexpr std::string_view owner_email = "owner@demo.example";

// The row that `what` names: "location NRB2", "till 1", "category Drinks", "Kabras Sugar" (a product), "Kabras Sugar 1kg"
// (its variant).
[[nodiscard]] base::Uuid id_of(std::string_view what);

// Of the variant that the seed makes as number `number`, from 1: a valid EAN-13 with GS1's prefix of Kenya (616).
[[nodiscard]] std::string barcode_of(std::size_t number);

}  // namespace pos::demo
