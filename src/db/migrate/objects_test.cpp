#include "db/migrate/objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/migrate/sample_schema.h"

namespace db::migrate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ReadObject, KnowsWhatATextMakes) {
    const auto kind_and_name = [](std::string_view sql) {
        const auto text = read_object(sql);
        return text.creations.empty() ? "" : text.creations.front().kind + " " + text.creations.front().name;
    };
    EXPECT_EQ(kind_and_name("create or replace function public.f() returns int as '1'"), "function f");
    EXPECT_EQ(kind_and_name("CREATE MATERIALIZED VIEW IF NOT EXISTS \"V\" as select 1"), "materialized view V");
    EXPECT_EQ(kind_and_name("create temporary recursive view v (a) as select 1"), "view v");
    EXPECT_EQ(kind_and_name("create extension if not exists pg_trgm"), "extension pg_trgm");
    EXPECT_EQ(kind_and_name("create constraint trigger t after insert on items"), "trigger t");
    EXPECT_EQ(kind_and_name("alter table items set (fillfactor = 80)"), "");
    EXPECT_EQ(kind_and_name("create"), "");
}

TEST(ReadObject, KnowsTheHeadOfARoutine) {
    const auto head = [](std::string_view sql) { return read_object(sql).creations.at(0).head; };
    EXPECT_EQ(head("create function f(a int, b text default 'x;)') returns table (c int) language sql as $$ $$"),
              "( a int , b text default 'x;)' ) returns table ( c int )");
    EXPECT_EQ(head("create function f() returns setof items stable as '1'"), "( ) returns setof items");
    EXPECT_EQ(head("create function f(a int) returns int returns null on null input as '1'"), "( a int ) returns int");
    EXPECT_EQ(head("create procedure p(a int) begin atomic select 1; end"), "( a int )");
}

TEST(ReadObject, KnowsWhatPostgresFollows) {
    const auto uses =
        read_object(
            "create function f(a items) returns int language sql as 'select from hidden';\n"
            "create view v as select nextval('numbers'), '$$' from parts; alter function f owner to {{app}}")
            .uses;
    for (const auto* name : {"items", "numbers", "parts"}) EXPECT_TRUE(uses.contains(name)) << name;
    EXPECT_FALSE(uses.contains("hidden"));
    EXPECT_FALSE(read_object("create function f() returns int as $$ select from hidden $$").uses.contains("hidden"));
    EXPECT_TRUE(
        read_object("create function f() returns int begin atomic select 1 from seen; end").uses.contains("seen"));
}

// Three that stand on each other, and one beside.
std::vector<ObjectSnapshot> tower() {
    using sample::after;
    return {after("f", "create function f() returns int as '1'", "drop function f()"),
            after("low", "create view low as select f() as a", "drop view low"),
            after("high", "create view high as select a from low", "drop view high"),
            after("beside", "create view beside as select name from items", "drop view beside")};
}
std::vector<std::string> names_of(const ObjectPlan::Objects& objects) {
    std::vector<std::string> names;
    for (const auto* object : objects) names.push_back(object->name);
    return names;
}

TEST(PlanObjects, TakesDependantsDownAndUpAgain) {
    const auto before = tower();
    auto now = before;
    now[0].create_sql = "create function f() returns int as '2'";
    const auto plan = plan_objects(before, now, {}, false);
    EXPECT_THAT(names_of(plan.drop_first), ElementsAre("high", "low", "f"));
    EXPECT_THAT(names_of(plan.create_after), ElementsAre("f", "low", "high"));
    EXPECT_THAT(plan.errors, IsEmpty());
}

TEST(PlanObjects, TakesDownWhatHoldsOnToATable) {
    const auto before = tower();
    EXPECT_THAT(names_of(plan_objects(before, before, {.reshaped = {"items"}}, false).drop_first),
                ElementsAre("beside"));
    EXPECT_THAT(names_of(plan_objects(before, before, {.extended = {"items"}}, false).drop_first), IsEmpty());
    auto starred = before;
    starred[3].create_sql = "create view beside as select * from items";
    EXPECT_THAT(names_of(plan_objects(starred, starred, {.extended = {"items"}}, false).drop_first),
                ElementsAre("beside"));
}

TEST(PlanObjects, ReplacesARoutineInItsPlaceUnlessItsGrantsChange) {
    using sample::after;
    const std::vector<ObjectSnapshot> before{after(
        "f", "create function f() returns int as '1'; revoke all on function f() from public", "drop function f()")};
    auto now = before;
    now[0].create_sql = "create or replace function f() returns int as '2'; revoke all on function f() from public";
    EXPECT_THAT(names_of(plan_objects(before, now, {}, false).drop_first), IsEmpty());
    EXPECT_THAT(names_of(plan_objects(before, now, {}, false).create_after), ElementsAre("f"));
    now[0].create_sql = "create or replace function f() returns int as '2'";
    EXPECT_THAT(names_of(plan_objects(before, now, {}, false).drop_first), ElementsAre("f"));
}

}  // namespace
}  // namespace db::migrate
