#include "db/migrate/renames.h"

#include <algorithm>

#include <fmt/format.h>

#include "db/migrate/tokens.h"
#include "db/sql.h"

namespace db::migrate {

namespace {

class Renamer {
public:
    Renamer(const Snapshot& before, const Snapshot& now) : now_(now) { out_.before = before; }

    Renames run() {
        for (const auto& table : now_.tables) rename_table(table);
        for (const auto& table : now_.tables) {
            const auto old = std::ranges::find(out_.before.tables, table.name, &TableSnapshot::name);
            if (old == out_.before.tables.end()) continue;
            for (const auto& column : table.columns) rename_column(*old, table, column);
        }
        return std::move(out_);
    }

private:
    void rename_table(const TableSnapshot& table) {
        if (table.renamed_from.empty()) return;
        const auto old = std::ranges::find(out_.before.tables, table.renamed_from, &TableSnapshot::name);
        if (old == out_.before.tables.end()) return;
        const auto* other = now_.find_table(table.renamed_from);
        if (other != nullptr && changes_places(table.name, other->name, out_.before.find_table(table.name) != nullptr,
                                               out_.before.find_table(other->renamed_from) != nullptr))
            return;
        if (!may_rename(table.name, table.renamed_from, "table", other != nullptr,
                        out_.before.find_table(table.name) != nullptr))
            return;
        out_.statements.push_back(
            fmt::format("alter table {} rename to {}", quote_identifier(old->name), quote_identifier(table.name)));
        out_.tables.emplace(table.name, old->name);
        for (auto& other : out_.before.tables) {
            for (auto& constraint : other.constraints) {
                if (constraint.target == table.renamed_from) constraint.target = table.name;
            }
        }
        old->name = table.name;
    }

    // Two that change names, or more in a circle: each old name is a new one, too.
    bool changes_places(const std::string& name, const std::string& other, bool exists, bool other_was_another) {
        if (!exists || !other_was_another) return false;
        out_.errors.push_back(fmt::format(
            "{} is declared as renamed from {}, which is itself declared as renamed from what is there. Do it in "
            "steps: rename one of them to a third name in a migration of its own first",
            name, other));
        return true;
    }

    // A declaration may stay when its rename is done: the old name is gone then. Where both names are there, the old one has
    // come back since, or the new one is older than the rename: which rows are meant, nobody can tell.
    bool may_rename(const std::string& to, const std::string& from, std::string_view what, bool still_declared,
                    bool exists_already) {
        if (still_declared && exists_already) return false;
        if (still_declared) {
            out_.errors.push_back(
                fmt::format("{} is declared as renamed from {}, which is still a {}", to, from, what));
        } else if (exists_already) {
            out_.errors.push_back(fmt::format(
                "{0} is declared as renamed from {1}, but the schema before has both. Take the declaration of the "
                "rename out if {1} shall go; else drop {0} in a migration of its own first",
                to, from));
        }
        return !still_declared && !exists_already;
    }

    void rename_column(TableSnapshot& old, const TableSnapshot& table, const ColumnSnapshot& column) {
        if (column.renamed_from.empty() || old.find_column(column.renamed_from) == nullptr) return;
        const auto* other = table.find_column(column.renamed_from);
        if (other != nullptr &&
            changes_places(table.name + "." + column.name, table.name + "." + other->name,
                           old.find_column(column.name) != nullptr, old.find_column(other->renamed_from) != nullptr))
            return;
        if (!may_rename(table.name + "." + column.name, column.renamed_from, "column",
                        table.find_column(column.renamed_from) != nullptr, old.find_column(column.name) != nullptr))
            return;
        out_.statements.push_back(fmt::format("alter table {} rename column {} to {}", quote_identifier(table.name),
                                              quote_identifier(column.renamed_from), quote_identifier(column.name)));
        out_.columns.push_back({table.name, column.renamed_from, column.name});
        follow(old, column.renamed_from, column.name);
    }

    // As PostgreSQL does by itself.
    void follow(TableSnapshot& table, const std::string& from, const std::string& to) {
        std::ranges::find(table.columns, from, &ColumnSnapshot::name)->name = to;
        std::ranges::replace(table.guard.updatable, from, to);
        std::ranges::sort(table.guard.updatable);
        if (table.guard.tenant_column == from) table.guard.tenant_column = to;
        for (auto& constraint : table.constraints) {
            std::ranges::replace(constraint.columns, from, to);
            constraint.predicate = rename_in(constraint.predicate, from, to);
            constraint.expression = rename_in(constraint.expression, from, to);
        }
        for (auto& other : out_.before.tables) {
            for (auto& constraint : other.constraints) {
                if (constraint.target == table.name) std::ranges::replace(constraint.target_columns, from, to);
            }
        }
    }

    const Snapshot& now_;
    Renames out_;
};

}  // namespace

std::string Renames::old_table(std::string_view name) const {
    const auto found = tables.find(name);
    return found == tables.end() ? std::string(name) : found->second;
}

Renames rename(const Snapshot& before, const Snapshot& now) { return Renamer(before, now).run(); }

}  // namespace db::migrate
