#include "app/constraint_errors.h"

#include <algorithm>
#include <string>

#include "base/strings.h"

namespace app {

namespace {

bool is_part_of_a_name(char c) {
    return c == '_' || base::is_ascii_digit(c) || (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z');
}

bool mentions(std::string_view sql, std::string_view column) {
    for (auto at = sql.find(column); at != std::string_view::npos; at = sql.find(column, at + 1)) {
        const auto end = at + column.size();
        const bool starts = at == 0 || !is_part_of_a_name(sql[at - 1]);
        if (starts && (end == sql.size() || !is_part_of_a_name(sql[end]))) return true;
    }
    return false;
}

// Indices mean no error, and of some no client hears.
bool is_met(const db::Constraint& constraint) { return constraint.error.action != base::Action::none; }

// Members and columns are the same by name: the body of a change holds some of the row's.
bool speaks_of(const db::Constraint& constraint, const db::TableView& table, const schema::ObjectType& body) {
    if (constraint.kind == db::ConstraintKind::check) {
        return std::ranges::any_of(body.fields, [&](const schema::Field& field) {
            return mentions(constraint.predicate, db::column_name(field.name));
        });
    }
    return std::ranges::any_of(std::span(constraint.columns).first(constraint.column_count), [&](auto column) {
        const auto* field = db::find_field(*table.row, column);
        return field != nullptr && body.find(field->name) != nullptr;
    });
}

void describe_change(const db::TableView& table, const schema::ObjectType& body, http::Operation& operation) {
    for (const auto& constraint : table.constraints) {
        if (is_met(constraint) && speaks_of(constraint, table, body)) operation.can_fail(constraint.error);
    }
}

// As it is, or flattened into what is answered.
bool is_row_of(const schema::ObjectType& object, const db::TableView& table) {
    return std::ranges::count(object.fields, table.primary_key().columns[0], &schema::Field::key) > 0;
}

constexpr int most_levels = 8;

void describe_new(std::span<const db::TableView> tables, const schema::Type& answered, int level,
                  http::Operation& operation) {
    if (level > most_levels) return;
    if (answered.element != nullptr) return describe_new(tables, *answered.element, level + 1, operation);
    if (answered.object == nullptr) return;
    for (const auto& table : tables) {
        if (!is_row_of(*answered.object, table)) continue;
        for (const auto& constraint : table.constraints) {
            if (is_met(constraint)) operation.can_fail(constraint.error);
        }
    }
    for (const auto& field : answered.object->fields) describe_new(tables, *field.type, level + 1, operation);
}

}  // namespace

void describe_constraints(std::span<const db::TableView> tables, http::Method method, http::Operation& operation) {
    if (method == http::Method::get) return;
    for (const auto& reply : operation.replies) {
        if (reply.body == nullptr || reply.body->object == nullptr) continue;
        if (reply.status == 201) describe_new(tables, *reply.body, 0, operation);
        const auto table = std::ranges::find(tables, reply.body->object, &db::TableView::row);
        const bool takes_members = operation.body != nullptr && operation.body->object != nullptr;
        if (table != tables.end() && takes_members) describe_change(*table, *operation.body->object, operation);
    }
}

}  // namespace app
