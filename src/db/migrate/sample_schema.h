#pragma once
// Two tables of one tenant as snapshots, for the tests of the differ: items, and parts that refer to them. Values: any thread.
//
//     auto now = db::migrate::sample::schema();
//     db::migrate::sample::column(now, "items", "name").type = "integer";

#include <algorithm>

#include "db/migrate/snapshot.h"

namespace db::migrate::sample {

inline TableSnapshot items() {
    return {
        .name = "items",
        .guard = {.wall = Wall::tenant, .tenant_column = "tenant_id"},
        .columns = {{.name = "tenant_id", .type = "uuid"},
                    {.name = "id", .type = "uuid"},
                    {.name = "name", .type = "text"},
                    {.name = "count", .type = "integer", .fallback = "0"}},
        .constraints = {{.name = "items_name",
                         .type = ConstraintType::unique_index,
                         .columns = {"tenant_id", "name"},
                         .predicate = "name <> ''"},
                        {.name = "items_pkey", .type = ConstraintType::primary_key, .columns = {"tenant_id", "id"}}}};
}

inline TableSnapshot parts() {
    return {
        .name = "parts",
        .guard = {.wall = Wall::tenant, .tenant_column = "tenant_id"},
        .columns = {{.name = "tenant_id", .type = "uuid"},
                    {.name = "id", .type = "uuid"},
                    {.name = "item_id", .type = "uuid"}},
        .constraints = {{.name = "parts_item",
                         .type = ConstraintType::foreign_key,
                         .columns = {"tenant_id", "item_id"},
                         .target = "items",
                         .target_columns = {"tenant_id", "id"}},
                        {.name = "parts_pkey", .type = ConstraintType::primary_key, .columns = {"tenant_id", "id"}}}};
}

inline Snapshot schema() { return {.tables = {items(), parts()}}; }

inline TableSnapshot& table(Snapshot& of, std::string_view name) {
    return *std::ranges::find(of.tables, name, &TableSnapshot::name);
}
inline ColumnSnapshot& column(Snapshot& of, std::string_view table_name, std::string_view name) {
    return *std::ranges::find(table(of, table_name).columns, name, &ColumnSnapshot::name);
}
inline ConstraintSnapshot& constraint(Snapshot& of, std::string_view table_name, std::string_view name) {
    return *std::ranges::find(table(of, table_name).constraints, name, &ConstraintSnapshot::name);
}
inline void erase_column(Snapshot& of, std::string_view table_name, std::string_view name) {
    std::erase_if(table(of, table_name).columns, [&](const auto& column) { return column.name == name; });
}
inline ObjectSnapshot after(std::string name, std::string create_sql, std::string drop_sql) {
    return {std::move(name), SqlObject::Stage::after_tables, std::move(create_sql), std::move(drop_sql)};
}
inline ObjectSnapshot before(std::string name, std::string create_sql, std::string drop_sql) {
    return {std::move(name), SqlObject::Stage::before_tables, std::move(create_sql), std::move(drop_sql)};
}

// Rows of both tables for two tenants.
struct Rows {
    const char* table;
    const char* insert;
};
inline constexpr Rows rows[] = {
    {"items",
     "insert into items (tenant_id, id, name, count) values"
     " ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0001-000000000001', '1', 1),"
     " ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0001-000000000002', '2', 2),"
     " ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0001-000000000003', '1', 3)"},
    {"parts",
     "insert into parts (tenant_id, id, item_id) values"
     " ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0002-000000000001',"
     "  '00000000-0000-0000-0001-000000000001'),"
     " ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0002-000000000002',"
     "  '00000000-0000-0000-0001-000000000003')"}};

}  // namespace db::migrate::sample
