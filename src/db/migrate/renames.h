#pragma once
// The declared renames of tables and columns, done to a copy of the schema before, so that what follows compares like with like.
// Pure; values: any thread.
//
//     const auto renames = db::migrate::rename(before, now);
//     renames.before.find_table("things");          // was items
//     renames.old_table("things");                  // "items"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "db/migrate/snapshot.h"

namespace db::migrate {

struct Renames {
    Snapshot before;                      // under the new names
    std::vector<std::string> statements;  // that rename
    std::vector<std::string> errors;
    std::map<std::string, std::string, std::less<>> tables;  // new name → old
    struct Column {
        std::string table;  // its new name
        std::string from;
        std::string to;
    };
    std::vector<Column> columns;

    [[nodiscard]] std::string old_table(std::string_view name) const;
};

[[nodiscard]] Renames rename(const Snapshot& before, const Snapshot& now);

}  // namespace db::migrate
