#pragma once
// Migrations onto a database. Instances that start together take turns (an advisory lock), the ledger schema_migrations says
// what was applied, and every migration that is missing there is applied: also one that was merged late. One thread, blocking.
//
//     db::migrate::apply(migrations, {.owner_url = url, .roles = {"shop_app", "shop_system"}}, std::cout);

#include <chrono>
#include <iosfwd>
#include <map>
#include <span>
#include <stdexcept>
#include <string>

#include "db/migrate/connection.h"
#include "db/migrate/migration.h"
#include "db/migrate/script.h"

namespace db::migrate {

struct ApplyOptions {
    std::string owner_url;
    Roles roles;
    std::chrono::milliseconds wait_for_turn{900'000};  // while another instance migrates
    // A migration that waits for a table's lock makes all later users of that table wait behind it.
    std::chrono::milliseconds lock_timeout{2'000};  // of a statement of a migration without a transaction
    // Of what is built concurrently, which waits for every older transaction, and for which nobody waits but other migrations.
    std::chrono::milliseconds concurrent_timeout{600'000};
    // Of one with a transaction. Whoever comes behind a lock that it waits for waits as well: so it waits briefly, lets the others
    // through, and begins anew; also when it is the one that PostgreSQL ends in a deadlock.
    std::chrono::milliseconds busy_timeout{500};
    std::chrono::milliseconds busy_time{60'000};
};

// Why no (further) migration was applied, with what to do about it.
class MigrationError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Number of migrations applied. Throws MigrationError or SqlError; what was applied before stays, the failed one leaves
// nothing unless it begins with "-- no-transaction".
std::size_t apply(std::span<const Migration> migrations, const ApplyOptions& options, std::ostream& out);

struct LedgerEntry {
    std::string checksum;
    std::string applied_at;
    std::string duration_ms;
};
// By migration; empty when the database was never migrated.
[[nodiscard]] std::map<std::string, LedgerEntry> read_ledger(Connection& connection);

// Creates the roles that are missing (LOGIN, without password) and refuses those that row level security would not bind.
void ensure_roles(Connection& connection, const Roles& roles);

}  // namespace db::migrate
