#include "db/migrate/commands.h"

#include <algorithm>
#include <fstream>
#include <ostream>
#include <sstream>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/strings.h"
#include "base/time.h"
#include "db/check.h"
#include "db/migrate/audit.h"
#include "db/migrate/compatibility.h"
#include "db/migrate/diff.h"
#include "db/migrate/scratch.h"

namespace db::migrate {

namespace {

template <class Work>
int run(std::ostream& out, const Work& work) {
    try {
        return work();
    } catch (const SqlError& error) {
        out << "error: " << error.what() << '\n';
    } catch (const std::exception& error) {
        out << "error: " << error.what() << '\n';
    }
    return 1;
}

void print(std::ostream& out, std::string_view head, const std::vector<std::string>& lines) {
    for (const auto& line : lines) out << head << line << '\n';
}

std::string names_of(const std::vector<const Snapshot*>& leaves) {
    std::vector<std::string> names;
    for (const auto* leaf : leaves) names.push_back(leaf->id);
    return fmt::format("{}", fmt::join(names, " and "));
}

// ---- generate ----

void write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path.string());
}

constexpr std::size_t most_name_characters = 60;

bool is_plain(std::string_view name) {
    return !name.empty() && name.size() <= most_name_characters && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || base::is_ascii_digit(c) || c == '_';
    });
}

// Before anything is written: what does not apply here applies nowhere.
void try_out(std::vector<Migration> migrations, const Migration& newest, const Snapshot& snapshot,
             const std::function<ProofOptions()>& server) {
    migrations.push_back(newest);
    std::ranges::sort(migrations, {}, &Migration::name);
    try {
        prove(migrations, snapshot, server());
    } catch (const MigrationError& error) {
        throw MigrationError(
            fmt::format("{}\n\nNothing was written. To mend the statements by hand: the same again with --no-verify. "
                        "They are:\n\n{}",
                        error.what(), newest.sql));
    } catch (const std::exception& error) {
        throw MigrationError(fmt::format(
            "the migration could not be tried out: {}\nNothing was written. DATABASE_OWNER_URL names the server, "
            "with a user that has CREATEDB; without it, a private PostgreSQL is started. To write the migration "
            "as it is: the same again with --no-verify",
            error.what()));
    }
}

std::string script_of(const Difference& difference, const std::vector<std::string>& broken, bool empty) {
    if (empty) {
        return "-- Statements end with a semicolon; the roles are {{app}} and {{app_system}}. All run in one "
               "transaction, unless the\n"
               "-- first line of this file is '-- no-transaction'. Replace this comment.\n";
    }
    std::string text;
    for (const auto& sentence : broken) text += "-- Breaks: " + sentence + "\n";
    for (const auto& warning : difference.warnings) text += "-- Mind: " + warning + "\n";
    if (!text.empty()) text += "\n";
    for (const auto& statement : difference.statements) text += statement + ";\n";
    return text;
}

// What a next migration starts from: the newest one, or nothing. Throws MigrationError where two stand side by side.
Snapshot newest_of(const History& history) {
    const auto& leaves = history.leaves();
    if (leaves.size() > 1) {
        throw MigrationError(fmt::format(
            "{} stand side by side: branches were merged. If the later one was applied nowhere yet, delete it "
            "and generate it again; else join them: db generate merge --empty",
            names_of(leaves)));
    }
    return leaves.empty() ? Snapshot{} : *leaves.front();
}

std::filesystem::path write_migration(const std::filesystem::path& migrations, const Migration& migration) {
    const auto folder = migrations / migration.name;
    if (std::filesystem::exists(folder)) throw MigrationError(folder.string() + " exists already");
    std::filesystem::create_directories(folder);
    write_file(folder / "migration.sql", migration.sql);
    write_file(folder / "snapshot.json", migration.snapshot);
    return folder / "migration.sql";
}

// By the clock, and behind every migration there is: they are applied in the order of their names.
std::string next_id(const History& history, const GenerateOptions& options) {
    auto time = std::chrono::floor<std::chrono::seconds>(options.now);
    for (const auto* leaf : history.leaves()) {
        const std::string_view digits = leaf->id;
        const auto last = base::parse_timestamp(
            fmt::format("{}-{}-{}T{}:{}:{}Z", digits.substr(0, 4), digits.substr(4, 2), digits.substr(6, 2),
                        digits.substr(8, 2), digits.substr(10, 2), digits.substr(12, 2)));
        if (last) time = std::max(time, std::chrono::floor<std::chrono::seconds>(*last) + std::chrono::seconds(1));
    }
    return fmt::format("{:%Y%m%d%H%M%S}_{}", time, options.name);
}

int generate_files(const Declarations& declarations, const GenerateOptions& options, std::ostream& out) {
    if (!is_plain(options.name))
        throw MigrationError("a migration's name is made of lower-case letters, digits and '_', at most 60");
    const auto migrations = load_migrations(options.folder);
    const History history(migrations);
    const auto before = options.empty ? Snapshot{} : newest_of(history);
    auto snapshot = build_snapshot(declarations.tables, declarations.objects);
    const auto difference = options.empty ? Difference{} : diff(before, snapshot, {options.allow_drops});
    print(out, "error: ", difference.errors);
    if (!difference.errors.empty()) return 1;
    if (difference.statements.empty() && !options.empty) {
        out << "nothing to do: the newest migration has the tables as they are declared\n";
        return 0;
    }
    const auto broken = options.empty ? std::vector<std::string>() : broken_by(before, snapshot);
    snapshot.id = next_id(history, options);
    for (const auto* leaf : history.leaves()) snapshot.previous.push_back(leaf->id);
    const Migration migration{snapshot.id, script_of(difference, broken, options.empty), to_text(snapshot)};
    const bool proves = options.server && !options.empty;
    if (proves) try_out(migrations, migration, snapshot, options.server);
    const auto file = write_migration(options.folder, migration);
    print(out, "breaks: ", broken);
    if (!broken.empty())
        out << "        Where that must not happen, write '-- " << stops_older_directive
            << "' at the head of migration.sql: /ready of the release before then says 503\n";
    print(out, "mind: ", difference.warnings);
    out << "wrote " << file.string() << ": " << difference.statements.size() << " statements"
        << (proves ? ", tried out on a scratch database" : "")
        << ". Read it. bin/dev builds and applies it by itself; elsewhere build, since the program carries its "
           "migrations, "
           "then: db migrate\n";
    return 0;
}

// ---- diff ----

constexpr std::size_t most_shown_statements = 8;
constexpr std::size_t most_shown_characters = 100;

bool same_table(const TableSnapshot& one, const TableSnapshot& other) {
    return to_text({.tables = {one}}) == to_text({.tables = {other}});
}

// A name that says what the migration is mainly about, for whoever has no better one.
std::string suggested_name(const Snapshot& before, const Snapshot& now) {
    if (before.id.empty()) return "init";
    std::string name = "change_objects";
    for (const auto& table : before.tables) {
        if (now.find_table(table.name) == nullptr) name = "drop_" + table.name;
    }
    for (const auto& table : now.tables) {
        const auto* old = before.find_table(table.name);
        if (old != nullptr && !same_table(*old, table)) name = "change_" + table.name;
    }
    for (const auto& table : now.tables) {
        if (before.find_table(table.name) != nullptr) continue;
        name = (table.renamed_from.empty() ? "add_" : "rename_to_") + table.name;
        break;
    }
    return name.substr(0, most_name_characters);
}

void print_statements(std::ostream& out, const std::vector<std::string>& statements) {
    const auto shown = std::min(statements.size(), most_shown_statements);
    for (const auto& statement : std::span(statements).first(shown)) {
        const auto line = std::string_view(statement).substr(0, statement.find('\n'));
        const bool whole = line.size() == statement.size() && line.size() <= most_shown_characters;
        out << "  " << line.substr(0, most_shown_characters) << (whole ? "" : " ...") << '\n';
    }
    if (shown < statements.size()) out << "  and " << statements.size() - shown << " more\n";
}

int show_difference(const Declarations& declarations, std::span<const Migration> migrations, std::string_view program,
                    std::ostream& out) {
    const auto before = newest_of(History(migrations));
    const auto now = build_snapshot(declarations.tables, declarations.objects);
    const auto difference = diff(before, now, {.allow_drops = true});
    if (difference.empty()) return 0;
    out << "no migration makes yet what the tables have:\n";
    print_statements(out, difference.statements);
    print(out, "error: ", difference.errors);
    // Only what loses data needs leave: the difference without it is an error.
    const bool drops = !diff(before, now).errors.empty() && difference.errors.empty();
    if (drops)
        out << "mind: this drops what is there, or rounds it. Is a line missing in a module's .tables or "
               ".database_objects? "
               "If it shall go:\n";
    out << "write the migration: " << program << " db generate " << suggested_name(before, now)
        << (drops ? " --allow-drops" : "") << '\n';
    return 1;
}

// ---- check ----

class Checker {
public:
    Checker(const Declarations& declarations, std::span<const Migration> migrations, const ProofOptions& options,
            std::ostream& out)
        : declarations_(declarations), migrations_(migrations), options_(options), out_(out) {}

    int run() {
        const History history(migrations_);
        const bool one_leaf = check_leaves(history);
        if (one_leaf) check_drift(*history.leaves().front());
        const ScratchDatabase replayed(options_.server_url);
        std::ostringstream progress;
        apply(migrations_, {.owner_url = replayed.url(), .roles = options_.roles}, progress);
        Connection connection(replayed.url());
        if (one_leaf) check_replay(*history.leaves().front(), connection);
        check_statements(connection);
        out_ << (failures_ == 0 ? "db check: all is well\n" : fmt::format("db check: {} failed\n", failures_));
        return failures_ == 0 ? 0 : 1;
    }

private:
    void pass(std::string_view what) { out_ << "ok    " << what << '\n'; }
    void fail(std::string_view what, const std::vector<std::string>& lines, std::string_view mend) {
        ++failures_;
        out_ << "FAIL  " << what << '\n';
        print(out_, "      - ", lines);
        if (!mend.empty()) out_ << "      " << mend << '\n';
    }

    bool check_leaves(const History& history) {
        const auto& leaves = history.leaves();
        if (leaves.size() == 1) {
            pass(fmt::format("one newest migration: {}", leaves.front()->id));
        } else if (leaves.empty()) {
            fail("there are no migrations", {}, "Run: backend-api db generate init");
        } else {
            fail(fmt::format("{} stand side by side", names_of(leaves)), {},
                 "Delete the one that was applied nowhere and generate it again, or run: backend-api db generate merge "
                 "--empty");
        }
        return leaves.size() == 1;
    }

    void check_drift(const Snapshot& newest) {
        const auto now = build_snapshot(declarations_.tables, declarations_.objects);
        const auto difference = diff(newest, now, {.allow_drops = true});
        if (difference.empty())
            return pass(fmt::format("the newest snapshot has the {} tables as they are declared", now.tables.size()));
        auto lines = difference.errors;
        lines.insert(lines.end(), difference.statements.begin(), difference.statements.end());
        fail("the tables have changed since the newest migration", lines, "Run: backend-api db generate NAME");
    }

    // Against the snapshot rather than the tables: drift is told once, above.
    void check_replay(const Snapshot& newest, Connection& replayed) {
        const auto lines = compare_with(replayed, newest, options_);
        if (lines.empty())
            return pass(fmt::format("{} migrations from zero give what the newest snapshot says", migrations_.size()));
        fail("the migrations from zero do not give what the newest snapshot says", lines,
             "Mend the newest migration if it was applied nowhere, else add one: backend-api db generate NAME --empty");
    }

    void check_statements(Connection& connection) {
        StatementChecker checker(connection, options_.roles);
        std::size_t failed = 0;
        for (const auto& statement : declarations_.statements) {
            const auto findings = checker.check(statement);
            if (findings.empty()) continue;
            ++failed;
            fail(fmt::format("statement {}", statement.full_name()), findings, "");
        }
        if (failed == 0) pass(fmt::format("{} statements fit the schema", declarations_.statements.size()));
    }

    const Declarations& declarations_;
    std::span<const Migration> migrations_;
    const ProofOptions& options_;
    std::ostream& out_;
    int failures_ = 0;
};

}  // namespace

int generate(const Declarations& declarations, const GenerateOptions& options, std::ostream& out) {
    return run(out, [&] { return generate_files(declarations, options, out); });
}

int diff(const Declarations& declarations, std::span<const Migration> migrations, std::string_view program,
         std::ostream& out) {
    return run(out, [&] { return show_difference(declarations, migrations, program, out); });
}

int migrate(std::span<const Migration> migrations, const ApplyOptions& options, std::ostream& out) {
    return run(out, [&] {
        apply(migrations, options, out);
        return 0;
    });
}

int status(std::span<const Migration> migrations, const std::string& owner_url, std::ostream& out) {
    return run(out, [&] {
        Connection connection(owner_url);
        auto ledger = read_ledger(connection);
        bool current = true;
        for (const auto& migration : migrations) {
            const auto entry = ledger.find(migration.name);
            const bool changed = entry != ledger.end() && entry->second.checksum != checksum_of(migration.sql);
            if (entry == ledger.end()) {
                out << "pending  " << migration.name << '\n';
            } else {
                out << (changed ? "CHANGED  " : "applied  ") << migration.name << "  " << entry->second.applied_at
                    << "  " << entry->second.duration_ms << " ms\n";
            }
            current = current && entry != ledger.end() && !changed;
            ledger.erase(migration.name);
        }
        for (const auto& [name, entry] : ledger) out << "foreign  " << name << "  " << entry.applied_at << '\n';
        return current ? 0 : 1;
    });
}

int check(const Declarations& declarations, std::span<const Migration> migrations, const ProofOptions& options,
          std::ostream& out) {
    return run(out, [&] { return Checker(declarations, migrations, options, out).run(); });
}

int audit(const Declarations& declarations, const std::string& owner_url, std::ostream& out) {
    return run(out, [&] {
        Connection connection(owner_url);
        const auto findings =
            find_what_is_not_proven(connection, build_snapshot(declarations.tables, declarations.objects));
        print(out, "FAIL  ", findings);
        if (findings.empty()) out << "ok    every row is as it was proven at its insert\n";
        return findings.empty() ? 0 : 1;
    });
}

}  // namespace db::migrate
