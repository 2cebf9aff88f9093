#include "app/database_check.h"

#include <utility>

#include <fmt/format.h>

#include "app/app.h"
#include "config/config.h"

namespace app {

namespace {

constexpr auto look_again_after = std::chrono::seconds(10);
constexpr std::size_t most_tables_named = 10;

// What PostgreSQL says of the role that asks.
struct RoleFacts {
    std::string name;
    bool is_superuser = true;
    bool bypasses_walls = true;
    bool is_owner = true;
    bool is_member = true;  // of the other role
    std::string encoding;   // of the database

    friend constexpr auto describe(RoleFacts*) {
        return schema::object<RoleFacts>(
            "RoleFacts", schema::field<&RoleFacts::name>("name"),
            schema::field<&RoleFacts::is_superuser>("isSuperuser"),
            schema::field<&RoleFacts::bypasses_walls>("bypassesWalls"), schema::field<&RoleFacts::is_owner>("isOwner"),
            schema::field<&RoleFacts::is_member>("isMember"), schema::field<&RoleFacts::encoding>("encoding"));
    }
};

struct TableFacts {
    std::string name;
    bool is_forced = false;
    bool has_policy = false;
    bool is_open = true;  // one of its policies lets the role see, or write, every tenant's rows

    friend constexpr auto describe(TableFacts*) {
        return schema::object<TableFacts>(
            "TableFacts", schema::field<&TableFacts::name>("name"), schema::field<&TableFacts::is_forced>("isForced"),
            schema::field<&TableFacts::has_policy>("hasPolicy"), schema::field<&TableFacts::is_open>("isOpen"));
    }
};

constexpr db::SystemQuery<DatabaseCheck::AppliedMigration()> applied_migrations{
    "app.applied_migrations", "select name, stops_older from schema_migrations"};

// About the role that asks, so it is run on both databases. Who may become another role (`set role`) is one, too.
constexpr db::SystemQuery<RoleFacts(std::string)> role_facts{
    "app.role_facts",
    "select r.rolname::text as name, "
    "exists (select 1 from pg_roles o where o.rolsuper and pg_has_role(r.oid, o.oid, 'member')) as is_superuser, "
    "exists (select 1 from pg_roles o where o.rolbypassrls and pg_has_role(r.oid, o.oid, 'member')) as bypasses_walls, "
    "(pg_has_role(r.oid, d.datdba, 'member') or exists (select 1 from pg_class c "
    "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') "
    "and pg_has_role(r.oid, c.relowner, 'member'))) as is_owner, "
    "coalesce((select pg_has_role(r.oid, o.oid, 'member') from pg_roles o where o.rolname::text = $1), false) "
    "as is_member, pg_encoding_to_char(d.encoding)::text as encoding "
    "from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()"};

constexpr db::SystemQuery<TableFacts(std::string)> table_facts{
    "app.table_facts",
    "select c.relname::text as name, (c.relrowsecurity and c.relforcerowsecurity) as is_forced, "
    "exists (select 1 from pg_policy p, unnest(p.polroles) as given (role) where p.polrelid = c.oid and "
    "p.polpermissive "
    "and (given.role = 0 or (select pg_has_role(o.oid, given.role, 'usage') from pg_roles o where o.rolname::text = $1)"
    ")) as has_policy, "
    "exists (select 1 from pg_policy p, unnest(p.polroles) as given (role) where p.polrelid = c.oid and "
    "p.polpermissive "
    "and 'true' in (pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) "
    "and (given.role = 0 or (select pg_has_role(o.oid, given.role, 'member') from pg_roles o where o.rolname::text = "
    "$1)"
    ")) as is_open "
    "from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"};

// No ledger, one of a release that had no marks, or one that this role may not read.
bool is_unmigrated(std::string_view sqlstate) {
    return sqlstate == "42P01" || sqlstate == "42703" || sqlstate == "42501";
}

base::Issue fault(std::string_view variable, std::string message) {
    return {"environment", "/" + std::string(variable), "unfit", std::move(message), {}};
}

void add_role_fault(std::string_view variable, const RoleFacts& role, std::vector<base::Issue>& faults) {
    const char* what = nullptr;
    if (role.is_owner) what = "owns the database or its tables";
    if (role.bypasses_walls) what = "has BYPASSRLS, or is a member of a role that has";
    if (role.is_superuser) what = "is a superuser, or a member of one";
    if (what == nullptr) return;
    faults.push_back(
        fault(variable, fmt::format("The role {} {}, so that row level security would not keep tenants apart. Give a "
                                    "role that only serves; db migrate grants it what it needs.",
                                    role.name, what)));
}

std::string about_table(const TableFacts& table, std::string_view role) {
    if (!table.is_forced)
        return fmt::format(
            "The table {0} does not force row level security. Run as its owner: alter table {0} enable "
            "row level security, force row level security;",
            table.name);
    if (table.is_open)
        return fmt::format(
            "The role {0} sees the rows of all tenants in the table {1}: a policy without a condition applies to it, "
            "or to "
            "a role that it is a member of. Take that from it (revoke ... from {0}; drop policy ...).",
            role, table.name);
    return fmt::format("The table {} has no policy for the role {}. Give the role that db migrate was run for.",
                       table.name, role);
}

}  // namespace

DatabaseCheck::DatabaseCheck(const Definition& definition)
    : migrate_command_(fmt::format("{} db migrate", definition.name)) {
    for (const auto& file : definition.migrations) {
        const auto slash = file.path.find('/');
        if (slash != std::string_view::npos) known_.emplace(file.path.substr(0, slash));
    }
    for (const auto& table : tables_of(definition)) {
        if (table.wall != db::Wall::system) walled_.emplace(table.name);
    }
}

std::vector<db::StatementView> DatabaseCheck::statements() {
    return db::statements(applied_migrations, role_facts, table_facts);
}

async::Task<void> DatabaseCheck::look(const db::Databases* databases, async::SteadyTime deadline) {
    auto stand = co_await ask_for_migrations(databases, deadline);
    auto faults = co_await find_faults(databases, stand.is_well, deadline);
    if (!faults.empty()) throw config::Faults(std::move(faults));
    const bool is_well = stand.is_well;
    set(std::move(stand));
    if (is_well) passed_ = true;
}

async::Task<DatabaseCheck::Stand> DatabaseCheck::ready(const db::Databases* databases, async::SteadyTime deadline) {
    {
        const std::scoped_lock lock(mutex_);
        if (!passed() || async::Loop::now() - looked_ < look_again_after) co_return stand_;
        looked_ = async::Loop::now();
    }
    try {
        set(co_await ask_for_migrations(databases, deadline));
    } catch (const base::Failure&) {
        // PostgreSQL is away, which its own check says.
    }
    co_return stand();
}

DatabaseCheck::Stand DatabaseCheck::stand() const {
    const std::scoped_lock lock(mutex_);
    return stand_;
}

void DatabaseCheck::set(Stand stand) {
    const std::scoped_lock lock(mutex_);
    stand_ = std::move(stand);
    looked_ = async::Loop::now();
}

async::Task<DatabaseCheck::Stand> DatabaseCheck::ask_for_migrations(const db::Databases* databases,
                                                                    async::SteadyTime deadline) {
    bool is_denied = false;
    try {
        co_return judge(co_await db::system_db(*databases, deadline).all(applied_migrations));
    } catch (const db::Error& error) {
        if (!is_unmigrated(error.sqlstate())) throw;
        is_denied = error.sqlstate() == "42501";
    }
    if (is_denied) {
        co_return Stand{false,
                        fmt::format("the role of DATABASE_SYSTEM_URL may not read schema_migrations: run {}, or give "
                                    "the role that it was run for",
                                    migrate_command_)};
    }
    co_return Stand{false, fmt::format("this release has not migrated the database: run {}", migrate_command_)};
}

DatabaseCheck::Stand DatabaseCheck::judge(const std::vector<AppliedMigration>& applied) const {
    std::size_t found = 0;
    bool is_stopped = false;
    for (const auto& migration : applied) {
        const bool is_ours = known_.contains(migration.name);
        if (is_ours) ++found;
        is_stopped = is_stopped || (!is_ours && migration.stops_older);
    }
    if (const auto missing = known_.size() - found; missing > 0) {
        return {false, fmt::format("{} of this release's {} migrations {} not applied: run {}", missing, known_.size(),
                                   missing == 1 ? "is" : "are", migrate_command_)};
    }
    if (is_stopped) return {false, "a migration of another release stops this one: start that release"};
    return {true, {}};
}

// Tables are looked at once they are as this release has them.
async::Task<std::vector<base::Issue>> DatabaseCheck::find_faults(const db::Databases* databases, bool is_migrated,
                                                                 async::SteadyTime deadline) {
    const auto system_db = db::system_db(*databases, deadline);
    const db::Databases of_app{databases->app, databases->app, databases->catalogue};
    const auto system = co_await system_db.only(role_facts, std::string());
    const auto app = co_await db::system_db(of_app, deadline).only(role_facts, system.name);
    std::vector<base::Issue> faults;
    add_role_fault("DATABASE_URL", app, faults);
    add_role_fault("DATABASE_SYSTEM_URL", system, faults);
    if (app.encoding != "UTF8") {
        faults.push_back(fault("DATABASE_URL",
                               fmt::format("The encoding of the database is {}, and this needs UTF8: create database "
                                           "... template template0 encoding 'UTF8' locale 'C.UTF-8'.",
                                           app.encoding)));
    }
    if (faults.empty() && app.is_member) {
        faults.push_back(
            fault("DATABASE_URL", fmt::format("The role {} is {} or a member of it, which sees all tenants' rows. Give "
                                              "two roles that are apart.",
                                              app.name, system.name)));
    }
    if (!faults.empty() || !is_migrated) co_return faults;
    const auto tables = co_await system_db.all(table_facts, app.name);
    for (const auto& table : tables) {
        if (!walled_.contains(table.name) || (table.is_forced && table.has_policy && !table.is_open)) continue;
        if (faults.size() < most_tables_named) faults.push_back(fault("DATABASE_URL", about_table(table, app.name)));
    }
    co_return faults;
}

}  // namespace app
