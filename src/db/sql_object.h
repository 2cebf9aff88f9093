#pragma once
// What a module has in the database besides tables: functions, views, extensions. A constant, listed in app::Module::database_objects;
// the migrations make it.
//
//     constexpr db::SqlObject search{"pg_trgm", "create extension if not exists pg_trgm", "drop extension if exists pg_trgm",
//                                    db::SqlObject::Stage::before_tables};

#include <cstdint>
#include <string_view>

namespace db {

// `create_sql` that begins with "create or replace" is run again when it changes; others are dropped and made anew. Both may use {{app}}
// and {{app_system}} for the roles' names.
struct SqlObject {
    enum class Stage : std::uint8_t { before_tables, after_tables };  // an extension; a function or view

    std::string_view name;
    std::string_view create_sql;
    std::string_view drop_sql;
    Stage stage = Stage::after_tables;
};

}  // namespace db
