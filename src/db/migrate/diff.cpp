#include "db/migrate/diff.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/strings.h"
#include "db/sql.h"

namespace db::migrate {

namespace {

std::string list_of(const std::vector<std::string>& names) {
    std::vector<std::string> quoted;
    for (const auto& name : names) quoted.push_back(quote_identifier(name));
    return fmt::format("{}", fmt::join(quoted, ", "));
}

bool is_word(char c) {
    return base::ascii_lower(c) >= 'a' ? base::ascii_lower(c) <= 'z' : base::is_ascii_digit(c) || c == '_';
}

// In an expression that PostgreSQL follows by itself when a column is renamed; ours has to follow to compare equal.
std::string replace_word(std::string_view text, std::string_view from, std::string_view to) {
    std::string out;
    while (true) {
        const auto at = text.find(from);
        if (at == std::string_view::npos) return out.append(text);
        const auto end = at + from.size();
        const bool whole = (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
        out.append(text.substr(0, at)).append(whole ? to : from);
        text.remove_prefix(end);
    }
}

bool is_index(const ConstraintSnapshot& constraint) {
    return constraint.type == ConstraintType::index || constraint.type == ConstraintType::unique_index;
}

// What follows `alter table … add`.
std::string definition_of(const ConstraintSnapshot& constraint) {
    const auto name = quote_identifier(constraint.name);
    const auto* when = constraint.deferred ? " deferrable initially deferred" : "";
    switch (constraint.type) {
        case ConstraintType::primary_key:
            return fmt::format("constraint {} primary key ({})", name, list_of(constraint.columns));
        case ConstraintType::unique:
            return fmt::format("constraint {} unique ({}){}", name, list_of(constraint.columns), when);
        case ConstraintType::check: return fmt::format("constraint {} check ({})", name, constraint.predicate);
        case ConstraintType::foreign_key:
            return fmt::format("constraint {} foreign key ({}) references {} ({}){}", name, list_of(constraint.columns),
                               quote_identifier(constraint.target), list_of(constraint.target_columns), when);
        case ConstraintType::index:
        case ConstraintType::unique_index: break;
    }
    return {};
}

std::string create_index(const TableSnapshot& table, const ConstraintSnapshot& index) {
    return fmt::format("create {}index {} on {}{} ({}){}", index.type == ConstraintType::unique_index ? "unique " : "",
                       quote_identifier(index.name), quote_identifier(table.name),
                       index.method.empty() ? "" : " using " + index.method,
                       index.expression.empty() ? list_of(index.columns) : index.expression,
                       index.predicate.empty() ? "" : fmt::format(" where {}", index.predicate));
}

std::string definition_of(const ColumnSnapshot& column) {
    return fmt::format("{} {}{}{}", quote_identifier(column.name), column.type, column.nullable ? "" : " not null",
                       column.fallback.empty() ? "" : " default " + column.fallback);
}

std::string create_table(const TableSnapshot& table) {
    std::vector<std::string> lines;
    for (const auto& column : table.columns) lines.push_back("    " + definition_of(column));
    for (const auto& constraint : table.constraints) {
        if (is_index(constraint) || constraint.type == ConstraintType::foreign_key) continue;
        lines.push_back("    " + definition_of(constraint));
    }
    return fmt::format("create table {} (\n{}\n)", quote_identifier(table.name), fmt::join(lines, ",\n"));
}

// The policies and grants of one table (docs/database.md, "Who sees what").
class Guard {
public:
    Guard(std::vector<std::string>& out, std::string_view table, const GuardSnapshot& guard)
        : out_(out), table_(quote_identifier(table)), guard_(guard) {}

    void create_policies() {
        if (guard_.wall == Wall::system) return;
        out_.push_back(fmt::format("alter table {} enable row level security", table_));
        out_.push_back(fmt::format("alter table {} force row level security", table_));
        // After a transaction the setting reads as '', not null: hence nullif.
        const auto own = fmt::format("{} = nullif(current_setting('app.tenant', true), '')::uuid",
                                     quote_identifier(guard_.tenant_column));
        policy("tenant_isolation", "{{app}}", own);
        policy("system_access", "{{app_system}}", "true");
        // FORCE binds the owner too; migrations that change data run as the owner.
        policy("owner_access", "current_user", "true");
    }
    void drop_policies() {
        if (guard_.wall == Wall::system) return;
        for (const auto* name : {"tenant_isolation", "system_access", "owner_access"}) {
            out_.push_back(fmt::format("drop policy {} on {}", name, table_));
        }
        out_.push_back(fmt::format("alter table {} no force row level security", table_));
        out_.push_back(fmt::format("alter table {} disable row level security", table_));
    }
    void grant() {
        constexpr std::string_view all = "select, insert, update, delete";
        if (guard_.wall != Wall::system) {
            const bool append_only = guard_.access == Access::append_only;
            out_.push_back(fmt::format("grant {} on {} to {{{{app}}}}", append_only ? "select, insert" : all, table_));
            if (append_only && !guard_.updatable.empty()) {
                out_.push_back(
                    fmt::format("grant update ({}) on {} to {{{{app}}}}", list_of(guard_.updatable), table_));
            }
        }
        out_.push_back(fmt::format("grant {} on {} to {{{{app_system}}}}", all, table_));
    }
    // Takes the grants on columns along.
    void revoke() { out_.push_back(fmt::format("revoke all on {} from {{{{app}}}}, {{{{app_system}}}}", table_)); }

private:
    void policy(std::string_view name, std::string_view role, std::string_view rows) {
        out_.push_back(
            fmt::format("create policy {} on {} to {} using ({}) with check ({})", name, table_, role, rows, rows));
    }

    std::vector<std::string>& out_;
    std::string table_;
    const GuardSnapshot& guard_;
};

class Differ {
public:
    Differ(const Snapshot& before, const Snapshot& now, const DiffOptions& options)
        : before_(before), now_(now), options_(options) {}

    Difference run() {
        create_objects(SqlObject::Stage::before_tables);
        drop_objects();
        rename_tables();
        rename_columns();
        rename_constraints();
        drop_constraints(true);
        drop_constraints(false);
        drop_tables();
        for (const auto& table : now_.tables) {
            if (before_.find_table(table.name) == nullptr) sql("{}", create_table(table));
        }
        for (const auto& table : now_.tables) alter_columns(table);
        add_constraints(false);
        add_constraints(true);
        for (const auto& table : now_.tables) change_guard(table);
        create_objects(SqlObject::Stage::after_tables);
        return std::move(out_);
    }

private:
    template <class... Arguments>
    void sql(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        out_.statements.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }
    template <class... Arguments>
    void warn(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        out_.warnings.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }
    template <class... Arguments>
    void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        out_.errors.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }

    // ---- Renames: done to `before_` as well, so that what follows compares like with like ----

    void rename_tables() {
        for (const auto& table : now_.tables) {
            if (table.renamed_from.empty() || before_.find_table(table.name) != nullptr) continue;
            const auto old = std::ranges::find(before_.tables, table.renamed_from, &TableSnapshot::name);
            if (old == before_.tables.end()) continue;
            if (now_.find_table(table.renamed_from) != nullptr) {
                refuse("{} is declared as renamed from {}, which is still a table", table.name, table.renamed_from);
                continue;
            }
            sql("alter table {} rename to {}", quote_identifier(old->name), quote_identifier(table.name));
            for (auto& other : before_.tables) {
                for (auto& constraint : other.constraints) {
                    if (constraint.target == table.renamed_from) constraint.target = table.name;
                }
            }
            old->name = table.name;
        }
    }

    void rename_columns() {
        for (const auto& table : now_.tables) {
            const auto old = std::ranges::find(before_.tables, table.name, &TableSnapshot::name);
            if (old == before_.tables.end()) continue;
            for (const auto& column : table.columns) {
                if (column.renamed_from.empty() || old->find_column(column.name) != nullptr) continue;
                if (old->find_column(column.renamed_from) == nullptr) continue;
                if (table.find_column(column.renamed_from) != nullptr) {
                    refuse("{}.{} is declared as renamed from {}, which is still a column", table.name, column.name,
                           column.renamed_from);
                    continue;
                }
                sql("alter table {} rename column {} to {}", quote_identifier(table.name),
                    quote_identifier(column.renamed_from), quote_identifier(column.name));
                rename_column(*old, column.renamed_from, column.name);
            }
        }
    }

    void rename_column(TableSnapshot& table, const std::string& from, const std::string& to) {
        std::ranges::find(table.columns, from, &ColumnSnapshot::name)->name = to;
        std::ranges::replace(table.guard.updatable, from, to);
        std::ranges::sort(table.guard.updatable);
        if (table.guard.tenant_column == from) table.guard.tenant_column = to;
        for (auto& constraint : table.constraints) {
            std::ranges::replace(constraint.columns, from, to);
            constraint.predicate = replace_word(constraint.predicate, quote_identifier(from), quote_identifier(to));
            constraint.expression = replace_word(constraint.expression, quote_identifier(from), quote_identifier(to));
        }
        for (auto& other : before_.tables) {
            for (auto& constraint : other.constraints) {
                if (constraint.target == table.name) std::ranges::replace(constraint.target_columns, from, to);
            }
        }
    }

    // A constraint whose name alone is new is the same one: no need to check or build it again.
    void rename_constraints() {
        for (const auto& table : now_.tables) {
            const auto old = std::ranges::find(before_.tables, table.name, &TableSnapshot::name);
            if (old == before_.tables.end()) continue;
            for (const auto& constraint : table.constraints) {
                if (old->find_constraint(constraint.name) != nullptr) continue;
                const auto same = std::ranges::find_if(old->constraints, [&](const ConstraintSnapshot& candidate) {
                    auto renamed = candidate;
                    renamed.name = constraint.name;
                    return renamed == constraint && table.find_constraint(candidate.name) == nullptr;
                });
                if (same == old->constraints.end()) continue;
                rename_constraint(table, *same, constraint.name);
            }
        }
    }
    void rename_constraint(const TableSnapshot& table, ConstraintSnapshot& constraint, const std::string& to) {
        if (is_index(constraint)) {
            sql("alter index {} rename to {}", quote_identifier(constraint.name), quote_identifier(to));
        } else {
            sql("alter table {} rename constraint {} to {}", quote_identifier(table.name),
                quote_identifier(constraint.name), quote_identifier(to));
        }
        constraint.name = to;
    }

    // ---- Tables, columns, constraints ----

    // PostgreSQL ties a foreign key to its target's primary key: it cannot outlive a change of that.
    bool loses_target_key(const ConstraintSnapshot& constraint) const {
        if (constraint.type != ConstraintType::foreign_key) return false;
        const auto* old = before_.find_table(constraint.target);
        const auto* now = now_.find_table(constraint.target);
        if (old == nullptr || now == nullptr) return old != now;
        const auto is_key = [](const ConstraintSnapshot& one) { return one.type == ConstraintType::primary_key; };
        const auto old_key = std::ranges::find_if(old->constraints, is_key);
        const auto now_key = std::ranges::find_if(now->constraints, is_key);
        return old_key == old->constraints.end() || now_key == now->constraints.end() || !(*old_key == *now_key);
    }

    bool stays(const ConstraintSnapshot& constraint, const TableSnapshot& before, const TableSnapshot& now) const {
        const auto* old = before.find_constraint(constraint.name);
        const auto* kept = now.find_constraint(constraint.name);
        return old != nullptr && kept != nullptr && *old == *kept && !loses_target_key(*kept);
    }

    void drop_constraints(bool foreign_keys) {
        for (const auto& old : before_.tables) {
            const auto* table = now_.find_table(old.name);
            // What belongs to a dropped table goes with it, but for the foreign keys between dropped tables.
            if (table == nullptr && !foreign_keys) continue;
            for (const auto& constraint : old.constraints) {
                if ((constraint.type == ConstraintType::foreign_key) != foreign_keys) continue;
                if (table != nullptr && stays(constraint, old, *table)) continue;
                if (table == nullptr && !options_.allow_drops) continue;
                if (is_index(constraint)) {
                    sql("drop index {}", quote_identifier(constraint.name));
                } else {
                    sql("alter table {} drop constraint {}", quote_identifier(old.name),
                        quote_identifier(constraint.name));
                }
            }
        }
    }

    void drop_tables() {
        for (const auto& old : before_.tables) {
            if (now_.find_table(old.name) != nullptr) continue;
            if (options_.allow_drops) {
                sql("drop table {}", quote_identifier(old.name));
            } else {
                refuse(
                    "table {0} would be dropped with its rows. If it has a new name, declare "
                    "db::renamed_from(\"{0}\"); "
                    "if it shall go, run again with --allow-drops",
                    old.name);
            }
        }
    }

    void alter_columns(const TableSnapshot& table) {
        const auto* old = before_.find_table(table.name);
        if (old == nullptr) return;
        for (const auto& column : old->columns) {
            if (table.find_column(column.name) == nullptr) drop_column(table, column);
        }
        for (const auto& column : table.columns) {
            const auto* before = old->find_column(column.name);
            before == nullptr ? add_column(table, column) : alter_column(table, *before, column);
        }
    }

    void drop_column(const TableSnapshot& table, const ColumnSnapshot& column) {
        if (options_.allow_drops) {
            sql("alter table {} drop column {}", quote_identifier(table.name), quote_identifier(column.name));
            warn("{}.{} is dropped: instances of the previous release that still run will fail on it", table.name,
                 column.name);
        } else {
            refuse(
                "column {0}.{1} would be dropped with its data. If it has a new name, declare "
                "db::renamed_column<&...>(\"{1}\") in the table; if it shall go, run again with --allow-drops",
                table.name, column.name);
        }
    }

    void add_column(const TableSnapshot& table, const ColumnSnapshot& column) {
        if (!column.nullable && column.fallback.empty()) {
            refuse(
                "column {0}.{1} is new and not null, but the rows that are there have no value for it. Give "
                "db::column_default<&...>(\"<SQL>\") in the table, or make the member std::optional, fill it in a "
                "second "
                "migration (--empty) and make it required in a third",
                table.name, column.name);
            return;
        }
        sql("alter table {} add column {}", quote_identifier(table.name), definition_of(column));
    }

    void alter_column(const TableSnapshot& table, const ColumnSnapshot& old, const ColumnSnapshot& column) {
        const auto prefix =
            fmt::format("alter table {} alter column {}", quote_identifier(table.name), quote_identifier(column.name));
        const bool retyped = old.type != column.type;
        if (retyped) {
            // The old default may have no cast to the new type.
            if (!old.fallback.empty()) sql("{} drop default", prefix);
            sql("{0} type {1} using {2}::{1}", prefix, column.type, quote_identifier(column.name));
            warn("{}.{} changes from {} to {}: the table is locked while it is rewritten", table.name, column.name,
                 old.type, column.type);
        }
        if (old.fallback != column.fallback || (retyped && !column.fallback.empty())) {
            if (!column.fallback.empty()) {
                sql("{} set default {}", prefix, column.fallback);
            } else if (!retyped) {
                sql("{} drop default", prefix);
            }
        }
        if (old.nullable == column.nullable) return;
        sql("{} {} not null", prefix, column.nullable ? "drop" : "set");
        if (!column.nullable)
            warn("{}.{} becomes not null: the migration fails if a row has null there", table.name, column.name);
    }

    void add_constraints(bool foreign_keys) {
        for (const auto& table : now_.tables) {
            const auto* old = before_.find_table(table.name);
            for (const auto& constraint : table.constraints) {
                if ((constraint.type == ConstraintType::foreign_key) != foreign_keys) continue;
                if (old != nullptr && stays(constraint, *old, table)) continue;
                // create_table made the others.
                if (old == nullptr && !foreign_keys && !is_index(constraint)) continue;
                add_constraint(table, constraint, old != nullptr);
            }
        }
    }
    void add_constraint(const TableSnapshot& table, const ConstraintSnapshot& constraint, bool has_rows) {
        if (is_index(constraint)) {
            sql("{}", create_index(table, constraint));
            if (has_rows) {
                warn(
                    "index {} blocks writes to {} while it is built; for a big table make it by hand: db generate "
                    "--empty, "
                    "'-- no-transaction' as the first line, create index concurrently",
                    constraint.name, table.name);
            }
        } else {
            sql("alter table {} add {}", quote_identifier(table.name), definition_of(constraint));
            if (has_rows)
                warn("{} is checked against every row of {}, which is locked meanwhile", constraint.name, table.name);
        }
    }

    // ---- Policies and grants ----

    void change_guard(const TableSnapshot& table) {
        const auto* old = before_.find_table(table.name);
        Guard now(out_.statements, table.name, table.guard);
        if (old == nullptr) {
            now.create_policies();
            now.grant();
            return;
        }
        if (old->guard == table.guard) return;
        if (old->guard.wall != table.guard.wall || old->guard.tenant_column != table.guard.tenant_column) {
            Guard(out_.statements, table.name, old->guard).drop_policies();
            now.create_policies();
        }
        now.revoke();
        now.grant();
    }

    // ---- Functions, views, extensions ----

    static std::string trimmed(std::string_view text) {
        text = base::trim(text);
        while (text.ends_with(';')) text = base::trim(text.substr(0, text.size() - 1));
        return std::string(text);
    }
    static bool is_replaceable(const ObjectSnapshot& object) {
        return base::ascii_lower(base::trim(object.create_sql)).starts_with("create or replace ");
    }
    static const ObjectSnapshot* find_object(const Snapshot& snapshot, std::string_view name) {
        const auto found = std::ranges::find(snapshot.objects, name, &ObjectSnapshot::name);
        return found == snapshot.objects.end() ? nullptr : &*found;
    }

    void drop_objects() {
        for (const auto& old : std::views::reverse(before_.objects)) {
            const auto* now = find_object(now_, old.name);
            if (now != nullptr && (now->create_sql == old.create_sql || is_replaceable(*now))) continue;
            sql("{}", trimmed(old.drop_sql));
        }
    }
    void create_objects(SqlObject::Stage stage) {
        for (const auto& object : now_.objects) {
            if (object.stage != stage) continue;
            const auto* old = find_object(before_, object.name);
            if (old == nullptr || old->create_sql != object.create_sql) sql("{}", trimmed(object.create_sql));
        }
    }

    Snapshot before_;
    const Snapshot& now_;
    const DiffOptions& options_;
    Difference out_;
};

}  // namespace

Difference diff(const Snapshot& before, const Snapshot& now, const DiffOptions& options) {
    return Differ(before, now, options).run();
}

}  // namespace db::migrate
