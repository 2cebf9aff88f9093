#pragma once
// A tenant that is suspended, as it has not paid for this service (modules/billing): what its members may still do. What a till has sold
// is always taken; whoever has to pay, to look after people or to leave can do so; the goods wait. Constants; any thread.
//
//     if (!is_kept_when_suspended("products.read")) …      // routes that ask for it answer 402 subscription.suspended
//
// What is withheld comes with the session's permissions (modules/auth/grant_source.h): no request asks for it.

#include <algorithm>
#include <array>
#include <string_view>

#include "base/failure.h"
#include "http/operation.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode subscription_suspended{
    "subscription.suspended", 402, true, base::Action::pay,
    "The shop's subscription is not paid: its data is kept, and what tills have sold is taken"};
}  // namespace errors

// clang-format off: one a line
inline constexpr auto kept_when_suspended = std::to_array<std::string_view>({
    "audit.read",
    "billing.manage",
    "billing.read",
    "devices.read",
    "devices.revoke",
    "notifications.read",
    "ownership.transfer",
    "payments.manage",
    "payments.read",
    "payments.refund",
    "payments.settle",
    "payments.take",
    "payouts.read",
    "reports.export",
    "roles.give",
    "roles.read",
    "sales.create",
    "sales.push_for_device",
    "tenant.read",
    "tenant.settings",
    "users.read",
    "users.write",
});
// clang-format on

[[nodiscard]] constexpr bool is_kept_when_suspended(std::string_view permission) {
    return std::ranges::find(kept_when_suspended, permission) != kept_when_suspended.end();
}

// The 402 of a route that asks for anything else.
inline void describe_suspension(http::Operation& operation) {
    if (!operation.permission.empty() && !is_kept_when_suspended(operation.permission))
        operation.can_fail(errors::subscription_suspended);
}

}  // namespace pos
