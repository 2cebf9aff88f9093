#pragma once
// What a plan costs and allows. A subscription and its invoices keep a copy, so that a plan may change under them. Values; any thread.

#include <cstdint>
#include <optional>
#include <string>

#include "base/money.h"
#include "schema/schema.h"

namespace pos {

enum class BillingPeriod : std::uint8_t { month, year };
constexpr auto describe(BillingPeriod*) {
    return schema::enumeration<BillingPeriod>("BillingPeriod",
                                              {{BillingPeriod::month, "month"}, {BillingPeriod::year, "year"}});
}

// Null: as many as the shop likes.
struct PlanLimits {
    std::optional<std::int32_t> seats;
    std::optional<std::int32_t> locations;

    friend bool operator==(const PlanLimits&, const PlanLimits&) = default;
    friend constexpr auto describe(PlanLimits*) {
        return schema::object<PlanLimits>(
            "PlanLimits",
            schema::field<&PlanLimits::seats>("seats", {.min = 1, .max = 100'000, .doc = "Active members."}),
            schema::field<&PlanLimits::locations>("locations", {.min = 1, .max = 100'000}));
    }
};

struct PlanTerms {
    std::string plan_code;
    std::string plan_name;
    base::Money price;
    std::string currency;
    BillingPeriod period = BillingPeriod::month;
    PlanLimits limits;

    friend bool operator==(const PlanTerms&, const PlanTerms&) = default;
    friend constexpr auto describe(PlanTerms*) {
        return schema::object<PlanTerms>(
            "PlanTerms", schema::field<&PlanTerms::plan_code>("planCode", {.format = schema::Format::code}),
            schema::field<&PlanTerms::plan_name>("planName",
                                                 {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            schema::field<&PlanTerms::price>("price", {.min = 0, .doc = "Of a period, in minor units."}),
            schema::field<&PlanTerms::currency>("currency", {.format = schema::Format::currency}),
            schema::field<&PlanTerms::period>("period"), schema::field<&PlanTerms::limits>("limits"));
    }
};

}  // namespace pos
