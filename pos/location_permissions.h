#pragma once
// Permissions that change something and may be held at single locations. Constants; any thread. What a write asks for is
// told by these alone, so that another permission or role (pos/permissions.h) compiles no module anew.
//
//     static_assert(auth::acts_at_places<"devices.write">);

#include <algorithm>
#include <array>
#include <string_view>

#include "auth/caller.h"

namespace pos {

// What they change belongs to a location, for which the handler asks; but for products.write: the catalogue is one for all shops,
// and we let the manager of one write it. All others (taxes, settings of the tenant) are for roles that no location limits.
inline constexpr auto location_permissions = std::to_array<std::string_view>({
    "devices.revoke",
    "devices.write",
    "locations.write",
    "payments.refund",
    "payments.take",
    "products.write",
    "reports.export",
    "sales.create",
    "sales.push_for_device",
    "stock.adjust",
    "users.write",
});

}  // namespace pos

template <http::FixedString Permission>
    requires(std::ranges::find(pos::location_permissions, Permission.view()) != pos::location_permissions.end())
inline constexpr bool auth::acts_at_places<Permission> = true;
