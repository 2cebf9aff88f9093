#pragma once
// The database schema as data: what the C++ tables ask for, and what snapshot.json beside each migration keeps. Two snapshots
// compared give a migration (diff.h). Values: any thread.
//
//     const db::migrate::Snapshot now = db::migrate::build_snapshot(tables, sql_objects);
//     std::string json = db::migrate::to_text(now);                       // stable order, one item a line: made for review
//     db::migrate::Snapshot before = db::migrate::parse_snapshot(json);   // throws std::runtime_error

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/sql_object.h"
#include "db/table.h"

namespace db {

// Beside their enums, where the schema looks for them.
constexpr auto describe(Wall*) {
    return schema::enumeration<Wall>(
        "Wall", {{Wall::tenant, "tenant"}, {Wall::tenant_root, "tenantRoot"}, {Wall::system, "system"}});
}
constexpr auto describe(Access*) {
    return schema::enumeration<Access>(
        "Access",
        {{Access::read_write, "readWrite"}, {Access::no_delete, "noDelete"}, {Access::append_only, "appendOnly"}});
}
constexpr auto describe(SqlObject::Stage*) {
    return schema::enumeration<SqlObject::Stage>(
        "Stage", {{SqlObject::Stage::before_tables, "beforeTables"}, {SqlObject::Stage::after_tables, "afterTables"}});
}

namespace migrate {

struct ColumnSnapshot {
    std::string name;
    std::string type;
    bool nullable = false;
    std::string fallback;      // SQL of its default; empty: none
    std::string renamed_from;  // not in the JSON

    friend constexpr auto describe(ColumnSnapshot*) {
        return schema::object<ColumnSnapshot>(
            "ColumnSnapshot", schema::field<&ColumnSnapshot::name>("name"),
            schema::field<&ColumnSnapshot::type>("type"),
            schema::field<&ColumnSnapshot::nullable>("nullable", {.defaulted = true}),
            schema::field<&ColumnSnapshot::fallback>("default", {.max_length = 100'000, .defaulted = true}),
            schema::field<&ColumnSnapshot::renamed_from>("renamedFrom", {.defaulted = true, .internal = true}));
    }
};

// on_insert: what a policy proves when the row is inserted, a reference when it has a target, else a check.
enum class ConstraintType : std::uint8_t { primary_key, unique, foreign_key, check, index, unique_index, on_insert };
constexpr auto describe(ConstraintType*) {
    return schema::enumeration<ConstraintType>("ConstraintType", {{ConstraintType::primary_key, "primaryKey"},
                                                                  {ConstraintType::unique, "unique"},
                                                                  {ConstraintType::foreign_key, "foreignKey"},
                                                                  {ConstraintType::check, "check"},
                                                                  {ConstraintType::index, "index"},
                                                                  {ConstraintType::unique_index, "uniqueIndex"},
                                                                  {ConstraintType::on_insert, "onInsert"}});
}

struct ConstraintSnapshot {
    std::string name;
    ConstraintType type = ConstraintType::index;
    std::vector<std::string> columns;
    std::string target;  // of a reference: the other table and its columns
    std::vector<std::string> target_columns;
    std::string predicate;   // of a check, a partial index or what is proven on insert
    std::string method;      // of an index; empty: btree
    std::string expression;  // of an index, instead of columns
    bool deferred = false;

    friend bool operator==(const ConstraintSnapshot&, const ConstraintSnapshot&) = default;
    friend constexpr auto describe(ConstraintSnapshot*) {
        return schema::object<ConstraintSnapshot>(
            "ConstraintSnapshot", schema::field<&ConstraintSnapshot::name>("name"),
            schema::field<&ConstraintSnapshot::type>("type"),
            schema::field<&ConstraintSnapshot::columns>("columns", {.defaulted = true}),
            schema::field<&ConstraintSnapshot::target>("target", {.defaulted = true}),
            schema::field<&ConstraintSnapshot::target_columns>("targetColumns", {.defaulted = true}),
            schema::field<&ConstraintSnapshot::predicate>("predicate", {.max_length = 100'000, .defaulted = true}),
            schema::field<&ConstraintSnapshot::method>("method", {.defaulted = true}),
            schema::field<&ConstraintSnapshot::expression>("expression", {.max_length = 100'000, .defaulted = true}),
            schema::field<&ConstraintSnapshot::deferred>("deferred", {.defaulted = true}));
    }
};

// Who may see and change the rows.
struct GuardSnapshot {
    Wall wall = Wall::tenant;
    std::string tenant_column;  // what the policy compares; empty for system tables
    Access access = Access::read_write;
    std::vector<std::string> updatable;  // the columns that may be updated, where not all may

    friend bool operator==(const GuardSnapshot&, const GuardSnapshot&) = default;
    friend constexpr auto describe(GuardSnapshot*) {
        return schema::object<GuardSnapshot>(
            "GuardSnapshot", schema::field<&GuardSnapshot::wall>("wall"),
            schema::field<&GuardSnapshot::tenant_column>("tenantColumn", {.defaulted = true}),
            schema::field<&GuardSnapshot::access>("access"),
            schema::field<&GuardSnapshot::updatable>("updatable", {.defaulted = true}));
    }
};

struct TableSnapshot {
    std::string name;
    GuardSnapshot guard;
    std::vector<ColumnSnapshot> columns;          // in the order of the fields
    std::vector<ConstraintSnapshot> constraints;  // by name
    std::string renamed_from;                     // not in the JSON

    [[nodiscard]] const ColumnSnapshot* find_column(std::string_view name) const;
    [[nodiscard]] const ConstraintSnapshot* find_constraint(std::string_view name) const;

    friend constexpr auto describe(TableSnapshot*) {
        return schema::object<TableSnapshot>(
            "TableSnapshot", schema::field<&TableSnapshot::name>("name"), schema::field<&TableSnapshot::guard>("guard"),
            schema::field<&TableSnapshot::columns>("columns"),
            schema::field<&TableSnapshot::constraints>("constraints"),
            schema::field<&TableSnapshot::renamed_from>("renamedFrom", {.defaulted = true, .internal = true}));
    }
};

struct ObjectSnapshot {
    std::string name;
    SqlObject::Stage stage = SqlObject::Stage::after_tables;
    std::string create_sql;
    std::string drop_sql;

    friend bool operator==(const ObjectSnapshot&, const ObjectSnapshot&) = default;
    friend constexpr auto describe(ObjectSnapshot*) {
        return schema::object<ObjectSnapshot>(
            "ObjectSnapshot", schema::field<&ObjectSnapshot::name>("name"),
            schema::field<&ObjectSnapshot::stage>("stage"),
            schema::field<&ObjectSnapshot::create_sql>("create", {.max_length = 1'000'000}),
            schema::field<&ObjectSnapshot::drop_sql>("drop", {.max_length = 100'000}));
    }
};

struct Snapshot {
    std::string id;                       // the migration's name; empty before it has one
    std::vector<std::string> previous;    // the migrations it was made on top of; several after a merge
    std::vector<TableSnapshot> tables;    // by name
    std::vector<ObjectSnapshot> objects;  // in the order of the modules: later ones may use earlier ones

    [[nodiscard]] const TableSnapshot* find_table(std::string_view name) const;

    friend constexpr auto describe(Snapshot*) {
        return schema::object<Snapshot>("Snapshot", schema::field<&Snapshot::id>("id"),
                                        schema::field<&Snapshot::previous>("previous"),
                                        schema::field<&Snapshot::tables>("tables", {.max_items = 10'000}),
                                        schema::field<&Snapshot::objects>("objects", {.max_items = 10'000}));
    }
};

// Throws std::logic_error, naming the table, for declarations that make no schema: names doubled or longer than PostgreSQL's
// 63 bytes, keys over members of another struct, references to unlisted tables.
[[nodiscard]] Snapshot build_snapshot(std::span<const TableView> tables, std::span<const SqlObject> objects);

// Indented JSON that ends with a line feed; equal snapshots give equal bytes.
[[nodiscard]] std::string to_text(const Snapshot& snapshot);
// Throws std::runtime_error that says where the text is wrong.
[[nodiscard]] Snapshot parse_snapshot(std::string_view json);

}  // namespace migrate
}  // namespace db
