#include "db/migrate/snapshot.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "db/migrate/ddl.h"
#include "db/migrate/tokens.h"
#include "db/sql.h"
#include "db/violate.h"

namespace db::migrate {

namespace {

// NAMEDATALEN - 1: PostgreSQL cuts longer names off, and two cut names may be the same.
constexpr std::size_t max_identifier_bytes = 63;

template <class Item>
const Item* find_by_name(const std::vector<Item>& items, std::string_view name) {
    const auto found = std::ranges::find(items, name, &Item::name);
    return found == items.end() ? nullptr : &*found;
}

class TableBuilder {
public:
    TableBuilder(const TableView& table, std::span<const TableView> all) : table_(table), all_(all) {}

    TableSnapshot build() {
        TableSnapshot snapshot{.name = std::string(table_.name), .renamed_from = std::string(table_.renamed_from)};
        require_name(table_.name);
        snapshot.guard = guard();
        if (table_.wall == Wall::tenant) snapshot.columns.push_back({.name = "tenant_id", .type = "uuid"});
        for (const auto& field : table_.row->fields) snapshot.columns.push_back(column(field));
        for (const auto& constraint : table_.constraints) snapshot.constraints.push_back(build(constraint));
        for (const auto& field : table_.row->fields) add_enum_check(snapshot, field);
        require_distinct(snapshot);
        std::ranges::sort(snapshot.constraints, {}, &ConstraintSnapshot::name);
        return snapshot;
    }

private:
    [[noreturn]] void fail(std::string_view why) const {
        throw std::logic_error(fmt::format("db: table {}: {}", table_.name, why));
    }

    void require_name(std::string_view name) const {
        if (name.empty()) fail("something has no name");
        if (name.size() > max_identifier_bytes)
            fail(fmt::format("the name {} is longer than PostgreSQL's 63 bytes", name));
    }

    static std::string name_in(const TableView& table, schema::Accessor key) {
        const auto* field = find_field(*table.row, key);
        if (field == nullptr)
            throw std::logic_error(fmt::format("db: table {}: a member is no column of it", table.name));
        return column_name(field->name);
    }

    static std::vector<std::string> names_in(const TableView& table, const Constraint& constraint) {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < constraint.column_count; ++i)
            names.push_back(name_in(table, constraint.columns[i]));
        return names;
    }

    // As names_in, the tenant's column first.
    static std::vector<std::string> scoped_names(const TableView& table, const Constraint& constraint) {
        auto names = names_in(table, constraint);
        if (table.wall == Wall::tenant) names.insert(names.begin(), "tenant_id");
        return names;
    }

    // "tenant_id, lower(code)"
    std::string names_without_case(const Constraint& constraint) const {
        std::string list = table_.wall == Wall::tenant ? "tenant_id" : "";
        for (std::size_t i = 0; i < constraint.column_count; ++i) {
            const auto* field = find_field(*table_.row, constraint.columns[i]);
            const auto name = quote_identifier(name_in(table_, constraint.columns[i]));
            const auto& type = field->type->kind == schema::Kind::optional ? *field->type->element : *field->type;
            list += fmt::format("{}{}", list.empty() ? "" : ", ",
                                type.kind == schema::Kind::string ? fmt::format("lower({})", name) : name);
        }
        return list;
    }

    GuardSnapshot guard() const {
        GuardSnapshot guard{.wall = table_.wall, .access = table_.access};
        if (table_.wall == Wall::tenant) guard.tenant_column = "tenant_id";
        if (table_.wall == Wall::tenant_root) {
            const auto& key = table_.primary_key();
            if (key.column_count != 1) fail("the table of tenants needs a primary key of one column");
            guard.tenant_column = name_in(table_, key.columns[0]);
        }
        for (const auto accessor : table_.updatable) {
            if (accessor != nullptr) guard.updatable.push_back(name_in(table_, accessor));
        }
        if (!guard.updatable.empty() && table_.access != Access::append_only)
            fail("updatable<>() is for append_only() tables");
        if (table_.access == Access::no_delete) guard.updatable = columns_beside_the_key();
        std::ranges::sort(guard.updatable);
        return guard;
    }

    // A row with another key would be gone for whatever names it.
    std::vector<std::string> columns_beside_the_key() const {
        const auto key = names_in(table_, table_.primary_key());
        std::vector<std::string> names;
        for (const auto& field : table_.row->fields) {
            auto name = column_name(field.name);
            if (std::ranges::find(key, name) == key.end()) names.push_back(std::move(name));
        }
        return names;
    }

    ColumnSnapshot column(const schema::Field& field) const {
        ColumnSnapshot column{
            .name = column_name(field.name), .type = sql_type(*field.type), .nullable = is_nullable(*field.type)};
        require_name(column.name);
        for (const auto& fallback : table_.defaults) {
            if (fallback.column == field.key) column.fallback = fallback.sql;
        }
        require_fitting(column, *field.type);
        for (const auto& renamed : table_.renamed_columns) {
            if (renamed.column == field.key) column.renamed_from = renamed.from;
        }
        return column;
    }

    // A default that the check of an enum's values refuses would fail each insert that leaves the column out.
    void require_fitting(const ColumnSnapshot& column, const schema::Type& type) const {
        const auto without_optional = [](const schema::Type& of) -> const schema::Type& {
            return of.kind == schema::Kind::optional ? *of.element : of;
        };
        const auto& plain = without_optional(type);
        if (plain.kind != schema::Kind::enumeration) return;
        const auto tokens = tokens_of(column.fallback);
        const bool is_literal =
            !tokens.empty() && tokens[0].kind == Token::Kind::text && (tokens.size() == 1 || tokens[1].is(":"));
        if (!is_literal) return;
        const auto value = tokens[0].content();
        if (std::ranges::find(plain.enumeration->values, value, &schema::EnumValue::name) !=
            plain.enumeration->values.end())
            return;
        fail(fmt::format("the default '{}' of {} is none of its enum's values", value, column.name));
    }

    ConstraintSnapshot build(const Constraint& from) const {
        ConstraintSnapshot to{
            .name = constraint_name(table_, from), .predicate = std::string(from.predicate), .deferred = from.deferred};
        switch (from.kind) {
            case ConstraintKind::primary_key:
                to.type = ConstraintType::primary_key;
                to.columns = scoped_names(table_, from);
                break;
            case ConstraintKind::unique:
                // A constraint cannot be partial; an index cannot wait for the commit.
                to.type = from.predicate.empty() && !from.without_case ? ConstraintType::unique
                                                                       : ConstraintType::unique_index;
                if (from.deferred && to.type == ConstraintType::unique_index)
                    fail(fmt::format("{}: a partial key, or one without case, is checked at once", from.name));
                if (from.without_case) {
                    to.expression = names_without_case(from);
                } else {
                    to.columns = scoped_names(table_, from);
                }
                break;
            case ConstraintKind::references: add_reference(from, to); break;
            case ConstraintKind::check: to.type = ConstraintType::check; break;
            case ConstraintKind::index:
                to.type = ConstraintType::index;
                to.method = from.method;
                to.expression = from.expression;
                if (from.expression.empty()) to.columns = scoped_names(table_, from);
                break;
        }
        require_name(to.name);
        return to;
    }

    void add_reference(const Constraint& from, ConstraintSnapshot& to) const {
        const auto target = std::ranges::find(all_, from.target, &TableView::name);
        if (target == all_.end()) fail(fmt::format("{} references {}, which no module lists", from.name, from.target));
        to.type = ConstraintType::foreign_key;
        to.target = from.target;
        to.columns = names_in(table_, from);
        to.target_columns = names_in(*target, target->primary_key());
        if (target->wall != Wall::tenant) return;
        // (tenant_id, x_id) to (tenant_id, id): a row of another tenant cannot be referred to.
        if (table_.wall == Wall::system)
            fail(fmt::format("{}: a system table cannot reference a tenant's rows", from.name));
        to.columns.insert(to.columns.begin(), guard().tenant_column);
        to.target_columns.insert(to.target_columns.begin(), "tenant_id");
        if (from.on_insert) prove_on_insert(from, *target, to);
    }

    // By the insert alone: then neither side may change behind it.
    void prove_on_insert(const Constraint& from, const TableView& target, ConstraintSnapshot& to) const {
        if (table_.access != Access::append_only || target.access == Access::read_write)
            fail(
                fmt::format("{}: proven_on_insert() is for an append_only() table and a target of append_only() or "
                            "no_delete()",
                            from.name));
        to.type = ConstraintType::on_insert;
        for (std::size_t i = 0; i < from.column_count; ++i) {
            const auto column = from.columns[i];
            if (is_updatable(column)) fail(fmt::format("{}: proven_on_insert() is for columns that stay", from.name));
            if (is_nullable(*find_field(*table_.row, column)->type))
                to.predicate += fmt::format("{}.{} is null or ", quote_identifier(table_.name),
                                            quote_identifier(name_in(table_, column)));
        }
        to.predicate += row_exists(table_.name, to);
    }
    bool is_updatable(schema::Accessor column) const {
        return std::ranges::find(table_.updatable, column) != table_.updatable.end();
    }

    void add_enum_check(TableSnapshot& snapshot, const schema::Field& field) const {
        const auto name = column_name(field.name);
        auto check = enum_check(name, *field.type);
        if (!check) return;
        // A row that never changes is looked at once.
        const bool stays = table_.access == Access::append_only && !is_updatable(field.key);
        snapshot.constraints.push_back({.name = fmt::format("{}_{}_values", table_.name, name),
                                        .type = stays ? ConstraintType::on_insert : ConstraintType::check,
                                        .predicate = std::move(*check)});
        require_name(snapshot.constraints.back().name);
    }

    void require_distinct(const TableSnapshot& snapshot) const {
        std::set<std::string_view> names;
        for (const auto& column : snapshot.columns) {
            if (!names.insert(column.name).second) fail(fmt::format("two columns are called {}", column.name));
        }
        names.clear();
        for (const auto& constraint : snapshot.constraints) {
            if (!names.insert(constraint.name).second)
                fail(fmt::format("two constraints are called {}", constraint.name));
        }
    }

    const TableView& table_;
    std::span<const TableView> all_;
};

bool has_relation(const ConstraintSnapshot& constraint) {
    return constraint.type != ConstraintType::foreign_key && constraint.type != ConstraintType::check &&
           constraint.type != ConstraintType::on_insert;
}

// Tables and indexes share PostgreSQL's name space of relations.
void require_distinct_relations(const Snapshot& snapshot) {
    std::set<std::string_view> names;
    const auto add = [&](const std::string& name) {
        if (!names.insert(name).second)
            throw std::logic_error(fmt::format("db: two tables or indexes are called {}", name));
    };
    for (const auto& table : snapshot.tables) {
        add(table.name);
        for (const auto& constraint : table.constraints) {
            if (has_relation(constraint)) add(constraint.name);
        }
    }
}

bool proves_on_insert(const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.tables, [](const TableSnapshot& table) {
        return std::ranges::find(table.constraints, ConstraintType::on_insert, &ConstraintSnapshot::type) !=
               table.constraints.end();
    });
}

}  // namespace

const ColumnSnapshot* TableSnapshot::find_column(std::string_view column) const {
    return find_by_name(columns, column);
}
const ConstraintSnapshot* TableSnapshot::find_constraint(std::string_view constraint) const {
    return find_by_name(constraints, constraint);
}
const TableSnapshot* Snapshot::find_table(std::string_view table) const { return find_by_name(tables, table); }

Snapshot build_snapshot(std::span<const TableView> tables, std::span<const SqlObject> objects) {
    Snapshot snapshot;
    for (const auto& table : tables) snapshot.tables.push_back(TableBuilder(table, tables).build());
    std::ranges::sort(snapshot.tables, {}, &TableSnapshot::name);
    require_distinct_relations(snapshot);
    std::set<std::string_view> names;
    const auto add = [&](const SqlObject& object) {
        snapshot.objects.push_back(
            {std::string(object.name), object.stage, std::string(object.create_sql), std::string(object.drop_sql)});
    };
    for (const auto& object : objects) {
        if (!names.insert(object.name).second)
            throw std::logic_error(fmt::format("db: two SQL objects are called {}", object.name));
        add(object);
    }
    if (proves_on_insert(snapshot) && !names.contains(violate.name)) add(violate);
    return snapshot;
}

// ---- JSON --------------------------------------------------------------------------------------------------------

namespace {

// Lists of tables, columns and constraints get a line for each item; what is deeper stays on its item's line, so that a
// change of one column is a change of one line.
constexpr int deepest_broken_level = 4;

class Indenter {
public:
    std::string run(std::string_view json) {
        for (std::size_t i = 0; i < json.size(); ++i) {
            const char c = json[i];
            if (in_string_) {
                out_ += c;
                if (c == '\\') out_ += json[++i];
                in_string_ = c != '"';
            } else {
                put(c, i + 1 < json.size() ? json[i + 1] : '\0');
            }
        }
        return std::move(out_) + "\n";
    }

private:
    void put(char c, char next) {
        if (c == '{' || c == '[') {
            out_ += c;
            ++level_;
            if (next != '}' && next != ']') break_line();
        } else if (c == '}' || c == ']') {
            const bool empty = out_.back() == '{' || out_.back() == '[';
            --level_;
            if (!empty && level_ < deepest_broken_level) new_line();
            out_ += c;
        } else if (c == ',') {
            out_ += c;
            level_ <= deepest_broken_level ? new_line() : void(out_ += ' ');
        } else {
            in_string_ = c == '"';
            out_ += c;
            if (c == ':') out_ += ' ';
        }
    }
    void break_line() {
        if (level_ <= deepest_broken_level) new_line();
    }
    void new_line() {
        out_ += '\n';
        out_.append(static_cast<std::size_t>(level_) * 2, ' ');
    }

    std::string out_;
    int level_ = 0;
    bool in_string_ = false;
};

}  // namespace

std::string to_text(const Snapshot& snapshot) { return Indenter().run(schema::to_json(snapshot)); }

Snapshot parse_snapshot(std::string_view json) {
    auto snapshot = schema::parse<Snapshot>(json, {.in = "snapshot", .max_bytes = 64U << 20U});
    if (snapshot) return std::move(*snapshot);
    const auto& error = snapshot.error();
    std::string why(to_string(error.malformed));
    if (!error.detail.empty()) why += ": " + error.detail;
    for (const auto& issue : error.issues) why += fmt::format("\n  {}: {}", issue.pointer, issue.message);
    throw std::runtime_error("the snapshot cannot be read: " + why);
}

}  // namespace db::migrate
