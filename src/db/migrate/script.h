#pragma once
// An SQL script taken apart into statements, so that an error can name the statement and its line, and so that
// `create index concurrently` can run by itself. Pure functions: any thread.
//
//     for (const auto& statement : db::migrate::split_statements(sql)) connection.execute(statement.text);

#include <string>
#include <string_view>
#include <vector>

namespace db::migrate {

struct ScriptStatement {
    std::string text;      // without the semicolon and without comments before it
    std::size_t line = 1;  // of its first character
};

// Knows quotes, dollar quotes, nested comments and `begin atomic … end` bodies; backslash commands of psql are not SQL.
// An unfinished quote runs to the end of the script: PostgreSQL then says what is wrong.
[[nodiscard]] std::vector<ScriptStatement> split_statements(std::string_view sql);

// Whether the head of the script, the comments before its first statement, has the line "-- NAME".
[[nodiscard]] bool has_directive(std::string_view sql, std::string_view name);
// Instances of releases that do not have the migration are not to serve once it is applied: /ready tells them by the ledger.
inline constexpr std::string_view stops_older_directive = "stops-older-releases";

// Every {{app}} and {{app_system}} becomes the role's quoted name.
struct Roles {
    std::string app = "app";
    std::string system = "app_system";
};
[[nodiscard]] std::string with_roles(std::string_view sql, const Roles& roles);

}  // namespace db::migrate
