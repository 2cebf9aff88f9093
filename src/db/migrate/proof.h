#pragma once
// Proves on scratch databases where migrations lead. Blocking; one thread.
//
//     const auto lines = db::migrate::compare_with(migrated, snapshot, options);      // empty: the same
//     db::migrate::prove(migrations, snapshot, options);                              // throws MigrationError

#include <span>
#include <string>
#include <vector>

#include "db/migrate/connection.h"
#include "db/migrate/migration.h"
#include "db/migrate/script.h"

namespace db::migrate {

struct ProofOptions {
    std::string server_url;  // of a user with CREATEDB: scratch databases are made and dropped
    Roles roles;
};

// What a database has otherwise than one that is made of the snapshot alone, a line each.
[[nodiscard]] std::vector<std::string> compare_with(Connection& migrated, const Snapshot& snapshot,
                                                    const ProofOptions& options);

// The migrations apply from nothing and give the snapshot, and what the snapshot holds can be dropped again by what its objects
// say. Throws MigrationError with what is wrong, SqlError when the server cannot be used.
void prove(std::span<const Migration> migrations, const Snapshot& snapshot, const ProofOptions& options);

}  // namespace db::migrate
