#include "db/migrate/apply.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <random>
#include <ranges>
#include <thread>

#include <fmt/format.h>

#include "base/hash.h"
#include "db/migrate/tokens.h"
#include "db/sql.h"

namespace db::migrate {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds poll_interval{100};

std::int64_t lock_key() { return static_cast<std::int64_t>(base::stable_hash64("backend-api schema_migrations")); }

// Polled: a session that waits inside pg_advisory_lock() holds a snapshot, and `create index concurrently` of the instance
// that migrates would wait for it for ever.
class Turn {
public:
    Turn(Connection& connection, milliseconds wait, std::ostream& out) : connection_(connection) {
        const auto give_up = std::chrono::steady_clock::now() + wait;
        for (bool told = false; !try_lock(); told = true) {
            if (std::chrono::steady_clock::now() >= give_up) {
                throw MigrationError(fmt::format("another instance has been migrating for {} s; see pg_stat_activity",
                                                 wait.count() / 1000));
            }
            if (!told) out << "waiting for another instance that migrates" << std::endl;
            std::this_thread::sleep_for(poll_interval);
        }
    }
    ~Turn() {
        try {
            connection_.execute(fmt::format("select pg_advisory_unlock({})", lock_key()));
        } catch (const SqlError&) {
            // The connection is lost, and the lock with it.
        }
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    bool try_lock() {
        return connection_.query(fmt::format("select pg_try_advisory_lock({})", lock_key()))[0][0] == "t";
    }

    Connection& connection_;
};

// Migrations and texts hold all of Unicode's letters, so another encoding ends half way, with a riddle. A locale without letters beyond
// ASCII serves, but finds `É` by no `é`.
void look_at_letters(Connection& connection, std::ostream& out) {
    const auto facts = connection.query(
        "select pg_encoding_to_char(encoding), datname, datcollate from pg_database where datname = "
        "current_database()");
    const auto& row = facts.at(0);
    if (row[0] != "UTF8") {
        throw MigrationError(fmt::format(
            "the encoding of the database {0} is {1}, and this needs UTF8. A database keeps its encoding: make another "
            "one\n    create database {0} owner ... template template0 encoding 'UTF8' locale 'C.UTF-8';",
            row[1].value_or(""), row[0].value_or("")));
    }
    if (connection.query("select lower(U&'\\00C9') = U&'\\00E9'")[0][0] == "t") return;
    out << "mind: the locale " << row[2].value_or("") << " of the database " << row[1].value_or("")
        << " knows the case of ASCII letters alone: text search and keys without case take É and é for two letters. "
           "Make the database with locale 'C.UTF-8' (docs/operations/install.md)\n";
}

// The service reads it as app_system, for /ready. Ledgers of earlier releases have neither the last column nor the grant.
void ensure_ledger(Connection& connection, const Roles& roles) {
    connection.execute(
        "create table if not exists schema_migrations (\n"
        "    name text primary key,\n"
        "    checksum text not null,\n"
        "    applied_at timestamptz not null default now(),\n"
        "    duration_ms integer not null\n"
        ")");
    const bool has_marks = !connection
                                .query(
                                    "select 1 from pg_attribute where attrelid = 'schema_migrations'::regclass and "
                                    "attname = 'stops_older'")
                                .empty();
    if (!has_marks)
        connection.execute("alter table schema_migrations add column stops_older boolean not null default false");
    if (connection.query("select has_table_privilege($1, 'schema_migrations', 'select')", {roles.system})[0][0] != "t")
        connection.execute(fmt::format("grant select on schema_migrations to {}", quote_identifier(roles.system)));
}

// An applied migration is history: editing it changes no database, and new ones would differ from old ones.
void require_unchanged(std::span<const Migration> migrations, const std::map<std::string, LedgerEntry>& ledger) {
    std::string changed;
    for (const auto& migration : migrations) {
        const auto entry = ledger.find(migration.name);
        if (entry == ledger.end() || entry->second.checksum == checksum_of(migration.sql)) continue;
        changed += "\n  " + migration.name;
    }
    if (changed.empty()) return;
    throw MigrationError("migrations were edited after they had been applied:" + changed +
                         "\nRestore their text, and put the change into a new migration (db generate). "
                         "In development, bin/dev --fresh begins with an empty database.");
}

// Nothing of it was kept, and it may go through in a moment.
class TablesBusy : public MigrationError {
    using MigrationError::MigrationError;
};

bool is_concurrent(const std::vector<Token>& tokens) {
    return std::ranges::any_of(tokens | std::views::take(4),
                               [](const Token& token) { return token.is("concurrently"); });
}

// Of `create [unique] index concurrently [if not exists] [schema.]name on …`: the name as it is written. Empty for any other statement.
std::string index_built_concurrently(const std::vector<Token>& tokens) {
    std::size_t at = 0;
    const auto passes = [&](std::string_view word) {
        const bool is_there = at < tokens.size() && tokens[at].is(word);
        if (is_there) ++at;
        return is_there;
    };
    if (!passes("create")) return {};
    passes("unique");
    if (!passes("index") || !passes("concurrently")) return {};
    if (passes("if") && !(passes("not") && passes("exists"))) return {};
    std::string name;
    for (; at < tokens.size() && !tokens[at].is("on"); ++at) name += tokens[at].text;
    return name;
}

class Runner {
public:
    Runner(Connection& connection, const Migration& migration, const ApplyOptions& options)
        : connection_(connection),
          migration_(migration),
          options_(options),
          alone_(has_directive(migration.sql, "no-transaction")) {}

    // What it mended on its way, for whoever reads.
    [[nodiscard]] const std::string& notes() const { return notes_; }

    milliseconds run() {
        const auto started = std::chrono::steady_clock::now();
        const auto statements = split_statements(migration_.sql);
        if (!alone_) connection_.execute("begin");
        for (const auto& statement : statements) run(statement);
        if (alone_) refuse_invalid_indexes();
        const auto duration = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
        connection_.query(
            "insert into public.schema_migrations (name, checksum, duration_ms, stops_older) values ($1, $2, $3, $4)",
            {migration_.name, checksum_of(migration_.sql), std::to_string(duration.count()),
             has_directive(migration_.sql, stops_older_directive) ? "true" : "false"});
        if (!alone_) commit();
        return duration;
    }

private:
    void run(const ScriptStatement& statement) {
        if (!alone_) refuse_transaction_control(statement);
        const auto tokens = tokens_of(statement.text);
        if (alone_) drop_half_built(index_built_concurrently(tokens));
        const bool waits_long = alone_ && is_concurrent(tokens);
        if (waits_long) set_lock_timeout(options_.concurrent_timeout);
        try {
            connection_.execute(with_roles(statement.text, options_.roles));
            if (waits_long) set_lock_timeout(options_.lock_timeout);
        } catch (const SqlError& error) {
            if (alone_) throw MigrationError(explain(statement, error));
            connection_.execute("rollback");
            // lock_timeout, deadlock
            if (error.sqlstate() == "55P03" || error.sqlstate() == "40P01") throw TablesBusy(explain(statement, error));
            throw MigrationError(explain(statement, error));
        }
    }

    void set_lock_timeout(milliseconds time) {
        connection_.execute(fmt::format("set lock_timeout = {}", time.count()));
    }

    // Left behind by whoever was killed, or failed, while building it: `if not exists` would take it for the one that is wanted. Nobody builds
    // it now: the turn is ours, and PostgreSQL tells of others.
    void drop_half_built(const std::string& index) {
        if (index.empty()) return;
        const auto found = connection_.query(
            "select 1 from pg_index where indexrelid = to_regclass($1) and not indisvalid and not exists (\n"
            "    select 1 from pg_stat_progress_create_index where index_relid = indexrelid)",
            {index});
        if (found.empty()) return;
        connection_.execute("drop index concurrently if exists " + index);
        notes_ += fmt::format(", the index {} had been left half built: anew", index);
    }

    // `create index concurrently` that fails leaves one behind, which `if not exists` then takes for the one that is wanted.
    void refuse_invalid_indexes() {
        const auto rows =
            connection_.query("select string_agg(indexrelid::regclass::text, ', ') from pg_index where not indisvalid");
        if (const auto& names = rows.at(0)[0])
            throw MigrationError(fmt::format(
                "{}: PostgreSQL has not finished building {}. Drop it (drop index concurrently if exists ...), "
                "mend what kept it from being built, and migrate again",
                migration_.name, *names));
    }

    // Deferred constraints are checked here, with no statement to blame.
    void commit() {
        try {
            connection_.execute("commit");
        } catch (const SqlError& error) {
            throw MigrationError(
                fmt::format("{} failed at its commit, and nothing of it was kept: {}", migration_.name, error.what()));
        }
    }

    void refuse_transaction_control(const ScriptStatement& statement) {
        const auto tokens = tokens_of(statement.text);
        if (tokens.empty()) return;
        const bool prepares = tokens.size() > 1 && tokens[0].is("prepare") && tokens[1].is("transaction");
        const bool is_control = std::ranges::any_of(std::array{"begin", "start", "commit", "rollback", "end", "abort"},
                                                    [&](const char* word) { return tokens[0].is(word); });
        if (!is_control && !prepares) return;
        connection_.execute("rollback");
        throw MigrationError(
            fmt::format("{} line {}: '{}' would end the migration's own transaction; write '-- no-transaction' "
                        "as the first line to do without it",
                        migration_.name, statement.line, statement.text));
    }

    std::string explain(const ScriptStatement& statement, const SqlError& error) const {
        auto line = statement.line;
        if (error.position() > 0) {
            const auto before = std::string_view(statement.text).substr(0, error.position() - 1);
            line += static_cast<std::size_t>(std::ranges::count(before, '\n'));
        }
        return fmt::format(
                   "{}/migration.sql line {}: {}{}\n\n    {}\n\n{}", migration_.name, line, error.what(),
                   error.sqlstate().empty() ? "" : fmt::format(" (SQLSTATE {})", error.sqlstate()),
                   statement.text.substr(0, 2'000),
                   alone_
                       ? "It runs without a transaction: what stands before that statement was kept. Undo it by hand "
                         "or make the statements repeatable, then migrate again."
                       : "Nothing of this migration was kept.") +
               (error.sqlstate() == "55P03" ? oldest_transaction() : std::string());
    }

    // Whom it most likely waited for. A lock that was not had names nobody.
    std::string oldest_transaction() const {
        const auto rows = connection_.query(
            "select pid, usename, extract(epoch from now() - xact_start)::bigint, coalesce(state, ''), left(query, "
            "200)\n"
            "from pg_stat_activity\n"
            "where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()\n"
            "order by xact_start\n"
            "limit 1");
        if (rows.empty()) return {};
        const auto& row = rows[0];
        return fmt::format("\nThe oldest transaction: process {} of {}, for {} s, {}: {}", row[0].value_or(""),
                           row[1].value_or(""), row[2].value_or(""), row[3].value_or(""), row[4].value_or(""));
    }

    Connection& connection_;
    const Migration& migration_;
    const ApplyOptions& options_;
    bool alone_;
    std::string notes_;
};

// The same for each migration, whatever the one before has set, and whatever the server or the role sets: a migration gives the same
// data on every server. Not `discard all`, which would give the turn back.
void prepare_session(Connection& connection, const ApplyOptions& options) {
    connection.execute(fmt::format(
        "reset session authorization; reset role; reset all; set lock_timeout = {}; set statement_timeout = 0; "
        "set idle_in_transaction_session_timeout = 0; set client_min_messages = warning; "
        "set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; "
        "set bytea_output = 'hex'",
        options.lock_timeout.count()));
}

milliseconds run_when_free(Connection& connection, const Migration& migration, const ApplyOptions& options,
                           std::ostream& out) {
    std::minstd_rand random(std::random_device{}());
    const auto give_up = std::chrono::steady_clock::now() + options.busy_time;
    for (bool told = false;; told = true) {
        prepare_session(connection, options);
        if (!has_directive(migration.sql, "no-transaction"))
            connection.execute(fmt::format("set lock_timeout = {}", options.busy_timeout.count()));
        Runner runner(connection, migration, options);
        try {
            const auto took = runner.run();
            out << runner.notes();
            return took;
        } catch (const TablesBusy&) {
            if (std::chrono::steady_clock::now() >= give_up) throw;
        }
        if (!told) out << ", its tables are busy: again" << std::flush;
        std::this_thread::sleep_for(milliseconds(std::uniform_int_distribution(100, 500)(random)));
    }
}

void warn_of_unknown(std::span<const Migration> migrations, const std::map<std::string, LedgerEntry>& ledger,
                     std::ostream& out) {
    for (const auto& [name, entry] : ledger) {
        if (std::ranges::find(migrations, name, &Migration::name) != migrations.end()) continue;
        out << "note: " << name << " was applied by another release and is not part of this one\n";
    }
}

}  // namespace

std::map<std::string, LedgerEntry> read_ledger(Connection& connection) {
    std::map<std::string, LedgerEntry> ledger;
    if (!connection.query("select to_regclass('schema_migrations')")[0][0]) return ledger;
    const auto rows = connection.query(
        "select name, checksum, to_char(applied_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') || 'Z', duration_ms "
        "from schema_migrations");
    for (const auto& row : rows) ledger[*row[0]] = {*row[1], *row[2], *row[3]};
    return ledger;
}

std::size_t apply(std::span<const Migration> migrations, const ApplyOptions& options, std::ostream& out) {
    Connection connection(options.owner_url);
    connection.on_notice([&out](std::string_view text) { out << "    " << text << '\n'; });
    prepare_session(connection, options);
    look_at_letters(connection, out);
    const Turn turn(connection, options.wait_for_turn, out);
    ensure_roles(connection, options.roles);
    ensure_ledger(connection, options.roles);
    const auto ledger = read_ledger(connection);
    require_unchanged(migrations, ledger);
    warn_of_unknown(migrations, ledger, out);
    std::size_t applied = 0;
    for (const auto& migration : migrations) {
        if (ledger.contains(migration.name)) continue;
        out << "applying " << migration.name << std::flush;
        try {
            out << ", " << run_when_free(connection, migration, options, out).count() << " ms" << std::endl;
        } catch (...) {
            out << std::endl;
            throw;
        }
        ++applied;
    }
    out << (applied == 0 ? std::string("nothing to do: ") : fmt::format("{} applied, ", applied))
        << fmt::format("{} migrations are in the database\n", ledger.size() + applied);
    return applied;
}

// ---- Roles -------------------------------------------------------------------------------------------------------

namespace {

void create_role(Connection& connection, const std::string& role) {
    try {
        // Without a password: authentication by password fails until one is set.
        connection.execute(fmt::format("create role {} login", quote_identifier(role)));
    } catch (const SqlError& error) {
        // A migration of another database of this server was faster: roles belong to the whole server.
        if (error.sqlstate() == "42710" || error.sqlstate() == "23505") return;
        if (error.sqlstate() != "42501") throw;
        throw MigrationError(
            fmt::format("the role {0} is missing, and this user may not create it. As an administrator run:\n"
                        "    create role {1} login password '...';",
                        role, quote_identifier(role)));
    }
}

void require_bound(Connection& connection, const std::string& role) {
    const auto rows = connection.query(
        "select rolsuper or rolbypassrls, rolname = current_user from pg_roles where rolname = $1", {role});
    if (rows.at(0)[0] == "t") {
        throw MigrationError(
            fmt::format("the role {} is a superuser or has BYPASSRLS: row level security would not bind it", role));
    }
    if (rows.at(0)[1] == "t") {
        throw MigrationError(
            fmt::format("the role {} runs the service and must not own the tables: give the migrations another "
                        "user (DATABASE_OWNER_URL)",
                        role));
    }
}

// For `alter function ... owner to {{app_system}}`, without which no migration goes, and for db check, which plans each statement as
// its role. A superuser needs no membership; an owner without CREATEROLE gets it from an administrator.
void join_role(Connection& connection, const std::string& role, bool is_needed) {
    if (connection.query("select pg_has_role(current_user, $1, 'member')", {role})[0][0] == "t") return;
    try {
        connection.execute(fmt::format("grant {} to current_user", quote_identifier(role)));
    } catch (const SqlError& error) {
        if (error.sqlstate() != "42501") throw;
        if (!is_needed) return;
        const auto owner = connection.query("select current_user")[0][0];
        throw MigrationError(
            fmt::format("this user is no member of the role {}, and may not make itself one. As an administrator run:\n"
                        "    grant {} to {};",
                        role, quote_identifier(role), quote_identifier(*owner)));
    }
}

}  // namespace

void ensure_roles(Connection& connection, const Roles& roles) {
    if (roles.app == roles.system) throw MigrationError("the roles of app and app_system must be two");
    for (const auto* role : {&roles.app, &roles.system}) {
        if (connection.query("select 1 from pg_roles where rolname = $1", {*role}).empty())
            create_role(connection, *role);
        require_bound(connection, *role);
        join_role(connection, *role, role == &roles.system);
        if (connection.query("select has_schema_privilege($1, 'public', 'usage')", {*role})[0][0] == "t") continue;
        connection.execute(fmt::format("grant usage on schema public to {}", quote_identifier(*role)));
    }
    // A member of app_system sees every tenant's rows.
    if (connection.query("select pg_has_role($1, $2, 'member')", {roles.app, roles.system})[0][0] == "t") {
        throw MigrationError(fmt::format("the role {} is a member of {}: the wall between tenants would be void",
                                         roles.app, roles.system));
    }
}

}  // namespace db::migrate
