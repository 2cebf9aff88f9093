#include "db/migrate/compatibility.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/migrate/sample_schema.h"

namespace db::migrate {
namespace {

using sample::after;
using sample::column;
using sample::constraint;
using sample::table;

struct Case {
    const char* name;
    void (*shape_before)(Snapshot&);
    void (*change)(Snapshot&);
    std::vector<const char*> sentences;  // a piece of each
};

void nothing(Snapshot&) {}
void with_a_choice(Snapshot& schema) {
    table(schema, "items").columns.push_back({.name = "kind", .type = "text"});
    table(schema, "items")
        .constraints.push_back(
            {.name = "items_kind_values", .type = ConstraintType::check, .predicate = "kind in ('a', 'b')"});
}
void with_a_function(Snapshot& schema) {
    schema.objects = {after("f", "create or replace function f(a int) returns int as '1'", "drop function f(int)"),
                      after("v", "create view v as select 1 as a", "drop view v")};
}

void prove_on_insert(ConstraintSnapshot& reference) {
    reference.type = ConstraintType::on_insert;
    reference.predicate = "exists (select from items named where named.id = parts.item_id)";
}

const std::vector<Case>& cases() {
    static const std::vector<Case> all{
        {"what only adds",
         nothing,
         [](Snapshot& s) {
             table(s, "items").columns.push_back({.name = "note", .type = "text", .nullable = true});
             table(s, "items").columns.push_back({.name = "version", .type = "integer", .fallback = "1"});
             table(s, "items")
                 .constraints.push_back({.name = "items_count", .type = ConstraintType::index, .columns = {"count"}});
             s.tables.push_back({.name = "tags"});
             with_a_function(s);
         },
         {}},
        {"a table goes", nothing, [](Snapshot& s) { s.tables.pop_back(); }, {"table parts is dropped"}},
        {"a table gets another name",
         nothing,
         [](Snapshot& s) {
             table(s, "parts").renamed_from = "parts";
             table(s, "parts").name = "pieces";
         },
         {"table parts becomes pieces"}},
        {"a table becomes global",
         nothing,
         [](Snapshot& s) { table(s, "items").guard = {.wall = Wall::system}; },
         {"as the role app, which may not"}},
        {"a table becomes append-only",
         nothing,
         [](Snapshot& s) { table(s, "items").guard.access = Access::append_only; },
         {"updates and deletes"}},
        {"a column may not be updated any more",
         [](Snapshot& s) {
             table(s, "items").guard.access = Access::append_only;
             table(s, "items").guard.updatable = {"name"};
         },
         [](Snapshot& s) { table(s, "items").guard.updatable.clear(); },
         {"items.name may no longer be updated"}},
        {"a column goes",
         nothing,
         [](Snapshot& s) { sample::erase_column(s, "items", "count"); },
         {"items.count is dropped"}},
        {"a column gets another name",
         nothing,
         [](Snapshot& s) {
             column(s, "items", "count").renamed_from = "count";
             column(s, "items", "count").name = "number";
         },
         {"items.count becomes number"}},
        {"a type is widened",
         nothing,
         [](Snapshot& s) { column(s, "items", "count").type = "bigint"; },
         {"from integer to bigint: the release before reads and writes integer and fails on the other. Add"}},
        {"a type is narrowed",
         nothing,
         [](Snapshot& s) { column(s, "items", "count").type = "smallint"; },
         {"a value that does not fit ends the migration"}},
        {"null is no longer taken",
         [](Snapshot& s) {
             column(s, "items", "name").nullable = true;
             column(s, "items", "count").nullable = true;
         },
         [](Snapshot& s) {
             column(s, "items", "name").nullable = false;
             column(s, "items", "count").nullable = false;
         },
         {"inserts without it is refused", "in spite of the default"}},
        {"null is taken",
         nothing,
         [](Snapshot& s) { column(s, "items", "name").nullable = true; },
         {"items.name may be null: the release before cannot read"}},
        {"a default goes",
         nothing,
         [](Snapshot& s) { column(s, "items", "count").fallback.clear(); },
         {"items.count loses its default"}},
        {"a check comes",
         nothing,
         [](Snapshot& s) {
             table(s, "items")
                 .constraints.push_back(
                     {.name = "items_count", .type = ConstraintType::check, .predicate = "count > 0"});
         },
         {"the check items_count of items is new or changed"}},
        {"a value goes and one comes",
         with_a_choice,
         [](Snapshot& s) { constraint(s, "items", "items_kind_values").predicate = "kind in ('b', 'c')"; },
         {"no longer takes 'a'", "takes 'c': the release before cannot read"}},
        {"a column gets another name, and its values",
         with_a_choice,
         [](Snapshot& s) {
             column(s, "items", "kind").renamed_from = "kind";
             column(s, "items", "kind").name = "sort";
             constraint(s, "items", "items_kind_values").predicate = "sort in ('a', 'b', 'c')";
             constraint(s, "items", "items_kind_values").name = "items_sort_values";
         },
         {"items.kind becomes sort", "takes 'c'"}},
        {"a key comes",
         nothing,
         [](Snapshot& s) {
             table(s, "items")
                 .constraints.push_back({.name = "items_count", .type = ConstraintType::unique, .columns = {"count"}});
         },
         {"the key items_count of items is new or changed"}},
        {"a key goes",
         nothing,
         [](Snapshot& s) { table(s, "items").constraints.erase(table(s, "items").constraints.begin()); },
         {"the key items_name goes or changes"}},
        {"a reference comes",
         [](Snapshot& s) { table(s, "parts").constraints.erase(table(s, "parts").constraints.begin()); },
         [](Snapshot& s) { table(s, "parts").constraints.push_back(sample::parts().constraints[0]); },
         {"the reference parts_item of parts is new"}},
        {"a reference is proven on insert",
         nothing,
         [](Snapshot& s) { prove_on_insert(constraint(s, "parts", "parts_item")); },
         {"the reference parts_item of parts is proven as the row is inserted, no longer by a foreign key: the release "
          "before works, but for a statement that inserts this row and the one it names at once"}},
        {"… and no longer at the end of the transaction",
         [](Snapshot& s) { constraint(s, "parts", "parts_item").deferred = true; },
         [](Snapshot& s) {
             prove_on_insert(constraint(s, "parts", "parts_item"));
             constraint(s, "parts", "parts_item").deferred = false;
         },
         {"the reference parts_item of parts is proven at once, no longer at the end of the transaction"}},
        {"a foreign key is no longer deferred",
         [](Snapshot& s) { constraint(s, "parts", "parts_item").deferred = true; },
         [](Snapshot& s) { constraint(s, "parts", "parts_item").deferred = false; },
         {"the reference parts_item of parts is proven at once"}},
        {"a reference is a foreign key again",
         [](Snapshot& s) { prove_on_insert(constraint(s, "parts", "parts_item")); },
         [](Snapshot& s) { constraint(s, "parts", "parts_item") = sample::parts().constraints[0]; },
         {}},
        {"values are proven on insert",
         with_a_choice,
         [](Snapshot& s) { constraint(s, "items", "items_kind_values").type = ConstraintType::on_insert; },
         {}},
        {"a key gets another name",
         nothing,
         [](Snapshot& s) { constraint(s, "items", "items_name").name = "items_title"; },
         {}},
        {"a function goes",
         with_a_function,
         [](Snapshot& s) { s.objects.erase(s.objects.begin()); },
         {"the function f is dropped"}},
        {"a function takes more",
         with_a_function,
         [](Snapshot& s) { s.objects[0].create_sql = "create or replace function f(a int, b int) returns int as '1'"; },
         {"the function f takes or returns something else"}},
        {"a function does its work otherwise",
         with_a_function,
         [](Snapshot& s) { s.objects[0].create_sql = "create or replace function f(a int) returns int as '2'"; },
         {}},
        {"a view is another",
         with_a_function,
         [](Snapshot& s) { s.objects[1].create_sql = "create view v as select 2 as a"; },
         {"the view v is made anew"}},
    };
    return all;
}

TEST(Compatibility, SaysWhatTheReleaseBeforeCannotDo) {
    for (const auto& one : cases()) {
        auto before = sample::schema();
        one.shape_before(before);
        auto now = before;
        one.change(now);
        const auto sentences = broken_by(before, now);
        ASSERT_EQ(sentences.size(), one.sentences.size()) << one.name << ": " << testing::PrintToString(sentences);
        for (std::size_t i = 0; i < sentences.size(); ++i) {
            EXPECT_THAT(sentences[i], testing::HasSubstr(one.sentences[i])) << one.name;
        }
    }
}

}  // namespace
}  // namespace db::migrate
