#pragma once
// Random schemas for the differ's property test: tables of both walls with every kind of column, key and reference, and views,
// functions, triggers and settings over them, that always make sense. Things have numbers, so that one that was renamed is known
// again. Values: any thread.
//
//     RandomSchema schema(seed);                             // include random_schema_snapshot.h for what it says
//     auto next = schema;
//     for (int i = 0; i < 5; ++i) next.change();
//     diff(schema.snapshot(), next.snapshot(&schema));       // knows what was renamed
//     connection.execute(schema.rows(next));                 // rows that the second schema takes, too

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "db/migrate/snapshot.h"

namespace db::migrate::sample {

class RandomSchema {
public:
    explicit RandomSchema(std::uint64_t seed, std::string prefix = "t") : dice_(seed), prefix_(std::move(prefix)) {
        if (chance(50)) extension_ = true;
        if (chance(50)) one_ = 1;
        if (chance(50)) sequence_ = true;
        for (int i = 0, count = 2 + below(3); i < count; ++i) add_table();
        for (int i = 0, count = below(10); i < count; ++i) change();
        for (int i = 0, count = 2 + below(5); i < count; ++i) add_object();
        settled_ = last_id_;
    }

    // One random change that the rows survive.
    void change();
    [[nodiscard]] Snapshot snapshot(const RandomSchema* before = nullptr) const;
    // Three rows for each table. Null only where `next` takes it.
    [[nodiscard]] std::vector<std::string> rows(const RandomSchema& next) const;

    // A query for each column of this schema that `next` has too with the same type, for this schema and for `next`: both give
    // the same, or values were lost.
    struct Probe {
        std::string before;
        std::string after;
    };
    [[nodiscard]] std::vector<Probe> probes(const RandomSchema& next) const;

private:
    enum class Default : std::uint8_t { none, constant, function, sequence };
    struct Column {
        int id = 0;
        std::string name;
        std::string type;
        bool nullable = false;
        Default fallback = Default::none;
        std::vector<std::string> values = {};  // what it may be; empty: anything
    };
    struct Key {
        int id = 0;
        std::vector<int> columns;
        bool partial = false;
        bool deferred = false;
    };
    struct Index {
        enum class Kind : std::uint8_t { plain, partial, lower, trigram };
        int id = 0;
        int column = 0;
        Kind kind = Kind::plain;
    };
    struct Check {
        int id = 0;
        int column = 0;
        bool calls = false;
    };
    struct Reference {
        int id = 0;
        int column = 0;
        int target = 0;
        bool deferred = false;
    };
    struct Table {
        int id = 0;
        std::string name;
        bool global = false;
        bool append_only = false;
        int key_column = 0;  // of the primary key
        int second_key_column = 0;
        int updatable = 0;
        int fill = 0;
        bool granted = false;
        std::vector<Column> columns = {};
        std::vector<Key> keys = {};
        std::vector<Index> indexes = {};
        std::vector<Check> checks = {};
        std::vector<Reference> references = {};
    };
    struct View {
        int id = 0;
        int table = 0;
        int view = 0;  // over that view instead
        std::vector<int> columns = {};
        bool materialized = false;
        bool own_names = false;
        bool grouped = false;
        bool replaces = false;
        bool calls = false;
    };
    struct Function {
        int id = 0;
        std::vector<std::string> parameters = {};  // "name type"
        std::string returns = "bigint";
        int body = 1;
        int table = 0;  // counts its rows, in a body that PostgreSQL follows
        int column = 0;
        bool replaces = true;
        bool definer = false;
    };
    struct Trigger {
        int id = 0;
        int table = 0;
        int column = 0;  // of these updates alone
        int body = 1;
    };

    // ---- Dice ----

    int below(int limit) { return static_cast<int>(dice_() % static_cast<std::uint64_t>(limit)); }
    bool chance(int percent) { return below(100) < percent; }
    auto& pick(auto& items) { return items[static_cast<std::size_t>(below(static_cast<int>(items.size())))]; }

    template <class Items>
    static auto* find(Items& items, int id) {
        const auto found = std::ranges::find_if(items, [&](const auto& item) { return item.id == id; });
        return found == items.end() ? nullptr : &*found;
    }
    const Table& table(int id) const { return *find(tables_, id); }

    // ---- Making ----

    void add_table();
    Column& add_column(Table& table, const std::string& type);
    void add_part(Table& table);
    void add_object();
    void add_view();

    // ---- Changing ----

    void change_shared(int kind);
    void change_table(Table& table);
    void change_column(Table& table);
    void change_object();
    void change_view(View& view);
    void change_function(Function& function);
    void retype(Table& table, Column& column);
    void retype_key(Table& table);
    void drop_column(Table& table, int column);
    void drop_table(int id);
    void make_global(Table& table);
    void drop_view(int id);
    void forget_one();
    [[nodiscard]] bool has_value(const Column& column) const {
        return column.id <= settled_ || column.fallback != Default::none;
    }
    [[nodiscard]] bool is_key(const Table& table, int column) const;
    [[nodiscard]] bool is_keyed(const Table& table, int column) const;

    // ---- Saying ----

    TableSnapshot say(const Table& table) const;
    ColumnSnapshot say(const Column& column) const;
    void say_constraints(const Table& table, TableSnapshot& out) const;
    ConstraintSnapshot say(const Table& table, const Key& key) const;
    ConstraintSnapshot say(const Table& table, const Index& index) const;
    ConstraintSnapshot say(const Table& table, const Check& check) const;
    ConstraintSnapshot say(const Table& table, const Reference& reference) const;
    std::vector<std::string> key_of(const Table& table) const;
    std::string output(const View& view, int column) const;
    ObjectSnapshot say(const View& view) const;
    ObjectSnapshot say(const Function& function) const;
    std::vector<ObjectSnapshot> say(const Trigger& trigger) const;
    void say_objects(std::vector<ObjectSnapshot>& out) const;
    static std::string value(const Column& column, int row);

    std::mt19937_64 dice_;
    std::string prefix_;
    int last_id_ = 0;
    int settled_ = 0;  // columns beyond are new: their rows have no value but the default
    bool extension_ = false;
    bool sequence_ = false;
    int one_ = 0;  // a function of defaults and checks: its body's version; 0: none
    std::string one_returns_ = "integer";
    bool one_replaces_ = true;
    std::vector<Table> tables_;
    std::vector<View> views_;
    std::vector<Function> functions_;
    std::vector<Trigger> triggers_;
};

namespace detail {

inline bool is_number(const std::string& type) {
    return type == "smallint" || type == "integer" || type == "bigint" || type == "numeric(18,4)" ||
           type == "double precision";
}
inline const std::vector<std::string>& types() {
    static const std::vector<std::string> all{
        "text", "text",        "text",          "integer", "bigint", "smallint", "uuid",  "boolean",
        "date", "timestamptz", "numeric(18,4)", "jsonb",   "text[]", "bigint[]", "bytea", "double precision"};
    return all;
}
// Names that are key words or values elsewhere, too.
inline const std::vector<std::string>& names() {
    static const std::vector<std::string> all{"name", "order", "unit",  "count", "kind",
                                              "user", "level", "table", "text"};
    return all;
}

}  // namespace detail

// ---- Making ------------------------------------------------------------------------------------------------------

inline void RandomSchema::add_table() {
    Table table{.id = ++last_id_, .name = fmt::format("{}{}", prefix_, last_id_), .global = chance(25)};
    auto& key = table.columns.emplace_back(Column{.id = ++last_id_, .name = "id", .type = "uuid"});
    table.key_column = key.id;
    table.append_only = chance(20);
    for (int i = 0, count = 1 + below(4); i < count; ++i) add_column(table, pick(detail::types()));
    tables_.push_back(std::move(table));
    for (int i = 0, count = below(5); i < count; ++i) add_part(tables_.back());
}

inline RandomSchema::Column& RandomSchema::add_column(Table& table, const std::string& type) {
    auto name = pick(detail::names());
    const int id = ++last_id_;
    if (std::ranges::any_of(table.columns, [&](const Column& other) { return other.name == name; }) || chance(30))
        name = fmt::format("c{}", id);
    auto& column = table.columns.emplace_back(Column{.id = id, .name = name, .type = type, .nullable = chance(40)});
    if (!column.nullable || chance(30)) column.fallback = Default::constant;
    if (detail::is_number(type) && column.fallback == Default::constant) {
        if (one_ > 0 && chance(40)) column.fallback = Default::function;
        if (sequence_ && chance(40)) column.fallback = Default::sequence;
    }
    if (type == "text" && chance(40)) column.values = {"1", "unit", column.name};
    return column;
}

// A key, an index, a check or a reference.
inline void RandomSchema::add_part(Table& table) {
    auto& column = pick(table.columns);
    const int kind = below(4);
    const bool distinct = column.values.empty() && column.type != "boolean" && column.fallback == Default::none;
    if (kind == 0 && distinct) {
        table.keys.push_back({++last_id_, {column.id}, chance(40), chance(30)});
    } else if (kind == 1) {
        using enum Index::Kind;
        auto index = Index{++last_id_, column.id, chance(50) ? plain : partial};
        if (column.type == "text" && chance(50)) index.kind = extension_ && chance(60) ? trigram : lower;
        table.indexes.push_back(index);
    } else if (kind == 2) {
        table.checks.push_back({++last_id_, column.id, one_ > 0 && chance(50)});
    } else {
        // Older ones and itself: their rows are there first.
        const auto& target = pick(tables_);
        if (target.id > table.id || (table.global && !target.global) || target.second_key_column != 0) return;
        const auto type = find(target.columns, target.key_column)->type;
        auto& reference = add_column(table, type);
        reference.values.clear();
        reference.nullable = true;
        reference.fallback = Default::none;
        table.references.push_back({++last_id_, reference.id, target.id, chance(30)});
    }
}

inline void RandomSchema::add_object() {
    const int kind = below(3);
    if (kind == 0) return add_view();
    const auto& table = pick(tables_);
    if (kind == 1) {
        Function function{.id = ++last_id_, .replaces = chance(70), .definer = chance(50)};
        if (chance(50)) {
            function.table = table.id;
            function.column = pick(table.columns).id;
        }
        functions_.push_back(function);
        return;
    }
    triggers_.push_back({++last_id_, table.id, chance(50) ? table.columns.back().id : 0, 1});
}

inline void RandomSchema::add_view() {
    View view{.id = ++last_id_, .table = pick(tables_).id, .own_names = chance(50), .replaces = chance(50)};
    if (!views_.empty() && chance(40)) {
        const auto& base = pick(views_);
        view.view = base.id;
        view.table = base.table;
        view.columns = {base.columns.front()};
    } else {
        for (const auto& column : table(view.table).columns) {
            if (column.id == table(view.table).key_column || chance(60)) view.columns.push_back(column.id);
        }
        view.grouped = chance(25);
        view.calls = one_ > 0 && !view.grouped && chance(40);
    }
    view.materialized = chance(20);
    views_.push_back(view);
}

// ---- Changing ----------------------------------------------------------------------------------------------------

inline bool RandomSchema::is_key(const Table& table, int column) const {
    const bool refers = std::ranges::any_of(table.references, [&](const auto& one) { return one.column == column; });
    return refers || column == table.key_column || column == table.second_key_column;
}
inline bool RandomSchema::is_keyed(const Table& table, int column) const {
    return is_key(table, column) ||
           std::ranges::any_of(table.keys, [&](const Key& key) { return key.columns.front() == column; });
}

inline void RandomSchema::change() {
    const int kind = below(20);
    if (kind == 0) return add_table();
    if (kind == 1 && tables_.size() > 1) return drop_table(pick(tables_).id);
    if (kind == 2) return add_object();
    if (kind < 6) return change_shared(kind);
    if (kind < 10) return change_object();
    auto& table = pick(tables_);
    kind < 14 ? change_table(table) : change_column(table);
}

// What tables use: the extension, the sequence, the function of defaults.
inline void RandomSchema::change_shared(int kind) {
    if (kind == 3) {
        extension_ = !extension_;
        if (extension_) return;
        for (auto& table : tables_)
            std::erase_if(table.indexes, [](const Index& one) { return one.kind == Index::Kind::trigram; });
    } else if (kind == 4 && one_ > 0) {
        if (chance(30)) return forget_one();
        ++one_;
        if (chance(50)) one_returns_ = one_returns_ == "integer" ? "bigint" : "integer";
        if (chance(30)) one_replaces_ = !one_replaces_;
    } else if (kind == 5 && sequence_) {
        sequence_ = false;
        for (auto& table : tables_) {
            for (auto& column : table.columns) {
                if (column.fallback == Default::sequence) column.fallback = Default::constant;
            }
        }
    }
}

inline void RandomSchema::forget_one() {
    one_ = 0;
    for (auto& table : tables_) {
        for (auto& column : table.columns) {
            if (column.fallback == Default::function) column.fallback = Default::constant;
        }
        for (auto& check : table.checks) check.calls = false;
    }
    for (auto& view : views_) view.calls = false;
}

inline void RandomSchema::change_table(Table& table) {
    switch (below(8)) {
        case 0: table.name = fmt::format("{}r{}", prefix_, ++last_id_); return;
        case 1: table.append_only = !table.append_only; return;
        case 2: table.updatable = table.updatable == 0 ? table.columns.back().id : 0; return;
        case 3: table.granted = !table.granted; return;
        case 4: table.fill = table.fill == 0 ? 70 + below(30) : 0; return;
        case 5: return make_global(table);
        case 6: return retype_key(table);
        default: break;
    }
    const bool referenced = std::ranges::any_of(tables_, [&](const Table& other) {
        return std::ranges::any_of(other.references, [&](const auto& one) { return one.target == table.id; });
    });
    if (referenced) return;
    const auto& column = pick(table.columns);
    const bool usable = column.id != table.key_column && !column.nullable && column.type != "jsonb";
    table.second_key_column = table.second_key_column == 0 && usable ? column.id : 0;
}

inline void RandomSchema::make_global(Table& table) {
    if (table.global) return;
    table.global = true;
    std::erase_if(table.references, [&](const Reference& one) { return !this->table(one.target).global; });
}

// The primary key and all that refer to it.
inline void RandomSchema::retype_key(Table& table) {
    find(table.columns, table.key_column)->type = "text";
    for (auto& other : tables_) {
        for (const auto& reference : other.references) {
            if (reference.target == table.id) find(other.columns, reference.column)->type = "text";
        }
    }
}

inline void RandomSchema::change_column(Table& table) {
    auto& column = pick(table.columns);
    switch (below(8)) {
        case 0: add_column(table, pick(detail::types())); return;
        case 1: return drop_column(table, column.id);
        case 2: column.name = fmt::format("r{}", ++last_id_); return;
        case 3: return retype(table, column);
        case 4:
            if (!is_key(table, column.id) && has_value(column)) column.nullable = !column.nullable;
            return;
        case 5:
            if (!is_keyed(table, column.id) && (column.nullable || column.id <= settled_))
                column.fallback = column.fallback == Default::none ? Default::constant : Default::none;
            return;
        case 6:
            if (column.values.size() > 1) {
                column.values = {"1", fmt::format("v{}", ++last_id_), column.name};
                if (chance(50)) column.name = fmt::format("v{}", last_id_);
            }
            return;
        default: break;
    }
    if (chance(60)) return add_part(table);
    if (!table.keys.empty()) table.keys.pop_back();
    if (!table.checks.empty() && chance(50)) table.checks.pop_back();
    if (!table.indexes.empty() && chance(50)) table.indexes.pop_back();
    if (!table.references.empty() && chance(50)) table.references.pop_back();
}

// Between types that take what rows() writes.
inline void RandomSchema::retype(Table& table, Column& column) {
    if (is_key(table, column.id) || !column.values.empty()) return;
    const auto& old = column.type;
    std::vector<std::string> to{"text", "jsonb"};
    if (detail::is_number(old) || old == "text")
        to.insert(to.end(), {"integer", "bigint", "numeric(18,4)", "double precision"});
    if (old == "date") to.assign({"timestamptz", "text"});
    if (old == "timestamptz") to.assign({"date", "text"});
    if (old == "boolean") to.assign({"integer", "text"});
    if (old == "bigint") to.emplace_back("bigint[]");
    if (old == "jsonb" || old == "bytea") to.assign({"text"});
    if (old.ends_with("[]")) to.assign({"text[]", "jsonb"});
    column.type = pick(to);
    if (column.fallback != Default::none) column.fallback = Default::constant;
    for (auto& index : table.indexes) {
        if (index.column == column.id) index.kind = Index::Kind::plain;
    }
}

inline void RandomSchema::drop_column(Table& table, int column) {
    if (column == table.key_column || column == table.second_key_column) return;
    std::erase_if(table.columns, [&](const Column& one) { return one.id == column; });
    std::erase_if(table.keys, [&](const Key& one) { return one.columns.front() == column; });
    std::erase_if(table.indexes, [&](const Index& one) { return one.column == column; });
    std::erase_if(table.checks, [&](const Check& one) { return one.column == column; });
    std::erase_if(table.references, [&](const Reference& one) { return one.column == column; });
    if (table.updatable == column) table.updatable = 0;
    for (auto& view : views_) std::erase(view.columns, column);
    std::erase_if(triggers_, [&](const Trigger& one) { return one.column == column; });
    for (auto& function : functions_) {
        if (function.column == column) function.column = table.key_column;
    }
}

inline void RandomSchema::drop_view(int id) {
    std::erase_if(views_, [&](const View& one) { return one.id == id; });
    std::vector<int> above;
    for (const auto& view : views_) {
        if (view.view == id) above.push_back(view.id);
    }
    for (const int view : above) drop_view(view);
}

inline void RandomSchema::drop_table(int id) {
    std::erase_if(tables_, [&](const Table& one) { return one.id == id; });
    for (auto& table : tables_) std::erase_if(table.references, [&](const Reference& one) { return one.target == id; });
    std::erase_if(views_, [&](const View& one) { return one.table == id; });
    std::erase_if(functions_, [&](const Function& one) { return one.table == id; });
    std::erase_if(triggers_, [&](const Trigger& one) { return one.table == id; });
}

inline void RandomSchema::change_object() {
    const int kind = below(3);
    if (kind == 0 && !views_.empty()) return change_view(pick(views_));
    if (kind == 1 && !functions_.empty()) return change_function(pick(functions_));
    if (triggers_.empty()) return;
    if (chance(70)) {
        ++pick(triggers_).body;
    } else {
        triggers_.pop_back();
    }
}

inline void RandomSchema::change_view(View& view) {
    if (chance(20)) return drop_view(view.id);
    if (chance(20)) view.own_names = !view.own_names;
    if (chance(20)) view.materialized = !view.materialized;
    if (chance(20)) view.replaces = !view.replaces;
    if (view.view != 0) return;
    const auto& columns = table(view.table).columns;
    if (chance(50)) view.columns.push_back(columns.back().id);
    if (view.columns.size() > 1 && chance(50)) view.columns.pop_back();
    std::ranges::sort(view.columns);
    view.columns.erase(std::unique(view.columns.begin(), view.columns.end()), view.columns.end());
    if (std::ranges::find(view.columns, table(view.table).key_column) == view.columns.end())
        view.columns.insert(view.columns.begin(), table(view.table).key_column);
}

inline void RandomSchema::change_function(Function& function) {
    switch (below(7)) {
        // In front: one with a default may be the last.
        case 0: function.parameters.insert(function.parameters.begin(), fmt::format("p{} integer", ++last_id_)); return;
        case 1:
            if (!function.parameters.empty()) function.parameters.back() = fmt::format("p{} integer", ++last_id_);
            return;
        case 2:
            if (!function.parameters.empty()) function.parameters.back() = "p text default null";
            return;
        case 3: function.returns = function.returns == "bigint" ? "numeric" : "bigint"; return;
        case 4: function.replaces = !function.replaces; return;
        case 5: function.definer = !function.definer; return;
        default: ++function.body; return;
    }
}

}  // namespace db::migrate::sample
