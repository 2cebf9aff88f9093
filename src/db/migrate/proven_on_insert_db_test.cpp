// What a policy proves when a row is inserted: what the differ makes of them, what the roles may do, and the audit.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/migrate/audit.h"
#include "db/migrate/ddl.h"
#include "db/migrate/diff_server.h"
#include "db/migrate/sample_schema.h"
#include "db/violate.h"

namespace db::migrate {
namespace {

using sample::column;
using sample::constraint;
using sample::erase_column;
using sample::table;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* tenant_a = "00000000-0000-0000-0000-00000000000a";
constexpr const char* item_of_a = "00000000-0000-0000-0001-000000000001";
constexpr const char* item_of_b = "00000000-0000-0000-0001-000000000003";
constexpr const char* no_item = "00000000-0000-0000-0001-000000000009";

void prove_on_insert(Snapshot& schema) {
    schema.objects.push_back(
        {"violate", violate.stage, std::string(violate.create_sql), std::string(violate.drop_sql)});
    table(schema, "items").guard.access = Access::no_delete;
    table(schema, "items").guard.updatable = {"count", "name"};
    table(schema, "parts").guard.access = Access::append_only;
    auto& reference = constraint(schema, "parts", "parts_item");
    reference.type = ConstraintType::on_insert;
    reference.predicate = row_exists("parts", reference);
}

Snapshot proven_schema() {
    auto schema = sample::schema();
    prove_on_insert(schema);
    return schema;
}

class ProvenOnInsert : public DiffServer {
protected:
    void SetUp() override {
        begin(proven_schema());
        for (const auto& rows : sample::rows) run({rows.insert});
    }

    void act_as(const std::string& role) {
        run({fmt::format("grant {} to current_user", role), fmt::format("set local role {}", role),
             fmt::format("select set_config('app.tenant', '{}', true)", tenant_a)});
    }
    // "": it was done. Else the SQLSTATE; what failed is undone alone.
    std::string refusal(const std::string& sql) {
        connection_.execute("savepoint attempt");
        try {
            connection_.execute(sql);
        } catch (const SqlError& error) {
            message_ = error.what();
            connection_.execute("rollback to attempt");
            return error.sqlstate();
        }
        return "";
    }
    static std::string add_part(const char* item) {
        return fmt::format("insert into parts (tenant_id, id, item_id) values ('{}', gen_random_uuid(), '{}')",
                           tenant_a, item);
    }

    std::string message_;
};

TEST_F(ProvenOnInsert, TheRowMustBeThere) {
    for (const auto& role : {roles().app, roles().system}) {
        act_as(role);
        EXPECT_EQ(refusal(add_part(item_of_a)), "") << role << ": " << message_;
        EXPECT_EQ(refusal(add_part(no_item)), "23514") << role;
        EXPECT_THAT(message_, HasSubstr("parts_item")) << role;
        EXPECT_EQ(refusal(add_part(item_of_b)), "23514") << role << ": the row of another tenant";
        run({"reset role"});
    }
}

TEST_F(ProvenOnInsert, NoRoleTakesEitherRowAway) {
    for (const auto& role : {roles().app, roles().system}) {
        act_as(role);
        EXPECT_EQ(refusal("delete from items"), "42501") << role;
        EXPECT_EQ(refusal("delete from parts"), "42501") << role;
        EXPECT_EQ(refusal("update parts set item_id = id"), "42501") << role;
        EXPECT_EQ(refusal("update items set id = gen_random_uuid()"), "42501") << role;
        EXPECT_EQ(refusal(fmt::format("update items set tenant_id = '{}'", tenant_a)), "42501") << role;
        EXPECT_EQ(refusal("update items set name = 'x' || name"), "") << role << ": " << message_;
        run({"reset role"});
    }
}

TEST_F(ProvenOnInsert, WhatIsMissingIsFoundByTheAudit) {
    EXPECT_THAT(find_what_is_not_proven(connection_, proven_schema()), IsEmpty());
    // As a restored dump, or somebody by hand, whom no policy binds.
    run({"alter table parts no force row level security", add_part(no_item)});
    EXPECT_THAT(find_what_is_not_proven(connection_, proven_schema()),
                ElementsAre(AllOf(HasSubstr("parts_item: 1 rows of parts are against it"), HasSubstr(no_item))));
}

struct Change {
    const char* name;
    void (*change)(Snapshot&);
};
void PrintTo(const Change& one, std::ostream* out) { *out << one.name; }

class Lead : public DiffServer {
protected:
    std::vector<std::string> lead(const Snapshot& from, const Snapshot& to) {
        const auto wanted = made_from_nothing(to);
        begin(from);
        for (const auto& rows : sample::rows) run({rows.insert});
        const auto difference = diff(from, to, {.allow_drops = true});
        if (!difference.errors.empty()) return difference.errors;
        run(difference.statements);
        auto lines = compare(inspect(connection_), wanted);
        end();
        return lines;
    }
};

class LeadsFrom : public Lead, public testing::WithParamInterface<Change> {};

TEST_P(LeadsFrom, WhatIsProvenOnInsert) {
    const auto first = proven_schema();
    auto second = first;
    GetParam().change(second);
    EXPECT_THAT(lead(first, second), IsEmpty());
}

const Change changes[] = {
    {"ForeignKeyComesInstead",
     [](Snapshot& s) {
         auto& reference = constraint(s, "parts", "parts_item");
         reference.type = ConstraintType::foreign_key;
         reference.predicate.clear();
         s.objects.clear();
         table(s, "items").guard.access = Access::read_write;
         table(s, "items").guard.updatable.clear();
         table(s, "parts").guard.access = Access::read_write;
     }},
    {"ItsNameChanges", [](Snapshot& s) { constraint(s, "parts", "parts_item").name = "parts_of_item"; }},
    {"ColumnGetsAnotherName",
     [](Snapshot& s) {
         auto& item = column(s, "parts", "item_id");
         item.name = "thing_id";
         item.renamed_from = "item_id";
         auto& reference = constraint(s, "parts", "parts_item");
         reference.columns[1] = "thing_id";
         reference.predicate = row_exists("parts", reference);
     }},
    {"ValuesAreAdded",
     [](Snapshot& s) {
         table(s, "parts")
             .constraints.push_back(
                 {.name = "parts_id_values", .type = ConstraintType::on_insert, .predicate = "id::text in ('a', 'b')"});
     }},
    {"ColumnGoes",
     [](Snapshot& s) {
         erase_column(s, "parts", "item_id");
         std::erase_if(table(s, "parts").constraints, [](const auto& one) { return one.name == "parts_item"; });
     }},
    {"BothSidesChangeTheirType",
     [](Snapshot& s) {
         column(s, "parts", "item_id").type = "text";
         column(s, "items", "id").type = "text";
     }},
};
TEST_F(Lead, ToWhatIsProvenOnInsertFromAForeignKey) { EXPECT_THAT(lead(sample::schema(), proven_schema()), IsEmpty()); }

INSTANTIATE_TEST_SUITE_P(, LeadsFrom, testing::ValuesIn(changes), [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace db::migrate
