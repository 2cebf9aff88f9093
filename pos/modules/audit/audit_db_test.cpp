// What was done to members is kept, for who may read it, and for nobody of another tenant.
#include <gmock/gmock.h>

#include "pos/plumbing/tables.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class AuditTest : public ShopTest {
protected:
    static std::vector<std::string> actions(const std::string& target, const std::string& token = owner) {
        std::vector<std::string> found;
        for (const auto& event : body<db::Page<AuditEvent>>(get(target, token)).data) found.push_back(event.action);
        return found;
    }
    static std::string user_of(std::string_view address) {
        return app->database().value(fmt::format("select id from users where email = '{}'", address)).value_or("");
    }
};

TEST_F(AuditTest, WhatIsDoneToMembersIsListedNewestFirst) {
    const auto cashier = member("juma@duka.example", "cashier");
    const auto juma = user_of("juma@duka.example");
    const auto changed = patch("/v1/users/" + juma, R"({"status":"disabled"})", 1);
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_THAT(actions("/v1/audit-events?subjectId=" + juma), ElementsAre("user.change", "user.create"));
    EXPECT_THAT(actions("/v1/audit-events?actorId=" + juma), IsEmpty());
    EXPECT_THAT(actions(fmt::format("/v1/audit-events?actorId={}&subjectId={}", user_of("owner@duka.example"), juma)),
                ElementsAre("user.change", "user.create"));
    const auto rows = body<db::Page<AuditEvent>>(get("/v1/audit-events?subjectId=" + juma));
    EXPECT_THAT(rows.data.at(0).detail.text,
                AllOf(HasSubstr(R"("status":"active")"), HasSubstr(R"("status":"disabled")")));
    EXPECT_THAT(get("/v1/audit-events").body, Not(HasSubstr(std::string(password))));

    const auto first = body<db::Page<AuditEvent>>(get("/v1/audit-events?limit=1&subjectId=" + juma));
    ASSERT_TRUE(first.next_cursor);
    EXPECT_THAT(actions("/v1/audit-events?limit=1&subjectId=" + juma + "&cursor=" + *first.next_cursor),
                ElementsAre("user.create"));
}

TEST_F(AuditTest, NobodyElseReadsThem) {
    const auto clerk = member("clerk@duka.example", "stock_clerk");
    EXPECT_EQ(get("/v1/audit-events", clerk).status, 403);
    EXPECT_EQ(get("/v1/audit-events", "").status, 401);
    const auto subject = user_of("clerk@duka.example");
    EXPECT_THAT(actions("/v1/audit-events?subjectId=" + subject), ElementsAre("user.create"));
    EXPECT_THAT(actions("/v1/audit-events?subjectId=" + subject, other), IsEmpty());
    // A change that is refused leaves no row.
    EXPECT_EQ(patch("/v1/users/" + subject, R"({"status":"disabled"})", 7).status, 412);
    EXPECT_THAT(actions("/v1/audit-events?subjectId=" + subject), ElementsAre("user.create"));
}

// The rows cannot be made to say something else.
TEST_F(AuditTest, TheAppCanOnlyAdd) {
    EXPECT_EQ(
        app->database().value("select string_agg(distinct privilege_type, ' ' order by privilege_type) from "
                              "information_schema.role_table_grants g join pg_tables t on t.tablename = g.table_name "
                              "where g.table_name = 'audit_events' and g.grantee <> t.tableowner"),
        "INSERT SELECT");
}

}  // namespace
