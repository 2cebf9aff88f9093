#include "pos/permissions.h"

#include <gtest/gtest.h>

#include "auth/caller.h"

namespace {

TEST(Permissions, EveryRoleHoldsKnownPermissionsAlone) {
    const auth::Permissions known({pos::permission_names.begin(), pos::permission_names.end()});
    for (const auto& role : pos::built_in_roles) {
        for (const auto name : role.permissions) EXPECT_TRUE(known.find(name)) << role.name << ": " << name;
    }
}

TEST(Permissions, OwnersAloneMakeOwners) {
    for (const auto& role : pos::built_in_roles) {
        const bool has = std::ranges::find(role.permissions, "ownership.transfer") != role.permissions.end();
        EXPECT_EQ(has, role.name == "owner") << role.name;
    }
    EXPECT_EQ(pos::find_built_in_role("admin")->permissions.size(), pos::permission_names.size() - 1);
}

TEST(Permissions, ABuiltInRolesRowSaysNothing) {
    EXPECT_EQ(pos::permissions_of("viewer", {"users.write"}).size(), pos::detail::viewer.size());
    EXPECT_EQ(pos::permissions_of("", {"users.write"}), std::vector<std::string>{"users.write"});
}

}  // namespace
