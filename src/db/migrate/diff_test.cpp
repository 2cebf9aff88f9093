#include "db/migrate/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/migrate/sample_schema.h"
#include "db/migrate/shop_schema.h"

namespace db::migrate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Snapshot base() { return sample::schema(); }

struct Case {
    const char* name;
    void (*change)(Snapshot& now);
    std::vector<std::string> statements;
    bool allow_drops = false;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all{
        {"nothing", [](Snapshot&) {}, {}},
        {"add a nullable column",
         [](Snapshot& now) { now.tables[0].columns.push_back({.name = "note", .type = "text", .nullable = true}); },
         {"alter table items add column note text"}},
        {"add a column with a default",
         [](Snapshot& now) { now.tables[0].columns.push_back({.name = "order", .type = "bigint", .fallback = "1"}); },
         {"alter table items add column \"order\" bigint not null default 1"}},
        {"drop a column",
         [](Snapshot& now) { now.tables[0].columns.erase(now.tables[0].columns.begin() + 3); },
         {"alter table items drop column count"},
         true},
        {"rename a column with all that names it",
         [](Snapshot& now) {
             auto& table = now.tables[0];
             table.columns[2] = {.name = "title", .type = "text", .renamed_from = "name"};
             table.constraints[0].columns[1] = "title";
             table.constraints[0].predicate = "title <> ''";
         },
         {"alter table items rename column name to title"}},
        {"rename a key column that others reference",
         [](Snapshot& now) {
             now.tables[0].columns[1] = {.name = "number", .type = "uuid", .renamed_from = "id"};
             now.tables[0].constraints[1].columns[1] = "number";
             now.tables[1].constraints[0].target_columns[1] = "number";
         },
         {"alter table items rename column id to number"}},
        {"rename a table",
         [](Snapshot& now) {
             auto& table = now.tables[0];
             table.name = "things";
             table.renamed_from = "items";
             table.constraints[1].name = "things_pkey";
             now.tables[1].constraints[0].target = "things";
         },
         {"alter table items rename to things", "alter table things rename constraint items_pkey to things_pkey"}},
        {"rename an index",
         [](Snapshot& now) { now.tables[0].constraints[0].name = "items_title"; },
         {"alter index items_name rename to items_title"}},
        {"change a type that has a default",
         [](Snapshot& now) { now.tables[0].columns[3].type = "bigint"; },
         {"alter table items alter column count drop default",
          "alter table items alter column count type bigint using count::bigint",
          "alter table items alter column count set default 0"}},
        {"change a default",
         [](Snapshot& now) { now.tables[0].columns[3].fallback = "5"; },
         {"alter table items alter column count set default 5"}},
        {"drop a default",
         [](Snapshot& now) { now.tables[0].columns[3].fallback = ""; },
         {"alter table items alter column count drop default"}},
        {"allow null",
         [](Snapshot& now) { now.tables[0].columns[2].nullable = true; },
         {"alter table items alter column name drop not null"}},
        {"change an index",
         [](Snapshot& now) { now.tables[0].constraints[0].predicate = "name <> '-'"; },
         {"drop index items_name", "create unique index items_name on items (tenant_id, name) where name <> '-'"}},
        {"add a check",
         [](Snapshot& now) {
             now.tables[0].constraints.push_back(
                 {.name = "items_count", .type = ConstraintType::check, .predicate = "count >= 0"});
         },
         {"alter table items add constraint items_count check (count >= 0)"}},
        {"change a primary key that others reference",
         [](Snapshot& now) {
             now.tables[0].constraints[1].columns.emplace_back("name");
             now.tables[1].constraints[0].target_columns.emplace_back("name");
         },
         {"alter table parts drop constraint parts_item", "alter table items drop constraint items_pkey",
          "alter table items add constraint items_pkey primary key (tenant_id, id, name)",
          "alter table parts add constraint parts_item foreign key (tenant_id, item_id) references items (tenant_id, "
          "id, name)"}},
        {"drop both tables",
         [](Snapshot& now) { now.tables.clear(); },
         {"alter table parts drop constraint parts_item", "drop table items", "drop table parts"},
         true},
        {"make a table append-only",
         [](Snapshot& now) {
             now.tables[1].guard.access = Access::append_only, now.tables[1].guard.updatable = {"item_id"};
         },
         {"revoke all on parts from {{app}}, {{app_system}}", "grant select, insert on parts to {{app}}",
          "grant update (item_id) on parts to {{app}}", "grant select, insert on parts to {{app_system}}",
          "grant update (item_id) on parts to {{app_system}}"}},
        {"hide a table from tenants",
         [](Snapshot& now) { now.tables[1].guard = {.wall = Wall::system}; },
         {"drop policy tenant_isolation on parts", "drop policy system_access on parts",
          "drop policy owner_access on parts", "alter table parts no force row level security",
          "alter table parts disable row level security", "revoke all on parts from {{app}}, {{app_system}}",
          "grant select, insert, update, delete on parts to {{app_system}}"}},
        {"add a table",
         [](Snapshot& now) {
             now.tables.push_back(
                 {.name = "tags",
                  .guard = {.wall = Wall::tenant, .tenant_column = "tenant_id"},
                  .columns = {{.name = "tenant_id", .type = "uuid"}, {.name = "tag", .type = "text"}},
                  .constraints = {
                      {.name = "tags_pkey", .type = ConstraintType::primary_key, .columns = {"tenant_id", "tag"}}}});
         },
         {"create table tags (\n    tenant_id uuid not null,\n    tag text not null,\n"
          "    constraint tags_pkey primary key (tenant_id, tag)\n)",
          "alter table tags enable row level security", "alter table tags force row level security",
          "create policy tenant_isolation on tags to {{app}} using (tenant_id = nullif(current_setting('app.tenant', "
          "true), "
          "'')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)",
          "create policy system_access on tags to {{app_system}} using (true) with check (true)",
          "create policy owner_access on tags to current_user using (true) with check (true)",
          "grant select, insert, update, delete on tags to {{app}}",
          "grant select, insert, update, delete on tags to {{app_system}}"}},
        {"add an extension and a function",
         [](Snapshot& now) {
             now.objects = {
                 {"trigrams", SqlObject::Stage::before_tables, "create extension pg_trgm;", "drop extension pg_trgm"},
                 {"now_twice", SqlObject::Stage::after_tables, "create function f() ...;\n", "drop function f()"}};
         },
         {"create extension pg_trgm", "create function f() ..."}},
    };
    return all;
}

TEST(Diff, GivesTheStatements) {
    for (const auto& one : cases()) {
        auto now = base();
        one.change(now);
        const auto difference = diff(base(), now, {.allow_drops = one.allow_drops});
        EXPECT_EQ(difference.statements, one.statements) << one.name;
        EXPECT_THAT(difference.errors, IsEmpty()) << one.name;
    }
}

TEST(Diff, RefusesToLoseData) {
    auto now = base();
    now.tables[0].columns.pop_back();
    now.tables.pop_back();
    const auto difference = diff(base(), now);
    EXPECT_THAT(difference.errors,
                ElementsAre(HasSubstr("table parts would be dropped"), HasSubstr("column items.count")));
    EXPECT_THAT(difference.errors[0], HasSubstr("--allow-drops"));
}

TEST(Diff, RefusesARequiredColumnWithoutDefault) {
    auto now = base();
    now.tables[0].columns.push_back({.name = "kind", .type = "text"});
    EXPECT_THAT(diff(base(), now).errors, ElementsAre(HasSubstr("db::column_default<&...>")));
}

TEST(Diff, RefusesARenameOfWhatIsStillThere) {
    auto now = base();
    now.tables[0].columns.push_back({.name = "title", .type = "text", .nullable = true, .renamed_from = "name"});
    EXPECT_THAT(diff(base(), now).errors, ElementsAre(HasSubstr("which is still a column")));
}

TEST(Diff, ForgetsARenameThatIsDone) {
    auto now = base();
    now.tables[0].columns[2].renamed_from = "label";
    now.tables[0].renamed_from = "articles";
    EXPECT_TRUE(diff(base(), now).empty());
}

TEST(Diff, WarnsOfLocks) {
    auto now = base();
    now.tables[0].columns[3].type = "bigint";
    now.tables[0].constraints.push_back(
        {.name = "items_count", .type = ConstraintType::index, .columns = {"tenant_id", "count"}});
    EXPECT_THAT(diff(base(), now).warnings, ElementsAre(HasSubstr("rewritten"), HasSubstr("concurrently")));
}

TEST(Diff, ReplacesFunctionsAndRemakesViews) {
    auto before = base();
    before.objects = {sample::after("f", "create or replace function f() returns int as '1'", "drop function f()"),
                      sample::after("v", "create view v as select 1", "drop view v")};
    auto now = before;
    now.objects[0].create_sql = "create or replace function f() returns int as '2'";
    now.objects[1].create_sql = "create view v as select 2";
    EXPECT_THAT(diff(before, now).statements,
                ElementsAre("drop view v", now.objects[0].create_sql, now.objects[1].create_sql));
}

TEST(Diff, RebuildsWhatKeepsTheAnswersOfAFunctionThatChanges) {
    auto before = base();
    before.objects = {
        sample::before("norm",
                       "create or replace function norm(t text) returns text immutable as $$ select lower(t) $$",
                       "drop function norm(text)"),
        sample::before("outer_norm",
                       "create or replace function outer_norm(t text) returns text immutable as $$ select norm(t) $$",
                       "drop function outer_norm(text)"),
        sample::after("by_hand", "create index by_hand on parts (norm(id::text))", "drop index by_hand")};
    auto& constraints = before.tables[0].constraints;
    constraints.push_back({.name = "a_key", .type = ConstraintType::unique_index, .expression = "norm(name)"});
    constraints.push_back(
        {.name = "b_partial", .type = ConstraintType::index, .columns = {"name"}, .predicate = "norm(name) <> ''"});
    constraints.push_back({.name = "c_outer", .type = ConstraintType::index, .expression = "outer_norm(name)"});
    constraints.push_back({.name = "d_check", .type = ConstraintType::check, .predicate = "norm(name) <> ''"});
    constraints.push_back({.name = "e_policy", .type = ConstraintType::on_insert, .predicate = "norm(name) <> ''"});
    auto now = before;
    now.objects[0].create_sql =
        "create or replace function norm(t text) returns text immutable as $$ select replace(lower(t), ' ', '') $$";
    const auto difference = diff(before, now);
    EXPECT_THAT(
        difference.statements,
        ElementsAre("drop index by_hand", "drop index a_key", "drop index b_partial", "drop index c_outer",
                    HasSubstr("drop constraint d_check"), now.objects[0].create_sql,
                    HasSubstr("create unique index a_key"), HasSubstr("create index b_partial"),
                    HasSubstr("create index c_outer"), HasSubstr("d_check"), HasSubstr("create index by_hand")));
    EXPECT_EQ(difference.warnings.size(), 4U) << "what is locked meanwhile is told";
}

TEST(Diff, WarnsOfADefaultThatIsAnotherForEachRow) {
    const auto warnings = [](const char* fallback) {
        auto now = base();
        now.tables[0].columns.push_back({.name = "extra", .type = "text", .fallback = fallback});
        return diff(base(), now).warnings;
    };
    for (const auto* fallback : {"gen_random_uuid()::text", "nextval('numbers')::text", "'a' || random()"})
        EXPECT_THAT(warnings(fallback), ElementsAre(HasSubstr("rewritten"))) << fallback;
    for (const auto* fallback : {"now()", "current_date::text", "'gen_random_uuid()'", "'a'::varchar(3)"})
        EXPECT_THAT(warnings(fallback), IsEmpty()) << fallback;
}

TEST(Diff, DropsTheFormOfAFunctionThatCannotBeReplaced) {
    auto before = base();
    before.objects = {sample::after("f", "create or replace function f() returns int as '1'", "drop function f();")};
    for (const auto* other : {"create or replace function f(a int) returns int as '1'",
                              "create or replace function f() returns bigint as '1'",
                              "create or replace function g() returns int as '1'"}) {
        auto now = before;
        now.objects[0].create_sql = other;
        EXPECT_THAT(diff(before, now).statements, ElementsAre("drop function f()", other));
    }
}

TEST(Diff, SeesNoChangeInTheWordsAlone) {
    auto before = base();
    before.objects = {sample::before("trigrams", "create extension pg_trgm", "drop extension pg_trgm"),
                      sample::after("f", "create function f() returns int as '1'", "drop function f()")};
    auto now = before;
    now.objects[0] = sample::before("pg_trgm", "CREATE EXTENSION if not exists pg_trgm;", "drop extension pg_trgm");
    now.objects[1].create_sql = "create or replace function f()\n  returns int -- one\n  as '1';";
    EXPECT_TRUE(diff(before, now).empty());
}

TEST(Diff, RefusesToMakeASequenceAnew) {
    auto before = base();
    before.objects = {sample::before("numbers", "create sequence numbers", "drop sequence numbers"),
                      sample::before("trigrams", "create extension pg_trgm", "drop extension pg_trgm")};
    auto now = before;
    now.objects[0].create_sql = "create sequence numbers cache 10";
    now.objects[1].create_sql = "create extension pg_trgm schema other";
    EXPECT_THAT(diff(before, now, {.allow_drops = true}).errors,
                ElementsAre(HasSubstr("numbers: its text has changed"), HasSubstr("trigrams: its text has changed")));
    now.objects = {now.objects[1]};
    now.objects[0] = before.objects[1];
    EXPECT_THAT(diff(before, now).errors, ElementsAre(HasSubstr("numbers would be dropped with what it holds")));
    EXPECT_THAT(diff(before, now, {.allow_drops = true}).statements, ElementsAre("drop sequence numbers"));
}

TEST(Diff, RefusesAWayThatPostgresDoesNotKnow) {
    auto now = base();
    sample::column(now, "items", "count").type = "uuid";
    EXPECT_THAT(diff(base(), now).errors, ElementsAre(HasSubstr("no way from one to the other")));
}

TEST(Diff, RefusesToRoundOrCutWithoutLeave) {
    const auto changed = [](std::string_view from, std::string_view to, bool allow_drops) {
        auto before = base();
        sample::column(before, "items", "count").type = from;
        auto now = base();
        sample::column(now, "items", "count").type = to;
        return diff(before, now, {.allow_drops = allow_drops}).errors;
    };
    using Pair = std::pair<std::string_view, std::string_view>;
    for (const auto& [from, to] :
         {Pair{"numeric(18,4)", "bigint"}, Pair{"double precision", "integer"}, Pair{"jsonb", "bigint"},
          Pair{"integer", "boolean"}, Pair{"bigint", "double precision"}, Pair{"double precision", "numeric(18,4)"},
          Pair{"timestamptz", "date"}, Pair{"numeric(18,4)[]", "bigint[]"}, Pair{"numeric(18,4)", "bigint[]"}}) {
        EXPECT_THAT(changed(from, to, false), ElementsAre(HasSubstr("rounds or cuts"))) << from << " to " << to;
        EXPECT_THAT(changed(from, to, true), IsEmpty()) << from << " to " << to;
    }
    for (const auto& [from, to] : {Pair{"integer", "bigint"}, Pair{"bigint", "numeric(18,4)"}, Pair{"bigint", "text"},
                                   Pair{"bigint", "smallint"}, Pair{"text", "bigint"}, Pair{"date", "timestamptz"},
                                   Pair{"integer", "double precision"}, Pair{"boolean", "integer"}})
        EXPECT_THAT(changed(from, to, false), IsEmpty()) << from << " to " << to;
}

TEST(Diff, RefusesNamesThatChangePlaces) {
    auto before = base();
    before.tables[0].columns.push_back({.name = "title", .type = "text"});
    auto now = before;
    sample::column(now, "items", "title").renamed_from = "name";
    sample::column(now, "items", "name").renamed_from = "title";
    EXPECT_THAT(diff(before, now).errors, ElementsAre(HasSubstr("third name"), HasSubstr("third name")));
    auto tables = base();
    tables.tables[0].renamed_from = "parts";
    tables.tables[1].renamed_from = "items";
    EXPECT_THAT(diff(base(), tables).errors, ElementsAre(HasSubstr("third name"), HasSubstr("third name")));
}

TEST(Diff, RefusesATenantsTableWithoutTenants) {
    auto now = base();
    auto before = base();
    for (auto* schema : {&now, &before}) schema->tables.pop_back();
    before.tables[0].guard = {.wall = Wall::system};
    sample::erase_column(before, "items", "tenant_id");
    EXPECT_THAT(diff(before, now).errors, ElementsAre(HasSubstr("becomes a tenant's, but its rows have none")));
}

TEST(Diff, RefusesARenameOfWhichBothNamesAreThere) {
    auto before = base();
    before.tables[0].columns.push_back({.name = "title", .type = "text"});
    auto now = before;
    sample::erase_column(now, "items", "name");
    sample::column(now, "items", "title").renamed_from = "name";
    EXPECT_THAT(diff(before, now, {.allow_drops = true}).errors, ElementsAre(HasSubstr("the schema before has both")));
    // Long done, and the old name has come back since.
    EXPECT_TRUE(diff(before,
                     [&] {
                         auto both = before;
                         sample::column(both, "items", "title").renamed_from = "name";
                         return both;
                     }())
                    .empty());
}

// ---- Snapshots ----

TEST(Snapshot, OfTheShop) {
    const auto snapshot = build_snapshot(shop::tables(), {});
    const auto* products = snapshot.find_table("products");
    ASSERT_NE(products, nullptr);
    EXPECT_EQ(products->columns[0].name, "tenant_id");
    EXPECT_EQ(products->find_column("version")->fallback, "1");
    EXPECT_TRUE(products->find_column("deleted_at")->nullable);
    EXPECT_THAT(products->find_constraint("products_pkey")->columns, ElementsAre("tenant_id", "id"));
    EXPECT_THAT(products->find_constraint("products_sku")->columns, ElementsAre("tenant_id", "sku"));
    EXPECT_EQ(products->find_constraint("products_sku")->type, ConstraintType::unique_index);
    const auto* reference = products->find_constraint("products_category");
    EXPECT_THAT(reference->columns, ElementsAre("tenant_id", "category_id"));
    EXPECT_THAT(reference->target_columns, ElementsAre("tenant_id", "id"));
    EXPECT_EQ(products->find_constraint("products_sold_by_values")->predicate, "sold_by in ('unit', 'weight')");
    EXPECT_EQ(snapshot.find_table("tenants")->guard.tenant_column, "id");
    EXPECT_EQ(snapshot.find_table("users")->columns.size(), 3U);
    EXPECT_THAT(snapshot.find_table("movements")->guard.updatable, ElementsAre("note"));
}

TEST(Snapshot, SurvivesItsText) {
    auto snapshot = build_snapshot(shop::tables(), {});
    snapshot.id = "20261122000000_init";
    snapshot.previous = {"20261121000000_before"};
    snapshot.objects = {{"f", SqlObject::Stage::after_tables, "create or replace function f() as '{\"a\": [1,2]}'",
                         "drop function f()"}};
    const auto text = to_text(snapshot);
    EXPECT_THAT(text, HasSubstr("\n        {\"name\": \"sku\", \"type\": \"text\""));
    const auto read = parse_snapshot(text);
    EXPECT_EQ(to_text(read), text);
    EXPECT_EQ(read.id, snapshot.id);
    EXPECT_TRUE(diff(read, snapshot).empty());
    EXPECT_TRUE(diff(snapshot, read).empty());
}

TEST(Snapshot, SaysWhatIsWrongWithItsText) {
    EXPECT_THROW((void)parse_snapshot("{"), std::runtime_error);
    EXPECT_THROW((void)parse_snapshot(R"({"id":"a","previous":[],"tables":[{"name":1}],"objects":[]})"),
                 std::runtime_error);
}

TEST(Snapshot, RefusesDeclarationsThatMakeNoSchema) {
    auto twice = shop::tables();
    twice.push_back(twice.front());
    EXPECT_THROW((void)build_snapshot(twice, {}), std::logic_error);
    const std::vector<TableView> without_target{shop::movements.view()};
    EXPECT_THROW((void)build_snapshot(without_target, {}), std::logic_error);
}

template <class Table>
std::string refusal(const Table& table) {
    try {
        const std::vector<TableView> tables{table.view()};
        (void)build_snapshot(tables, {});
    } catch (const std::logic_error& error) {
        return error.what();
    }
    return {};
}

constexpr auto unknown_default = db::tenant_table<shop::Movement>(
    "movements", db::primary_key<&shop::Movement::id>(), db::column_default<&shop::Movement::sold_by>("'dozen'"));
constexpr auto known_default =
    db::tenant_table<shop::Movement>("movements", db::primary_key<&shop::Movement::id>(),
                                     db::column_default<&shop::Movement::sold_by>("'weight'::text"));

TEST(Snapshot, RefusesADefaultThatItsEnumDoesNotHave) {
    EXPECT_THAT(refusal(unknown_default), HasSubstr("the default 'dozen' of sold_by is none of its enum's values"));
    EXPECT_EQ(refusal(known_default), "");
}

}  // namespace
}  // namespace db::migrate
