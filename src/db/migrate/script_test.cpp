#include "db/migrate/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace db::migrate {
namespace {

std::vector<std::string> texts(std::string_view sql) {
    std::vector<std::string> out;
    for (auto& statement : split_statements(sql)) out.push_back(std::move(statement.text));
    return out;
}

TEST(SplitStatements, AtSemicolonsThatEndOne) {
    using testing::ElementsAre;
    EXPECT_THAT(texts(""), ElementsAre());
    EXPECT_THAT(texts(" ;;\n-- only a comment\n;"), ElementsAre());
    EXPECT_THAT(texts("select 1; select 2"), ElementsAre("select 1", "select 2"));
    EXPECT_THAT(texts("select ';'; select 'it''s;'"), ElementsAre("select ';'", "select 'it''s;'"));
    EXPECT_THAT(texts(R"(select e'\';'; select '\'; select 3)"),
                ElementsAre(R"(select e'\';')", R"(select '\')", "select 3"));
    EXPECT_THAT(texts("select \"a;b\"; select 2"), ElementsAre("select \"a;b\"", "select 2"));
    EXPECT_THAT(texts("do $$ begin; end $$; select 2"), ElementsAre("do $$ begin; end $$", "select 2"));
    EXPECT_THAT(texts("do $a$ ; $$ ; $a$; select $1;"), ElementsAre("do $a$ ; $$ ; $a$", "select $1"));
    EXPECT_THAT(texts("/* a; /* b; */ c; */ select 1"), ElementsAre("select 1"));
    EXPECT_THAT(texts("select 1 -- ; no\n + 2; select 3"), ElementsAre("select 1 -- ; no\n + 2", "select 3"));
    EXPECT_THAT(
        texts(
            "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; "
            "select 3"),
        ElementsAre(
            "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end",
            "select 3"));
    EXPECT_THAT(
        texts("create rule r as on insert to t do also (insert into u values (1); delete from v); select (2)"),
        ElementsAre("create rule r as on insert to t do also (insert into u values (1); delete from v)", "select (2)"));
    EXPECT_THAT(texts("begin; select 1; end;"), ElementsAre("begin", "select 1", "end"));
    EXPECT_THAT(texts("select 'open; "), ElementsAre("select 'open;"));
    EXPECT_THAT(texts("/* open"), ElementsAre());
}

TEST(SplitStatements, KnowsTheLine) {
    const auto statements = split_statements("-- head\n\nselect\n 1;\n  select 2;");
    ASSERT_EQ(statements.size(), 2U);
    EXPECT_EQ(statements[0].line, 3U);
    EXPECT_EQ(statements[1].line, 5U);
}

TEST(Directives, StandInTheHeadOnALineOfTheirOwn) {
    const auto* head = "-- Breaks: much\r\n\n--  stops-older-releases \r\nselect 1;\n-- no-transaction\n";
    EXPECT_TRUE(has_directive(head, stops_older_directive));
    EXPECT_FALSE(has_directive(head, "no-transaction")) << "behind the first statement";
    EXPECT_TRUE(has_directive("-- no-transaction\ncreate index concurrently i on t (a);", "no-transaction"));
    EXPECT_FALSE(has_directive("-- the first line is '-- no-transaction'.\nselect 1;", "no-transaction"));
    EXPECT_FALSE(has_directive("", stops_older_directive));
}

TEST(WithRoles, PutsQuotedNames) {
    EXPECT_EQ(with_roles("grant select on t to {{app}}, {{app_system}}", {.app = "shop-app", .system = "shop_system"}),
              "grant select on t to \"shop-app\", shop_system");
    EXPECT_EQ(with_roles("select '{{1,2},{3}}'::int[]", {}), "select '{{1,2},{3}}'::int[]");
}

}  // namespace
}  // namespace db::migrate
