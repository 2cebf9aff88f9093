#pragma once
// The statements that lead from one schema to another. A pure function: no database, any thread.
//
//     const auto difference = db::migrate::diff(before, now, {.allow_drops = false});
//     if (!difference.errors.empty()) ...                    // each says how to mend it
//     for (const std::string& statement : difference.statements) file << statement << ";\n\n";
//
// Roles stand in the text as {{app}} and {{app_system}}; apply() puts their names there (script.h).

#include <string>
#include <vector>

#include "db/migrate/snapshot.h"

namespace db::migrate {

struct DiffOptions {
    bool allow_drops = false;  // of tables and columns: what loses data
};

struct Difference {
    std::vector<std::string> statements;  // in the order to run them, without semicolons
    std::vector<std::string> warnings;    // to read before it is run on live data
    std::vector<std::string> errors;      // nothing may be written while there is one

    [[nodiscard]] bool empty() const noexcept { return statements.empty() && errors.empty(); }
};

[[nodiscard]] Difference diff(const Snapshot& before, const Snapshot& now, const DiffOptions& options = {});

}  // namespace db::migrate
