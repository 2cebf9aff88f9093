#pragma once
// What is sent to Flutterwave: charges of phones, by currency, and pages. Pure.
//
//     const auto charge = flutterwave::charge_of(request, email);
//     if (charge) co_await api.post("/v3/charges", charge->json, {{"type", charge->type}});

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "payments/provider.h"

namespace payments::flutterwave {

// Of a page, by its session_duration.
inline constexpr std::chrono::minutes page_lives{60};

// Those that it takes on pages, as ISO 4217 writes them.
[[nodiscard]] std::span<const std::string_view> currencies() noexcept;

struct Charge {
    std::string type;  // "mpesa"
    std::string json;
};
// nullopt: there is no mobile money of this currency at this number.
[[nodiscard]] std::optional<Charge> charge_of(const StartRequest& request, const std::string& email);
// Whether there is mobile money of it at all.
[[nodiscard]] bool has_mobile_money(std::string_view currency) noexcept;
// Of POST /v3/payments.
[[nodiscard]] std::string page_of(const StartRequest& request, const std::string& email);

}  // namespace payments::flutterwave
