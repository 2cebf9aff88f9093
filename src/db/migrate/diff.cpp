#include "db/migrate/diff.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "db/migrate/ddl.h"
#include "db/migrate/objects.h"
#include "db/migrate/renames.h"
#include "db/migrate/tokens.h"
#include "db/sql.h"

namespace db::migrate {

namespace {

const ConstraintSnapshot* primary_key_of(const TableSnapshot& table) {
    const auto found = std::ranges::find(table.constraints, ConstraintType::primary_key, &ConstraintSnapshot::type);
    return found == table.constraints.end() ? nullptr : &*found;
}

// A primary key's column is not null, whatever its declaration says.
bool may_be_null(const TableSnapshot& table, const ColumnSnapshot& column) {
    const auto* key = primary_key_of(table);
    return column.nullable && (key == nullptr || std::ranges::find(key->columns, column.name) == key->columns.end());
}

// Whether a default may be another one for each row: it calls a function of which nothing is known.
bool may_be_volatile(std::string_view fallback) {
    const auto tokens = tokens_of(fallback);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        if (!tokens[i].is_name() || !tokens[i + 1].is("(")) continue;
        const bool is_type = i > 0 && tokens[i - 1].is(":");  // '…'::varchar(3)
        const bool is_of_the_transaction = tokens[i].is("now") || tokens[i].is("transaction_timestamp");
        if (!is_type && !is_of_the_transaction) return true;
    }
    return false;
}

// What depends on something goes before it changes and comes back after it: the order of run() is the whole of it.
class Differ {
public:
    Differ(const Snapshot& before, const Snapshot& now, const DiffOptions& options)
        : original_(before), renames_(rename(before, now)), before_(renames_.before), now_(now), options_(options) {}

    Difference run() {
        out_.errors = renames_.errors;
        const auto tables = table_changes();
        plan_ = plan_objects(original_.objects, now_.objects, tables, options_.allow_drops);
        std::ranges::copy(plan_.errors, std::back_inserter(out_.errors));
        run_all(plan_.drop_first, &ObjectSnapshot::drop_sql);
        append(renames_.statements);
        for (const auto& table : now_.tables) drop_policies_of(table);
        pair_renamed_constraints();
        drop_constraints(true);
        drop_constraints(false);
        for (const auto& [table, from, to] : renamed_constraints_) rename_constraint(*table, *from, *to);
        drop_tables();
        drop_defaults();
        run_all(plan_.drop_before, &ObjectSnapshot::drop_sql);
        run_all(plan_.create_before, &ObjectSnapshot::create_sql);
        for (const auto& table : now_.tables) {
            if (before_.find_table(table.name) == nullptr) sql("{}", create_table(table));
        }
        for (const auto& table : now_.tables) alter_columns(table);
        add_constraints(false);
        add_constraints(true);
        for (const auto& table : now_.tables) create_guard(table);
        run_all(plan_.create_after, &ObjectSnapshot::create_sql);
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
    void append(const std::vector<std::string>& statements) {
        out_.statements.insert(out_.statements.end(), statements.begin(), statements.end());
    }
    void run_all(const ObjectPlan::Objects& objects, std::string ObjectSnapshot::* text) {
        for (const auto* object : objects) append({as_statement(object->*text)});
    }

    // ---- What changes ----

    static bool retyped(const TableSnapshot& old, const ColumnSnapshot& column) {
        const auto* before = old.find_column(column.name);
        return before != nullptr && before->type != column.type;
    }
    static bool loses_key(const TableSnapshot& old, const TableSnapshot& now) {
        const auto* before = primary_key_of(old);
        const auto* after = primary_key_of(now);
        return before != nullptr && (after == nullptr || before->columns != after->columns);
    }
    bool wall_changes(const TableSnapshot& old, const TableSnapshot& now) const {
        if (old.guard.wall != now.guard.wall || old.guard.tenant_column != now.guard.tenant_column) return true;
        const auto* column = now.find_column(now.guard.tenant_column);
        return column != nullptr && retyped(old, *column);
    }

    TableChanges table_changes() const {
        TableChanges changes;
        for (const auto& old : before_.tables) {
            const auto name = renames_.old_table(old.name);
            const auto* now = now_.find_table(old.name);
            if (now == nullptr) {
                changes.dropped.insert(name);
                continue;
            }
            if (old.guard != now->guard) changes.regranted.insert(name);
            const bool drops = std::ranges::any_of(
                old.columns, [&](const auto& column) { return now->find_column(column.name) == nullptr; });
            const bool retypes =
                std::ranges::any_of(now->columns, [&](const auto& column) { return retyped(old, column); });
            if (drops || retypes || loses_key(old, *now)) changes.reshaped.insert(name);
            const bool adds = std::ranges::any_of(
                now->columns, [&](const auto& column) { return old.find_column(column.name) == nullptr; });
            const bool renames =
                std::ranges::find(renames_.columns, old.name, &Renames::Column::table) != renames_.columns.end();
            if (adds || renames) changes.extended.insert(name);
        }
        return changes;
    }

    // ---- Constraints and indexes ----

    // Its expression was understood for other types, calls what is dropped, or keeps what a function said that is another now: an
    // index by its old answers finds no rows by the new ones. A policy keeps nothing.
    bool is_shaken(const ConstraintSnapshot& constraint, const TableSnapshot& old, const TableSnapshot& now) const {
        const bool keeps_answers = constraint.type != ConstraintType::on_insert;
        for (const auto& name : names_in(constraint.predicate + " " + constraint.expression)) {
            const auto* column = now.find_column(name);
            if (plan_.gone.contains(name) || (column != nullptr && retyped(old, *column))) return true;
            if (keeps_answers && plan_.changed.contains(name)) return true;
        }
        return false;
    }

    // PostgreSQL ties a foreign key to its target's primary key, and compares both sides' types: it outlives no change of these.
    bool loses_target(const ConstraintSnapshot& constraint, const TableSnapshot& old, const TableSnapshot& now) const {
        if (!is_reference(constraint)) return false;
        const auto* old_target = before_.find_table(constraint.target);
        const auto* target = now_.find_table(constraint.target);
        if (old_target == nullptr || target == nullptr) return true;
        const auto is_retyped = [](const TableSnapshot& from, const TableSnapshot& to, const std::string& name) {
            const auto* column = to.find_column(name);
            return column != nullptr && retyped(from, *column);
        };
        return loses_key(*old_target, *target) ||
               std::ranges::any_of(constraint.columns, [&](const auto& name) { return is_retyped(old, now, name); }) ||
               std::ranges::any_of(constraint.target_columns,
                                   [&](const auto& name) { return is_retyped(*old_target, *target, name); });
    }

    bool stays(const ConstraintSnapshot& constraint, const TableSnapshot& old, const TableSnapshot& now) const {
        const auto* before = old.find_constraint(constraint.name);
        const auto* after = now.find_constraint(constraint.name);
        return before != nullptr && after != nullptr && *before == *after && outlives(*before, old, now);
    }
    bool outlives(const ConstraintSnapshot& constraint, const TableSnapshot& old, const TableSnapshot& now) const {
        return !is_shaken(constraint, old, now) && !loses_target(constraint, old, now);
    }

    // A constraint whose name alone is new is the same one: no need to check or build it again.
    void pair_renamed_constraints() {
        for (const auto& table : now_.tables) {
            const auto* old = before_.find_table(table.name);
            if (old == nullptr) continue;
            for (const auto& constraint : table.constraints) {
                // A policy has its name in its text.
                if (is_name_taken(constraint.name) || constraint.type == ConstraintType::on_insert) continue;
                const auto same = std::ranges::find_if(old->constraints, [&](const ConstraintSnapshot& candidate) {
                    auto renamed = candidate;
                    renamed.name = constraint.name;
                    return renamed == constraint && table.find_constraint(candidate.name) == nullptr &&
                           outlives(candidate, *old, table) && !is_renamed(candidate);
                });
                if (same != old->constraints.end()) renamed_constraints_.push_back({&table, &*same, &constraint});
            }
        }
    }
    // By a table's, an index's or a constraint's old name, on whatever table.
    bool is_name_taken(const std::string& name) const {
        return std::ranges::any_of(before_.tables, [&](const TableSnapshot& table) {
            return renames_.old_table(table.name) == name || table.find_constraint(name) != nullptr;
        });
    }
    bool is_renamed(const ConstraintSnapshot& constraint) const {
        return std::ranges::any_of(renamed_constraints_, [&](const RenamedConstraint& one) {
            return one.from == &constraint || one.to == &constraint;
        });
    }
    void rename_constraint(const TableSnapshot& table, const ConstraintSnapshot& from, const ConstraintSnapshot& to) {
        if (is_index(from)) {
            sql("alter index {} rename to {}", quote_identifier(from.name), quote_identifier(to.name));
        } else {
            sql("alter table {} rename constraint {} to {}", quote_identifier(table.name), quote_identifier(from.name),
                quote_identifier(to.name));
        }
    }

    void drop_constraints(bool references) {
        for (const auto& old : before_.tables) {
            const auto* table = now_.find_table(old.name);
            // What belongs to a dropped table goes with it, but for the foreign keys between dropped tables.
            if (table == nullptr && (!references || !options_.allow_drops)) continue;
            for (const auto& constraint : old.constraints) {
                if (is_reference(constraint) != references) continue;
                if (table != nullptr && (stays(constraint, old, *table) || is_renamed(constraint))) continue;
                if (is_index(constraint)) {
                    sql("drop index {}", quote_identifier(constraint.name));
                } else if (constraint.type == ConstraintType::on_insert) {
                    sql("drop policy {} on {}", quote_identifier(constraint.name), quote_identifier(old.name));
                } else {
                    sql("alter table {} drop constraint {}", quote_identifier(old.name),
                        quote_identifier(constraint.name));
                }
            }
        }
    }

    void add_constraints(bool references) {
        for (const auto& table : now_.tables) {
            const auto* old = before_.find_table(table.name);
            for (const auto& constraint : table.constraints) {
                if (is_reference(constraint) != references) continue;
                if (old != nullptr && (stays(constraint, *old, table) || is_renamed(constraint))) continue;
                if (old == nullptr && comes_with_table(table, constraint)) continue;
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
        } else if (constraint.type == ConstraintType::on_insert) {
            sql("{}", create_insert_policy(table.name, constraint));
        } else {
            sql("alter table {} add {}", quote_identifier(table.name), definition_of(constraint));
            if (has_rows)
                warn("{} is checked against every row of {}, which is locked meanwhile", constraint.name, table.name);
        }
    }

    // ---- Tables and columns ----

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

    // Those that call what is dropped; alter_column() gives them back.
    void drop_defaults() {
        for (auto& old : before_.tables) {
            if (now_.find_table(old.name) == nullptr) continue;
            for (auto& column : old.columns) {
                const bool uses_it = std::ranges::any_of(names_in(column.fallback),
                                                         [&](const auto& name) { return plan_.gone.contains(name); });
                if (!uses_it) continue;
                sql("alter table {} alter column {} drop default", quote_identifier(old.name),
                    quote_identifier(column.name));
                column.fallback.clear();
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
            old->find_column(column.name) == nullptr ? add_column(table, column) : alter_column(*old, table, column);
        }
    }

    void drop_column(const TableSnapshot& table, const ColumnSnapshot& column) {
        if (options_.allow_drops) {
            sql("alter table {} drop column {}", quote_identifier(table.name), quote_identifier(column.name));
        } else {
            refuse(
                "column {0}.{1} would be dropped with its data. If it has a new name, declare "
                "db::renamed_column<&...>(\"{1}\") in the table; if it shall go, run again with --allow-drops",
                table.name, column.name);
        }
    }

    void add_column(const TableSnapshot& table, const ColumnSnapshot& column) {
        if (column.nullable || !column.fallback.empty()) {
            sql("alter table {} add column {}", quote_identifier(table.name), definition_of(column));
            if (may_be_volatile(column.fallback)) {
                warn(
                    "{0}.{1} is new with the default {2}: unless that is the same for all rows, as now() is, {0} is "
                    "locked "
                    "while it is rewritten",
                    table.name, column.name, column.fallback);
            }
            return;
        }
        if (table.guard.wall == Wall::tenant && column.name == table.guard.tenant_column) {
            refuse(
                "table {0} becomes a tenant's, but its rows have none. Run db generate NAME --empty and write: add "
                "column {1} uuid; an update that gives each row its tenant; set not null; then the keys, policies and "
                "grants. db check proves that it leads to the declared table",
                table.name, column.name);
            return;
        }
        refuse(
            "column {0}.{1} is new and not null, but the rows that are there have no value for it. Give "
            "db::column_default<&...>(\"<SQL>\") in the table, or make the member std::optional, fill it in a second "
            "migration (--empty) and make it required in a third",
            table.name, column.name);
    }

    void alter_column(const TableSnapshot& old_table, const TableSnapshot& table, const ColumnSnapshot& column) {
        const auto& old = *old_table.find_column(column.name);
        const auto prefix =
            fmt::format("alter table {} alter column {}", quote_identifier(table.name), quote_identifier(column.name));
        const bool changes_type = old.type != column.type;
        if (changes_type) retype(prefix, table, old, column);
        if (old.fallback != column.fallback || (changes_type && !column.fallback.empty())) {
            if (!column.fallback.empty()) {
                sql("{} set default {}", prefix, column.fallback);
            } else if (!changes_type) {
                sql("{} drop default", prefix);
            }
        }
        if (!may_be_null(old_table, old) && may_be_null(table, column)) sql("{} drop not null", prefix);
        if (!old.nullable || column.nullable) return;
        sql("{} set not null", prefix);
        warn("{}.{} becomes not null: the migration fails if a row has null there", table.name, column.name);
    }

    void retype(const std::string& prefix, const TableSnapshot& table, const ColumnSnapshot& old,
                const ColumnSnapshot& column) {
        const auto value = conversion(column.name, old.type, column.type);
        if (!value) {
            refuse(
                "{0}.{1} changes from {2} to {3}, and PostgreSQL has no way from one to the other. Make a new column, "
                "fill it in a migration of its own (--empty), and drop this one",
                table.name, column.name, old.type, column.type);
            return;
        }
        if (loses_data(old.type, column.type) && !options_.allow_drops) {
            refuse(
                "{0}.{1} changes from {2} to {3}, which rounds or cuts what the rows have. Make a new column and fill "
                "it "
                "in a migration of its own (--empty); or, if the rest may go, --allow-drops",
                table.name, column.name, old.type, column.type);
            return;
        }
        // The old default may have no cast to the new type.
        if (!old.fallback.empty()) sql("{} drop default", prefix);
        sql("{} type {} using {}", prefix, column.type, *value);
        warn("{}.{} changes from {} to {}: the table is locked while it is rewritten", table.name, column.name,
             old.type, column.type);
    }

    // ---- Policies and grants ----

    void drop_policies_of(const TableSnapshot& table) {
        const auto* old = before_.find_table(table.name);
        if (old != nullptr && wall_changes(*old, table)) append(drop_policies(table.name, old->guard));
    }
    void create_guard(const TableSnapshot& table) {
        const auto* old = before_.find_table(table.name);
        if (old == nullptr || wall_changes(*old, table)) append(create_policies(table.name, table.guard));
        if (old != nullptr && old->guard == table.guard) return;
        if (old != nullptr) append({revoke_grants(table.name)});
        append(create_grants(table.name, table.guard));
    }

    struct RenamedConstraint {
        const TableSnapshot* table;
        const ConstraintSnapshot* from;
        const ConstraintSnapshot* to;
    };

    const Snapshot& original_;
    const Renames renames_;
    Snapshot before_;  // renamed, and without what run() has undone
    const Snapshot& now_;
    const DiffOptions& options_;
    ObjectPlan plan_;
    std::vector<RenamedConstraint> renamed_constraints_;
    Difference out_;
};

}  // namespace

Difference diff(const Snapshot& before, const Snapshot& now, const DiffOptions& options) {
    return Differ(before, now, options).run();
}

}  // namespace db::migrate
