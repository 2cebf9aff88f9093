// What the differ writes, on a server: each pair of schemas is made with rows in it, led over, and compared with the second one
// made from nothing. All within a transaction that is undone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/migrate/diff_server.h"
#include "db/migrate/sample_schema.h"

namespace db::migrate {
namespace {

using sample::after;
using sample::before;
using sample::column;
using sample::constraint;
using sample::erase_column;
using sample::table;
using testing::IsEmpty;

struct Case {
    const char* name;
    void (*shape_before)(Snapshot&);
    void (*change)(Snapshot&);
};

constexpr const char* counted =
    "create or replace function counted(tenant uuid) returns bigint language sql stable "
    "security definer set search_path = public as $$ select count(*) from items $$";

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class EachChange : public DiffServer, public testing::WithParamInterface<Case> {
protected:
    // What is not as it should be, a line each.
    std::vector<std::string> lead(const Snapshot& from, const Snapshot& to) {
        const auto wanted = made_from_nothing(to);
        begin(from);
        for (const auto& rows : sample::rows) {
            if (from.find_table(rows.table) != nullptr) run({rows.insert});
        }
        const auto difference = diff(from, to, {.allow_drops = true});
        if (!difference.errors.empty()) return difference.errors;
        run(difference.statements);
        return compare(inspect(connection_), wanted);
    }
};

TEST_P(EachChange, GivesTheSecondSchema) {
    auto first = sample::schema();
    GetParam().shape_before(first);
    auto second = first;
    GetParam().change(second);
    EXPECT_THAT(lead(first, second), IsEmpty());
}

const Case object_cases[] = {
    {"ExtensionSaidInOtherWords",
     [](Snapshot& s) {
         s.objects = {before("trigrams", "create extension pg_trgm", "drop extension pg_trgm")};
         table(s, "items")
             .constraints.push_back({.name = "items_search",
                                     .type = ConstraintType::index,
                                     .method = "gin",
                                     .expression = "name gin_trgm_ops"});
     },
     [](Snapshot& s) { s.objects[0].create_sql = "create extension if not exists pg_trgm"; }},
    {"ObjectUnderAnotherName",
     [](Snapshot& s) {
         s.objects = {before("trigrams", "create extension pg_trgm", "drop extension pg_trgm"),
                      before("position", "create sequence position_of_items", "drop sequence position_of_items")};
         table(s, "items")
             .constraints.push_back({.name = "items_search",
                                     .type = ConstraintType::index,
                                     .method = "gin",
                                     .expression = "name gin_trgm_ops"});
     },
     [](Snapshot& s) {
         s.objects[0].name = "pg_trgm";
         s.objects[1].name = "item_position";
     }},
    {"ExtensionGoesWithItsIndex",
     [](Snapshot& s) {
         s.objects = {before("trigrams", "create extension pg_trgm", "drop extension pg_trgm")};
         table(s, "items")
             .constraints.push_back({.name = "items_search",
                                     .type = ConstraintType::index,
                                     .method = "gin",
                                     .expression = "name gin_trgm_ops"});
     },
     [](Snapshot& s) {
         s.objects.clear();
         table(s, "items").constraints.pop_back();
     }},
    {"FunctionThatDoesNotReplace",
     [](Snapshot& s) {
         s.objects = {before("one", "create function one() returns integer language sql immutable as $$ select 1 $$",
                             "drop function one()")};
         column(s, "items", "count").fallback = "one()";
         table(s, "items")
             .constraints.push_back(
                 {.name = "items_count", .type = ConstraintType::check, .predicate = "count >= one()"});
     },
     [](Snapshot& s) {
         s.objects[0].create_sql = "create function one() returns integer language sql immutable as $$ select 0 + 1 $$";
     }},
    {"FunctionTakesOneMoreParameter",
     [](Snapshot& s) { s.objects = {after("counted", counted, "drop function counted(uuid)")}; },
     [](Snapshot& s) {
         s.objects = {after("counted",
                            "create or replace function counted(tenant uuid, most integer) returns bigint language sql "
                            "stable security definer set search_path = public as $$ select count(*) from items $$",
                            "drop function counted(uuid, integer)")};
     }},
    {"FunctionReturnsAnotherType",
     [](Snapshot& s) { s.objects = {after("counted", counted, "drop function counted(uuid)")}; },
     [](Snapshot& s) {
         s.objects = {after("counted",
                            "create or replace function counted(tenant uuid) returns numeric language sql stable "
                            "security definer set search_path = public as $$ select count(*)::numeric from items $$",
                            "drop function counted(uuid)")};
     }},
    {"ParameterHasAnotherName",
     [](Snapshot& s) { s.objects = {after("counted", counted, "drop function counted(uuid)")}; },
     [](Snapshot& s) {
         s.objects = {after("counted",
                            "create or replace function counted(shop uuid) returns bigint language sql stable security "
                            "definer set search_path = public as $$ select count(*) from items $$",
                            "drop function counted(uuid)")};
     }},
    {"ParameterLosesItsDefault",
     [](Snapshot& s) {
         s.objects = {after("twice",
                            "create or replace function twice(a integer default 1) returns integer language sql as $$ "
                            "select 2 * a $$",
                            "drop function twice(integer)")};
     },
     [](Snapshot& s) {
         s.objects[0].create_sql =
             "create or replace function twice(a integer) returns integer language sql as $$ select 2 * a $$";
     }},
    {"FunctionUnderViewsReturnsAnotherType",
     [](Snapshot& s) {
         s.objects = {
             after("twice",
                   "create or replace function twice(a integer) returns integer language sql as $$ select 2 * "
                   "a $$",
                   "drop function twice(integer)"),
             after("doubled", "create view doubled as select id, twice(count) as twice from items",
                   "drop view doubled"),
             after("doubled_names", "create view doubled_names as select id from doubled", "drop view doubled_names")};
     },
     [](Snapshot& s) {
         s.objects[0].create_sql =
             "create or replace function twice(a integer) returns bigint language sql as $$ select 2::bigint * a $$";
     }},
    {"FunctionInACheckTakesAnotherName",
     [](Snapshot& s) {
         s.objects = {before("fine",
                             "create or replace function fine(a integer) returns boolean language sql immutable as $$ "
                             "select a >= 0 $$",
                             "drop function fine(integer)")};
         table(s, "items")
             .constraints.push_back({.name = "items_fine", .type = ConstraintType::check, .predicate = "fine(count)"});
         table(s, "items")
             .constraints.push_back(
                 {.name = "items_by_fine", .type = ConstraintType::index, .expression = "fine(count)"});
     },
     [](Snapshot& s) {
         s.objects[0].create_sql =
             "create or replace function fine(b integer) returns boolean language sql immutable as $$ select b >= 0 $$";
     }},
    {"FunctionUnderAnIndexAndACheckGetsAnotherBody",
     [](Snapshot& s) {
         s.objects = {before("norm",
                             "create or replace function norm(t text) returns text language sql immutable as $$ "
                             "select lower(t) $$",
                             "drop function norm(text)"),
                      before("outer_norm",
                             "create or replace function outer_norm(t text) returns text language plpgsql immutable as "
                             "$$ begin return norm(t); end $$",
                             "drop function outer_norm(text)")};
         auto& constraints = table(s, "items").constraints;
         constraints.push_back({.name = "items_check", .type = ConstraintType::check, .predicate = "norm(name) <> ''"});
         constraints.push_back(
             {.name = "items_outer", .type = ConstraintType::index, .expression = "outer_norm(name)"});
     },
     [](Snapshot& s) {
         s.objects[0].create_sql =
             "create or replace function norm(t text) returns text language sql immutable as $$ select "
             "replace(lower(t), ' ', '') $$";
     }},
    {"TriggerCallsAFunctionMadeAnew",
     [](Snapshot& s) {
         s.objects = {
             after("touch", "create function touch() returns trigger language plpgsql as $$ begin return new; end $$",
                   "drop function touch()"),
             after("items_touch",
                   "create trigger items_touch before update on items for each row execute "
                   "function touch()",
                   "drop trigger items_touch on items")};
     },
     [](Snapshot& s) {
         s.objects[0].create_sql =
             "create function touch() returns trigger language plpgsql as $$ begin new.count := 1; return new; end $$";
     }},
    {"ViewLosesAColumn",
     [](Snapshot& s) {
         s.objects = {
             after("names", "create or replace view names as select id, name, count from items", "drop view names"),
             after("more_names", "create or replace view more_names as select id from names", "drop view more_names")};
     },
     [](Snapshot& s) { s.objects[0].create_sql = "create or replace view names as select id, count from items"; }},
    {"ViewColumnChangesItsType",
     [](Snapshot& s) {
         s.objects = {after("names", "create or replace view names as select id, count from items", "drop view names")};
     },
     [](Snapshot& s) {
         s.objects[0].create_sql = "create or replace view names as select id, count::text as count from items";
     }},
    {"ObjectsGrantsOutliveTheGuard",
     [](Snapshot& s) {
         s.objects = {after("items_readers", "grant select on items to public", "revoke select on items from public"),
                      after("items_counting", "grant references (count) on items to {{app}}",
                            "revoke references (count) on items from {{app}}")};
     },
     [](Snapshot& s) { table(s, "items").guard.access = Access::append_only; }},
    {"DefaultNeedsANewSequence", [](Snapshot&) {},
     [](Snapshot& s) {
         s.objects = {before("numbers", "create sequence numbers", "drop sequence numbers")};
         table(s, "items").columns.push_back({.name = "number", .type = "bigint", .fallback = "nextval('numbers')"});
     }},
    {"SequenceGoesWithItsDefault",
     [](Snapshot& s) {
         s.objects = {before("numbers", "create sequence numbers", "drop sequence numbers")};
         table(s, "items").columns.push_back({.name = "number", .type = "bigint", .fallback = "nextval('numbers')"});
     },
     [](Snapshot& s) {
         s.objects.clear();
         column(s, "items", "number").fallback.clear();
     }},
};

const Case table_cases[] = {
    {"TenantTableBecomesGlobal", [](Snapshot&) {},
     [](Snapshot& s) {
         s.tables.pop_back();
         auto& items = table(s, "items");
         items.guard = {.wall = Wall::system};
         erase_column(s, "items", "tenant_id");
         items.constraints = {{.name = "items_pkey", .type = ConstraintType::primary_key, .columns = {"id"}}};
     }},
    {"TenantTablesBecomeGlobalWithTheirReference", [](Snapshot&) {},
     [](Snapshot& s) {
         for (auto& one : s.tables) {
             one.guard = {.wall = Wall::system};
             erase_column(s, one.name, "tenant_id");
             for (auto& each : one.constraints) {
                 std::erase(each.columns, "tenant_id");
                 std::erase(each.target_columns, "tenant_id");
             }
         }
         constraint(s, "items", "items_name").type = ConstraintType::index;
     }},
    {"ColumnUnderViewsChangesItsType",
     [](Snapshot& s) {
         s.objects = {
             after("names", "create view names as select id, name, count from items", "drop view names"),
             after("more_names", "create view more_names as select id, name from names", "drop view more_names"),
             after("kept_names", "create materialized view kept_names as select id, count from items",
                   "drop materialized view kept_names"),
             after("kept_names_count", "create index kept_names_count on kept_names (count)",
                   "drop index kept_names_count")};
     },
     [](Snapshot& s) { column(s, "items", "count").type = "bigint"; }},
    {"ColumnUnderATriggerChangesItsType",
     [](Snapshot& s) {
         s.objects = {
             after("touch", "create function touch() returns trigger language plpgsql as $$ begin return new; end $$",
                   "drop function touch()"),
             after("items_touch",
                   "create trigger items_touch before update of count on items for each row "
                   "when (new.count > 0) execute function touch()",
                   "drop trigger items_touch on items")};
     },
     [](Snapshot& s) { column(s, "items", "count").type = "bigint"; }},
    {"ColumnUnderAnAtomicFunctionGoes",
     [](Snapshot& s) {
         s.objects = {after("sum_of",
                            "create or replace function sum_of() returns bigint language sql begin atomic select "
                            "sum(count) from items; end",
                            "drop function sum_of()")};
     },
     [](Snapshot& s) {
         s.objects[0].create_sql =
             "create or replace function sum_of() returns bigint language sql begin atomic select count(*) from items; "
             "end";
         erase_column(s, "items", "count");
     }},
    {"ColumnOfAViewGoesFromBoth",
     [](Snapshot& s) {
         s.objects = {
             after("names", "create or replace view names as select id, name, count from items", "drop view names")};
     },
     [](Snapshot& s) {
         s.objects[0].create_sql = "create or replace view names as select id, name from items";
         erase_column(s, "items", "count");
     }},
    {"ColumnOfAViewGetsAnotherName",
     [](Snapshot& s) {
         s.objects = {
             after("names", "create or replace view names as select id, name from items", "drop view names"),
             after("more_names", "create or replace view more_names as select id from names", "drop view more_names")};
     },
     [](Snapshot& s) {
         auto& name = column(s, "items", "name");
         name.name = "title";
         name.renamed_from = "name";
         constraint(s, "items", "items_name").columns[1] = "title";
         constraint(s, "items", "items_name").predicate = "title <> ''";
         s.objects[0].create_sql = "create or replace view names as select id, title from items";
     }},
    {"ColumnAndItsValueGetTheSameNewName",
     [](Snapshot& s) {
         table(s, "items").columns.push_back({.name = "unit", .type = "text", .fallback = "'weight'"});
         table(s, "items")
             .constraints.push_back({.name = "items_unit_values",
                                     .type = ConstraintType::check,
                                     .predicate = "unit in ('unit', 'weight')"});
     },
     [](Snapshot& s) {
         auto& unit = column(s, "items", "unit");
         unit.name = "measure";
         unit.renamed_from = "unit";
         auto& values = constraint(s, "items", "items_unit_values");
         values.name = "items_measure_values";
         values.predicate = "measure in ('measure', 'weight')";
     }},
    {"KeyChangesUnderAView",
     [](Snapshot& s) {
         s.tables.pop_back();
         s.objects = {after("grouped",
                            "create view grouped as select tenant_id, id, name from items group by tenant_id, id",
                            "drop view grouped")};
     },
     [](Snapshot& s) {
         s.objects[0].create_sql = "create view grouped as select id, min(name) as name from items group by id";
         constraint(s, "items", "items_pkey").columns = {"id"};
     }},
    {"BothSidesOfAReferenceChangeTheirType", [](Snapshot&) {},
     [](Snapshot& s) {
         column(s, "items", "id").type = "text";
         column(s, "parts", "item_id").type = "text";
     }},
    {"TenantsKeyChangesItsType",
     [](Snapshot& s) {
         s.tables.clear();
         s.tables.push_back(
             {.name = "items",
              .guard = {.wall = Wall::tenant_root, .tenant_column = "id"},
              .columns = {{.name = "tenant_id", .type = "uuid", .nullable = true},
                          {.name = "id", .type = "uuid"},
                          {.name = "name", .type = "text"},
                          {.name = "count", .type = "integer", .fallback = "0"}},
              .constraints = {{.name = "items_pkey", .type = ConstraintType::primary_key, .columns = {"id"}}}});
         s.tables.push_back(sample::parts());
         s.tables[1].constraints.erase(s.tables[1].constraints.begin());
     },
     [](Snapshot& s) {
         s.tables[0].guard.tenant_column = "number";
         auto& id = column(s, "items", "id");
         id.name = "number";
         id.renamed_from = "id";
         constraint(s, "items", "items_pkey").columns = {"number"};
     }},
    {"IndexNameMovesToAnotherTable",
     [](Snapshot& s) {
         table(s, "parts")
             .constraints.push_back({.name = "parts_by_item", .type = ConstraintType::index, .columns = {"item_id"}});
         table(s, "items")
             .constraints.push_back({.name = "by_item", .type = ConstraintType::index, .columns = {"count"}});
     },
     [](Snapshot& s) {
         table(s, "items").constraints.pop_back();
         constraint(s, "parts", "parts_by_item").name = "by_item";
     }},
    {"KeyTakesAColumnThatMayBeNull",
     [](Snapshot& s) {
         s.tables.pop_back();
         column(s, "items", "name").nullable = true;
         constraint(s, "items", "items_pkey").columns = {"tenant_id", "id", "name"};
     },
     [](Snapshot& s) { constraint(s, "items", "items_pkey").columns = {"tenant_id", "id"}; }},
    {"TableIsRenamedUnderAView",
     [](Snapshot& s) {
         s.objects = {
             after("names", "create or replace view names as select id, name from items", "drop view names"),
             after("storage", "alter table items set (fillfactor = 80)", "alter table items reset (fillfactor)")};
     },
     [](Snapshot& s) {
         s.objects[0].create_sql = "create or replace view names as select id, name from things";
         s.objects[1] =
             after("storage", "alter table things set (fillfactor = 80)", "alter table things reset (fillfactor)");
         auto& things = table(s, "items");
         things.name = "things";
         things.renamed_from = "items";
         constraint(s, "parts", "parts_item").target = "things";
     }},
    {"TableGoesUnderAView",
     [](Snapshot& s) {
         s.objects = {
             after("part_ids", "create or replace view part_ids as select id from parts", "drop view part_ids"),
             after("part_rows",
                   "create or replace function part_rows() returns setof parts language sql as $$ "
                   "select * from parts $$",
                   "drop function part_rows()")};
     },
     [](Snapshot& s) {
         s.objects.clear();
         s.tables.pop_back();
     }},
};

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Objects, EachChange, testing::ValuesIn(object_cases), name_of);
INSTANTIATE_TEST_SUITE_P(Tables, EachChange, testing::ValuesIn(table_cases), name_of);

}  // namespace
}  // namespace db::migrate
