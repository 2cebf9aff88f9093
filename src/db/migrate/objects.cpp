#include "db/migrate/objects.h"

#include <algorithm>
#include <array>
#include <ranges>

#include <fmt/format.h>

#include "base/strings.h"
#include "db/migrate/script.h"
#include "db/migrate/tokens.h"

namespace db::migrate {

namespace {

using Tokens = std::span<const Token>;

// ---- Reading -----------------------------------------------------------------------------------------------------

// Words between `create` and the kind.
constexpr std::array modifiers{"temp", "temporary", "unlogged", "recursive", "constraint", "unique", "global", "local"};
// Where the head of a routine ends.
constexpr std::array routine_options{
    "language", "transform", "window",   "immutable", "stable", "volatile", "leakproof", "not", "called", "strict",
    "security", "external",  "parallel", "cost",      "rows",   "support",  "set",       "as",  "begin",  "return"};
constexpr std::array column_users{"view",   "materialized view", "function", "procedure", "trigger", "rule",
                                  "policy", "aggregate"};

bool is_one_of(const Token& token, std::span<const char* const> words) {
    return std::ranges::any_of(words, [&](const char* word) { return token.is(word); });
}

class StatementReader {
public:
    StatementReader(std::vector<Token> tokens, ObjectText& out) : tokens_(std::move(tokens)), out_(out) {}

    void run() {
        const bool creates = at(0, "create");
        if (creates) read_creation();
        const bool routine = creates && (kind_ == "function" || kind_ == "procedure");
        for (std::size_t i = 0; i < tokens_.size(); ++i) add_use(i, routine);
        if (!creates) out_.rest.push_back(normalised(tokens_));
        out_.form += normalised(tokens_) + ";";
    }

private:
    bool at(std::size_t index, std::string_view word) const {
        return index < tokens_.size() && tokens_[index].is(word);
    }
    void erase(std::size_t begin, std::size_t count) {
        const auto first = tokens_.begin() + static_cast<std::ptrdiff_t>(begin);
        tokens_.erase(first, first + static_cast<std::ptrdiff_t>(count));
    }

    // `or replace` and `if not exists` are taken out: they make no other object.
    void read_creation() {
        ObjectText::Creation creation;
        std::size_t i = 1;
        if (at(i, "or") && at(i + 1, "replace")) {
            creation.replaces = true;
            erase(i, 2);
        }
        while (i < tokens_.size() && is_one_of(tokens_[i], modifiers)) ++i;
        if (i == tokens_.size()) return;
        kind_ = tokens_[i++].name();
        if (kind_ == "materialized" && at(i, "view")) {
            kind_ += " view";
            ++i;
        }
        if (at(i, "if") && at(i + 1, "not") && at(i + 2, "exists")) erase(i, 3);
        creation.kind = kind_;
        for (; i < tokens_.size() && tokens_[i].is_name(); i += 2) {
            creation.name = tokens_[i].name();
            if (!at(i + 1, ".")) break;
        }
        if (kind_ == "function" || kind_ == "procedure") creation.head = head(i + 1);
        out_.creations.push_back(std::move(creation));
    }

    // "( a integer ) returns bigint"
    std::string head(std::size_t begin) const {
        int depth = 0;
        std::size_t end = begin;
        for (; end < tokens_.size(); ++end) {
            const auto& token = tokens_[end];
            if (token.is("(")) ++depth;
            if (token.is(")")) --depth;
            const bool strict = token.is("returns") && at(end + 1, "null");
            if (depth == 0 && (strict || is_one_of(token, routine_options))) break;
        }
        return normalised({tokens_.begin() + static_cast<std::ptrdiff_t>(begin),
                           tokens_.begin() + static_cast<std::ptrdiff_t>(std::max(begin, end))});
    }

    void add_use(std::size_t index, bool routine) {
        const auto& token = tokens_[index];
        if (token.is_name()) out_.uses.insert(token.name());
        // A routine's body is a text that PostgreSQL reads when it runs.
        const bool body = routine && index > 0 && tokens_[index - 1].is("as");
        const bool quotes = token.kind == Token::Kind::text || (body && token.kind == Token::Kind::body);
        if (quotes) {
            for (auto& name : names_in(token.content())) (body ? out_.calls : out_.uses).insert(std::move(name));
        }
        if (token.is("*") || token.is("natural")) out_.takes_all_columns = true;
    }

    std::vector<Token> tokens_;
    ObjectText& out_;
    std::string kind_;
};

// ---- Planning ----------------------------------------------------------------------------------------------------

bool intersect(const Names& some, const Names& others) {
    return std::ranges::any_of(some, [&](const auto& name) { return others.contains(name); });
}

bool share_a_creation(const ObjectText& one, const ObjectText& other) {
    if (one.creations.empty() && other.creations.empty()) return true;
    return std::ranges::any_of(one.creations, [&](const auto& creation) {
        return std::ranges::any_of(other.creations, [&](const auto& candidate) {
            return candidate.kind == creation.kind && candidate.name == creation.name;
        });
    });
}

// Whether running the new text over what the old one made gives the same as the new text alone. `create or replace` keeps the
// grants of a routine, and refuses other parameters, names of parameters and results; of a view it takes new columns at the end
// alone, which the text does not tell.
bool replaces_in_place(const ObjectText& old, const ObjectText& now) {
    const auto fits = [](const ObjectText::Creation& creation) {
        return creation.replaces &&
               (creation.kind == "function" || creation.kind == "procedure" || creation.kind == "trigger");
    };
    if (now.creations.empty() || !std::ranges::all_of(now.creations, fits)) return false;
    auto then = old.creations;
    for (auto& creation : then) creation.replaces = true;
    return then == now.creations && old.rest == now.rest;
}

enum class Fate : std::uint8_t { stays, replaced, made_anew, goes };

struct Object {
    const ObjectSnapshot* before = nullptr;
    const ObjectSnapshot* now = nullptr;
    ObjectText old_text;
    ObjectText text;
    Fate fate = Fate::stays;

    [[nodiscard]] bool is_dropped() const { return fate == Fate::made_anew || fate == Fate::goes; }
};

class Planner {
public:
    Planner(std::span<const ObjectSnapshot> before, std::span<const ObjectSnapshot> now, const TableChanges& tables,
            bool allow_drops)
        : before_(before), now_(now), tables_(tables), allow_drops_(allow_drops) {}

    ObjectPlan run() {
        for (const auto& old : before_) objects_.push_back(judge(old));
        note_changed();
        while (drop_dependants()) {}
        for (const auto& object : std::views::reverse(objects_)) {
            if (!object.is_dropped() || as_statement(object.before->drop_sql).empty()) continue;
            const bool first = object.before->stage == SqlObject::Stage::after_tables;
            (first ? out_.drop_first : out_.drop_before).push_back(object.before);
        }
        for (const auto& object : now_) {
            if (!is_created(object)) continue;
            const bool first = object.stage == SqlObject::Stage::before_tables;
            (first ? out_.create_before : out_.create_after).push_back(&object);
        }
        return std::move(out_);
    }

private:
    Object judge(const ObjectSnapshot& old) {
        Object object{.before = &old, .now = counterpart(old, before_, now_), .old_text = read_object(old.create_sql)};
        if (object.now == nullptr) {
            object.fate = Fate::goes;
            require_drop_allowed(object);
        } else {
            object.text = read_object(object.now->create_sql);
            object.fate = fate_of(object);
        }
        if (object.is_dropped()) note_gone(object);
        return object;
    }

    Fate fate_of(const Object& object) {
        if (object.old_text.form == object.text.form) return Fate::stays;
        if (replaces_in_place(object.old_text, object.text)) return Fate::replaced;
        if (!object.old_text.holds_data() && !object.old_text.creates("extension")) return Fate::made_anew;
        out_.errors.push_back(fmt::format(
            "{}: its text has changed, and it cannot be dropped and made anew without losing what it holds or what "
            "depends on it. Run db generate NAME --empty and write the alter statement; db check proves that it leads "
            "to the new text",
            object.now->name));
        return Fate::stays;
    }

    void require_drop_allowed(const Object& object) {
        if (!object.old_text.holds_data() || allow_drops_) return;
        out_.errors.push_back(
            fmt::format("{} would be dropped with what it holds; if it shall go, run again with "
                        "--allow-drops",
                        object.before->name));
    }

    void note_gone(const Object& object) {
        for (const auto& creation : object.old_text.creations) out_.gone.insert(creation.name);
    }

    // PostgreSQL keeps what a function said when an index was built or a row was checked, and does not look again. Before
    // drop_dependants(), as what is made anew with its own text says what it said.
    void note_changed() {
        const auto note = [this](const ObjectText& text) {
            bool found = false;
            for (const auto& creation : text.creations)
                found = (creation.kind == "function" && out_.changed.insert(creation.name).second) || found;
            return found;
        };
        for (const auto& object : objects_) {
            if (object.fate == Fate::replaced || object.fate == Fate::made_anew) note(object.old_text);
        }
        const auto is_caller = [this](const ObjectText& text) {
            return intersect(text.uses, out_.changed) || intersect(text.calls, out_.changed);
        };
        for (bool found = !out_.changed.empty(); found;) {
            found = false;
            for (const auto& object : objects_) found = (is_caller(object.old_text) && note(object.old_text)) || found;
        }
    }

    // It holds values that a function gave.
    static bool keeps_answers(const ObjectText& text) {
        return text.creates("index") || text.creates("materialized view") ||
               std::ranges::any_of(text.rest,
                                   [](const auto& statement) { return statement.starts_with("alter table "); });
    }

    // One round: whoever uses what goes.
    bool drop_dependants() {
        bool found = false;
        for (auto& object : objects_) {
            if (object.is_dropped() || object.old_text.holds_data()) continue;
            const bool is_stale = object.fate == Fate::stays && keeps_answers(object.old_text) &&
                                  intersect(object.old_text.uses, out_.changed);
            if (!is_stale && !depends(object.old_text)) continue;
            object.fate = Fate::made_anew;
            note_gone(object);
            found = true;
        }
        return found;
    }

    bool depends(const ObjectText& text) const {
        if (intersect(text.uses, out_.gone) || intersect(text.uses, tables_.dropped)) return true;
        if (!text.creations.empty() && grants_on(text, tables_.regranted)) return true;
        if (std::ranges::none_of(column_users, [&](const char* kind) { return text.creates(kind); })) return false;
        if (intersect(text.uses, tables_.reshaped)) return true;
        return text.takes_all_columns && intersect(text.uses, tables_.extended);
    }

    bool is_created(const ObjectSnapshot& now) const {
        const auto object = std::ranges::find(objects_, &now, &Object::now);
        if (object == objects_.end() || object->fate != Fate::stays) return true;
        // What was granted beside the table's own grants went with them.
        return grants_on(object->old_text, tables_.regranted);
    }

    static bool grants_on(const ObjectText& text, const Names& tables) {
        return std::ranges::any_of(text.rest, [&](const std::string& statement) {
            if (!statement.starts_with("grant ") && !statement.starts_with("revoke ")) return false;
            return std::ranges::any_of(names_in(statement), [&](const auto& name) { return tables.contains(name); });
        });
    }

    std::span<const ObjectSnapshot> before_;
    std::span<const ObjectSnapshot> now_;
    const TableChanges& tables_;
    bool allow_drops_;
    std::vector<Object> objects_;
    ObjectPlan out_;
};

}  // namespace

bool ObjectText::creates(std::string_view kind) const {
    return std::ranges::find(creations, kind, &Creation::kind) != creations.end();
}

ObjectText read_object(std::string_view create_sql) {
    ObjectText text;
    for (const auto& statement : split_statements(create_sql)) StatementReader(tokens_of(statement.text), text).run();
    return text;
}

const ObjectSnapshot* counterpart(const ObjectSnapshot& object, std::span<const ObjectSnapshot> own,
                                  std::span<const ObjectSnapshot> others) {
    const auto text = read_object(object.create_sql);
    const auto find = [](std::span<const ObjectSnapshot> in, const std::string& name) {
        return std::ranges::find(in, name, &ObjectSnapshot::name);
    };
    const auto same_name = find(others, object.name);
    if (same_name != others.end() && share_a_creation(text, read_object(same_name->create_sql))) return &*same_name;
    for (const auto& other : others) {
        const bool taken = find(own, other.name) != own.end();
        if (!taken && !text.creations.empty() && share_a_creation(text, read_object(other.create_sql))) return &other;
    }
    return nullptr;
}

std::string as_statement(std::string_view sql) {
    sql = base::trim(sql);
    while (sql.ends_with(';')) sql = base::trim(sql.substr(0, sql.size() - 1));
    return std::string(sql);
}

ObjectPlan plan_objects(std::span<const ObjectSnapshot> before, std::span<const ObjectSnapshot> now,
                        const TableChanges& tables, bool allow_drops) {
    return Planner(before, now, tables, allow_drops).run();
}

}  // namespace db::migrate
