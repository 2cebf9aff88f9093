#pragma once
// A random schema (random_schema.h) said as a snapshot, its rows, and what to ask of them.
//
//     Snapshot said = RandomSchema(1).snapshot();

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "db/migrate/random_schema.h"
#include "db/sql.h"

namespace db::migrate::sample {

// ---- Saying ------------------------------------------------------------------------------------------------------

inline std::vector<std::string> RandomSchema::key_of(const Table& table) const {
    std::vector<std::string> names;
    if (!table.global) names.emplace_back("tenant_id");
    names.push_back(find(table.columns, table.key_column)->name);
    if (table.second_key_column != 0) names.push_back(find(table.columns, table.second_key_column)->name);
    return names;
}

inline ColumnSnapshot RandomSchema::say(const Column& column) const {
    ColumnSnapshot out{.name = column.name, .type = column.type, .nullable = column.nullable};
    if (column.fallback == Default::constant) out.fallback = value(column, 1);
    if (column.fallback == Default::function) out.fallback = "one()";
    if (column.fallback == Default::sequence) out.fallback = "nextval('numbers')";
    return out;
}

inline ConstraintSnapshot RandomSchema::say(const Table& table, const Key& key) const {
    ConstraintSnapshot out{.name = fmt::format("part_{}", key.id),
                           .type = key.partial ? ConstraintType::unique_index : ConstraintType::unique,
                           .deferred = key.deferred && !key.partial};
    if (!table.global) out.columns.emplace_back("tenant_id");
    const auto& name = find(table.columns, key.columns.front())->name;
    out.columns.push_back(name);
    if (key.partial) out.predicate = quote_identifier(name) + " is not null";
    return out;
}

inline ConstraintSnapshot RandomSchema::say(const Table& table, const Index& index) const {
    const auto& column = *find(table.columns, index.column);
    const auto name = quote_identifier(column.name);
    ConstraintSnapshot out{.name = fmt::format("part_{}", index.id)};
    if (index.kind == Index::Kind::lower) {
        out.expression = fmt::format("lower({})", name);
    } else if (index.kind == Index::Kind::trigram) {
        out.method = "gin";
        out.expression = fmt::format("{} gin_trgm_ops", name);
    } else {
        out.columns = {column.name};
        if (index.kind == Index::Kind::partial) out.predicate = name + " is not null";
    }
    return out;
}

inline ConstraintSnapshot RandomSchema::say(const Table& table, const Check& check) const {
    const auto& column = *find(table.columns, check.column);
    const auto name = quote_identifier(column.name);
    ConstraintSnapshot out{.name = fmt::format("part_{}", check.id), .type = ConstraintType::check};
    if (detail::is_number(column.type)) {
        out.predicate = fmt::format("{} >= {}", name, check.calls ? "one() - 1" : "0");
    } else if (column.type == "text") {
        out.predicate = fmt::format("{} <> ''", name);
    } else {
        out.predicate = fmt::format("{0} is null or {0} is not null", name);
    }
    return out;
}

inline ConstraintSnapshot RandomSchema::say(const Table& table, const Reference& reference) const {
    const auto& target = this->table(reference.target);
    ConstraintSnapshot out{.name = fmt::format("part_{}", reference.id),
                           .type = ConstraintType::foreign_key,
                           .target = target.name,
                           .target_columns = key_of(target),
                           .deferred = reference.deferred};
    if (!target.global) out.columns.emplace_back("tenant_id");
    out.columns.push_back(find(table.columns, reference.column)->name);
    return out;
}

inline void RandomSchema::say_constraints(const Table& table, TableSnapshot& out) const {
    out.constraints.push_back(
        {.name = out.name + "_pkey", .type = ConstraintType::primary_key, .columns = key_of(table)});
    for (const auto& key : table.keys) out.constraints.push_back(say(table, key));
    for (const auto& index : table.indexes) out.constraints.push_back(say(table, index));
    for (const auto& check : table.checks) out.constraints.push_back(say(table, check));
    for (const auto& reference : table.references) out.constraints.push_back(say(table, reference));
    for (const auto& column : table.columns) {
        if (column.values.empty()) continue;
        std::vector<std::string> values;
        for (const auto& text : column.values) values.push_back(quote_literal(text));
        out.constraints.push_back(
            {.name = fmt::format("{}_{}_values", out.name, column.name),
             .type = ConstraintType::check,
             .predicate = fmt::format("{} in ({})", quote_identifier(column.name), fmt::join(values, ", "))});
    }
    std::ranges::sort(out.constraints, {}, &ConstraintSnapshot::name);
}

inline TableSnapshot RandomSchema::say(const Table& table) const {
    TableSnapshot out{.name = table.name};
    if (table.append_only) out.guard.access = Access::append_only;
    if (table.append_only && table.updatable != 0) out.guard.updatable = {find(table.columns, table.updatable)->name};
    out.guard.wall = table.global ? Wall::system : Wall::tenant;
    if (!table.global) {
        out.guard.tenant_column = "tenant_id";
        out.columns.push_back({.name = "tenant_id", .type = "uuid"});
    }
    for (const auto& column : table.columns) out.columns.push_back(say(column));
    say_constraints(table, out);
    return out;
}

inline std::string RandomSchema::output(const View& view, int column) const {
    if (view.own_names) return fmt::format("v{}_{}", view.id, column);
    if (view.view != 0) return output(*find(views_, view.view), column);
    return find(table(view.table).columns, column)->name;
}

inline ObjectSnapshot RandomSchema::say(const View& view) const {
    const auto* base = view.view == 0 ? nullptr : find(views_, view.view);
    std::vector<std::string> columns;
    for (const int column : view.columns) {
        const auto from = base == nullptr ? find(table(view.table).columns, column)->name : output(*base, column);
        columns.push_back(fmt::format("{} as {}", quote_identifier(from), quote_identifier(output(view, column))));
    }
    std::string group;
    if (view.grouped) {
        std::vector<std::string> key;
        for (const auto& name : key_of(table(view.table))) key.push_back(quote_identifier(name));
        group = fmt::format(" group by {}", fmt::join(key, ", "));
        columns.emplace_back("count(*) as counted");
    }
    if (view.calls) columns.emplace_back("one() as called");
    const auto* kind = view.materialized ? "materialized view" : "view";
    return {.name = fmt::format("view {}", view.id),
            .create_sql = fmt::format(
                "create {}{} view_{} as select {} from {}{}", view.replaces && !view.materialized ? "or replace " : "",
                kind, view.id, fmt::join(columns, ", "),
                base == nullptr ? table(view.table).name : fmt::format("view_{}", base->id), group),
            .drop_sql = fmt::format("drop {} view_{}", kind, view.id)};
}

inline ObjectSnapshot RandomSchema::say(const Function& function) const {
    std::vector<std::string> types;
    for (const auto& parameter : function.parameters) {
        const auto begin = parameter.find(' ') + 1;
        types.push_back(parameter.substr(begin, parameter.find(' ', begin) - begin));
    }
    std::string body = fmt::format("language plpgsql as $$ begin return {}; end $$", function.body);
    if (function.table != 0) {
        const auto& of = table(function.table);
        body = fmt::format("language sql begin atomic select (count({}) + {})::{} from {}; end",
                           quote_identifier(find(of.columns, function.column)->name), function.body, function.returns,
                           of.name);
    }
    const auto name = fmt::format("function_{}({})", function.id, fmt::join(types, ", "));
    auto create =
        fmt::format("create {}function function_{}({}) returns {} {}{};", function.replaces ? "or replace " : "",
                    function.id, fmt::join(function.parameters, ", "), function.returns,
                    function.definer ? "security definer set search_path = public " : "", body);
    if (function.definer) {
        create += fmt::format(
            "grant create on schema public to {{{{app_system}}}}; alter function {} owner to {{{{app_system}}}}; "
            "revoke "
            "create on schema public from {{{{app_system}}}};",
            name);
    }
    return {.name = fmt::format("function {}", function.id),
            .create_sql = std::move(create),
            .drop_sql = "drop function " + name};
}

inline std::vector<ObjectSnapshot> RandomSchema::say(const Trigger& trigger) const {
    const auto& of = table(trigger.table);
    const auto when =
        trigger.column == 0 ? std::string() : " of " + quote_identifier(find(of.columns, trigger.column)->name);
    return {
        {.name = fmt::format("touch {}", trigger.id),
         .create_sql = fmt::format("create {}function touch_{}() returns trigger language plpgsql as $$ begin /* {} */ "
                                   "return new; end $$",
                                   trigger.id % 2 == 0 ? "or replace " : "", trigger.id, trigger.body),
         .drop_sql = fmt::format("drop function touch_{}()", trigger.id)},
        {.name = fmt::format("trigger {}", trigger.id),
         .create_sql = fmt::format("create trigger trigger_{0} before update{1} on {2} for each row execute function "
                                   "touch_{0}()",
                                   trigger.id, when, of.name),
         .drop_sql = fmt::format("drop trigger trigger_{} on {}", trigger.id, of.name)}};
}

inline void RandomSchema::say_objects(std::vector<ObjectSnapshot>& out) const {
    using enum SqlObject::Stage;
    if (extension_)
        out.push_back({"trigrams", before_tables, "create extension if not exists pg_trgm", "drop extension pg_trgm"});
    if (sequence_) out.push_back({"numbers", before_tables, "create sequence numbers", "drop sequence numbers"});
    if (one_ > 0) {
        out.push_back({"one", before_tables,
                       fmt::format("create {}function one() returns {} language sql immutable as $$ select 1{} $$",
                                   one_replaces_ ? "or replace " : "", one_returns_,
                                   std::string(static_cast<std::size_t>(one_), ' ')),
                       "drop function one()"});
    }
    for (const auto& function : functions_) out.push_back(say(function));
    for (const auto& view : views_) out.push_back(say(view));
    for (const auto& trigger : triggers_) std::ranges::copy(say(trigger), std::back_inserter(out));
    for (const auto& table : tables_) {
        if (table.fill != 0) {
            out.push_back({fmt::format("fill {}", table.id), after_tables,
                           fmt::format("alter table {} set (fillfactor = {})", table.name, table.fill),
                           fmt::format("alter table {} reset (fillfactor)", table.name)});
        }
        if (table.granted) {
            out.push_back({fmt::format("grant {}", table.id), after_tables,
                           fmt::format("grant references on {} to {{{{app}}}}", table.name),
                           fmt::format("revoke references on {} from {{{{app}}}}", table.name)});
        }
    }
}

inline Snapshot RandomSchema::snapshot(const RandomSchema* before) const {
    Snapshot out;
    for (const auto& table : tables_) {
        auto& said = out.tables.emplace_back(say(table));
        const auto* old = before == nullptr ? nullptr : find(before->tables_, table.id);
        if (old == nullptr) continue;
        if (old->name != table.name) said.renamed_from = old->name;
        for (const auto& column : table.columns) {
            const auto* was = find(old->columns, column.id);
            if (was == nullptr || was->name == column.name) continue;
            std::ranges::find(said.columns, column.name, &ColumnSnapshot::name)->renamed_from = was->name;
        }
    }
    std::ranges::sort(out.tables, {}, &TableSnapshot::name);
    say_objects(out.objects);
    return out;
}

// ---- Rows --------------------------------------------------------------------------------------------------------

// Distinct, and of a form that other types take: text is a number.
inline std::string RandomSchema::value(const Column& column, int row) {
    const auto& type = column.type;
    if (!column.values.empty()) return "'1'";
    if (type == "text") return fmt::format("'{}'", row);
    if (type == "uuid") return fmt::format("'00000000-0000-0000-0000-00000000000{}'", row);
    if (type == "boolean") return "true";
    if (type == "date" || type == "timestamptz") return fmt::format("'2026-01-0{}'", row);
    if (type == "jsonb") return fmt::format("'{}'", row);
    if (type.ends_with("[]")) return fmt::format("'{{{}}}'", row);
    if (type == "bytea") return fmt::format("'\\x0{}'", row);
    return std::to_string(row);
}

inline std::vector<std::string> RandomSchema::rows(const RandomSchema& next) const {
    std::vector<std::string> statements;
    for (const auto& table : tables_) {
        const auto* later = find(next.tables_, table.id);
        for (int row = 1; row <= 3; ++row) {
            std::vector<std::string> names;
            std::vector<std::string> values;
            if (!table.global) {
                names.emplace_back("tenant_id");
                values.push_back(fmt::format("'00000000-0000-0000-0000-0000000000a{}'", row % 2));
            }
            for (const auto& column : table.columns) {
                const auto* after = later == nullptr ? nullptr : find(later->columns, column.id);
                const bool takes_null = column.nullable && !is_key(table, column.id) &&
                                        (after == nullptr || (after->nullable && !next.is_key(*later, column.id)));
                names.push_back(quote_identifier(column.name));
                values.push_back(takes_null && row == 3 ? "null" : value(column, row));
                // What refers to a key that is text by now, in the form that a uuid has.
                if (is_key(table, column.id) && column.type == "text" && column.values.empty())
                    values.back() = fmt::format("'00000000-0000-0000-0000-00000000000{}'", row);
            }
            statements.push_back(fmt::format("insert into {} ({}) values ({})", table.name, fmt::join(names, ", "),
                                             fmt::join(values, ", ")));
        }
    }
    return statements;
}

inline std::vector<RandomSchema::Probe> RandomSchema::probes(const RandomSchema& next) const {
    std::vector<Probe> probes;
    for (const auto& table : tables_) {
        const auto* later = find(next.tables_, table.id);
        if (later == nullptr) continue;
        const auto ask = [](const Table& in, const Column& column) {
            return fmt::format("select string_agg(coalesce({}::text, 'null'), ' ' order by {}::text) from {}",
                               quote_identifier(column.name), quote_identifier(find(in.columns, in.key_column)->name),
                               in.name);
        };
        for (const auto& column : table.columns) {
            const auto* after = find(later->columns, column.id);
            if (after == nullptr || after->type != column.type) continue;
            probes.push_back({ask(table, column), ask(*later, *after)});
        }
    }
    return probes;
}

}  // namespace db::migrate::sample
