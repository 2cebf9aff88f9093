#pragma once
// What members may do: every permission of the program, and the roles that every tenant has. A built-in role's permissions are
// these and not its row's, so that a new release reaches every tenant. Constants; any thread.
//
//     auth::Permissions permissions{{pos::permission_names.begin(), pos::permission_names.end()}};
//     if (const auto* role = pos::find_built_in_role("cashier")) use(role->permissions);

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pos {

// clang-format off: one a line, so that two modules that add theirs do not meet
inline constexpr auto permission_names = std::to_array<std::string_view>({
    "audit.read",
    "billing.manage",
    "billing.read",
    "costs.read",
    "devices.read",
    "devices.revoke",
    "devices.write",
    "documents.read",
    "documents.write",
    "locations.read",
    "locations.write",
    "notifications.read",
    "ownership.transfer",
    "payments.manage",
    "payments.read",
    "payments.refund",
    "payments.settle",
    "payments.take",
    "payouts.read",
    "payouts.send",
    "products.read",
    "products.write",
    "reports.export",
    "reports.read",
    "roles.give",
    "roles.read",
    "sales.create",
    "sales.push_for_device",
    "sales.read",
    "stock.adjust",
    "stock.read",
    "taxes.read",
    "taxes.write",
    "tenant.read",
    "tenant.settings",
    "users.read",
    "users.write",
    "webhooks.read",
    "webhooks.write",
});
// clang-format on

struct BuiltInRole {
    std::string_view name;   // of roles.built_in
    std::string_view title;  // what its row is called
    std::string_view id;     // of its row, in every tenant that was made since there is one
    std::span<const std::string_view> permissions;
};

namespace detail {

// Those of another role, and further ones.
template <std::size_t N, std::size_t M>
consteval auto with(const std::array<std::string_view, N>& role, const std::string_view (&more)[M]) {
    std::array<std::string_view, N + M> names{};
    std::ranges::copy(more, std::ranges::copy(role, names.begin()).out);
    return names;
}

// All but what makes an owner.
inline constexpr auto admin = [] {
    std::array<std::string_view, permission_names.size() - 1> names{};
    std::ranges::copy_if(permission_names, names.begin(), [](auto name) { return name != "ownership.transfer"; });
    return names;
}();
// What everybody in a shop has to see.
inline constexpr auto everybody = std::to_array<std::string_view>({
    "locations.read",
    "products.read",
    "stock.read",
    "taxes.read",
    "tenant.read",
});
inline constexpr auto viewer = with(everybody, {"payments.read", "reports.read", "sales.read"});
inline constexpr auto accountant =
    with(viewer, {"audit.read", "billing.read", "costs.read", "documents.read", "documents.write", "payments.settle",
                  "payouts.read", "reports.export", "users.read"});
inline constexpr auto stock_clerk = with(everybody, {"costs.read", "reports.export", "stock.adjust"});
inline constexpr auto cashier =
    with(everybody, {"devices.read", "payments.read", "payments.take", "sales.create", "sales.read"});
inline constexpr auto manager = with(accountant, {
                                                     "devices.read",
                                                     "devices.revoke",
                                                     "devices.write",
                                                     "notifications.read",
                                                     "payments.refund",
                                                     "payments.take",
                                                     "products.write",
                                                     "roles.read",
                                                     "sales.create",
                                                     "sales.push_for_device",
                                                     "stock.adjust",
                                                     "users.write",
                                                 });
}  // namespace detail

// Whom a manager may add, change and disable; other roles need roles.give.
inline constexpr auto staff_roles = std::to_array<std::string_view>({"cashier", "stock_clerk"});

// Nobody gives away or takes from others what they do not have themselves (modules/users): so only owners make owners.
inline constexpr auto built_in_roles = std::to_array<BuiltInRole>({
    {"owner", "Owner", "b17c0000-0000-4000-8000-000000000001", permission_names},
    {"admin", "Administrator", "b17c0000-0000-4000-8000-000000000002", detail::admin},
    {"manager", "Manager", "b17c0000-0000-4000-8000-000000000003", detail::manager},
    {"cashier", "Cashier", "b17c0000-0000-4000-8000-000000000004", detail::cashier},
    {"stock_clerk", "Stock clerk", "b17c0000-0000-4000-8000-000000000005", detail::stock_clerk},
    {"accountant", "Accountant", "b17c0000-0000-4000-8000-000000000006", detail::accountant},
    {"viewer", "Viewer", "b17c0000-0000-4000-8000-000000000007", detail::viewer},
});

[[nodiscard]] constexpr const BuiltInRole* find_built_in_role(std::string_view name) {
    for (const auto& role : built_in_roles) {
        if (role.name == name) return &role;
    }
    return nullptr;
}

// Of a built-in role the code's, of a tenant's own role the row's.
[[nodiscard]] inline std::vector<std::string> permissions_of(std::string_view built_in,
                                                             const std::vector<std::string>& own) {
    if (const auto* role = find_built_in_role(built_in)) return {role->permissions.begin(), role->permissions.end()};
    return own;
}

}  // namespace pos
