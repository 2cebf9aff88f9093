#include "db/migrate/compatibility.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "db/migrate/ddl.h"
#include "db/migrate/objects.h"
#include "db/migrate/renames.h"
#include "db/migrate/tokens.h"

namespace db::migrate {

namespace {

// Each takes every value of the ones before it.
constexpr std::array whole_numbers{std::string_view("smallint"), std::string_view("integer"),
                                   std::string_view("bigint")};

bool narrows(std::string_view from, std::string_view to) {
    const auto old = std::ranges::find(whole_numbers, from);
    const auto now = std::ranges::find(whole_numbers, to);
    if (old != whole_numbers.end() && now != whole_numbers.end()) return now < old;
    return to != "text" && !(to == "jsonb" && from != "text");
}

// The texts of "kind in ('a', 'b')", and the expression without them.
struct Choice {
    std::set<std::string> values;
    std::string rest;
};
Choice choice_of(std::string_view predicate) {
    Choice choice;
    for (const auto& token : tokens_of(predicate)) {
        if (token.kind == Token::Kind::text) {
            choice.values.emplace(token.text);
        } else if (!token.is(",")) {
            choice.rest += std::string(token.text) + " ";
        }
    }
    return choice;
}
std::vector<std::string> without(const std::set<std::string>& some, const std::set<std::string>& others) {
    std::vector<std::string> left;
    std::ranges::set_difference(some, others, std::back_inserter(left));
    return left;
}

bool is_unique(const ConstraintSnapshot& constraint) {
    return constraint.type == ConstraintType::primary_key || constraint.type == ConstraintType::unique ||
           constraint.type == ConstraintType::unique_index;
}

class Reviewer {
public:
    Reviewer(const Snapshot& before, const Snapshot& now) : renames_(rename(before, now)), now_(now) {}

    std::vector<std::string> run() {
        for (const auto& [name, old] : renames_.tables) {
            say("table {0} becomes {1}: every statement of the release before that names {0} fails. Stop its instances "
                "while this is applied, or add {1} beside {0}, write to both for a release, and drop {0} in the next",
                old, name);
        }
        for (const auto& old : renames_.before.tables) {
            const auto* table = now_.find_table(old.name);
            if (table == nullptr) {
                say("table {} is dropped: every statement of the release before that names it fails. Release the code "
                    "that does without it first, and drop it in the release after",
                    old.name);
                continue;
            }
            review_guard(old, *table);
            review_columns(old, *table);
            review_constraints(old, *table);
        }
        for (const auto& old : renames_.before.objects) review_object(old);
        return std::move(out_);
    }

private:
    template <class... Arguments>
    void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        out_.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }

    void review_guard(const TableSnapshot& old, const TableSnapshot& now) {
        if (now.guard.wall == Wall::system && old.guard.wall != Wall::system) {
            say("table {} is no tenant's any more: the release before reads it as the role app, which may not. Release "
                "the code that uses SystemDb on it together with this, and stop the instances before",
                now.name);
        }
        if (now.guard.access == Access::no_delete && old.guard.access == Access::read_write) {
            say("rows of {} may no longer be deleted: deletes of the release before are refused. Release the code "
                "without "
                "them first",
                now.name);
        }
        if (now.guard.access != Access::append_only) return;
        if (old.guard.access != Access::append_only) {
            say("table {} becomes append-only: updates and deletes of the release before are refused. Release the code "
                "without them first",
                now.name);
            return;
        }
        for (const auto& column : old.guard.updatable) {
            if (std::ranges::find(now.guard.updatable, column) != now.guard.updatable.end()) continue;
            if (now.find_column(column) == nullptr) continue;
            say("{}.{} may no longer be updated: the release before may do so. Release the code without it first",
                now.name, column);
        }
    }

    // ---- Columns ----

    void review_columns(const TableSnapshot& old, const TableSnapshot& now) {
        for (const auto& [table, from, to] : renames_.columns) {
            if (table != now.name) continue;
            say("{0}.{1} becomes {2}: every statement of the release before that names it fails. Stop its instances "
                "while this is applied, or add {2} beside {1}, write to both for a release, and drop {1} in the next",
                table, from, to);
        }
        for (const auto& column : old.columns) {
            const auto* after = now.find_column(column.name);
            if (after != nullptr) {
                review_column(now, column, *after);
            } else {
                say("{0}.{1} is dropped: every statement of the release before that names it fails. First release the "
                    "code that does without it, with {1} nullable or with a default so that both can insert; drop it "
                    "in "
                    "the release after",
                    now.name, column.name);
            }
        }
    }

    void review_column(const TableSnapshot& table, const ColumnSnapshot& old, const ColumnSnapshot& now) {
        if (old.type != now.type) {
            say("{0}.{1} changes from {2} to {3}: the release before reads and writes {2} and fails on the other{4}. "
                "Add "
                "a new column of the type {3}, write to both for a release, and drop {1} in the next",
                table.name, now.name, old.type, now.type,
                loses_data(old.type, now.type) ? "; and values are rounded or cut"
                : narrows(old.type, now.type)  ? "; and a value that does not fit ends the migration"
                                               : "");
        }
        if (old.nullable && !now.nullable && now.fallback.empty()) {
            say("{0}.{1} becomes not null: what the release before inserts without it is refused. First release the "
                "code "
                "that always writes it, then require it",
                table.name, now.name);
        } else if (old.nullable && !now.nullable) {
            say("{0}.{1} becomes not null: a null that the release before writes is refused, in spite of the default. "
                "First release the code that always writes it, then require it",
                table.name, now.name);
        }
        if (!old.nullable && now.nullable) {
            say("{0}.{1} may be null: the release before cannot read a row where it is. First release the code that "
                "reads null, then the code that writes it",
                table.name, now.name);
        }
        if (!now.nullable && !old.fallback.empty() && now.fallback.empty() && !old.nullable) {
            say("{0}.{1} loses its default: an insert of the release before that leaves it out fails. First release "
                "the "
                "code that always writes it",
                table.name, now.name);
        }
    }

    // ---- Constraints ----

    void review_constraints(const TableSnapshot& old, const TableSnapshot& now) {
        for (const auto& constraint : now.constraints) {
            const auto* before = old.find_constraint(constraint.name);
            if (before == nullptr) before = under_another_name(constraint, old, now);
            auto renamed = before == nullptr ? ConstraintSnapshot() : *before;
            renamed.name = constraint.name;
            if (renamed != constraint) review_addition(now, before, constraint);
        }
        for (const auto& constraint : old.constraints) {
            const auto* after = now.find_constraint(constraint.name);
            const bool stays = after != nullptr && after->columns == constraint.columns &&
                               after->predicate == constraint.predicate && after->expression == constraint.expression;
            if (!is_unique(constraint) || stays || covered(constraint, now)) continue;
            say("the key {} goes or changes: an `on conflict` of the release before that relies on it fails. First "
                "release the code that does without it",
                constraint.name);
        }
    }

    static const ConstraintSnapshot* under_another_name(const ConstraintSnapshot& constraint, const TableSnapshot& old,
                                                        const TableSnapshot& now) {
        const auto found = std::ranges::find_if(old.constraints, [&](const ConstraintSnapshot& candidate) {
            if (now.find_constraint(candidate.name) != nullptr || candidate.type != constraint.type) return false;
            if (constraint.type == ConstraintType::check)
                return choice_of(candidate.predicate).rest == choice_of(constraint.predicate).rest;
            auto renamed = candidate;
            renamed.name = constraint.name;
            return renamed == constraint;
        });
        return found == old.constraints.end() ? nullptr : &*found;
    }
    static bool covered(const ConstraintSnapshot& key, const TableSnapshot& now) {
        return std::ranges::any_of(now.constraints, [&](const ConstraintSnapshot& other) {
            return is_unique(other) && other.columns == key.columns && other.predicate == key.predicate &&
                   other.expression == key.expression;
        });
    }

    void review_addition(const TableSnapshot& table, const ConstraintSnapshot* before, const ConstraintSnapshot& now) {
        if (now.type == ConstraintType::check || (now.type == ConstraintType::on_insert && now.target.empty()))
            return review_check(table, before, now);
        if (is_reference(now)) {
            if (before != nullptr && before->target == now.target && before->columns == now.columns)
                return review_proof(table, *before, now);
            say("the reference {} of {} is new or changed: rows of the release before that refer to nothing are "
                "refused. "
                "First release the code that writes none",
                now.name, table.name);
        } else if (is_unique(now)) {
            say("the key {} of {} is new or changed: a second row with it is refused to the release before, which does "
                "not know the error. First release the code that writes none",
                now.name, table.name);
        }
    }

    // The same reference, proven in another way: what was refused is refused, by the same name, and so with the same error. It may be
    // refused earlier than before.
    void review_proof(const TableSnapshot& table, const ConstraintSnapshot& before, const ConstraintSnapshot& now) {
        if (before.deferred && !now.deferred) {
            say("the reference {} of {} is proven at once, no longer at the end of the transaction: the release before "
                "works where it inserts the row that is named first; the other way round it is refused. First release "
                "the code that inserts it first",
                now.name, table.name);
        } else if (before.type == ConstraintType::foreign_key && now.type == ConstraintType::on_insert) {
            say("the reference {} of {} is proven as the row is inserted, no longer by a foreign key: the release "
                "before works, but for a statement that inserts this row and the one it names at once, which is "
                "refused. Where it has one, first release the code that inserts the named row in a statement of its "
                "own",
                now.name, table.name);
        }
    }

    void review_check(const TableSnapshot& table, const ConstraintSnapshot* before, const ConstraintSnapshot& now) {
        const auto choice = choice_of(now.predicate);
        const auto former = before == nullptr ? Choice() : choice_of(before->predicate);
        if (before == nullptr || choice.rest != former.rest || choice.values.empty()) {
            say("the check {} of {} is new or changed: rows of the release before that fail it are refused. First "
                "release the code that writes none",
                now.name, table.name);
            return;
        }
        if (const auto gone = without(former.values, choice.values); !gone.empty()) {
            say("{0} of {1} no longer takes {2}: the release before may write it, and a row that has it ends the "
                "migration. First release the code that does not write it, and change the rows",
                now.name, table.name, fmt::join(gone, ", "));
        }
        if (const auto added = without(choice.values, former.values); !added.empty()) {
            say("{0} of {1} takes {2}: the release before cannot read a row that has it. First release the code that "
                "knows it, then the code that writes it",
                now.name, table.name, fmt::join(added, ", "));
        }
    }

    // ---- Functions, views and the rest ----

    void review_object(const ObjectSnapshot& old) {
        const auto text = read_object(old.create_sql);
        const auto* now = counterpart(old, renames_.before.objects, now_.objects);
        const auto text_now = now == nullptr ? ObjectText() : read_object(now->create_sql);
        if (text.form == text_now.form) return;
        for (const auto& creation : text.creations) review_creation(creation, text_now);
    }

    void review_creation(const ObjectText::Creation& old, const ObjectText& now) {
        if (old.kind == "trigger" || old.kind == "index" || old.kind == "statistics") return;
        const auto after = std::ranges::find_if(now.creations, [&](const auto& creation) {
            return creation.kind == old.kind && creation.name == old.name;
        });
        if (after == now.creations.end()) {
            say("the {0} {1} is dropped: every statement of the release before that uses it fails. First release the "
                "code that does without it",
                old.kind, old.name);
        } else if (after->head != old.head) {
            say("the {0} {1} takes or returns something else: calls of the release before fail. Make the new one under "
                "another name, and drop the old one in the release after",
                old.kind, old.name);
        } else if (old.kind.ends_with("view")) {
            say("the {0} {1} is made anew: a statement of the release before that reads a column of it fails if that "
                "column went or changed its type. Make the new one under another name then",
                old.kind, old.name);
        }
    }

    const Renames renames_;
    const Snapshot& now_;
    std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> broken_by(const Snapshot& before, const Snapshot& now) { return Reviewer(before, now).run(); }

}  // namespace db::migrate
