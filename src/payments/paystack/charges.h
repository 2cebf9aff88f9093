#pragma once
// What is sent to Paystack: charges of phones, by currency, and pages. Pure.
//
//     if (const auto json = paystack::charge_of(request, units, email)) co_await api.post("/charge", *json);

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "payments/provider.h"

namespace payments::paystack {

// Whether phones can be charged in it at all.
[[nodiscard]] bool has_mobile_money(std::string_view currency) noexcept;
// Of POST /charge. nullopt: there is no mobile money of this currency at this number.
[[nodiscard]] std::optional<std::string> charge_of(const StartRequest& request, std::int64_t subunits,
                                                   const std::string& email);
// Of POST /transaction/initialize.
[[nodiscard]] std::string page_of(const StartRequest& request, std::int64_t subunits, const std::string& email);

}  // namespace payments::paystack
