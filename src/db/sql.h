#pragma once
// The SQL side of the declarations: types, names, and the parameters and columns that a statement has by its C++ types. The
// text itself is db::render (db/query.h). Pure functions: any thread.
//
//     db::sql_type(schema::type_of<std::optional<base::Quantity>>);   // "numeric(18,4)"
//     db::quote_identifier("order");                                  // "\"order\""
//     for (const db::TypedName& parameter : db::parameters_of(statement)) types.push_back(parameter.oid);

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/query.h"

namespace db {

// Enums are text (see enum_check); objects, maps and arrays of them are jsonb; other arrays are PostgreSQL arrays.
[[nodiscard]] std::string sql_type(const schema::Type& type);
// The OID of the same (db/types.h).
[[nodiscard]] std::uint32_t type_oid(const schema::Type& type);
// std::optional and schema::Maybe.
[[nodiscard]] bool is_nullable(const schema::Type& type);
// The type inside std::optional and schema::Maybe.
[[nodiscard]] const schema::Type& without_optional(const schema::Type& type);
// "status in ('open', 'closed')" for enums and arrays of enums; nullopt for other types.
[[nodiscard]] std::optional<std::string> enum_check(std::string_view column, const schema::Type& type);

// Quoted where PostgreSQL needs it alone, so that texts stay readable.
[[nodiscard]] std::string quote_identifier(std::string_view name);
[[nodiscard]] std::string quote_literal(std::string_view text);

// One parameter or result column.
struct TypedName {
    std::string name;  // the column's; for a scalar argument "argument 2"; for a scalar row ""
    std::uint32_t oid = 0;
    bool nullable = false;

    friend bool operator==(const TypedName&, const TypedName&) = default;
};

// $1, $2, … as the caller binds them: the tenant first unless the statement is a SystemQuery; an object argument stands for
// all its fields in order; an array of objects for one array per field.
[[nodiscard]] std::vector<TypedName> parameters_of(const StatementView& statement);
// What the row type expects, in order; empty for void.
[[nodiscard]] std::vector<TypedName> columns_of(const StatementView& statement);

}  // namespace db
