// Who may follow what, by the rights of the moment: it is asked again for everything that is open.

#include "pos/modules/sync/topics.h"

#include <gtest/gtest.h>

#include "pos/modules/sync/scope.h"
#include "pos/permissions.h"
#include "pos/plumbing/second_factor_wall.h"
#include "pos/plumbing/suspension.h"

namespace pos::sync {
namespace {

using Kind = Topic::Kind;

const base::Uuid here = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
const base::Uuid there = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a02");
const Topic dashboard{Kind::dashboard, here};
const Topic intent{Kind::intent, there};

const auth::Permissions& permissions() {
    static const auth::Permissions all{{permission_names.begin(), permission_names.end()}};
    return all;
}

auth::Caller caller_with(auth::Grants grants) {
    auth::Caller caller;
    caller.permissions = &permissions();
    caller.grants = std::make_shared<auth::Grants>(std::move(grants));
    return caller;
}
auth::Grants everywhere() {
    auth::Grants grants;
    grants.everywhere.set();
    return grants;
}
auth::Grants at(const base::Uuid& place, const std::vector<std::string>& names) {
    auth::Grants grants;
    grants.by_place.emplace_back(place, permissions().set_of(names));
    return grants;
}
std::string_view refusal(const auth::Grants& grants, const Topic& topic, std::optional<base::Uuid> place = {}) {
    const auto* code = why_not(caller_with(grants), topic, place);
    return code == nullptr ? std::string_view() : code->code;
}

TEST(Topics, AreFollowedByARightAtTheirPlace) {
    const auto reports = at(here, {"reports.read"});
    EXPECT_EQ(refusal(reports, dashboard), "");
    EXPECT_EQ(refusal(reports, {Kind::dashboard, there}), "auth.forbidden");
    const auto payments = at(here, {"payments.read"});
    EXPECT_EQ(refusal(payments, intent, here), "");
    EXPECT_EQ(refusal(payments, intent, there), "auth.forbidden");
    // One that is nowhere in particular is for those who may read everywhere.
    EXPECT_EQ(refusal(payments, intent), "auth.forbidden");
    EXPECT_EQ(refusal(everywhere(), intent), "");
    EXPECT_EQ(refusal({}, {Kind::changes, {}}), "");
    EXPECT_EQ(refusal({}, {Kind::notifications, {}}), "");
}

TEST(Topics, OfATenantWhoHasToPayAreThoseOfKeptPermissions) {
    auto grants = everywhere();
    for (const auto name : permission_names)
        if (!is_kept_when_suspended(name)) grants.withheld |= permissions().set_of({std::string(name)});
    grants.withheld_by = &errors::subscription_suspended;
    EXPECT_EQ(refusal(grants, dashboard), "subscription.suspended");
    EXPECT_EQ(refusal(grants, {Kind::changes, {}}), "subscription.suspended");
    EXPECT_EQ(refusal(grants, intent, here), "");
    EXPECT_EQ(refusal(grants, {Kind::notifications, {}}), "");
    // Whoever may not at all hears of that.
    grants.everywhere.reset();
    EXPECT_EQ(refusal(grants, dashboard), "auth.forbidden");
    EXPECT_EQ(refusal(grants, {Kind::changes, {}}), "");
}

TEST(Topics, AreBehindTheWall) {
    auto grants = everywhere();
    grants.wall = &errors::second_factor_needed;
    for (const auto kind : {Kind::changes, Kind::dashboard, Kind::intent, Kind::notifications})
        EXPECT_EQ(refusal(grants, {kind, here}, here), errors::second_factor_needed.code);
}

TEST(Topics, APokeSaysWhatItsReaderMayKnow) {
    const auto reader = caller_with(at(here, {"devices.read"}));
    EXPECT_TRUE(may_know(reader, {.kind = "devices", .place = here}));
    EXPECT_FALSE(may_know(reader, {.kind = "devices", .place = there}));
    EXPECT_FALSE(may_know(reader, {.kind = "sales", .place = here}));
    EXPECT_FALSE(may_know(reader, {.kind = "products"}));
    EXPECT_FALSE(may_know(reader, {.kind = "payment_intents", .place = here})) << "which is no collection";
    auto withheld = at(here, {"sales.read"});
    withheld.withheld = permissions().set_of({"sales.read"});
    withheld.withheld_by = &errors::subscription_suspended;
    EXPECT_FALSE(may_know(caller_with(withheld), {.kind = "sales", .place = here}));
}

}  // namespace
}  // namespace pos::sync
