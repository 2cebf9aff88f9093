#pragma once
// DatabaseCheck: what the database has to be before tenants' rows are served out of it. One of the process; its loops share it.
//
//     co_await check.look(&databases, deadline);                // everything; throws config::Faults, which end the process
//     if (!check.passed()) …                                    // not migrated yet, say: look again, and serve nothing meanwhile
//     const auto stand = co_await check.ready(&databases, deadline);          // for /ready: the migrations alone
//
// Faults: DATABASE_URL or DATABASE_SYSTEM_URL is a superuser, has BYPASSRLS (or is a member of a role that is, or has) or owns the tables,
// or the first is a member of the second; a policy lets the role of DATABASE_URL see all rows of a tenant's table; a
// tenant's table does not force row level security, or has no policy for the role of DATABASE_URL; the database's encoding is not UTF8.
// No fault, as it mends itself: migrations of this program that are not applied yet, and one of another release that stops this one
// (`-- stops-older-releases`, docs/database.md). Thread-safe.

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/failure.h"
#include "db/db.h"

namespace app {

struct Definition;

class DatabaseCheck {
public:
    explicit DatabaseCheck(const Definition& definition);

    struct Stand {
        bool is_well = false;
        std::string reason{};  // as far as everybody may be told: numbers, and what to run
    };

    // Throws base::Failure when PostgreSQL does not answer.
    [[nodiscard]] async::Task<void> look(const db::Databases* databases, async::SteadyTime deadline);
    // Asks PostgreSQL once in ten seconds, and not before look() has passed; what stands is told in between.
    [[nodiscard]] async::Task<Stand> ready(const db::Databases* databases, async::SteadyTime deadline);

    // Whether look() once found everything well.
    [[nodiscard]] bool passed() const noexcept { return passed_.load(std::memory_order_relaxed); }
    [[nodiscard]] Stand stand() const;

    struct AppliedMigration {
        std::string name;
        bool stops_older = false;

        friend constexpr auto describe(AppliedMigration*) {
            return schema::object<AppliedMigration>("AppliedMigration", schema::field<&AppliedMigration::name>("name"),
                                                    schema::field<&AppliedMigration::stops_older>("stopsOlder"));
        }
    };
    // By the names alone.
    [[nodiscard]] Stand judge(const std::vector<AppliedMigration>& applied) const;

    // What it asks, to be listed beside the modules' statements.
    [[nodiscard]] static std::vector<db::StatementView> statements();

private:
    [[nodiscard]] async::Task<Stand> ask_for_migrations(const db::Databases* databases, async::SteadyTime deadline);
    [[nodiscard]] async::Task<std::vector<base::Issue>> find_faults(const db::Databases* databases, bool is_migrated,
                                                                    async::SteadyTime deadline);
    void set(Stand stand);

    std::string migrate_command_;
    std::set<std::string, std::less<>> known_;   // migrations
    std::set<std::string, std::less<>> walled_;  // tables whose rows belong to tenants
    std::atomic<bool> passed_ = false;
    mutable std::mutex mutex_;
    Stand stand_{false, "PostgreSQL has not answered yet"};
    async::SteadyTime looked_{};
};

}  // namespace app
