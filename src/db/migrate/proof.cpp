#include "db/migrate/proof.h"

#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "db/migrate/apply.h"
#include "db/migrate/diff.h"
#include "db/migrate/inspect.h"
#include "db/migrate/scratch.h"

namespace db::migrate {

namespace {

void run_all(Connection& connection, const std::vector<std::string>& statements, std::string_view what,
             const Roles& roles) {
    for (const auto& statement : statements) {
        try {
            connection.execute(with_roles(statement, roles));
        } catch (const SqlError& error) {
            throw MigrationError(fmt::format("{}: {}\n\n    {}", what, error.what(), statement));
        }
    }
}

// The next migration that drops an object runs its drop text: it has to leave nothing.
void require_droppable(Connection& connection, const Snapshot& snapshot, const Roles& roles) {
    run_all(connection, diff(snapshot, {}, {.allow_drops = true}).statements,
            "what is declared cannot be dropped again", roles);
    const auto left = inspect(connection);
    if (left.empty()) return;
    std::vector<std::string> names;
    for (const auto& [name, definition] : left) names.push_back(name);
    throw MigrationError(
        fmt::format("the drop texts of the declared SQL objects leave {}: see to it that each drops what it creates",
                    fmt::join(names, ", ")));
}

}  // namespace

std::vector<std::string> compare_with(Connection& migrated, const Snapshot& snapshot, const ProofOptions& options) {
    const ScratchDatabase scratch(options.server_url);
    Connection declared(scratch.url());
    run_all(declared, diff({}, snapshot).statements, "the declared schema cannot be made from nothing", options.roles);
    return compare(inspect(migrated), inspect(declared));
}

void prove(std::span<const Migration> migrations, const Snapshot& snapshot, const ProofOptions& options) {
    const ScratchDatabase scratch(options.server_url);
    std::ostringstream progress;
    apply(migrations, {.owner_url = scratch.url(), .roles = options.roles}, progress);
    Connection migrated(scratch.url());
    const auto lines = compare_with(migrated, snapshot, options);
    if (!lines.empty()) {
        throw MigrationError(
            fmt::format("the migrations do not give the declared schema:\n  - {}", fmt::join(lines, "\n  - ")));
    }
    require_droppable(migrated, snapshot, options.roles);
}

}  // namespace db::migrate
