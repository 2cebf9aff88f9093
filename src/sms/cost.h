#pragma once
// What messages cost, before they are sent. Pure.
//
//     const auto tariff = sms::Tariff::parse("KES 254:0.80 255:2.5");      // std::expected; by prefix, for each part
//     tariff->cost_of("+254712345678", sms::measure(text).parts);          // Cost{"KES", 800'000}; nullopt: no price for it
//
// A number without a price is not to be sent to: what premium numbers abroad cost is what pumpers live on.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sms {

// An SMS costs fractions of a cent: money.h counts too coarsely.
struct Cost {
    std::string currency;
    std::int64_t millionths = 0;  // of the currency's unit: KES 0.80 is 800,000

    // "KES 0.8000", as Africa's Talking writes it. nullopt: no such thing, or more than a million of the unit.
    [[nodiscard]] static std::optional<Cost> parse(std::string_view text);
    // "KES 0.80": two digits at least.
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const Cost&, const Cost&) = default;
};

class Tariff {
public:
    // A currency, then `prefix:price` for each, 200 at most. Prefixes are digits without "+", prices above 0 for each part of a message.
    [[nodiscard]] static std::expected<Tariff, std::string> parse(std::string_view text);

    // By the longest prefix that fits. `number`: E.164.
    [[nodiscard]] std::optional<Cost> cost_of(std::string_view number, std::uint32_t parts) const;
    [[nodiscard]] const std::string& currency() const { return currency_; }

private:
    std::string currency_;
    std::vector<std::pair<std::string, std::int64_t>> prices_;  // the longest prefix first
};

}  // namespace sms
