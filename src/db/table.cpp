#include "db/table.h"

#include <stdexcept>

#include "base/strings.h"

namespace db {

std::string column_name(std::string_view json_name) {
    std::string name;
    name.reserve(json_name.size() + 4);
    for (const char c : json_name) {
        if (c >= 'A' && c <= 'Z') {
            name += '_';
            name += base::ascii_lower(c);
        } else {
            name += c == '-' ? '_' : c;
        }
    }
    return name;
}

const schema::Field* find_field(const schema::ObjectType& row, schema::Accessor key) {
    for (const auto& field : row.fields) {
        if (field.key == key) return &field;
    }
    return nullptr;
}

const Constraint& TableView::primary_key() const {
    for (const auto& constraint : constraints) {
        if (constraint.kind == ConstraintKind::primary_key) return constraint;
    }
    throw std::logic_error("db: table " + std::string(name) + " has no primary key");
}

}  // namespace db
