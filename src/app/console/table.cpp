#include "app/console/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "db/sql.h"
#include "log/redaction.h"
#include "schema/schema.h"

namespace app::console {

namespace {

using Kind = schema::Kind;

constexpr int deepest_member = 8;
constexpr std::size_t most_tenants = 500;

// ---- What is shown -----------------------------------------------------------------------------------------------

bool is_of_clients(const schema::Rules& rules) {
    return !rules.internal && !rules.write_only && rules.format != schema::Format::password;
}

// Of an object, at any depth: whether clients may see each member.
bool is_of_clients(const schema::Type& type, int depth = deepest_member) {
    if (depth == 0) return false;
    if (type.kind == Kind::object) {
        return std::ranges::all_of(type.object->fields, [depth](const schema::Field& field) {
            return is_of_clients(field.rules) && is_of_clients(*field.type, depth - 1);
        });
    }
    return type.element == nullptr || is_of_clients(*type.element, depth - 1);
}

bool can_hold_secret(Kind kind) {
    switch (kind) {
        case Kind::boolean:
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::number:
        case Kind::money:
        case Kind::quantity:
        case Kind::rate:
        case Kind::timestamp:
        case Kind::date:
        case Kind::enumeration: return false;
        default: return true;
    }
}

Shown shown_of(const schema::Field& field) {
    static const logging::Redaction redacted;
    const auto& type = db::without_optional(*field.type);
    if (type.kind == Kind::bytes) return Shown::length;
    if (field.rules.write_only || field.rules.format == schema::Format::password) return Shown::withheld;
    if (!can_hold_secret(type.kind)) return Shown::value;
    if (redacted.matches(db::column_name(field.name))) return Shown::withheld;
    if (type.kind == Kind::array && db::without_optional(*type.element).kind == Kind::bytes) return Shown::withheld;
    if (!is_of_clients(type)) return Shown::withheld;
    return field.rules.internal && type.kind != Kind::uuid ? Shown::withheld : Shown::value;
}

// What a person types: no documents, no lists.
bool is_scalar(Kind kind) {
    switch (kind) {
        case Kind::object:
        case Kind::map:
        case Kind::json:
        case Kind::array:
        case Kind::bytes: return false;
        default: return true;
    }
}

// The same whatever the session's time zone and style of dates, and read back as it was. What has no such text (infinity, years
// before the first) is PostgreSQL's own.
std::string day_text(std::string_view value, std::string_view first, std::string_view format) {
    return fmt::format("case when isfinite({0}) and {0} >= {1} then to_char({0}, '{2}') else cast({0} as text) end",
                       value, first, format);
}

std::string text_of(std::string_view column, Kind kind) {
    const auto name = db::quote_identifier(column);
    switch (kind) {
        case Kind::timestamp:
            return day_text(fmt::format("({} at time zone 'UTC')", name), "timestamp '0001-01-01'",
                            R"(YYYY-MM-DD"T"HH24:MI:SS.US"Z")");
        case Kind::date: return day_text(name, "date '0001-01-01'", "YYYY-MM-DD");
        case Kind::bytes: return fmt::format("cast(octet_length({}) as text)", name);
        default: return fmt::format("cast({} as text)", name);
    }
}

Column column_of(const schema::Field& field) {
    const auto kind = db::without_optional(*field.type).kind;
    Column column{.name = db::column_name(field.name),
                  .type = db::sql_type(*field.type),
                  .is_nullable = db::is_nullable(*field.type),
                  .shown = shown_of(field)};
    column.can_filter = column.shown == Shown::value && is_scalar(kind);
    column.text = column.shown == Shown::withheld ? "cast(null as text)" : text_of(column.name, kind);
    return column;
}

std::vector<std::size_t> columns_of(const db::TableView& view, const db::Constraint& constraint) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < constraint.column_count; ++i) {
        const auto found = std::ranges::find(view.row->fields, constraint.columns[i], &schema::Field::key);
        if (found == view.row->fields.end())
            throw std::logic_error(fmt::format("a constraint of {} names no column of it", view.name));
        columns.push_back(static_cast<std::size_t>(found - view.row->fields.begin()));
    }
    return columns;
}

Table table_of(const db::TableView& view) {
    Table table{.name = std::string(view.name), .wall = view.wall};
    for (const auto& field : view.row->fields) table.columns.push_back(column_of(field));
    table.keys = columns_of(view, view.primary_key());
    table.has_rows =
        std::ranges::all_of(table.keys, [&](std::size_t key) { return table.columns[key].shown == Shown::value; });
    return table;
}

void add_links(std::vector<Table>& tables, std::size_t from, const db::TableView& view) {
    for (const auto& constraint : view.constraints) {
        if (constraint.kind != db::ConstraintKind::references) continue;
        const auto target = std::ranges::find(tables, constraint.target, &Table::name);
        if (target == tables.end() || !target->has_rows) continue;
        Link link{.columns = columns_of(view, constraint), .table = static_cast<std::size_t>(target - tables.begin())};
        const bool is_shown = std::ranges::all_of(
            link.columns, [&](std::size_t one) { return tables[from].columns[one].shown == Shown::value; });
        if (!is_shown || link.columns.size() != target->keys.size()) continue;
        if (link.columns.size() == 1 && tables[from].has_rows) target->back_links.push_back({from, link.columns[0]});
        tables[from].links.push_back(std::move(link));
    }
}

// ---- Statements --------------------------------------------------------------------------------------------------

std::string own_rows(const Table& table) {
    const auto column =
        table.wall == db::Wall::tenant_root ? db::quote_identifier(table.columns[table.keys.at(0)].name) : "tenant_id";
    return fmt::format("\nfrom {}\nwhere {} = $1", db::quote_identifier(table.name), column);
}

std::string typed_parameter(const Column& column, std::size_t number) {
    return fmt::format("cast(${} as {})", number, column.type);
}

std::vector<std::string> key_names(const Table& table) {
    std::vector<std::string> names;
    for (const auto key : table.keys) names.push_back(db::quote_identifier(table.columns[key].name));
    return names;
}

std::vector<std::string> key_parameters(const Table& table, std::size_t first) {
    std::vector<std::string> parameters;
    for (const auto key : table.keys) parameters.push_back(typed_parameter(table.columns[key], first++));
    return parameters;
}

std::vector<std::string> cut_texts(const Table& table, std::size_t characters) {
    std::vector<std::string> texts;
    for (const auto& column : table.columns) {
        texts.push_back(column.shown == Shown::withheld ? column.text
                                                        : fmt::format("left({}, {})", column.text, characters + 1));
    }
    return texts;
}

}  // namespace

std::optional<std::size_t> Table::find_column(std::string_view column_name) const {
    const auto found = std::ranges::find(columns, column_name, &Column::name);
    if (found == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

std::vector<Table> read_tables(std::span<const db::TableView> declared) {
    std::vector<db::TableView> views;
    std::ranges::copy_if(declared, std::back_inserter(views),
                         [](const db::TableView& view) { return view.wall != db::Wall::system; });
    std::ranges::sort(views, {}, &db::TableView::name);
    std::vector<Table> tables;
    for (const auto& view : views) tables.push_back(table_of(view));
    for (std::size_t i = 0; i < views.size(); ++i) add_links(tables, i, views[i]);
    return tables;
}

std::string rows_sql(const Table& table, const RowsOptions& options) {
    std::vector<std::string> texts;
    for (const auto key : table.keys) texts.push_back(table.columns[key].text);
    std::ranges::move(cut_texts(table, shown_characters), std::back_inserter(texts));
    auto sql = fmt::format("select {}{}", fmt::join(texts, ",\n"), own_rows(table));
    std::size_t next = 2;
    if (options.filter) {
        const auto& column = table.columns.at(*options.filter);
        sql += fmt::format("\nand {} = {}", db::quote_identifier(column.name), typed_parameter(column, next++));
    }
    const auto names = key_names(table);
    if (options.after && !names.empty()) {
        sql += fmt::format("\nand ({}) > ({})", fmt::join(names, ", "), fmt::join(key_parameters(table, next), ", "));
    }
    if (!names.empty()) sql += fmt::format("\norder by {}", fmt::join(names, ", "));
    return sql + fmt::format("\nlimit {}", rows_a_page + 1);
}

std::string row_sql(const Table& table) {
    auto sql = fmt::format("select {}{}", fmt::join(cut_texts(table, whole_characters), ",\n"), own_rows(table));
    const auto names = key_names(table);
    if (!names.empty()) {
        sql += fmt::format("\nand ({}) = ({})", fmt::join(names, ", "), fmt::join(key_parameters(table, 2), ", "));
    }
    return sql;
}

std::string count_sql(const Table& table) {
    return fmt::format("select count(*)\nfrom (select 1{}\nlimit {}) as counted", own_rows(table), counted_rows + 1);
}

std::string tenants_sql(const Table& table) {
    const auto& key = table.columns[table.keys.at(0)];
    const auto name = std::ranges::find_if(
        table.columns, [](const Column& column) { return column.type == "text" && column.shown == Shown::value; });
    const auto& shown = name == table.columns.end() ? key : *name;
    return fmt::format("select {}, left({}, {})\nfrom {}\norder by 2, 1\nlimit {}", key.text, shown.text,
                       shown_characters, db::quote_identifier(table.name), most_tenants);
}

}  // namespace app::console
