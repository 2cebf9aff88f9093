#pragma once
// `backend-api db generate|migrate|status|check`: each prints what it does to `out` and returns the process's exit code, 0 for
// success. Errors that a person can mend are printed, not thrown. One thread, blocking.
//
//     db::migrate::Declarations ours{tables, objects, statements};
//     return db::migrate::generate(ours, {.folder = "pos/migrations", .name = "add_brand", .now = clock.now()}, std::cout);
//     return db::migrate::migrate(db::migrate::load_migrations(embedded::migrations()), {.owner_url = url}, std::cout);

#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>

#include "base/time.h"
#include "db/migrate/apply.h"
#include "db/migrate/migration.h"
#include "db/query.h"

namespace db::migrate {

// What the modules list; views into constants.
struct Declarations {
    std::span<const TableView> tables;
    std::span<const SqlObject> objects;
    std::span<const StatementView> statements;
};

struct GenerateOptions {
    std::filesystem::path folder;
    std::string name;    // lower case, digits, '_'
    bool empty = false;  // no statements: you write them; check proves that they lead to the declared tables
    bool allow_drops = false;
    base::Timestamp now;
};

// Writes <folder>/<now>_<name>/migration.sql and snapshot.json. Nothing to do is success and writes nothing.
int generate(const Declarations& declarations, const GenerateOptions& options, std::ostream& out);

int migrate(std::span<const Migration> migrations, const ApplyOptions& options, std::ostream& out);

// Lists every migration with its state; 1 when one is pending or changed.
int status(std::span<const Migration> migrations, const std::string& owner_url, std::ostream& out);

struct CheckOptions {
    std::string server_url;  // of a user with CREATEDB: two scratch databases are made and dropped
    Roles roles;
};

// One leaf; no drift between tables and the newest snapshot; the migrations from zero give what the snapshot says; every
// statement fits the migrated schema.
int check(const Declarations& declarations, std::span<const Migration> migrations, const CheckOptions& options,
          std::ostream& out);

}  // namespace db::migrate
