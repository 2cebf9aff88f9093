#pragma once
// `backend-api db generate|diff|migrate|status|check`: each prints what it does to `out` and returns the process's exit code, 0 for
// success. Errors that a person can mend are printed, not thrown. One thread, blocking.
//
//     db::migrate::Declarations ours{tables, objects, statements};
//     return db::migrate::generate(ours, {.folder = "pos/migrations", .name = "add_brand", .now = clock.now(),
//                                         .server = [&] { return db::migrate::ProofOptions{url, roles}; }}, std::cout);
//     return db::migrate::migrate(db::migrate::load_migrations(embedded::migrations()), {.owner_url = url}, std::cout);

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "db/migrate/apply.h"
#include "db/migrate/migration.h"
#include "db/migrate/proof.h"
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
    // Gives the server where it is applied before it is written; asked once there is something to write. None: it is written as
    // it is.
    std::function<ProofOptions()> server;
};

// Writes <folder>/<now>_<name>/migration.sql and snapshot.json, and says what the release before cannot do on the new schema.
// Nothing to do is success and writes nothing; so does a migration that proves wrong, which is an error.
int generate(const Declarations& declarations, const GenerateOptions& options, std::ostream& out);

// What the tables have and no migration makes: 1, with the statements and the command that writes the migration, `program` as it
// is typed. Without such: 0, and not a word. Asks no database.
int diff(const Declarations& declarations, std::span<const Migration> migrations, std::string_view program,
         std::ostream& out);

int migrate(std::span<const Migration> migrations, const ApplyOptions& options, std::ostream& out);

// Lists every migration with its state; 1 when one is pending or changed.
int status(std::span<const Migration> migrations, const std::string& owner_url, std::ostream& out);

// One leaf; no drift between tables and the newest snapshot; the migrations from zero give what the snapshot says; every
// statement fits the migrated schema.
int check(const Declarations& declarations, std::span<const Migration> migrations, const ProofOptions& options,
          std::ostream& out);

// The living database's rows: what a policy proved when they were inserted. Reads such tables; 1 when a row is against it.
int audit(const Declarations& declarations, const std::string& owner_url, std::ostream& out);

}  // namespace db::migrate
